/* SPDX-License-Identifier: MIT */
/*
 * program.c - what gdb shall show of a program: lines "COMMAND => OUTPUT", made
 * with the library's own calls. See commands.py.
 *
 *	program CPU CPU MODE [PLUGIN]
 *
 * MODE is "parent", or "child": a child shows itself after it has counted more.
 * The CPUs are two that the program may use. It calls program_stopped() before
 * its second CPU is released, and again after. PLUGIN is plugin.c, with a copy
 * of the library of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>

#define MANY 300

static struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("named");
static struct cpuslab_gauge named_gauge = CPUSLAB_GAUGE_INIT("named_gauge");
__attribute__((used)) static struct cpuslab_counter unused =
	CPUSLAB_COUNTER_INIT("unused");
__attribute__((used)) static struct cpuslab_counter zeroed;
static struct cpuslab_counter freed, counter, many[MANY];
static struct cpuslab_counter neighbours[4];
static struct cpuslab_gauge gauge;
static struct cpuslab_histogram histogram, large, empty, failed;
static struct cpuslab_stack stack;
static struct cpuslab_refcount counting, killed;
static struct cpuslab_percid_counter by_id;
static struct cpuslab_node nodes[8];
static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab, *percid_slab;
static int cpus[2];
static void (*plugin_expect)(void); /* or NULL */

void program_stopped(void);
__attribute__((noinline)) void program_stopped(void)
{
	__asm__ __volatile__("" ::: "memory");
}

static void need(bool fine)
{
	if (!fine)
		exit(1);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	need(!sched_setaffinity(0, sizeof(set), &set));
}

static void program_create(void)
{
	const struct cpuslab_domain_config domain_config = {
		.size = sizeof(domain_config),
		.name = "some domain",
	};
	const struct cpuslab_slab_config by_id_config = {
		.size = sizeof(by_id_config),
		.name = "ids",
		.flags = CPUSLAB_SLAB_PERCID,
	};
	const struct cpuslab_slab_config config = {
		.size = sizeof(config),
		.name = "some slab",
	};
	int i;

	need(!cpuslab_domain_create(&domain, &domain_config));
	need(!cpuslab_slab_create(&slab, domain, &config));
	need(!cpuslab_slab_create(&percid_slab, domain, &by_id_config));
	need(!cpuslab_counter_init(&freed, slab));
	need(!cpuslab_counter_init(&counter, slab));
	need(!cpuslab_counter_init_many(neighbours, slab, 4));
	need(!cpuslab_gauge_init(&gauge, slab));
	need(!cpuslab_histogram_init(&histogram, slab, 3, 40));
	/* In a mapping of its own. */
	need(!cpuslab_histogram_init(&large, slab, 12, 64));
	need(!cpuslab_histogram_init(&empty, slab, 0, 64));
	need(!cpuslab_stack_init(&stack, slab));
	need(!cpuslab_refcount_init(&counting, slab, NULL));
	need(!cpuslab_refcount_init(&killed, slab, NULL));
	need(!cpuslab_percid_counter_init(&by_id, percid_slab));
	for (i = 0; i < MANY; i++)
		need(!cpuslab_counter_init(&many[i], slab));
	need(cpuslab_histogram_init(&failed, slab, 99, 0));
}

static uint32_t program_objects(void)
{
	struct cpuslab_stats stats = { .size = sizeof(stats) };

	cpuslab_stats_get(slab, &stats);
	return stats.objects;
}

/* More on the second CPU, so that no two copies are equal. */
static void program_count(int more)
{
	int cpu, i;

	for (cpu = 0; cpu < 2; cpu++) {
		run_on(cpus[cpu]);
		for (i = 0; i < 5 + 3 * cpu + more; i++) {
			cpuslab_counter_add(&named, 1);
			cpuslab_gauge_add(&named_gauge, 2);
			cpuslab_gauge_sub(&named_gauge, 3);
			cpuslab_counter_add(&counter, 1);
			cpuslab_counter_add(&neighbours[2], 7);
			cpuslab_gauge_add(&gauge, 5);
			cpuslab_gauge_sub(&gauge, 1);
			cpuslab_histogram_record(&histogram,
						 (uint64_t)(i + 1) * i * 1000);
			cpuslab_histogram_record(&large, 1ull << 60 << i % 4);
			need(cpuslab_refcount_try_get(&counting));
			need(more || cpuslab_refcount_try_get(&killed));
			cpuslab_percid_counter_add(&by_id, 1);
			cpuslab_counter_add(&many[MANY - 1], 2);
		}
		for (i = 0; i < 2 + cpu && !more; i++)
			cpuslab_stack_push(&stack, &nodes[3 * cpu + i]);
	}
	run_on(cpus[0]);
}

static uint64_t program_refs(struct cpuslab_refcount *refcount)
{
	uint64_t count;

	need(cpuslab_refcount_switch_to_atomic(refcount) >= 0);
	count = cpuslab_refcount_count(refcount);
	need(cpuslab_refcount_switch_to_percpu(refcount) >= 0);
	need(cpuslab_refcount_try_get(refcount));
	return count + 1;
}

static void program_copies(const struct cpuslab_counter *from, const char *name)
{
	const struct cpuslab_percpu *handle = &from->handle;
	uint64_t sum = cpuslab_counter_sum(from), left = sum, value;
	uint32_t cpu;

	for (cpu = cpuslab_remote_next(handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(handle, cpu + 1)) {
		value = *(const uint64_t *)cpuslab_remote(handle, cpu);
		printf("cpuslab copies %s => cpu %-6" PRIu32 "%" PRIu64 "\n",
		       name, cpu, value);
		left -= value;
	}
	if (from == &counter)
		printf("cpuslab copies %s => residual  %" PRIu64 "\n", name,
		       left);
}

static void program_percentiles(const struct cpuslab_histogram *of,
				const char *name)
{
	uint64_t *counts = calloc(of->buckets, sizeof(*counts)), total;
	static const struct {
		const char *name;
		uint32_t ppm;
	} shown[] = { { "p50", 500000 },
		      { "p90", 900000 },
		      { "p99", 990000 },
		      { "p99.9", 999000 },
		      { "p100", 1000000 } };
	size_t i;

	need(counts);
	total = cpuslab_histogram_read(of, counts);
	printf("print %s => count %" PRIu64, name, total);
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		printf(", %s %" PRIu64, shown[i].name,
		       cpuslab_histogram_percentile(of, counts, total,
						    shown[i].ppm));
	printf("\n");
	free(counts);
}

static void program_expect(void)
{
	uint64_t sum = cpuslab_counter_sum(&counter);

	printf("print counter => %" PRIu64 "\n", sum);
	printf("print *&counter => %" PRIu64 "\n", sum);
	printf("print $cpuslab_sum(&counter) => %" PRIu64 "\n", sum);
	printf("cpuslab sum counter.handle => %" PRIu64 "\n", sum);
	printf("print named => %" PRIu64 "\n", cpuslab_counter_sum(&named));
	printf("print named_gauge => %" PRId64 "\n",
	       cpuslab_gauge_sum(&named_gauge));
	printf("print unused => 0\n");
	printf("print zeroed => <a null handle: not initialised, or that failed>\n");
	printf("print failed => <a null handle: not initialised, or that failed>\n");
	printf("print freed => <a handle of an object that was freed>\n");
	printf("print neighbours[2] => %" PRIu64 "\n",
	       cpuslab_counter_sum(&neighbours[2]));
	printf("print neighbours[3] => 0\n");
	printf("cpuslab sum neighbours[0] => 0 0 %" PRIu64 " 0\n",
	       cpuslab_counter_sum(&neighbours[2]));
	printf("print many[%d] => %" PRIu64 "\n", MANY - 1,
	       cpuslab_counter_sum(&many[MANY - 1]));
	printf("print gauge => %" PRId64 "\n", cpuslab_gauge_sum(&gauge));
	program_percentiles(&histogram, "histogram");
	program_percentiles(&large, "large");
	printf("print empty => count 0\n");
	printf("print counting => %" PRIu64 ", live\n",
	       program_refs(&counting));
	printf("print killed => %" PRIu64 ", killed\n",
	       cpuslab_refcount_count(&killed));
	printf("print by_id => %" PRIu64 "\n",
	       cpuslab_sum(&by_id.handle.copies, 0));
	printf("print counter.handle => "
	       "cpuslab_counter of 8 bytes in slab some slab\n");
	program_copies(&counter, "counter");
	program_copies(&named, "named");
	printf("cpuslab slabs domain => some slab: objects %" PRIu32 "\n",
	       program_objects());
	printf("cpuslab slabs => some slab: objects %" PRIu32 "\n",
	       program_objects());
	printf("cpuslab slabs => default: objects 2\n");
	printf("cpuslab slab some slab => domain some domain\n");
	printf("cpuslab domain some domain => client some slab\n");
	printf("cpuslab slab slab => objects %" PRIu32 "\n", program_objects());
	if (plugin_expect)
		plugin_expect();
	printf("cpuslab domain counter => client some slab\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	need(argc >= 4);
	if (argc > 4) {
		void *plugin = dlopen(argv[4], RTLD_NOW);

		need(plugin);
		*(void **)&plugin_expect = dlsym(plugin, "plugin_expect");
		need(plugin_expect);
		printf("cpuslab slabs => %s\n", argv[4]);
	}
	cpus[0] = atoi(argv[1]);
	cpus[1] = atoi(argv[2]);
	program_create();
	program_count(0);
	need(cpuslab_refcount_kill(&killed) >= 0);
	cpuslab_counter_fini(&freed);
	if (!strcmp(argv[3], "child") && fork()) {
		wait(NULL);
		return 0;
	}
	if (!strcmp(argv[3], "child"))
		program_count(4);
	printf("print stack => depth cpu %d: 2, cpu %d: 3, shared: 0\n",
	       cpus[0], cpus[1]);
	printf("cpuslab slab counter => cpu %d: live, registered\n", cpus[1]);
	printf("cpuslab domain domain => cpu %d: online\n", cpus[1]);
	program_expect();
	program_stopped();
	need(!cpuslab_domain_remove(domain, (uint32_t)cpus[1]));
	need(!cpuslab_domain_trim(domain, CPUSLAB_TRIM_QUIESCENT));
	printf("print stack => depth cpu %d: 2, shared: 3\n", cpus[0]);
	program_expect();
	program_stopped();
	_exit(0);
}
