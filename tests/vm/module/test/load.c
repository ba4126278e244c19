// SPDX-License-Identifier: MIT
/*
 * load.c - count on every CPU, in threads that move and in timers that
 * interrupt them, while CPUs come and go; and read sums meanwhile.
 *
 * Each thread and timer also counts for itself; in the end both totals must be
 * equal.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "test.h"

#define LOAD_THREADS 4
#define LOAD_PERIOD_NS 1000000

struct load_timer {
	struct hrtimer timer;
	bool started;
	u64 counted; /* W timer */
};

struct load_pinned {
	u64 calls;
	u64 twice; /* always twice as many */
};

/* Static objects: of counters, and of a type with all callbacks. */
struct load_static {
	u64 task[LOAD_THREADS];
	u64 timer;
};

struct load_kept {
	u64 seed; /* 1 from the initializer, 2 from the constructor */
	u64 calls;
};

static DEFINE_CPUSLAB(struct load_static, load_static);

static struct cpuslab_counter load_counter;
static struct cpuslab_stack load_stack;
static struct cpuslab_gauge load_gauge;
static struct cpuslab_percpu load_pin;
static struct cpuslab_client load_client;
static struct load_timer *load_timers; /* one for each CPU */
static struct task_struct *load_threads[LOAD_THREADS];
static struct task_struct *load_reader;
static u64 load_counted[LOAD_THREADS]; /* W its thread */
static atomic64_t load_pinned, load_unpinned, load_wrong;
static atomic64_t load_sums, load_kept_calls;
static bool load_on; /* W command */

/* Move what a CPU has counted to the shared block. */
static int load_pin_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	struct load_pinned *from = object, *to = shared;

	to->calls += from->calls;
	return 0;
}

static const struct cpuslab_type load_pin_type = {
	.name = "load_pinned",
	.size = sizeof(struct load_pinned),
	.drain = load_pin_drain,
};

static int load_kept_ctor(void *object, uint32_t cpu, void *arg)
{
	struct load_kept *kept = object;

	if (kept->seed != 1)
		return -EIO;
	kept->seed += 2;
	kept->calls = 0;
	return 0;
}

static int load_kept_drain(void *object, void *shared, uint32_t cpu, void *arg)
{
	struct load_kept *from = object, *to = shared;

	to->calls += from->calls;
	from->calls = 0;
	return 0;
}

static const struct cpuslab_type load_kept_type = {
	.name = "load_kept",
	.size = sizeof(struct load_kept),
	.ctor = load_kept_ctor,
	.drain = load_kept_drain,
};

DEFINE_CPUSLAB_TYPED(struct load_kept, load_kept, load_kept_type) = {
	.seed = 1,
};
CPUSLAB_STATICS;

/* In a hard interrupt: operations on words that tasks also use, both forms. */
static enum hrtimer_restart load_tick(struct hrtimer *timer)
{
	struct load_timer *load = container_of(timer, struct load_timer, timer);
	struct cpuslab_node *node;

	cpuslab_counter_add(&load_counter, 1);
	__cpuslab_counter_add(&load_counter, 2);
	__cpuslab_static_add(load_static.timer, 3);
	WRITE_ONCE(load->counted, load->counted + 3);
	if (__cpuslab_stack_pop(&load_stack, &node) == CPUSLAB_OK)
		__cpuslab_stack_push(&load_stack, node);
	hrtimer_forward_now(timer, ns_to_ktime(LOAD_PERIOD_NS));
	return HRTIMER_RESTART;
}

static void load_timer_here(void *arg)
{
	hrtimer_start(arg, ns_to_ktime(LOAD_PERIOD_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/* A timer that was migrated when its CPU went offline returns with the CPU. */
static void load_complete(struct cpuslab_client *client, uint32_t cpu)
{
	struct load_timer *load = &load_timers[cpu];

	if (!load->started)
		test_timer_init(&load->timer, load_tick);
	else
		hrtimer_cancel(&load->timer);
	load->started = true;
	smp_call_function_single(cpu, load_timer_here, &load->timer, 1);
}

static const struct cpuslab_client_ops load_client_ops = {
	.complete = load_complete,
};

static void load_pin_once(void)
{
	struct load_pinned *mine = cpuslab_pin(&load_pin);

	if (!mine) {
		atomic64_inc(&load_unpinned);
		return;
	}
	if (mine->twice != 2 * mine->calls)
		atomic64_inc(&load_wrong);
	mine->calls++;
	mine->twice += 2;
	cpuslab_unpin();
	atomic64_inc(&load_pinned);
}

/* As often as load_pin_once() finds a block. */
static void load_keep(void)
{
	struct load_kept *kept = cpuslab_static_pin(load_kept);

	if (!kept)
		return;
	if (kept->seed != 3)
		atomic64_inc(&load_wrong);
	kept->calls++;
	cpuslab_unpin();
	atomic64_inc(&load_kept_calls);
}

static void load_some(u64 *counted, struct cpuslab_node *node, bool *pushed)
{
	struct cpuslab_node *taken;
	int i;

	for (i = 0; i < 200; i++) {
		cpuslab_counter_add(&load_counter, 1);
		cpuslab_static_add(load_static.task[counted - load_counted], 1);
		WRITE_ONCE(*counted, *counted + 1);
		cpuslab_gauge_add(&load_gauge, 5);
		cpuslab_gauge_sub(&load_gauge, 5);
	}
	load_pin_once();
	load_keep();
	/* A node that was pushed here may be popped by an interrupt. */
	if (!*pushed)
		cpuslab_stack_push(&load_stack, node);
	else if (cpuslab_stack_pop(&load_stack, &taken) == CPUSLAB_OK)
		cpuslab_stack_push(&load_stack, taken);
	*pushed = true;
}

/* From one online CPU to the next. */
static int load_thread(void *arg)
{
	u64 *counted = arg;
	struct cpuslab_node *node = kzalloc(sizeof(*node), GFP_KERNEL);
	unsigned int cpu = 0;
	bool pushed = false;

	while (!kthread_should_stop()) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		/* The CPU may be offline by now; then continue anywhere. */
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		if (node)
			load_some(counted, node, &pushed);
		usleep_range(200, 400); /* let other threads run */
	}
	if (!pushed)
		kfree(node);
	return 0;
}

/* A later sum is never smaller, and a balanced gauge is never negative. */
static int load_read(void *arg)
{
	u64 last = 0;

	while (!kthread_should_stop()) {
		u64 sum = cpuslab_counter_sum(&load_counter);

		if (sum < last || cpuslab_gauge_sum(&load_gauge) < 0)
			atomic64_inc(&load_wrong);
		last = sum;
		atomic64_inc(&load_sums);
		if (need_resched())
			cond_resched();
		usleep_range(50, 100);
	}
	return 0;
}

static void load_stop_thread(struct task_struct **thread)
{
	if (!IS_ERR_OR_NULL(*thread))
		kthread_stop(*thread);
	*thread = NULL;
}

static void load_stop_all(void)
{
	unsigned int i;

	for (i = 0; i < LOAD_THREADS; i++)
		load_stop_thread(&load_threads[i]);
	load_stop_thread(&load_reader);
	cpuslab_client_fini(&load_client);
	for (i = 0; i < nr_cpu_ids; i++)
		if (load_timers[i].started) {
			hrtimer_cancel(&load_timers[i].timer);
			load_timers[i].started = false;
		}
	load_on = false;
}

int load_start(void)
{
	unsigned int i;
	int err;

	if (load_on)
		return test_wrong("the load is on already");
	load_client.ops = &load_client_ops;
	load_client.name = "load";
	err = cpuslab_client_init(&load_client, test_driver.domain);
	if (err)
		return err;
	load_on = true;
	for (i = 0; i < LOAD_THREADS; i++)
		load_threads[i] = kthread_run(load_thread, &load_counted[i],
					      "cpuslab_load/%u", i);
	load_reader = kthread_run(load_read, NULL, "cpuslab_read");
	return 0;
}

static u64 load_expected(void)
{
	u64 expected = 0;
	unsigned int i;

	for (i = 0; i < LOAD_THREADS; i++)
		expected += load_counted[i];
	for (i = 0; i < nr_cpu_ids; i++)
		expected += load_timers[i].counted;
	return expected;
}

/* Every call was counted in exactly one place. */
static u64 load_pinned_sum(void)
{
	const struct load_pinned *copy;
	u64 sum = 0;
	u32 cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(&load_pin, cpu, copy)
		sum += copy->calls;
	cpuslab_read_exit();
	return sum;
}

static u64 load_kept_sum(const struct cpuslab_percpu *handle, size_t offset)
{
	const char *copy;
	u64 sum = 0;
	u32 cpu;

	cpuslab_read_enter();
	cpuslab_for_each_copy(handle, cpu, copy)
		sum += *(const u64 *)(copy + offset);
	cpuslab_read_exit();
	return sum;
}

/* Static objects have counted what the others have. */
static int load_check_static(void)
{
	u64 sum = cpuslab_static_sum(load_static.timer);
	unsigned int i;

	for (i = 0; i < LOAD_THREADS; i++) {
		if (cpuslab_static_sum(load_static.task[i]) != load_counted[i])
			return test_wrong("a static counter is not exact");
		sum += load_counted[i];
	}
	if (sum != load_expected())
		return test_wrong("the static counter of timers is not exact");
	if (load_kept_sum(CPUSLAB_STATIC(load_kept.calls)) !=
	    atomic64_read(&load_kept_calls))
		return test_wrong("contents of a static object were lost");
	return 0;
}

int load_stop(void)
{
	u64 sum, expected;

	if (!load_on)
		return test_wrong("the load is not on");
	load_stop_all();
	sum = cpuslab_counter_sum(&load_counter);
	expected = load_expected();
	pr_info("cpuslab_test: %llu counted, %llu expected, %lld sums, %lld pins, %lld without a block\n",
		sum, expected, (s64)atomic64_read(&load_sums),
		(s64)atomic64_read(&load_pinned),
		(s64)atomic64_read(&load_unpinned));
	if (sum != expected || !sum)
		return test_wrong("the total is not exact");
	if (atomic64_read(&load_wrong))
		return test_wrong("%lld sums or pinned structs were wrong",
				  (s64)atomic64_read(&load_wrong));
	if (load_pinned_sum() != atomic64_read(&load_pinned))
		return test_wrong("a pinned struct was lost");
	if (cpuslab_gauge_sum(&load_gauge))
		return test_wrong("a balanced gauge is not zero");
	return load_check_static();
}

u64 load_unpinned_count(void)
{
	return atomic64_read(&load_unpinned);
}

int load_init(void)
{
	int err = -ENOMEM;

	load_timers = kvcalloc(nr_cpu_ids, sizeof(*load_timers), GFP_KERNEL);
	if (!load_timers)
		return err;
	err = cpuslab_counter_init(&load_counter, test_slab);
	if (err)
		goto free_timers;
	err = cpuslab_stack_init(&load_stack, test_slab);
	if (err)
		goto fini_counter;
	err = cpuslab_gauge_init(&load_gauge, test_slab);
	if (err)
		goto fini_stack;
	err = cpuslab_alloc(test_slab, &load_pin_type, &load_pin);
	if (err)
		goto fini_gauge;
	/* Before its init it is not found, and not changed itself. */
	err = -EIO;
	if (cpuslab_static_add(load_static.timer, 1) != -EINVAL ||
	    load_static.timer)
		goto free_pin;
	err = cpuslab_statics_init(test_driver.domain);
	if (err)
		goto free_pin;
	return 0;
free_pin:
	cpuslab_free(test_slab, &load_pin);
fini_gauge:
	cpuslab_gauge_fini(&load_gauge);
fini_stack:
	cpuslab_stack_fini(&load_stack);
fini_counter:
	cpuslab_counter_fini(&load_counter);
free_timers:
	kvfree(load_timers);
	return err;
}

static void load_free_stack(u32 cpu)
{
	const struct cpuslab_stack_cpu *copy =
		cpuslab_remote(&load_stack.handle, cpu);
	struct cpuslab_node *node, *next;

	node = copy ? (struct cpuslab_node *)(uintptr_t)copy->top.first : NULL;
	for (; node; node = next) {
		next = node->next;
		kfree(node);
	}
}

static void load_free_nodes(void)
{
	u32 cpu;

	cpuslab_read_enter();
	for (cpu = cpuslab_remote_next(&load_stack.handle, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_remote_next(&load_stack.handle, cpu + 1))
		load_free_stack(cpu);
	load_free_stack(CPUSLAB_SHARED);
	cpuslab_read_exit();
}

void load_fini(void)
{
	if (load_on)
		load_stop_all();
	cpuslab_statics_fini();
	cpuslab_free(test_slab, &load_pin);
	cpuslab_gauge_fini(&load_gauge);
	load_free_nodes();
	cpuslab_stack_fini(&load_stack);
	cpuslab_counter_fini(&load_counter);
	kvfree(load_timers);
}
