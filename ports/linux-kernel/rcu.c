// SPDX-License-Identifier: MIT
/*
 * rcu.c - the kernel's RCU, with callbacks that may sleep: a grace period ends
 * in softirq, where neither a mutex can be tried nor memory be given back, so
 * what has waited is handed to a work item.
 *
 *	call_rcu --grace period--> rcu_done --work--> the callback
 *
 * The workqueue exists while there is a user. An embedded copy has no module
 * init of its own, so the first user creates it.
 */
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include <cpuslab/port.h>

#include "inject.h"

/* Over struct cpuslab_rcu.port: first the one, then the other. */
union rcu_place {
	struct rcu_head head;
	struct llist_node done;
};

CPUSLAB_STATIC_ASSERT(sizeof(union rcu_place) <=
			      sizeof(((struct cpuslab_rcu *)NULL)->port),
		      "a callback fits into struct cpuslab_rcu");

static void rcu_run(struct work_struct *work);

static LLIST_HEAD(rcu_done);
static DECLARE_WORK(rcu_work, rcu_run);

static DEFINE_MUTEX(rcu_mutex); /* held while the workqueue comes or goes */
static refcount_t rcu_users = REFCOUNT_INIT(0);
static struct workqueue_struct *rcu_queue;

static struct cpuslab_rcu *rcu_of(void *place)
{
	return (struct cpuslab_rcu *)((char *)place -
				      offsetof(struct cpuslab_rcu, port));
}

static void rcu_run(struct work_struct *work)
{
	struct llist_node *first =
		llist_reverse_order(llist_del_all(&rcu_done));
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, first) {
		struct cpuslab_rcu *rcu = rcu_of(node);

		rcu->call(rcu);
		cond_resched();
	}
}

static void rcu_grace_over(struct rcu_head *head)
{
	union rcu_place *place = container_of(head, union rcu_place, head);

	llist_add(&place->done, &rcu_done);
	queue_work(rcu_queue, &rcu_work);
}

/*
 * WQ_MEM_RECLAIM: a work item of a queue that has it may destroy a slab. A
 * change of the workqueues takes the kernel's hotplug lock; a caller in a
 * cpuhp callback has a domain, so it finds a user and takes no mutex.
 */
int cpuslab_port_rcu_get(void)
{
	int err = 0;

	if (refcount_inc_not_zero(&rcu_users))
		return CPUSLAB_OK;
	mutex_lock(&rcu_mutex);
	if (refcount_inc_not_zero(&rcu_users))
		goto unlock;
	if (!cpuslab__inject_fails())
		rcu_queue = alloc_workqueue("%.15s/cpuslab",
					    WQ_UNBOUND | WQ_MEM_RECLAIM, 1,
					    KBUILD_MODNAME);
	if (rcu_queue)
		refcount_set(&rcu_users, 1);
	else
		err = -CPUSLAB_ENOMEM;
unlock:
	mutex_unlock(&rcu_mutex);
	return err;
}

void cpuslab_port_rcu_put(void)
{
	if (!refcount_dec_and_mutex_lock(&rcu_users, &rcu_mutex))
		return;
	/* The callbacks have run, but rcu_grace_over() may still queue. */
	rcu_barrier();
	destroy_workqueue(rcu_queue);
	rcu_queue = NULL;
	mutex_unlock(&rcu_mutex);
}

void cpuslab_port_read_enter(void) __acquires(RCU)
{
	rcu_read_lock();
}

void cpuslab_port_read_exit(void) __releases(RCU)
{
	rcu_read_unlock();
}

void cpuslab_port_call_rcu(struct cpuslab_rcu *rcu,
			   void (*call)(struct cpuslab_rcu *rcu))
{
	union rcu_place *place = (union rcu_place *)rcu->port;

	rcu->call = call;
	/* Not lazily: a CPU that returns waits for its block. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	call_rcu_hurry(&place->head, rcu_grace_over);
#else
	call_rcu(&place->head, rcu_grace_over);
#endif
}

int cpuslab_port_rcu_wait(void)
{
	might_sleep();
	synchronize_rcu();
	return CPUSLAB_OK;
}

int cpuslab_port_rcu_barrier(void)
{
	might_sleep();
	rcu_barrier();
	flush_work(&rcu_work);
	return CPUSLAB_OK;
}
