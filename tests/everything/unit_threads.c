/* SPDX-License-Identifier: MIT */
/*
 * Bugs that users of other libraries met: one test for each public report whose
 * cause simulated CPUs can reproduce.
 */
#include "everything.h"

static struct fixture_config threads_sparse = {
	.limit = 256,
	.domain_flags = CPUSLAB_DOMAIN_START_EMPTY,
};

static struct fixture_config threads_8192 = { .limit = 8192, .available = 2 };

static struct everything w;

/*
 * google/tcmalloc#188, google/tcmalloc#267: virtual CPUs that are added to a
 * running machine have numbers beyond the count taken at start.
 */
static void tcmalloc_188_hot_added_vcpus(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = 4; cpu < 64; cpu++) {
		fixture_count(&handle, cpu, 1); /* before any event */
		if (cpu % 2)
			fixture_plug(f, cpu);
		fixture_count(&handle, cpu, 1);
		assert_int_equal(fixture_word(&handle, cpu), 2);
	}
	assert_int_equal(cpuslab_sum(&handle, 0), 120);
	fixture_free(f, &handle);
}

/*
 * jemalloc/jemalloc#808, #2054, #2996: taskset 150-153 leaves four CPUs,
 * none of whose numbers is below four.
 */
static void jemalloc_808_taskset_150_to_153(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;
	uint32_t cpu;

	for (cpu = 0; cpu < 4; cpu++)
		sim_cpu_set_available(cpu, false);
	for (cpu = 150; cpu < 154; cpu++)
		sim_cpu_set_available(cpu, true);
	assert_int_equal(cpuslab_domain_resync(f->domain), CPUSLAB_OK);
	assert_int_equal(fixture_online_count(f), 4);
	handle = fixture_alloc(f, &fixture_counter);
	for (cpu = 150; cpu < 154; cpu++) {
		fixture_count(&handle, cpu, cpu);
		assert_int_equal(fixture_word(&handle, cpu), cpu);
	}
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	assert_int_equal(fixture_stats(f).in_use, 4);
	fixture_free(f, &handle);
}

/*
 * yugabyte/yugabyte-db#33068: under lxcfs the system reports two CPUs, and the
 * thread runs on number 37.
 */
static void yugabyte_33068_lxcfs_counts_fewer(void **state)
{
	const struct cpuslab_domain_config config = { .limit = 2 };
	struct fixture f = { 0 };
	struct cpuslab_percpu handle;

	(void)state;
	assert_int_equal(cpuslab_domain_create(&f.domain, &config), CPUSLAB_OK);
	assert_int_equal(cpuslab_slab_create(&f.slab, f.domain, NULL),
			 CPUSLAB_OK);
	handle = fixture_alloc(&f, &fixture_counter);
	fixture_count(&handle, 0, 1);
	fixture_count(&handle, 1, 1);
	fixture_count(&handle, 37, 5);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 5);
	assert_int_equal(cpuslab_sum(&handle, 0), 7);
	fixture_free(&f, &handle);
	cpuslab_slab_destroy(f.slab);
	cpuslab_domain_destroy(f.domain);
}

/*
 * openjdk/jdk8u-dev and dotnet/coreclr#26912: under OpenVZ numbers are at or
 * beyond what _SC_NPROCESSORS_CONF reports.
 */
static void coreclr_26912_openvz_numbers_beyond_configured(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = 60; cpu < 80; cpu++)
		fixture_count(&handle, cpu, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 20);
	assert_int_equal(fixture_stats(f).shared_ops, 16);
	fixture_free(f, &handle);
}

/* rr-debugger/rr#3105: the machine has one CPU, and it is not number 0. */
static void rr_3105_cpu_0_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	fixture_add(f, 7);
	handle = fixture_alloc(f, &fixture_counter);
	assert_false(fixture_has(&handle, 0));
	fixture_count(&handle, 7, 1);
	assert_int_equal(fixture_word(&handle, 7), 1);
	cpuslab_read_enter();
	assert_int_equal(cpuslab_remote_next(&handle, 0), 7);
	assert_int_equal(cpuslab_remote_next(&handle, 8), CPUSLAB_NO_CPU);
	cpuslab_read_exit();
	fixture_free(f, &handle);
}

/*
 * liburcu 5cfe81b, lttng-ust 66dbdc34: CPUs that were unplugged at start were
 * not counted, and came back.
 */
static void liburcu_5cfe81b_unplugged_cpus(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);

	fixture_unplug(f, 1);
	fixture_unplug(f, 2);
	sim_quiesce();
	fixture_count(&handle, 3, 1); /* not below the online count */
	assert_int_equal(fixture_word(&handle, 3), 1);
	fixture_plug(f, 1);
	fixture_count(&handle, 1, 1);
	fixture_count(&handle, 2, 1); /* before its event */
	assert_int_equal(fixture_word(&handle, 2), 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 3);
	fixture_free(f, &handle);
}

/* dotnet/runtime#126763, containers/crun#2229: more than 1024 CPUs. */
static void dotnet_126763_more_than_1024_cpus(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t cpu;

	for (cpu = 1020; cpu < 1030; cpu++)
		fixture_plug(f, cpu);
	fixture_plug(f, 8191);
	assert_int_equal(fixture_online_count(f), 13);
	for (cpu = 1020; cpu < 1030; cpu++)
		fixture_count(&handle, cpu, 1);
	fixture_count(&handle, 8191, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 11);
	assert_int_equal(fixture_word(&handle, 1024), 1);
	assert_int_equal(fixture_word(&handle, 8191), 1);
	assert_int_equal(fixture_stats(f).shared_ops, 0);
	fixture_free(f, &handle);
}

/*
 * microsoft/msquic#616, #3641 and jemalloc: a number within a group was used as
 * an index, so CPUs of two groups shared a slot.
 */
static void msquic_3641_group_relative_numbers(void **state)
{
	static const uint32_t widths[] = { 40, 40 };
	static const uint32_t gaps[] = { 24, 24 };
	struct cpuslab_group groups[2];
	const struct cpuslab_group_map map = { groups, 2 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint32_t group, number;

	assert_true(sim_groups(groups, widths, gaps, 2) <= 256);
	for (group = 0; group < 2; group++)
		for (number = 0; number < 40; number++)
			fixture_count(&handle,
				      cpuslab_group_to_cpu(&map, group, number),
				      1);
	assert_int_equal(fixture_stats(f).in_use, 80);
	assert_int_equal(fixture_word(&handle, 5), 1);
	assert_int_equal(fixture_word(&handle, 64 + 5), 1);
	/* A number that the group does not have maps to no index. */
	fixture_count(&handle, cpuslab_group_to_cpu(&map, 0, 40), 1);
	assert_int_equal(fixture_word(&handle, CPUSLAB_SHARED), 1);
	fixture_free(f, &handle);
}

/*
 * dotnet/runtime#134127, #59132: writes beyond arrays that were sized for one
 * group. Here every other byte of the slab stays unchanged.
 */
static void dotnet_59132_nothing_else_is_written(void **state)
{
	static const struct cpuslab_type guard = {
		.name = "guard", .size = 512, .flags = CPUSLAB_TYPE_DISCARD
	};
	struct fixture *f = *state;
	struct cpuslab_percpu before = fixture_alloc(f, &guard);
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	struct cpuslab_percpu behind = fixture_alloc(f, &guard);
	static const unsigned char zero[512];
	uint32_t cpu;

	for (cpu = 0; cpu < 300; cpu++)
		fixture_count(&handle, cpu, UINT64_MAX);
	cpuslab_read_enter();
	for (cpu = cpuslab_remote_next(&handle, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(&handle, cpu + 1)) {
		assert_memory_equal(cpuslab_remote(&before, cpu), zero, 512);
		assert_memory_equal(cpuslab_remote(&behind, cpu), zero, 512);
	}
	cpuslab_read_exit();
	assert_int_equal(cpuslab_sum(&handle, 0), (uint64_t)-300);
	fixture_free(f, &before);
	fixture_free(f, &handle);
	fixture_free(f, &behind);
}

static uint64_t threads_sum;

static void threads_take_sum(void *arg)
{
	threads_sum = cpuslab_sum(arg, 0);
}

static void threads_remove(void *arg)
{
	struct fixture *f = arg;

	fixture_remove(f, 2);
	sim_quiesce();
}

/*
 * Linux f689054aace2: a sum races with the fold of a CPU that went offline, and
 * misses its counts, or counts them twice.
 */
static void linux_f689054aace2_sum_races_fold(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	unsigned int left = 0;
	uint64_t k, added = 0;

	for (k = 1; !left; k++) {
		fixture_count(&handle, 1, 3);
		fixture_count(&handle, 2, 4);
		added += 7;
		sim_other_at(k, 1, threads_take_sum, &handle);
		threads_sum = added;
		fixture_remove(f, 2);
		left = sim_at_cancel();
		assert_int_equal(threads_sum, added);
		assert_int_equal(cpuslab_sum(&handle, 0), added);
		sim_quiesce();
		fixture_add(f, 2);
	}
	assert_true(k > 5);
	for (k = 1, left = 0; !left; k++) {
		fixture_count(&handle, 2, 4);
		added += 4;
		sim_cpu_set(1);
		sim_other_at(k, 3, threads_remove, f);
		assert_int_equal(cpuslab_sum(&handle, 0), added);
		left = sim_at_cancel();
		sim_quiesce();
		fixture_add(f, 2);
	}
	fixture_free(f, &handle);
}

/* A total of increments and decrements was shown below zero. */
static struct cpuslab_gauge threads_gauge;

static void threads_fork_and_exit(void *arg)
{
	(void)arg;
	sim_cpu_set(3);
	cpuslab_gauge_add(&threads_gauge, 1);
	sim_cpu_set(0);
	cpuslab_gauge_sub(&threads_gauge, 1);
}

static void linux_total_processes_negative(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	uint64_t k;

	assert_int_equal(cpuslab_gauge_init(&threads_gauge, f->slab),
			 CPUSLAB_OK);
	for (k = 1; !left; k++) {
		sim_other_at(k, 1, threads_fork_and_exit, NULL);
		assert_true(cpuslab_gauge_sum(&threads_gauge) >= 0);
		left = sim_at_cancel();
	}
	cpuslab_gauge_fini(&threads_gauge);
}

/*
 * performancecopilot/pcp#1507, sysstat/sysstat#433: a total decreases when a
 * CPU leaves, or jumps when it returns with its old values or with none.
 */
static void pcp_1507_a_counter_never_goes_back(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &fixture_counter);
	uint64_t expect = 0;
	int i;

	for (i = 0; i < 20; i++) {
		fixture_count(&handle, 2, 10);
		expect += 10;
		fixture_unplug(f, 2);
		assert_int_equal(cpuslab_sum(&handle, 0), expect);
		if (i % 2)
			sim_quiesce();
		assert_int_equal(cpuslab_sum(&handle, 0), expect);
		fixture_plug(f, 2);
		assert_int_equal(cpuslab_sum(&handle, 0), expect);
	}
	fixture_free(f, &handle);
}

/*
 * DPDK de5991dcd7: a handle was the address of CPU 0's copy, so checked string
 * functions took it for that object and ended the program. Here CPU 0 may have
 * no memory at all.
 */
static void dpdk_de5991dcd7_a_handle_is_no_pointer(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_percpu handle;

	fixture_add(f, 7);
	handle = fixture_alloc(f, &fixture_counter);
	assert_false(sim_is_block((const void *)handle.object));
	fixture_count(&handle, 7, 1);
	assert_int_equal(cpuslab_sum(&handle, 0), 1);
	fixture_free(f, &handle);
}

/* librseq: initial bytes were missing on a CPU that was added later. */
static void librseq_initial_bytes_on_a_later_cpu(void **state)
{
	static const char image[24] = "the initial contents";
	static const struct cpuslab_type type = {
		.name = "initial",
		.size = sizeof(image),
		.image = image,
		.flags = CPUSLAB_TYPE_DISCARD
	};
	static const uint32_t cpus[] = { 9, 10, 11, 2, 9 };
	struct fixture *f = *state;
	struct cpuslab_percpu handle = fixture_alloc(f, &type);
	int i;

	fixture_add(f, 9);
	sim_cpu_set(10);
	assert_int_equal(cpuslab_cmpstore(&handle, 0, 0, 0), CPUSLAB_DIFFERS);
	cpuslab_domain_add_complete(f->domain, 11); /* without a start */
	cpuslab_read_enter();
	fixture_remove(f, 2);
	fixture_add(f, 2); /* admitted when the grace period ends */
	cpuslab_read_exit();
	sim_quiesce();
	for (i = 0; i < 5; i++) {
		cpuslab_read_enter();
		assert_non_null(cpuslab_remote(&handle, cpus[i]));
		assert_memory_equal(cpuslab_remote(&handle, cpus[i]), image,
				    24);
		cpuslab_read_exit();
	}
	fixture_free(f, &handle);
}

/*
 * microsoft/openvmm#3490, scylladb/seastar#2143: a fence over all CPUs stalls a
 * large machine. Here adds and growth need no fence, and a removal needs one
 * for the removed CPU only.
 */
static void openvmm_3490_no_fence_for_adds_and_growth(void **state)
{
	static const struct cpuslab_type big = { .name = "big",
						 .size = 60000,
						 .counters = 7500 };
	struct fixture *f = *state;
	struct cpuslab_percpu handles[6];
	uint32_t i;

	for (i = 0; i < 6; i++) {
		handles[i] = fixture_alloc(f, &big);
		fixture_add(f, 10 + i);
		fixture_count(&handles[i], 10 + i, 1);
		fixture_count(&handles[0], 30 + i, 1);
	}
	assert_int_equal(cpuslab_domain_add_start(f->domain, 50), CPUSLAB_OK);
	cpuslab_domain_add_failure(f->domain, 50);
	assert_int_equal(sim_fences(), 0);
	for (i = 0; i < 6; i++) {
		fixture_remove(f, 10 + i);
		assert_int_equal(sim_fences(), i + 1);
	}
	for (i = 0; i < 6; i++)
		fixture_free(f, &handles[i]);
}

/* microsoft/ebpf-for-windows#3768 and others: hot-add under load. */
static void ebpf_for_windows_3768_hot_add_under_load(void **state)
{
	struct sim_task tasks[8];
	uint32_t i;

	(void)state;
	everything_begin(&w, &fixture_rseq);
	for (i = 0; i < 8; i++) {
		tasks[i].run = everything_all;
		tasks[i].arg = &w;
		tasks[i].cpu = 8 + i;
	}
	sim_run(tasks, 8);
	for (i = 0; i < 8; i++)
		fixture_plug(&w.f, 8 + i);
	sim_run(tasks, 8);
	everything_verify(&w);
	assert_int_equal(fixture_stats(&w.f).unannounced, 0);
	everything_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_BOTH(tcmalloc_188_hot_added_vcpus),
		FIXTURE_TEST(jemalloc_808_taskset_150_to_153, threads_sparse),
		FIXTURE_NO_DOMAIN(yugabyte_33068_lxcfs_counts_fewer),
		FIXTURE_BOTH(coreclr_26912_openvz_numbers_beyond_configured),
		FIXTURE_TEST(rr_3105_cpu_0_is_not_there, threads_sparse),
		FIXTURE_BOTH(liburcu_5cfe81b_unplugged_cpus),
		FIXTURE_TEST(dotnet_126763_more_than_1024_cpus, threads_8192),
		FIXTURE_TEST(msquic_3641_group_relative_numbers,
			     threads_sparse),
		FIXTURE_BOTH(dotnet_59132_nothing_else_is_written),
		FIXTURE_RSEQ(linux_f689054aace2_sum_races_fold),
		FIXTURE_BOTH(linux_total_processes_negative),
		FIXTURE_BOTH(pcp_1507_a_counter_never_goes_back),
		FIXTURE_TEST(dpdk_de5991dcd7_a_handle_is_no_pointer,
			     threads_sparse),
		FIXTURE_BOTH(librseq_initial_bytes_on_a_later_cpu),
		FIXTURE_RSEQ(openvmm_3490_no_fence_for_adds_and_growth),
		cmocka_unit_test(ebpf_for_windows_3768_hot_add_under_load),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
