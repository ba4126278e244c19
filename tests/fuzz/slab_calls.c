/* SPDX-License-Identifier: MIT */
/*
 * slab_calls.c - the input is a sequence of calls on a simulated machine:
 * operations of every structure, with other threads' in the middle of them,
 * CPU events in any order, trims, growth, allocations and fences that fail,
 * slabs and domains that come and go.
 */
#include "calls.h"

#define CALLS_SLABS 2u
#define CALLS_CPUS (CALLS_LIMIT + 2) /* some are beyond the limit */

static const struct calls_part *const calls_parts[] = {
	&calls_counter,  &calls_gauge,   &calls_approx,   &calls_histogram,
	&calls_words,    &calls_section, &calls_refcount, &calls_stack,
	&calls_cache,    &calls_mailbox, &calls_workers,  &calls_steering,
	&calls_rotating, &calls_ring,    &calls_log,
};
#define CALLS_PARTS (sizeof(calls_parts) / sizeof(calls_parts[0]))
#define CALLS_RECORDS (CALLS_PARTS - 3) /* the last three */

static struct fuzz_input in;
static struct cpuslab_domain *calls_domain;
static struct cpuslab_slab *calls_slabs[CALLS_SLABS];
static struct cpuslab_slab *calls_slab_of[CALLS_PARTS]; /* NULL: no part */
static bool calls_online[CALLS_LIMIT];
static uint32_t calls_slab_flags, calls_focus;
bool calls_alone;

bool calls_is_online(uint32_t cpu)
{
	return cpu < CALLS_LIMIT && calls_online[cpu];
}

/* ---- operations ---------------------------------------------------------- */

/* An input calls one part more often than the others. */
static uint32_t calls_choose_part(void)
{
	uint32_t choice = fuzz_byte(&in);

	return choice & 0x80 ? calls_focus : choice % CALLS_PARTS;
}

static void calls_step_part(uint32_t part)
{
	if (calls_slab_of[part])
		calls_parts[part]->step(&in);
}

static void calls_step_other(void *part)
{
	calls_step_part((uint32_t)(uintptr_t)part);
}

/* A step, perhaps with others' in its middle, or on another CPU at its end. */
static void calls_step(void)
{
	uint32_t part = calls_choose_part(), how = fuzz_byte(&in), i;

	for (i = 0; i < how % 3; i++) {
		uint64_t point = fuzz_below(&in, 16) + 1;
		uint32_t cpu = fuzz_below(&in, CALLS_LIMIT);

		if (fuzz_byte(&in) % 4)
			sim_other_at(point, cpu, calls_step_other,
				     (void *)(uintptr_t)calls_choose_part());
		else
			sim_preempt_at(point, cpu);
	}
	calls_alone = !i;
	sim_may_sleep_set(how & 0x80);
	calls_step_part(part);
	sim_may_sleep_set(true);
	(void)sim_at_cancel();
	calls_alone = true;
}

static void calls_slow(void)
{
	uint32_t part = calls_choose_part();

	if (calls_slab_of[part] && calls_parts[part]->slow)
		calls_parts[part]->slow(&in);
}

/* ---- parts and slabs ----------------------------------------------------- */

static void calls_end_part(uint32_t part)
{
	calls_parts[part]->check();
	calls_parts[part]->fini();
	calls_slab_of[part] = NULL;
}

static void calls_toggle_part(void)
{
	uint32_t part = fuzz_below(&in, CALLS_PARTS);
	struct cpuslab_slab *slab = calls_slabs[fuzz_below(&in, CALLS_SLABS)];
	int result;

	if (calls_slab_of[part]) {
		calls_end_part(part);
		return;
	}
	if (!slab)
		return;
	result = calls_parts[part]->init(slab, &in);
	fuzz_expect(result == CPUSLAB_OK || result == -CPUSLAB_ENOMEM);
	if (!result)
		calls_slab_of[part] = slab;
}

static void calls_end_slab(uint32_t slab)
{
	uint32_t part;

	for (part = 0; part < CALLS_PARTS; part++)
		if (calls_slab_of[part] == calls_slabs[slab] &&
		    calls_slab_of[part])
			calls_end_part(part);
	cpuslab_slab_destroy(calls_slabs[slab]);
	calls_slabs[slab] = NULL;
}

static void calls_toggle_slab(void)
{
	uint32_t slab = fuzz_below(&in, CALLS_SLABS);
	const struct cpuslab_slab_config config = { .flags = calls_slab_flags };
	int result;

	if (calls_slabs[slab]) {
		calls_end_slab(slab);
		return;
	}
	result = cpuslab_slab_create(&calls_slabs[slab], calls_domain, &config);
	fuzz_expect(result == CPUSLAB_OK || result == -CPUSLAB_ENOMEM);
	if (result)
		calls_slabs[slab] = NULL;
}

/* ---- CPUs ---------------------------------------------------------------- */

/* What the domain says, after a call that may have failed half way. */
static void calls_read_online(void)
{
	const struct cpuslab_cpumask *mask = cpuslab_cpumask_get(calls_domain);
	uint32_t cpu;

	for (cpu = 0; cpu < CALLS_LIMIT; cpu++)
		calls_online[cpu] = cpuslab_cpumask_has(mask, cpu);
	cpuslab_cpumask_put(mask);
}

static void calls_resync(void)
{
	uint32_t cpu;
	int result = cpuslab_domain_resync(calls_domain);

	calls_read_online();
	for (cpu = 0; cpu < CALLS_LIMIT && !result; cpu++)
		fuzz_expect(calls_online[cpu] == sim_cpu_is_available(cpu));
}

static void calls_event(void)
{
	int (*const events[])(struct cpuslab_domain *, uint32_t) = {
		cpuslab_domain_add_start, cpuslab_domain_add_complete,
		cpuslab_domain_add_failure, cpuslab_domain_remove
	};
	uint32_t event = fuzz_below(&in, 4), cpu = fuzz_below(&in, CALLS_CPUS);
	int result = events[event](calls_domain, cpu);

	fuzz_expect((result == -CPUSLAB_ERANGE) == (cpu >= CALLS_LIMIT));
	if (!result && event)
		calls_online[cpu] = event == 1;
}

static void calls_availability(void)
{
	uint32_t cpu = fuzz_below(&in, CALLS_LIMIT);

	sim_cpu_set_available(cpu, !sim_cpu_is_available(cpu));
	if (fuzz_byte(&in) % 2)
		calls_resync();
}

static void calls_run_on(void)
{
	sim_cpu_set(fuzz_below(&in, CALLS_CPUS));
}

/* ---- the rest ------------------------------------------------------------ */

static void calls_trim(void)
{
	uint32_t how = fuzz_byte(&in);
	uint32_t flags = how & 1 ? CPUSLAB_TRIM_QUIESCENT : 0;
	struct cpuslab_slab *slab = calls_slabs[how / 4 % CALLS_SLABS];
	int result = how & 2 || !slab ?
			     cpuslab_domain_trim(calls_domain, flags) :
			     cpuslab_slab_trim(slab, flags);

	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_RETAINED ||
		    result == -CPUSLAB_ENOMEM);
}

static void calls_fail(void)
{
	uint32_t how = fuzz_byte(&in);

	if (how & 0x80)
		sim_fence_fail(how & 1);
	else if (how & 0x40)
		sim_fence_fail_all(how & 1);
	else
		sim_fail_alloc_at(how % 16);
}

static void calls_quiesce(void)
{
	fuzz_expect(!sim_quiesce());
}

static void calls_check(void)
{
	const struct cpuslab_cpumask *mask;
	uint32_t i;

	mask = cpuslab_cpumask_get(calls_domain);
	for (i = 0; i < CALLS_LIMIT; i++)
		fuzz_expect(cpuslab_cpumask_has(mask, i) == calls_online[i]);
	cpuslab_cpumask_put(mask);
	for (i = 0; i < CALLS_PARTS; i++)
		if (calls_slab_of[i])
			calls_parts[i]->check();
	for (i = 0; i < CALLS_SLABS; i++)
		fuzz_expect(!calls_slabs[i] ||
			    !cpuslab_slab_check(calls_slabs[i]));
	fuzz_expect(!cpuslab_domain_check(calls_domain));
}

/* ---- a domain ------------------------------------------------------------ */

/* With slabs that have one of each structure. Nothing may fail now. */
static void calls_begin_domain(uint32_t how)
{
	const struct cpuslab_domain_config domain = {
		.flags = (how & 2 ? CPUSLAB_DOMAIN_ADMIT_EARLY : 0) |
			 (how & 4 ? CPUSLAB_DOMAIN_RETAIN : 0) |
			 (how & 8 ? CPUSLAB_DOMAIN_START_EMPTY : 0),
	};
	uint32_t part;

	sim_fail_alloc_at(0);
	sim_fence_fail(false);
	sim_fence_fail_all(false);
	calls_slab_flags = how & 16 ? CPUSLAB_SLAB_RETAIN : 0;
	fuzz_expect(!cpuslab_domain_create(&calls_domain, &domain));
	calls_read_online();
	for (part = 0; part < CALLS_SLABS; part++)
		fuzz_expect(!cpuslab_slab_create(&calls_slabs[part],
						 calls_domain, NULL));
	for (part = 0; part < CALLS_PARTS; part++) {
		/* Records keep a CPU's block: they have their own slab. */
		calls_slab_of[part] = calls_slabs[part >= CALLS_RECORDS];
		fuzz_expect(!calls_parts[part]->init(calls_slab_of[part], &in));
	}
}

static void calls_end_domain(void)
{
	uint32_t i;

	for (i = 0; i < CALLS_SLABS; i++)
		if (calls_slabs[i])
			calls_end_slab(i);
	cpuslab_domain_destroy(calls_domain);
}

/*
 * A part, a slab or, on the machine as it is now, the domain comes or goes. The
 * more this takes with it, the rarer it is, so that much happens in each.
 */
static void calls_change(void)
{
	uint32_t how = fuzz_byte(&in);

	if (how < 0xa0) {
		calls_toggle_part();
	} else if (how < 0xe0) {
		calls_toggle_slab();
	} else {
		calls_end_domain();
		calls_begin_domain(how);
	}
}

static void (*const calls_all[])(void) = {
	calls_step,         calls_step,   calls_step,  calls_step,
	calls_step,         calls_step,   calls_slow,  calls_slow,
	calls_event,        calls_event,  calls_event, calls_run_on,
	calls_availability, calls_trim,   calls_fail,  calls_quiesce,
	calls_check,        calls_change,
};
#define CALLS_ALL (sizeof(calls_all) / sizeof(calls_all[0]))

static void calls_begin(void)
{
	uint32_t how = fuzz_byte(&in);
	const struct sim_config sim = {
		.limit = CALLS_LIMIT,
		.available = 3,
		.mode = how & 1 ? SIM_ATOMIC : SIM_RSEQ,
		.quiet = true,
	};

	calls_focus = fuzz_below(&in, CALLS_PARTS);
	calls_alone = true;
	fuzz_expect(!sim_init(&sim));
	calls_begin_domain(how);
}

static void calls_end(void)
{
	sim_fail_alloc_at(0);
	sim_fence_fail(false);
	sim_fence_fail_all(false);
	calls_check();
	calls_end_domain();
	fuzz_expect(!sim_fini());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	uint32_t calls;

	in.at = data;
	in.end = data + bytes;
	calls_begin();
	for (calls = 1; in.at < in.end; calls++) {
		calls_all[fuzz_below(&in, CALLS_ALL)]();
		if (calls % 16 == 0)
			calls_check();
	}
	calls_end();
	return 0;
}
