// SPDX-License-Identifier: MIT
/*
 * create.c - a work item makes the copies of named objects: nothing tells an
 * operation whether it may sleep.
 *
 * An operation may hold the locks of the scheduler or of work queues, so only
 * an interrupt of its own queues the work.
 */
#include <linux/irq_work.h>
#include <linux/workqueue.h>

#include <cpuslab/default.h>
#include <cpuslab/port.h>

static void create_run(struct work_struct *work)
{
	cpuslab_default();
}

static DECLARE_WORK(create_work, create_run);

static void create_queue(struct irq_work *work)
{
	schedule_work(&create_work);
}

static struct irq_work create_irq = IRQ_WORK_INIT(create_queue);

void cpuslab_port_create(cpuslab_port_create_try *attempt,
			 const struct cpuslab_percpu *handle)
{
	attempt(handle, false);
	irq_work_queue(&create_irq);
}

void cpuslab_port_create_stop(void)
{
	irq_work_sync(&create_irq);
	cancel_work_sync(&create_work);
}
