/* SPDX-License-Identifier: MIT */
/*
 * packets.c - threads that account for packets in a plain struct and in five
 * counters, pinned once for each packet.
 */
#include "tester.h"

#include <cpuslab/pin.h>

#define PACKETS_BYTES 100
#define PACKETS_COUNTERS 5
#define PACKETS_INTERRUPT 5 /* an IRQL of devices */

struct packets_cpu {
	uint64_t packets, bytes;
	uint64_t inside; /* changed in between; no sum reads it */
};

static const struct cpuslab_type packets_type = {
	.name = "packets",
	.size = sizeof(struct packets_cpu),
	.counters = 2,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static struct cpuslab_percpu packets_handle;
static struct cpuslab_counter packets_counters[PACKETS_COUNTERS];
static uint32_t packets_each;
static uint32_t packets_wrong; /* W any */

/* On a processor without a block, and in an ISR. */
static void packets_unpinned(void)
{
	uint32_t i;

	cpuslab_add(&packets_handle, 0, 1);
	cpuslab_add(&packets_handle, 8, PACKETS_BYTES);
	for (i = 0; i < PACKETS_COUNTERS; i++)
		cpuslab_counter_add(&packets_counters[i], i + 1);
}

static void packets_one(void)
{
	volatile struct packets_cpu *mine;
	KIRQL before;
	uint32_t i;

	mine = cpuslab_pin(&packets_handle, &before);
	if (!mine) {
		packets_unpinned();
		return;
	}
	if (mine->inside)
		cpuslab_store_relaxed_u32(&packets_wrong, 1);
	mine->inside = 1;
	mine->packets = mine->packets + 1;
	mine->bytes = mine->bytes + PACKETS_BYTES;
	for (i = 0; i < PACKETS_COUNTERS; i++)
		__cpuslab_counter_add(&packets_counters[i], i + 1);
	mine->inside = 0;
	cpuslab_unpin(before);
}

/* At one IRQL after another; it is the same afterwards. */
static void packets_at(KIRQL irql)
{
	KIRQL before = cpuslab__nt_raise(irql);

	packets_one();
	if (cpuslab__nt_irql() != irql)
		cpuslab_store_relaxed_u32(&packets_wrong, 1);
	cpuslab__nt_lower(before);
}

static VOID NTAPI packets_run(PVOID unused)
{
	uint32_t i;

	(void)unused;
	for (i = 0; i < packets_each; i += 4) {
		packets_one();
		packets_at(APC_LEVEL);
		packets_at(DISPATCH_LEVEL);
		packets_at(PACKETS_INTERRUPT);
	}
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static int packets_init(struct cpuslab_slab *slab)
{
	uint32_t i;
	int err = cpuslab_alloc(slab, &packets_type, &packets_handle);

	for (i = 0; i < PACKETS_COUNTERS && !err; i++)
		err = cpuslab_counter_init(&packets_counters[i], slab);
	return err;
}

static int packets_fini(struct cpuslab_slab *slab)
{
	uint32_t i;

	for (i = 0; i < PACKETS_COUNTERS; i++)
		cpuslab_counter_fini(&packets_counters[i]);
	return cpuslab_free(slab, &packets_handle);
}

static const char *packets_check(uint64_t packets)
{
	uint32_t i;

	if (packets_wrong)
		return "two threads were pinned at once, or the IRQL is wrong";
	if (cpuslab_sum(&packets_handle, 0) != packets ||
	    cpuslab_sum(&packets_handle, 8) != packets * PACKETS_BYTES)
		return "packets are missing";
	for (i = 0; i < PACKETS_COUNTERS; i++)
		if (cpuslab_counter_sum(&packets_counters[i]) !=
		    packets * (i + 1))
			return "counts of packets are missing";
	return NULL;
}

/*
 * Each pinned operation does what the other one does.
 *
 * Context: DISPATCH_LEVEL.
 */
static bool packets_simple_forms(const struct cpuslab_percpu *handle)
{
	uint64_t word = 0;

	return !__cpuslab_add(handle, 16, 3) &&
	       !__cpuslab_cmpstore(handle, 16, 3, 7) &&
	       __cpuslab_cmpstore(handle, 16, 3, 7) == CPUSLAB_DIFFERS &&
	       !__cpuslab_add_below(handle, 16, 8, 1) &&
	       __cpuslab_add_below(handle, 16, 8, 1) == CPUSLAB_FULL &&
	       !__cpuslab_load(handle, 16, &word) && word == 8 &&
	       !cpuslab_cmpstore(handle, 16, 8, 0);
}

/* As of an object that was never allocated. Context: DISPATCH_LEVEL. */
static bool packets_null_forms(void)
{
	static const struct cpuslab_percpu null;
	static const struct cpuslab_stack stack;
	static const struct cpuslab_log log;
	static const struct cpuslab_ring ring;
	static struct cpuslab_approx approx;
	struct cpuslab_node node;
	uint64_t word;

	return __cpuslab_add(&null, 0, 1) == -CPUSLAB_EINVAL &&
	       __cpuslab_add_if(&null, 0, 0, 1) == -CPUSLAB_EINVAL &&
	       __cpuslab_add_below(&null, 0, 1, 1) == -CPUSLAB_EINVAL &&
	       __cpuslab_cmpstore(&null, 0, 0, 1) == -CPUSLAB_EINVAL &&
	       __cpuslab_load(&null, 0, &word) == -CPUSLAB_EINVAL &&
	       __cpuslab_stack_push(&stack, &node) == -CPUSLAB_EINVAL &&
	       __cpuslab_log_append(&log, "", 0) == -CPUSLAB_EINVAL &&
	       __cpuslab_ring_append(&ring, "", 0) == -CPUSLAB_EINVAL &&
	       __cpuslab_approx_add(&approx, 1000) == -CPUSLAB_EINVAL;
}

/* Of one that is killed, but for a reference. Context: DISPATCH_LEVEL. */
static bool packets_dying_forms(struct cpuslab_refcount *refcount)
{
	if (__cpuslab_refcount_try_get(refcount) ||
	    !__cpuslab_refcount_try_get_dying(refcount))
		return false;
	__cpuslab_refcount_get_many(refcount, 2);
	return !__cpuslab_refcount_put_many(refcount, 3) &&
	       __cpuslab_refcount_put(refcount);
}

static bool packets_forms_of(struct cpuslab_refcount *refcount,
			     struct cpuslab_approx *approx)
{
	int i;
	bool good = __cpuslab_refcount_try_get_many(refcount, 3) &&
		    __cpuslab_refcount_try_get(refcount) &&
		    __cpuslab_refcount_try_get_dying(refcount);

	__cpuslab_refcount_get_many(refcount, 2);
	good &= !__cpuslab_refcount_put_many(refcount, 6);
	/* More than a batch, which is published. */
	for (i = 0; i < 10; i++)
		good &= !__cpuslab_approx_add(approx, 5);
	good &= !cpuslab_approx_add(approx, 5) &&
		!__cpuslab_approx_add(approx, 1000);
	return good && cpuslab_approx_sum(approx) == 1055;
}

/* What a driver counts, records and keeps at once. */
static struct {
	struct cpuslab_gauge gauge;
	struct cpuslab_histogram histogram;
	struct cpuslab_stack stack;
	struct cpuslab_log log;
	struct cpuslab_ring ring;
	struct cpuslab_cache cache;
	struct cpuslab_node node;
	uint64_t object;
} packets_pinned;

static void *packets_object(void *arg)
{
	return arg;
}

static void packets_object_free(void *arg, void *object)
{
	if (object != arg)
		cpuslab_store_relaxed_u32(&packets_wrong, 1);
}

static int packets_pinned_init(struct cpuslab_slab *slab)
{
	const struct cpuslab_cache_config config = {
		.alloc = packets_object,
		.free = packets_object_free,
		.arg = &packets_pinned.object,
	};

	memset(&packets_pinned, 0, sizeof(packets_pinned));
	return cpuslab_gauge_init(&packets_pinned.gauge, slab) ||
	       cpuslab_histogram_init(&packets_pinned.histogram, slab, 2, 10) ||
	       cpuslab_stack_init(&packets_pinned.stack, slab) ||
	       cpuslab_log_init(&packets_pinned.log, slab, 256) ||
	       cpuslab_ring_init(&packets_pinned.ring, slab, 16384, 0) ||
	       cpuslab_cache_init(&packets_pinned.cache, slab, &config);
}

static void packets_pinned_fini(void)
{
	cpuslab_cache_fini(&packets_pinned.cache);
	cpuslab_ring_fini(&packets_pinned.ring);
	cpuslab_log_fini(&packets_pinned.log);
	cpuslab_stack_fini(&packets_pinned.stack);
	cpuslab_histogram_fini(&packets_pinned.histogram);
	cpuslab_gauge_fini(&packets_pinned.gauge);
}

/*
 * An object is taken from and put into a magazine, once there is one.
 *
 * Context: DISPATCH_LEVEL.
 */
static bool packets_pinned_items(void)
{
	struct cpuslab_node *node;
	void *object;
	int i;

	if (__cpuslab_stack_push(&packets_pinned.stack, &packets_pinned.node) ||
	    __cpuslab_stack_pop(&packets_pinned.stack, &node) ||
	    node != &packets_pinned.node ||
	    __cpuslab_stack_pop(&packets_pinned.stack, &node) != CPUSLAB_EMPTY)
		return false;
	for (i = 0; i < 2; i++) {
		object = __cpuslab_cache_alloc(&packets_pinned.cache);
		if (object != &packets_pinned.object)
			return false;
		__cpuslab_cache_free(&packets_pinned.cache, object);
	}
	__cpuslab_cache_free(&packets_pinned.cache, NULL);
	return true;
}

/* Context: DISPATCH_LEVEL. */
static bool packets_pinned_counts(void)
{
	return !__cpuslab_gauge_add(&packets_pinned.gauge, 5) &&
	       !__cpuslab_gauge_sub(&packets_pinned.gauge, 2) &&
	       !__cpuslab_histogram_record(&packets_pinned.histogram, 3) &&
	       !__cpuslab_histogram_record_n(&packets_pinned.histogram, 3, 2) &&
	       !__cpuslab_log_append(&packets_pinned.log, "log", 3) &&
	       __cpuslab_log_append(&packets_pinned.log, "", 257) ==
		       CPUSLAB_FULL &&
	       !__cpuslab_ring_append(&packets_pinned.ring, "ring", 4);
}

static const char *packets_pin_all(struct cpuslab_slab *slab)
{
	bool good;
	KIRQL before;

	if (packets_pinned_init(slab))
		return "no memory";
	before = cpuslab__nt_raise(DISPATCH_LEVEL);
	good = packets_pinned_counts() && packets_pinned_items();
	cpuslab__nt_lower(before);
	good &= cpuslab_gauge_sum(&packets_pinned.gauge) == 3;
	packets_pinned_fini();
	return good ? NULL : "a pinned structure does something else";
}

static const char *packets_forms(struct cpuslab_slab *slab)
{
	struct cpuslab_refcount refcount;
	struct cpuslab_approx approx;
	bool good;
	KIRQL before;

	if (cpuslab_refcount_init(&refcount, slab, NULL))
		return "no memory";
	if (cpuslab_approx_init(&approx, slab, 16)) {
		cpuslab_refcount_fini(&refcount);
		return "no memory";
	}
	before = cpuslab__nt_raise(DISPATCH_LEVEL);
	good = packets_simple_forms(&packets_handle) && packets_null_forms() &&
	       packets_forms_of(&refcount, &approx);
	cpuslab__nt_lower(before);
	/* Another reference is left, not only the first. */
	good &= !cpuslab_refcount_kill(&refcount) &&
		!cpuslab_refcount_is_zero(&refcount);
	before = cpuslab__nt_raise(DISPATCH_LEVEL);
	good &= packets_dying_forms(&refcount);
	cpuslab__nt_lower(before);
	good &= cpuslab_refcount_is_zero(&refcount);
	cpuslab_approx_fini(&approx);
	cpuslab_refcount_fini(&refcount);
	return good ? NULL : "a pinned operation does something else";
}

/* In so many threads; without any, the caller alone, below DISPATCH_LEVEL. */
void tester_packets(struct control *control)
{
	struct cpuslab_slab *slab = tester_drivers[0].slab;
	uint32_t threads = control->arg[0], i;
	HANDLE handles[TESTER_THREADS];
	const char *wrong;

	packets_each = control->arg[1];
	packets_wrong = 0;
	control->status = packets_init(slab);
	if (control->status)
		return;
	for (i = 0; i < threads; i++)
		if (tester_spawn(packets_run, NULL, &handles[i]))
			break;
	threads = threads ? i : 1;
	while (i--)
		tester_join(handles[i]);
	for (i = 0; i < packets_each && !control->arg[0]; i++)
		packets_one();
	wrong = packets_check((uint64_t)threads * packets_each);
	if (!wrong)
		wrong = packets_forms(slab);
	if (!wrong)
		wrong = packets_pin_all(slab);
	if (wrong) {
		tester_text(control, wrong);
		control->status = -CPUSLAB_EINVAL;
	}
	if (packets_fini(slab))
		control->status = -CPUSLAB_EINVAL;
}
