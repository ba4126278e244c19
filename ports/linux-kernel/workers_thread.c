// SPDX-License-Identifier: MIT
/*
 * workers_thread.c - a worker that is a kernel thread, which the kernel parks.
 *
 * The thread is created with its CPU's number long before that CPU runs, so it
 * is parked at once, and bound again whenever it is unparked: the kernel does
 * that for its own per-CPU threads only.
 *
 * A CPU that is to go offline is deactivated first, and the kernel then lets
 * this thread run anywhere. If some driver vetoes the offline, the kernel may
 * call none of our callbacks again: it undoes only the states that were torn
 * down. So the thread itself looks before it works whether it is still bound.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include <cpuslab/port.h>
#include <cpuslab/workers_thread.h>

struct thread_worker {
	struct cpuslab_workers *workers;
	uint32_t cpu;
	uint32_t asked; /* woken since it looked last; W any */
	struct task_struct *task;
};

/* Until it is woken, or has to park or to end. */
static void thread_sleep(struct thread_worker *worker)
{
	/*
	 * [thread.asked] Asleep before it looks; pairs with thread_wake().
	 * Without that order it sleeps through a wake.
	 */
	set_current_state(TASK_IDLE);
	if (!READ_ONCE(worker->asked) && !kthread_should_park() &&
	    !kthread_should_stop())
		schedule();
	__set_current_state(TASK_RUNNING);
}

/* A thread that cannot be bound works on another CPU. */
static void thread_bind(struct thread_worker *worker)
{
	set_cpus_allowed_ptr(worker->task, cpumask_of(worker->cpu));
}

static bool thread_is_bound(const struct thread_worker *worker)
{
	return current->nr_cpus_allowed == 1 &&
	       cpumask_test_cpu((int)worker->cpu, current->cpus_ptr);
}

/* Handle one message. False: nothing to do, or time to park. */
static bool thread_work(struct thread_worker *worker)
{
	if (kthread_should_park())
		return false;
	/* While its CPU goes offline it stays where it was moved. */
	if (unlikely(!thread_is_bound(worker)) && cpu_active(worker->cpu))
		thread_bind(worker);
	return !cpuslab_workers_work(worker->workers, worker->cpu);
}

static int thread_main(void *arg)
{
	struct thread_worker *worker = arg;

	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			kthread_parkme();
			continue;
		}
		/* A full fence: a wake from here on is noticed below. */
		xchg(&worker->asked, 0);
		while (thread_work(worker))
			cond_resched();
		thread_sleep(worker);
	}
	return 0;
}

static int thread_create(struct cpuslab_workers *workers, uint32_t cpu,
			 void **created)
{
	struct thread_worker *worker = cpuslab_port_zalloc(sizeof(*worker));
	struct task_struct *task;

	if (!worker)
		return -ENOMEM;
	worker->workers = workers;
	worker->cpu = cpu;
	task = kthread_create_on_cpu(thread_main, worker, cpu, "cpuslab/%u");
	if (IS_ERR(task)) {
		cpuslab_port_free(worker);
		return (int)PTR_ERR(task);
	}
	worker->task = task;
	kthread_park(task);
	*created = worker;
	return 0;
}

static void thread_unpark(struct cpuslab_workers *workers, uint32_t cpu,
			  void *arg)
{
	struct thread_worker *worker = arg;

	thread_bind(worker);
	kthread_unpark(worker->task);
}

static void thread_repair(struct cpuslab_workers *workers, uint32_t cpu,
			  void *arg)
{
	thread_bind(arg);
}

static void thread_park(struct cpuslab_workers *workers, uint32_t cpu,
			void *arg)
{
	struct thread_worker *worker = arg;

	kthread_park(worker->task);
}

static void thread_destroy(struct cpuslab_workers *workers, uint32_t cpu,
			   void *arg)
{
	struct thread_worker *worker = arg;

	kthread_stop(worker->task);
	cpuslab_port_free(worker);
}

/* Does not wake a parked thread, which sleeps in another state. */
static void thread_wake(struct cpuslab_workers *workers, uint32_t cpu,
			void *arg)
{
	struct thread_worker *worker = arg;

	/* [thread.asked] The wakeup is a fence after this store. */
	WRITE_ONCE(worker->asked, 1);
	wake_up_process(worker->task);
}

const struct cpuslab_workers_ops cpuslab_thread_ops = {
	.create = thread_create,
	.unpark = thread_unpark,
	.repair = thread_repair,
	.park = thread_park,
	.destroy = thread_destroy,
	.wake = thread_wake,
};
