/* SPDX-License-Identifier: MIT */
/*
 * calls.c - what a driver's calls return.
 */
#include "calls.h"

#define CALLS_MS ((uint64_t)1000000)

static struct control *calls_control;

void calls_check(bool good, const char *what)
{
	if (good)
		return;
	if (!calls_control->result[0]++)
		tester_text(calls_control, what);
}

/* ---- results ------------------------------------------------------------- */

#define CHECK_STATUS(result, status)                                           \
	calls_check(cpuslab_kernel_status(result) == (status),                 \
		    #result " is " #status)

static void calls_statuses(void)
{
	CHECK_STATUS(CPUSLAB_OK, STATUS_SUCCESS);
	CHECK_STATUS(CPUSLAB_EMPTY, STATUS_SUCCESS);
	CHECK_STATUS(CPUSLAB_RETAINED, STATUS_SUCCESS);
	CHECK_STATUS(-CPUSLAB_ENOMEM, STATUS_INSUFFICIENT_RESOURCES);
	CHECK_STATUS(-CPUSLAB_EBUSY, STATUS_DEVICE_BUSY);
	CHECK_STATUS(-CPUSLAB_EAGAIN, STATUS_DEVICE_BUSY);
	CHECK_STATUS(-CPUSLAB_EINVAL, STATUS_INVALID_PARAMETER);
	CHECK_STATUS(-CPUSLAB_ERANGE, STATUS_INVALID_PARAMETER);
	CHECK_STATUS(-CPUSLAB_ESHUTDOWN, STATUS_DELETE_PENDING);
	CHECK_STATUS(-CPUSLAB_ENOENT, STATUS_NOT_FOUND);
	CHECK_STATUS(-CPUSLAB_ESTALE, STATUS_NOT_FOUND);
	CHECK_STATUS(-CPUSLAB_ENOSYS, STATUS_NOT_SUPPORTED);
	CHECK_STATUS(-CPUSLAB_EACCES, STATUS_ACCESS_DENIED);
	CHECK_STATUS(-1, STATUS_UNSUCCESSFUL);
	CHECK_STATUS(-4096, STATUS_UNSUCCESSFUL);
}

/* ---- a hotplug ----------------------------------------------------------- */

struct cpuslab_domain *calls_domain(uint32_t flags, uint32_t limit)
{
	const struct cpuslab_domain_config config = {
		.flags = flags,
		.limit = limit,
	};
	struct cpuslab_domain *domain = NULL;

	CHECK(cpuslab_domain_create(&domain, &config) == CPUSLAB_OK);
	return domain;
}

uint32_t calls_some_cpu(void)
{
	uint32_t cpu = 0;

	while (!cpuslab_kernel_cpu_active(cpu))
		cpu++;
	return cpu;
}

static uint32_t calls_online(const struct cpuslab_domain *domain)
{
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint32_t count = cpuslab_cpumask_count(set);

	cpuslab_cpumask_put(set);
	return count;
}

static uint32_t calls_active(void)
{
	uint32_t cpu, count = 0;

	for (cpu = 0; cpu < TESTER_CPUS; cpu++)
		count += cpuslab_kernel_cpu_active(cpu);
	CHECK(!cpuslab_kernel_cpu_active(cpuslab_port_cpu_limit()));
	CHECK(!cpuslab_kernel_cpu_active(CPUSLAB_NO_CPU));
	return count;
}

/* A program that was compiled with a later version of the library. */
struct calls_later {
	struct cpuslab_hotplug_config config;
	uint32_t later[4];
};

static int calls_create(struct cpuslab_domain *domain, size_t size,
			uint32_t flags, uint32_t later)
{
	struct calls_later config = {
		.config = { .size = size, .flags = flags },
		.later = { later },
	};
	struct cpuslab_hotplug *hotplug = (void *)&config;
	int err = cpuslab_hotplug_create(&hotplug, domain, &config.config);

	CHECK((err == CPUSLAB_OK) == (hotplug != NULL));
	cpuslab_hotplug_destroy(hotplug);
	return err;
}

static void calls_configs(void)
{
	const size_t size = sizeof(struct cpuslab_hotplug_config);
	struct cpuslab_domain *domain =
		calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	uint32_t flag;

	CHECK(calls_create(domain, 0, 0, 0) == CPUSLAB_OK);
	CHECK(calls_create(domain, size, 0, 0) == CPUSLAB_OK);
	CHECK(calls_create(domain, size + 16, 0, 0) == CPUSLAB_OK);
	CHECK(calls_create(domain, size + 16, 0, 1) == -CPUSLAB_EINVAL);
	CHECK(calls_create(domain, sizeof(size_t), 0, 0) == -CPUSLAB_EINVAL);
	CHECK(calls_create(domain, size - 8, 0, 0) == -CPUSLAB_EINVAL);
	CHECK(calls_create(domain, 8192, 0, 0) == -CPUSLAB_EINVAL);
	for (flag = 1; flag; flag <<= 1)
		CHECK(calls_create(domain, size, flag, 0) ==
		      (flag == CPUSLAB_HOTPLUG_NEVER_REFUSE ? CPUSLAB_OK :
							      -CPUSLAB_EINVAL));
	CHECK(calls_create(NULL, size, 0, 0) == -CPUSLAB_EINVAL);
	CHECK(cpuslab_hotplug_create(NULL, domain, NULL) == -CPUSLAB_EINVAL);
	cpuslab_domain_destroy(domain);
}

/* The domain outlives a hotplug, with its processors, and takes another. */
static void calls_hotplug_again(void)
{
	struct cpuslab_domain *domain =
		calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	const uint32_t active = calls_active();
	struct cpuslab_hotplug_stats stats;
	struct cpuslab_hotplug *hotplug;
	uint32_t i;

	CHECK(calls_online(domain) == 0);
	for (i = 0; i < 2; i++) {
		CHECK(!cpuslab_hotplug_create(&hotplug, domain, NULL));
		CHECK(calls_online(domain) == active);
		CHECK(cpuslab_hotplug_check(hotplug) == CPUSLAB_OK);
		cpuslab_hotplug_stats_get(hotplug, &stats);
		CHECK(stats.has_events && stats.starts == active &&
		      stats.completes == active && !stats.failures &&
		      !stats.refusals && !stats.ignored && !stats.errors &&
		      !stats.last_error);
		cpuslab_hotplug_poke(hotplug);
		cpuslab_hotplug_destroy(hotplug);
		CHECK(calls_online(domain) == active);
	}
	cpuslab_domain_destroy(domain);
	cpuslab_hotplug_destroy(NULL);
	cpuslab_hotplug_poke(NULL);
	CHECK(cpuslab_hotplug_check(NULL) == -CPUSLAB_EINVAL);
	cpuslab_hotplug_stats_get(NULL, &stats);
	CHECK(!stats.starts && !stats.has_events);
}

static int calls_refuse(struct cpuslab_client *client, uint32_t cpu)
{
	const int *refusal = client->arg;

	(void)cpu;
	return *refusal;
}

static void calls_ignore(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
}

static const struct cpuslab_client_ops calls_refuse_ops = {
	.start = calls_refuse,
	.failure = calls_ignore,
};

/* A create that fails returns the client's error; the domain is as it was. */
static void calls_hotplug_fails(void)
{
	static const int refusals[] = { -CPUSLAB_EBUSY, -CPUSLAB_EAGAIN,
					-CPUSLAB_ENOMEM, -CPUSLAB_ENOSYS };
	struct cpuslab_domain *domain =
		calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	struct cpuslab_client client = { .ops = &calls_refuse_ops,
					 .name = "refuses" };
	struct cpuslab_hotplug *hotplug;
	int refusal;
	size_t i;

	client.arg = &refusal;
	CHECK(!cpuslab_client_init(&client, domain));
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		refusal = refusals[i];
		CHECK(cpuslab_hotplug_create(&hotplug, domain, NULL) ==
		      refusal);
		CHECK(!hotplug);
		CHECK(calls_online(domain) == 0);
	}
	cpuslab_client_fini(&client);
	cpuslab_domain_destroy(domain);
	/* It has room for one processor. */
	domain = calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 1);
	if (calls_active() > 1)
		CHECK(cpuslab_hotplug_create(&hotplug, domain, NULL) ==
		      -CPUSLAB_ERANGE);
	CHECK(calls_online(domain) == 0);
	cpuslab_domain_destroy(domain);
}

/* ---- the system ---------------------------------------------------------- */

static void calls_system(void)
{
	/* Without the hotplug's flags it asks the system once. */
	struct cpuslab_domain *domain = calls_domain(0, 0);
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	uint64_t before;
	uint32_t cpu;

	for (cpu = 0; cpu < cpuslab_port_cpu_limit(); cpu++)
		CHECK(cpuslab_cpumask_has(set, cpu) ==
		      cpuslab_kernel_cpu_active(cpu));
	cpuslab_cpumask_put(set);
	cpuslab_domain_destroy(domain);
	/* It counts nanoseconds, as far as each sleep takes a millisecond. */
	before = cpuslab_port_clock();
	for (cpu = 0; cpuslab_port_clock() - before < 20 * CALLS_MS; cpu++)
		tester_sleep();
	CHECK(cpu < 1000);
	CHECK(cpuslab_port_thread_id() == PsGetCurrentThreadId());
}

/* ---- masks and shares ---------------------------------------------------- */

static void calls_mask(const struct cpuslab_cpumask *set)
{
	PROCESSOR_NUMBER number;
	uint32_t cpu, bits = 0;
	KAFFINITY mask;
	USHORT group;

	for (cpu = 0; cpu < cpuslab_port_cpu_limit(); cpu++) {
		if (!NT_SUCCESS(KeGetProcessorNumberFromIndex(cpu, &number)))
			continue;
		mask = cpuslab_rebalance_mask(set, number.Group);
		CHECK((mask >> number.Number & 1) ==
		      cpuslab_cpumask_has(set, cpu));
	}
	for (group = 0; group < 64; group++) {
		mask = cpuslab_rebalance_mask(set, group);
		for (; mask; mask &= mask - 1)
			bits++;
	}
	CHECK(bits == cpuslab_cpumask_count(set));
}

/* In their order, each group that has processors, and then from the first. */
static void calls_groups(const struct cpuslab_cpumask *set)
{
	USHORT group = 0xffff, turn, next;

	for (turn = 0; turn < 2; turn++) {
		for (next = 0; next < 64; next++) {
			if (!cpuslab_rebalance_mask(set, next))
				continue;
			group = cpuslab_rebalance_next_group(set, group);
			CHECK(group == next);
		}
	}
}

/* Every processor has its part of 8 keys for each, and no more than twice. */
static void calls_share(const struct cpuslab_cpumask *set)
{
	uint32_t count = cpuslab_cpumask_count(set), key, cpu;
	static uint32_t keys[TESTER_CPUS];

	memset(keys, 0, sizeof(keys));
	for (key = 0; key < 8 * count; key++) {
		cpu = cpuslab_rebalance_share(set, key);
		CHECK(cpu == cpuslab_rebalance_share(set, key));
		CHECK(cpuslab_cpumask_has(set, cpu));
		keys[cpu % TESTER_CPUS]++;
	}
	for (cpu = 0; cpu < cpuslab_port_cpu_limit(); cpu++)
		CHECK(cpuslab_cpumask_has(set, cpu) ?
			      keys[cpu] >= 4 && keys[cpu] <= 16 :
			      !keys[cpu]);
}

static void calls_sets(void)
{
	struct cpuslab_domain *domain =
		calls_domain(CPUSLAB_HOTPLUG_DOMAIN_FLAGS, 0);
	const struct cpuslab_cpumask *set = cpuslab_cpumask_get(domain);
	struct cpuslab_hotplug *hotplug;

	CHECK(cpuslab_rebalance_share(set, 1) == CPUSLAB_NO_CPU);
	CHECK(cpuslab_rebalance_next_group(set, 3) == 3);
	calls_mask(set);
	cpuslab_cpumask_put(set);
	CHECK(!cpuslab_hotplug_create(&hotplug, domain, NULL));
	set = cpuslab_cpumask_get(domain);
	calls_mask(set);
	calls_groups(set);
	calls_share(set);
	cpuslab_cpumask_put(set);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_domain_destroy(domain);
}

/* ---- rebalance ----------------------------------------------------------- */

static uint32_t calls_steers;

static void calls_steer(struct cpuslab_rebalance *rebalance)
{
	(void)rebalance;
	calls_steers++;
}

/* The domain calls it until its end. */
static void calls_rebalance_end(void)
{
	static const struct cpuslab_rebalance_ops ops = {
		.steer = calls_steer,
	};
	struct cpuslab_rebalance rebalance = { .ops = &ops };
	uint32_t cpu = calls_some_cpu();

	calls_steers = 0;
	rebalance.domain = calls_domain(0, 0);
	CHECK(!cpuslab_rebalance_init(&rebalance, tester_object));
	cpuslab_rebalance_pnp(&rebalance, IRP_MN_START_DEVICE);
	CHECK(calls_steers == 1);
	CHECK(!cpuslab_domain_add_complete(rebalance.domain, cpu));
	CHECK(calls_steers == 2);
	cpuslab_rebalance_fini(&rebalance);
	CHECK(!cpuslab_domain_add_complete(rebalance.domain, cpu));
	CHECK(calls_steers == 2);
	cpuslab_domain_destroy(rebalance.domain);
}

/* A driver with nothing to do, and one that comes too late. */
static void calls_rebalance(void)
{
	static const UCHAR minors[] = {
		IRP_MN_START_DEVICE,       IRP_MN_QUERY_STOP_DEVICE,
		IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_QUERY_STOP_DEVICE,
		IRP_MN_STOP_DEVICE,
	};
	static const struct cpuslab_rebalance_ops none = { .hold = NULL };
	struct cpuslab_rebalance rebalance = { .ops = &none };
	size_t i;

	rebalance.domain = calls_domain(0, 0);
	CHECK(cpuslab_rebalance_init(&rebalance, tester_object) ==
	      STATUS_SUCCESS);
	for (i = 0; i < sizeof(minors); i++)
		CHECK(cpuslab_rebalance_pnp(&rebalance, minors[i]));
	CHECK(!cpuslab_rebalance_pnp(&rebalance, IRP_MN_QUERY_REMOVE_DEVICE));
	cpuslab_rebalance_fini(&rebalance);
	CHECK(cpuslab_domain_close(rebalance.domain) == CPUSLAB_OK);
	CHECK(cpuslab_rebalance_init(&rebalance, tester_object) ==
	      STATUS_DELETE_PENDING);
	cpuslab_domain_destroy(rebalance.domain);
}

static void calls_results(void)
{
	calls_statuses();
	calls_configs();
	calls_hotplug_again();
	calls_hotplug_fails();
	calls_system();
	calls_sets();
	calls_rebalance();
	calls_rebalance_end();
}

/* ---- before the port is initialised, and later --------------------------- */

static struct cpuslab_counter calls_named = CPUSLAB_COUNTER_INIT("named");

static void calls_named_counts(bool initialised)
{
	uint64_t before = cpuslab_counter_sum(&calls_named);

	CHECK(cpuslab_percpu_is_null(&calls_named.handle) == !initialised);
	CHECK(cpuslab_counter_add(&calls_named, 1) == CPUSLAB_OK);
	CHECK(cpuslab_counter_sum(&calls_named) == before + 1);
}

/* ---- the log and the end ------------------------------------------------- */

static uint32_t calls_came_back;

static VOID NTAPI calls_panic_run(PVOID unused)
{
	(void)unused;
	cpuslab_port_panic("a test of the end");
	cpuslab_store_release_u32(&calls_came_back, 1);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static void calls_panic(struct control *control)
{
	HANDLE thread;

	cpuslab_store_release_u32(&calls_came_back, 0);
	control->status = tester_spawn(calls_panic_run, NULL, &thread);
	if (control->status)
		return;
	tester_join(thread);
	control->result[0] = cpuslab_load_acquire_u32(&calls_came_back);
}

void tester_call(struct control *control)
{
	calls_control = control;
	switch (control->command) {
	case TESTER_CALLS:
		calls_results();
		break;
	case TESTER_NAMED:
		calls_named_counts(control->arg[0]);
		break;
	case TESTER_OPERATIONS:
		calls_operations();
		break;
	case TESTER_LEVELS:
		calls_levels(control);
		break;
	case TESTER_GRACE:
		calls_wait(control);
		break;
	case TESTER_LOG:
		cpuslab_port_log("50% of %s");
		break;
	case TESTER_PANIC:
		calls_panic(control);
		break;
	default:
		control->status = -CPUSLAB_EINVAL;
	}
}
