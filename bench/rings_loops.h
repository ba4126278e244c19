/* SPDX-License-Identifier: MIT */
/*
 * rings_loops.h - the loops of rings.h.
 *
 * No guard: it is included for each way. Before, RINGS(name) makes a function's
 * name, and these are defined:
 *
 *	struct RINGS_WORK	begins with a struct rings
 *	RINGS(push)		append a record; false: there is no room
 *	RINGS_IN_PLACE		or RINGS(make): make it in the queue, append it
 *	RINGS(pull)		struct rings's
 *	RINGS(init), RINGS(fini)	the queues of a zeroed work
 */

#ifndef RINGS_IN_PLACE
RINGS_INLINE bool RINGS(make)(struct RINGS_WORK *work, uint32_t producer,
			      uint64_t i)
{
	struct rings_record record;

	rings_make(&record, i);
	return RINGS(push)(work, producer, &record);
}

static BENCH_NOINLINE void RINGS(append)(void *arg, uint64_t n)
{
	static struct rings_record record = { { 1 } };
	struct RINGS_WORK *work = arg;
	uint64_t i, done = 0;

	for (i = 0; i < n; i++)
		done += RINGS(push)(work, 0, &record);
	work->rings.expected += done;
}
#endif

/* Batch by batch, so that a producer that also consumes has short queues. */
static BENCH_NOINLINE void RINGS(produce)(struct rings *rings,
					  uint32_t producer, uint64_t n)
{
	struct RINGS_WORK *work = (struct RINGS_WORK *)rings;
	bool consumes = producer == rings->consumer;
	uint32_t spins = 0;
	uint64_t i;

	for (i = 0; i < n; i++) {
		while (!RINGS(make)(work, producer, i)) {
			if (consumes)
				RINGS(pull)(rings);
			rings_wait(&spins);
		}
		if (consumes && i % RINGS_BATCH == 0)
			RINGS(pull)(rings);
	}
}

static BENCH_NOINLINE void RINGS(turn)(void *arg, uint64_t n)
{
	struct RINGS_WORK *work = arg;
	uint64_t i, end, done = 0;

	while (done < n) {
		end = n - done < RINGS_BATCH ? n : done + RINGS_BATCH;
		for (i = done; i < end; i++)
			if (!RINGS(make)(work, 0, i))
				break;
		RINGS(pull)(&work->rings);
		done = end;
	}
	rings_made(&work->rings, n);
}

static void *RINGS(new)(uint32_t producers, uint64_t bytes)
{
	struct RINGS_WORK *work = rings_new(sizeof(*work));

	work->rings.produce = RINGS(produce);
	work->rings.pull = RINGS(pull);
	work->rings.producers = producers;
	work->rings.bytes = bytes;
	RINGS(init)(work);
	return work;
}

static void *RINGS(setup)(struct bench_run *run)
{
	(void)run;
	return RINGS(new)(1, RINGS_BYTES);
}

#ifndef RINGS_IN_PLACE
static void *RINGS(setup_append)(struct bench_run *run)
{
	(void)run;
	return RINGS(new)(1, RINGS_BYTES_MOST);
}
#endif

static void *RINGS(setup_many)(struct bench_run *run)
{
	(void)run;
	return RINGS(new)(measure_cpus(), RINGS_BYTES);
}

static void RINGS(teardown)(void *arg)
{
	RINGS(fini)(arg);
	free(arg);
}

const struct bench_body RINGS(bodies)[] = {
#ifndef RINGS_IN_PLACE
	{
		.how = { .name = "ring-append/" RINGS_NAME,
			 .run = RINGS(append),
			 .count = rings_count_drained,
			 .most = RINGS_MOST },
		.setup = RINGS(setup_append),
		.teardown = RINGS(teardown),
	},
#endif
	{
		.how = { .name = "ring-turn/" RINGS_NAME,
			 .run = RINGS(turn),
			 .count = rings_count },
		.setup = RINGS(setup),
		.teardown = RINGS(teardown),
	},
	{
		.how = { .name = "ring-stream/" RINGS_NAME,
			 .run = rings_stream,
			 .count = rings_count,
			 .before = rings_stream_before,
			 .after = rings_after,
			 .least = RINGS_LEAST },
		.unfit = rings_unfit,
		.setup = RINGS(setup),
		.teardown = RINGS(teardown),
	},
	{
		.how = { .name = "ring-many/" RINGS_NAME,
			 .run = rings_many,
			 .count = rings_count,
			 .before = rings_many_before,
			 .after = rings_after,
			 .least = RINGS_LEAST },
		.unfit = rings_unfit,
		.setup = RINGS(setup_many),
		.teardown = RINGS(teardown),
	},
	{ .how = { .name = NULL } },
};

#undef RINGS
#undef RINGS_IN_PLACE
#undef RINGS_NAME
#undef RINGS_WORK
