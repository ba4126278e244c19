// SPDX-License-Identifier: MIT
/*
 * produce.c - append records in every context: in tasks, in interrupts, in a
 * tracepoint of the scheduler, in a probe of what runs last on a CPU that goes
 * offline, and in NMIs.
 *
 * Each CPU numbers the records that it appends, so a consumer notices one that
 * is missing. NMIs have numbers of their own, since they use the shared ring.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>

#ifdef CONFIG_X86
#include <asm/nmi.h>
#endif

#include "../../user/ring_record.h"
#include "produce.h"

#define PRODUCE_TASKS 3

struct produce_stream {
	u64 appended; /* also the number of the next record */
	u64 lost;
};

struct cpuslab_ring *produce_ring;

static DEFINE_PER_CPU(struct produce_stream, produce_tasks);
static DEFINE_PER_CPU(struct produce_stream, produce_nmis);
static struct produce_stream produce_before; /* all, at the beginning */
static struct task_struct *produce_threads[PRODUCE_TASKS + 1];
static struct tracepoint *produce_switch;
static bool produce_on; /* W command */

/* The caller excludes all others on this CPU that use the stream. */
static void produce_one(struct produce_stream *stream, u32 flags)
{
	struct ring_record record;
	int err;

	ring_record_fill(&record, raw_smp_processor_id() | flags,
			 stream->appended);
	err = cpuslab_ring_append(produce_ring, &record, record.bytes);
	if (!err)
		stream->appended++;
	else if (err == CPUSLAB_FULL)
		stream->lost++;
	else
		WARN_ONCE(1, "append: %d", err);
}

static void produce_record(void *unused)
{
	unsigned long flags;

	local_irq_save(flags);
	produce_one(this_cpu_ptr(&produce_tasks), 0);
	local_irq_restore(flags);
}

/* ---- contexts ------------------------------------------------------------ */

static int produce_task(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 50; i++)
			produce_record(NULL);
		usleep_range(100, 2000);
	}
	return 0;
}

static int produce_interrupts(void *unused)
{
	while (!kthread_should_stop()) {
		on_each_cpu(produce_record, NULL, 0);
		usleep_range(500, 2000);
	}
	return 0;
}

static void produce_at_switch(void *unused)
{
	produce_record(NULL);
}

static void produce_find_switch(struct tracepoint *point, void *unused)
{
	if (!strcmp(point->name, "sched_switch"))
		produce_switch = point;
}

/* No longer online, and after the last interrupt there. */
static int produce_at_end(struct kprobe *probe, struct pt_regs *regs)
{
	produce_record(NULL);
	return 0;
}

static struct kprobe produce_end = {
	.symbol_name = "stop_machine_park",
	.pre_handler = produce_at_end,
};

#ifdef CONFIG_X86
static int produce_nmi(unsigned int type, struct pt_regs *regs)
{
	produce_one(this_cpu_ptr(&produce_nmis), RING_RECORD_NMI);
	return NMI_HANDLED;
}

static int produce_nmi_begin(void)
{
	return register_nmi_handler(NMI_UNKNOWN, produce_nmi, 0,
				    "cpuslab_ring");
}

static void produce_nmi_end(void)
{
	unregister_nmi_handler(NMI_UNKNOWN, "cpuslab_ring");
}
#else
static int produce_nmi_begin(void)
{
	return 0;
}

static void produce_nmi_end(void)
{
}
#endif

/* ---- commands ------------------------------------------------------------ */

void produce_begin(struct cpuslab_ring *ring)
{
	produce_ring = ring;
	produce_before.appended = 0;
	produce_before.lost = 0;
	produce_before.appended = produce_appended();
	produce_before.lost = produce_lost();
}

int produce_here(unsigned int records)
{
	if (!produce_ring)
		return -ENODEV;
	while (records--)
		produce_record(NULL);
	return 0;
}

static u64 produce_tail(u32 cpu)
{
	struct cpuslab_ring_view view;

	return cpuslab_ring_view_init(&view, produce_ring, cpu) ?
		       0 :
		       cpuslab_ring_tail(&view);
}

/* As if the caller had interrupted an append: it must not touch that ring. */
int produce_nested(unsigned int records)
{
	u64 own, shared, *tail;
	int err = -EINVAL;

	if (!produce_ring)
		return -ENODEV;
	preempt_disable();
	own = produce_tail(smp_processor_id());
	shared = produce_tail(CPUSLAB_SHARED);
	tail = (u64 *)cpuslab_remote(&produce_ring->handle,
				     smp_processor_id()) +
	       produce_ring->tail / sizeof(*tail);
	cpuslab__ring_begin(tail);
	while (records--)
		produce_record(NULL);
	if (produce_tail(smp_processor_id()) == own &&
	    produce_tail(CPUSLAB_SHARED) > shared)
		err = 0;
	cpuslab__ring_end(tail);
	preempt_enable();
	return err;
}

static void produce_stop_threads(void)
{
	int i;

	for (i = 0; i <= PRODUCE_TASKS; i++) {
		if (produce_threads[i])
			kthread_stop(produce_threads[i]);
		produce_threads[i] = NULL;
	}
	/* The last interrupt of produce_interrupts(). */
	kick_all_cpus_sync();
}

int produce_last(bool on)
{
	if (!on) {
		unregister_kprobe(&produce_end);
		return 0;
	}
	produce_end.addr = NULL;
	produce_end.flags = 0;
	return IS_ENABLED(CONFIG_KPROBES) ? register_kprobe(&produce_end) : 0;
}

static int produce_start_threads(void)
{
	int i;

	for (i = 0; i <= PRODUCE_TASKS; i++) {
		struct task_struct *task =
			kthread_run(i ? produce_task : produce_interrupts, NULL,
				    "produce/%d", i);

		if (IS_ERR(task)) {
			produce_stop_threads();
			return PTR_ERR(task);
		}
		produce_threads[i] = task;
	}
	return 0;
}

void produce_stop(void)
{
	if (!produce_on)
		return;
	tracepoint_probe_unregister(produce_switch, produce_at_switch, NULL);
	tracepoint_synchronize_unregister();
	(void)produce_last(false);
	produce_nmi_end();
	produce_stop_threads();
	produce_on = false;
}

int produce_start(void)
{
	int err;

	for_each_kernel_tracepoint(produce_find_switch, NULL);
	if (!produce_ring || produce_on || !produce_switch)
		return -EBUSY;
	err = produce_start_threads();
	if (err)
		return err;
	err = produce_nmi_begin();
	if (err)
		goto stop;
	err = produce_last(true);
	if (err)
		goto end_nmi;
	err = tracepoint_probe_register(produce_switch, produce_at_switch,
					NULL);
	if (err)
		goto unregister;
	produce_on = true;
	return 0;
unregister:
	(void)produce_last(false);
end_nmi:
	produce_nmi_end();
stop:
	produce_stop_threads();
	return err;
}

u64 produce_appended(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += per_cpu(produce_tasks, cpu).appended +
					  per_cpu(produce_nmis, cpu).appended;
	return sum - produce_before.appended;
}

u64 produce_lost(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) sum += per_cpu(produce_tasks, cpu).lost +
					  per_cpu(produce_nmis, cpu).lost;
	return sum - produce_before.lost;
}
