/* SPDX-License-Identifier: MIT */
/*
 * tester.c - several drivers in one: each opens and closes as a driver's entry
 * and unload do, and fails cleanly at each step.
 */
#include "tester.h"

#include "port_conformance/conformance.h"
#include "portable/portable.h"
#include "fixture/gate_set.h"

struct tester_driver tester_drivers[TESTER_DRIVERS];
uint32_t tester_count;
PDRIVER_OBJECT tester_object;
static bool tester_opened;   /* the port is initialised */
static uint32_t tester_slow; /* the slow call runs */
static uint32_t tester_steer_waits;

/* ---- a client that refuses ----------------------------------------------- */

static int tester_client_start(struct cpuslab_client *client, uint32_t cpu)
{
	struct tester_driver *driver = client->arg;

	if (cpu == driver->refuses)
		return driver->refusal;
	driver->preparing[cpu] = 1;
	return CPUSLAB_OK;
}

static void tester_client_end(struct cpuslab_client *client, uint32_t cpu)
{
	((struct tester_driver *)client->arg)->preparing[cpu] = 0;
}

static const struct cpuslab_client_ops tester_client_ops = {
	.start = tester_client_start,
	.complete = tester_client_end,
	.failure = tester_client_end,
	.remove = tester_client_end,
};

/* ---- rebalance ----------------------------------------------------------- */

static void rebalance_expect(struct tester_driver *driver, bool good)
{
	if (!good)
		cpuslab_store_relaxed_u32(&driver->rebalance_wrong, 1);
}

/* One call at a time, in a critical region. */
static struct tester_driver *
rebalance_enter(struct cpuslab_rebalance *rebalance)
{
	struct tester_driver *driver = rebalance->arg;

	rebalance_expect(driver,
			 !cpuslab_fetch_add_u32(&driver->in_rebalance, 1));
	rebalance_expect(driver, cpuslab__nt_irql() == PASSIVE_LEVEL &&
					 KeAreApcsDisabled());
	tester_sleep();
	return driver;
}

static void rebalance_leave(struct tester_driver *driver)
{
	cpuslab_fetch_add_u32(&driver->in_rebalance, (uint32_t)-1);
}

static void tester_hold(struct cpuslab_rebalance *rebalance)
{
	struct tester_driver *driver = rebalance_enter(rebalance);

	rebalance_expect(driver, rebalance->state == CPUSLAB_REBALANCE_RUNNING);
	cpuslab_fetch_add_u64(&driver->holds, 1);
	driver->just_steered = false;
	rebalance_leave(driver);
}

static void tester_resume(struct cpuslab_rebalance *rebalance)
{
	struct tester_driver *driver = rebalance_enter(rebalance);

	/* A device is steered first that has its resources again. */
	rebalance_expect(driver, rebalance->state == CPUSLAB_REBALANCE_HELD ||
					 (rebalance->state ==
						  CPUSLAB_REBALANCE_STOPPED &&
					  driver->just_steered));
	cpuslab_fetch_add_u64(&driver->resumes, 1);
	driver->just_steered = false;
	rebalance_leave(driver);
}

/*
 * Every processor of the CPU mask is in the mask of its group, and has a share.
 */
static void tester_steer(struct cpuslab_rebalance *rebalance)
{
	struct tester_driver *driver = rebalance_enter(rebalance);
	const struct cpuslab_cpumask *set;
	uint32_t group, bits = 0, key;
	bool good = true;

	while (cpuslab_load_acquire_u32(&tester_steer_waits))
		tester_sleep();
	set = cpuslab_cpumask_get(driver->domain);
	for (group = 0; group < 64; group++) {
		KAFFINITY mask = cpuslab_rebalance_mask(set, (USHORT)group);

		for (; mask; mask &= mask - 1)
			bits++;
	}
	for (key = 0; bits && key < 256; key++)
		good &= cpuslab_cpumask_has(set,
					    cpuslab_rebalance_share(set, key));
	if (good && bits == cpuslab_cpumask_count(set))
		cpuslab_fetch_add_u64(&driver->steers, 1);
	driver->just_steered = true;
	cpuslab_cpumask_put(set);
	rebalance_leave(driver);
}

static const struct cpuslab_rebalance_ops tester_rebalance_ops = {
	.hold = tester_hold,
	.resume = tester_resume,
	.steer = tester_steer,
};

/* ---- open and close ------------------------------------------------------ */

static const struct cpuslab_type tester_shared_type = {
	.name = "shared with an ISR",
	.size = 2 * sizeof(uint64_t),
	.counters = 2,
};

static const struct cpuslab_type tester_gated_type = {
	.name = "behind a gate",
	.size = sizeof(struct cpuslab_gated),
	.align = 16,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* Was the start of a processor neither completed nor undone? */
static int driver_left(const struct tester_driver *driver)
{
	uint32_t cpu;

	for (cpu = 0; cpu < TESTER_CPUS; cpu++)
		if (driver->preparing[cpu])
			return -CPUSLAB_EBUSY;
	return CPUSLAB_OK;
}

static int driver_close_structures(struct tester_driver *driver,
				   struct control *control)
{
	const char *wrong = NULL;

	if (driver->has_structures)
		wrong = portable_stop();
	if (wrong)
		tester_text(control, wrong);
	return wrong ? -CPUSLAB_EINVAL : CPUSLAB_OK;
}

static int driver_close(struct tester_driver *driver, struct control *control)
{
	int left, wrong;

	if (driver->follows)
		cpuslab_rebalance_fini(&driver->rebalance);
	cpuslab_hotplug_destroy(driver->hotplug);
	left = driver_left(driver);
	wrong = driver_close_structures(driver, control);
	if (driver->has_gated)
		cpuslab_free(driver->slab, &driver->gated);
	if (driver->has_shared)
		cpuslab_free(driver->slab, &driver->shared);
	if (driver->has_log)
		cpuslab_log_fini(&driver->log);
	if (driver->has_stack)
		cpuslab_stack_fini(&driver->stack);
	if (driver->has_gauge)
		cpuslab_gauge_fini(&driver->gauge);
	if (driver->has_counter)
		cpuslab_counter_fini(&driver->counter);
	cpuslab_slab_destroy(driver->slab);
	cpuslab_client_fini(&driver->client);
	cpuslab_domain_destroy(driver->domain);
	memset(driver, 0, sizeof(*driver));
	return wrong ? wrong : left;
}

static int driver_open_structures(struct tester_driver *driver, uint32_t flags)
{
	const struct portable set = {
		.domain = driver->domain,
		.slab = driver->slab,
		.workers = &cpuslab_thread_ops,
		.strays = flags & TESTER_OPEN_STRAYS,
		.actors = TESTER_THREADS,
	};
	int err = portable_start(&set);

	driver->has_structures = !err;
	return err;
}

static int driver_open_slab(struct tester_driver *driver, uint32_t flags)
{
	const struct cpuslab_slab_config config = { .block_bytes = 4096 };
	int err = cpuslab_slab_create(&driver->slab, driver->domain, &config);

	if (!err)
		err = cpuslab_counter_init(&driver->counter, driver->slab);
	driver->has_counter = !err;
	if (!err)
		err = cpuslab_gauge_init(&driver->gauge, driver->slab);
	driver->has_gauge = driver->has_counter && !err;
	if (!err)
		err = cpuslab_stack_init(&driver->stack, driver->slab);
	driver->has_stack = driver->has_gauge && !err;
	if (!err)
		err = cpuslab_log_init(&driver->log, driver->slab, 512);
	driver->has_log = driver->has_stack && !err;
	if (!err)
		err = cpuslab_alloc(driver->slab, &tester_shared_type,
				    &driver->shared);
	driver->has_shared = driver->has_log && !err;
	if (!err)
		err = cpuslab_alloc(driver->slab, &tester_gated_type,
				    &driver->gated);
	driver->has_gated = driver->has_shared && !err;
	if (!err && (flags & TESTER_OPEN_STRUCTURES) &&
	    driver == &tester_drivers[0])
		err = driver_open_structures(driver, flags);
	return err;
}

static uint32_t driver_online(const struct tester_driver *driver)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(driver->domain);
	uint32_t count = cpuslab_cpumask_count(set);

	cpuslab_cpumask_put(set);
	return count;
}

static int driver_open_hotplug(struct tester_driver *driver, uint32_t flags)
{
	struct cpuslab_hotplug_config config = { .flags = 0 };
	const uint32_t before = driver_online(driver);
	int err;

	if (flags & TESTER_OPEN_NEVER_REFUSE)
		config.flags = CPUSLAB_HOTPLUG_NEVER_REFUSE;
	err = cpuslab_hotplug_create(&driver->hotplug, driver->domain, &config);
	/* Then the domain is as it was. */
	if (err && driver_online(driver) != before)
		return -CPUSLAB_EBUSY;
	return err;
}

static int driver_open_rebalance(struct tester_driver *driver)
{
	driver->rebalance.ops = &tester_rebalance_ops;
	driver->rebalance.domain = driver->domain;
	driver->rebalance.arg = driver;
	driver->follows = NT_SUCCESS(
		cpuslab_rebalance_init(&driver->rebalance, tester_object));
	return driver->follows ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static int driver_open(struct tester_driver *driver, uint32_t flags,
		       uint32_t refuses)
{
	const struct cpuslab_domain_config config = {
		.flags = flags & TESTER_OPEN_PLAIN_DOMAIN ?
				 0 :
				 CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	int err = cpuslab_domain_create(&driver->domain, &config);

	if (err)
		return err;
	driver->refuses = refuses;
	driver->refusal = -(int)(flags >> TESTER_OPEN_REFUSAL);
	if (!driver->refusal)
		driver->refusal = -CPUSLAB_EACCES;
	driver->client.ops = &tester_client_ops;
	driver->client.name = "tester";
	driver->client.arg = driver;
	/* It refuses before a slab allocates. */
	driver->client.order = CPUSLAB_CLIENT_ORDER_SLAB - 1;
	err = cpuslab_client_init(&driver->client, driver->domain);
	if (!err && (flags & TESTER_OPEN_HOTPLUG_LAST))
		err = driver_open_slab(driver, flags);
	if (!err)
		err = driver_open_hotplug(driver, flags);
	if (!err && !(flags & TESTER_OPEN_HOTPLUG_LAST))
		err = driver_open_slab(driver, flags);
	if (!err)
		err = driver_open_rebalance(driver);
	return err;
}

/* The thread that ends grace periods is busy while the port ends. */
static void tester_slow_call(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_store_release_u32(&tester_slow, 1);
	while (cpuslab_load_acquire_u32(&tester_slow))
		tester_sleep();
	tester_sleep();
}

/* Called before the port has ended; it may read. */
static void tester_last_call(struct cpuslab_rcu *rcu)
{
	(void)rcu;
	cpuslab_read_enter();
	tester_opened = false;
	cpuslab_read_exit();
}

static int tester_close(struct control *control, bool slow)
{
	static struct cpuslab_rcu first, last;
	int left = CPUSLAB_OK;

	while (tester_count > 0)
		left |= driver_close(&tester_drivers[--tester_count], control);
	if (tester_opened && slow) {
		cpuslab_port_call_rcu(&first, tester_slow_call);
		while (!cpuslab_load_acquire_u32(&tester_slow))
			tester_sleep();
	}
	if (tester_opened)
		cpuslab_port_call_rcu(&last, tester_last_call);
	cpuslab_store_release_u32(&tester_slow, 0);
	cpuslab_kernel_fini();
	return tester_opened ? -CPUSLAB_EBUSY : left;
}

static int tester_open(struct control *control)
{
	int err = control->arg[1] & TESTER_OPEN_TAG ?
			  cpuslab_kernel_init_tag(TESTER_TAG) :
			  cpuslab_kernel_init();

	tester_opened = !err;
	while (!err && tester_count < control->arg[0]) {
		uint32_t nth = tester_count++;

		err = driver_open(&tester_drivers[nth], control->arg[1],
				  nth == control->arg[3] ? control->arg[2] :
							   CPUSLAB_NO_CPU);
	}
	if (err)
		tester_close(control, false);
	return err;
}

/* ---- looking inside ------------------------------------------------------ */

static void tester_read(struct control *control)
{
	const struct tester_driver *driver = &tester_drivers[control->arg[0]];
	struct cpuslab_hotplug_stats calls;
	const struct cpuslab_cpumask *set;
	struct cpuslab_stats stats;

	cpuslab_stats_get(driver->slab, &stats);
	cpuslab_hotplug_stats_get(driver->hotplug, &calls);
	set = cpuslab_cpumask_get(driver->domain);
	control->result[TESTER_ONLINE] = cpuslab_cpumask_count(set);
	control->result[TESTER_HAS] = cpuslab_cpumask_has(set, control->arg[1]);
	cpuslab_cpumask_put(set);
	control->result[TESTER_IN_USE] = stats.in_use;
	control->result[TESTER_COMMITTED] = stats.committed_bytes;
	control->result[TESTER_STARTS] = calls.starts;
	control->result[TESTER_COMPLETES] = calls.completes;
	control->result[TESTER_FAILURES] = calls.failures;
	control->result[TESTER_IGNORED] = calls.ignored;
	control->result[TESTER_RETAINED] = stats.retained;
	control->result[TESTER_REFUSALS] = calls.refusals;
	control->result[TESTER_ERRORS] = calls.errors;
	control->result[TESTER_LAST_ERROR] = (uint64_t)-calls.last_error;
	control->status = cpuslab_domain_check(driver->domain);
	if (!control->status)
		control->status = cpuslab_slab_check(driver->slab);
	if (!control->status)
		control->status = cpuslab_hotplug_check(driver->hotplug);
}

uint64_t tester_gated_sum(const struct tester_driver *driver)
{
	const struct cpuslab_percpu *handle = &driver->gated;
	const uint64_t *pair;
	uint64_t sum = 0;
	uint32_t cpu;

	cpuslab_for_each_copy(handle, cpu, pair)
		sum += cpuslab_load_acquire_u64(&pair[1]);
	return sum;
}

static void tester_gate(struct control *control)
{
	const struct tester_driver *driver = &tester_drivers[0];
	const uint64_t before = cpuslab_port_clock();

	control->status =
		gate_set_all(driver->slab, &driver->gated, 0, control->arg[0]);
	control->result[2] = (cpuslab_port_clock() - before) / 1000000;
	control->result[0] = tester_gated_sum(driver);
	tester_sleep();
	control->result[1] = tester_gated_sum(driver);
}

static struct control *tester_failing;

static void tester_failed(const char *what, int line)
{
	(void)line;
	if (!tester_failing->text[0])
		tester_text(tester_failing, what);
}

static void tester_pnp(struct control *control)
{
	struct tester_driver *driver = &tester_drivers[0];

	control->status = cpuslab_rebalance_pnp(&driver->rebalance,
						(UCHAR)control->arg[0]);
	/* Notices may come meanwhile. */
	control->result[0] = cpuslab_load_acquire_u32(&driver->rebalance.state);
	control->result[1] = cpuslab_load_acquire_u64(&driver->holds);
	control->result[2] = cpuslab_load_acquire_u64(&driver->resumes);
	control->result[3] = cpuslab_load_acquire_u64(&driver->steers);
	control->result[4] =
		cpuslab_load_acquire_u64(&driver->rebalance.steered);
	control->result[5] = cpuslab_load_acquire_u32(&driver->rebalance_wrong);
}

static void tester_let_steer(struct control *control)
{
	cpuslab_store_release_u32(&tester_steer_waits, control->arg[0]);
	control->result[0] =
		cpuslab_load_acquire_u32(&tester_drivers[0].in_rebalance);
}

/* A slab has two batches; a callback may queue itself again. */
static void tester_settle(void)
{
	uint32_t i;

	for (i = 0; i < 4; i++)
		cpuslab_port_rcu_barrier();
}

static void tester_trim(struct control *control)
{
	uint32_t i;

	for (i = 0; i < tester_count; i++)
		control->status |=
			cpuslab_domain_trim(tester_drivers[i].domain, 0);
	if (!control->arg[0])
		tester_settle();
}

void tester_control(struct control *control)
{
	uint32_t i;

	for (i = 0; i < CONTROL_ARGS; i++)
		control->result[i] = 0;
	control->status = 0;
	control->text[0] = 0;
	switch (control->command) {
	case TESTER_OPEN:
		control->status = tester_open(control);
		break;
	case TESTER_CLOSE:
		control->status = tester_close(control, control->arg[0]);
		break;
	case TESTER_START:
		tester_hammer_start(control);
		break;
	case TESTER_STOP:
		tester_hammer_stop(control);
		break;
	case TESTER_READ:
		tester_read(control);
		break;
	case TESTER_CONFORMANCE:
		tester_failing = control;
		control->result[0] =
			(uint64_t)cpuslab_conformance(tester_failed);
		break;
	case TESTER_GATE:
		tester_gate(control);
		break;
	case TESTER_REFUSE:
		portable_refuse(control->arg[0]);
		break;
	case TESTER_REFUSED:
		control->result[0] = portable_refused(control->arg[0]);
		break;
	case TESTER_PNP:
		tester_pnp(control);
		break;
	case TESTER_STEER:
		tester_let_steer(control);
		break;
	case TESTER_TRIM:
		tester_trim(control);
		break;
	case TESTER_PACKETS:
		tester_packets(control);
		break;
	case TESTER_PAGED:
		tester_paged(control);
		break;
	case TESTER_SETTLE:
		tester_settle();
		break;
	default:
		tester_call(control);
	}
}
