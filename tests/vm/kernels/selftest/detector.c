// SPDX-License-Identifier: MIT
/*
 * Deliberate bugs that show whether the debug kernels detect them: inserted
 * with bug=NAME, the module executes one of them, reports that, and stays
 * loaded. Most detectors report once and some disable others, so boot again for
 * each bug. expect.py has the message that each bug must cause. Never use this
 * module elsewhere.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/cpu.h>

struct detector_box {
	struct rcu_head rcu;
	unsigned long value;
};

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "which bug to execute");

static struct detector_box __rcu *detector_published;
static DECLARE_COMPLETION(detector_has_box);
static DEFINE_MUTEX(detector_first);
static DEFINE_MUTEX(detector_second);
static unsigned long detector_word;

static struct detector_box *detector_publish(void)
{
	struct detector_box *box = kzalloc(sizeof(*box), GFP_KERNEL);

	if (box)
		rcu_assign_pointer(detector_published, box);
	return box;
}

static void detector_unpublish(void)
{
	RCU_INIT_POINTER(detector_published, NULL);
}

/* ---- free_early: memory is freed while a reader uses it ---------------- */

static void detector_linger(struct work_struct *work)
{
	struct detector_box *box;

	rcu_read_lock();
	box = rcu_dereference(detector_published);
	complete(&detector_has_box);
	mdelay(300);
	if (box)
		pr_info("detector: value %lu\n", READ_ONCE(box->value));
	rcu_read_unlock();
}

static DECLARE_WORK(detector_reader, detector_linger);

static int detector_free(void (*wait)(void))
{
	struct detector_box *box = detector_publish();

	if (!box)
		return -ENOMEM;
	queue_work(system_unbound_wq, &detector_reader);
	wait_for_completion(&detector_has_box);
	detector_unpublish();
	if (wait)
		wait();
	kfree(box);
	flush_work(&detector_reader);
	return 0;
}

static int detector_free_early(void)
{
	return detector_free(NULL);
}

/* The correct version: no detector may report anything. */
static int detector_none(void)
{
	return detector_free(synchronize_rcu);
}

/* ---- double_free: the same memory is given to RCU twice ------------------ */

static int detector_double_free(void)
{
	struct detector_box *box = kzalloc(sizeof(*box), GFP_KERNEL);

	if (!box)
		return -ENOMEM;
	rcu_read_lock(); /* so that the first is not over before the second */
	kvfree_rcu(box, rcu);
	kvfree_rcu(box, rcu);
	rcu_read_unlock();
	return 0;
}

/* ---- deref: a pointer under RCU is read outside a read section ----------- */

static int detector_deref(void)
{
	struct detector_box *box = detector_publish();

	if (!box)
		return -ENOMEM;
	pr_info("detector: value %lu\n",
		rcu_dereference(detector_published)->value);
	detector_unpublish();
	kfree_rcu(box, rcu);
	return 0;
}

/* ---- hotplug_lock: a callback takes the lock that its caller holds ------- */

static int detector_online(unsigned int cpu)
{
	cpus_read_lock();
	cpus_read_unlock();
	return 0;
}

/*
 * Registration holds the lock for reading, so this does not hang. lockdep sees
 * what would: a CPU that comes online takes the lock for writing.
 */
static int detector_hotplug_lock(void)
{
	int state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "detector:online",
				      detector_online, NULL);

	if (state < 0)
		return state;
	cpuhp_remove_state_nocalls(state);
	return 0;
}

/* ---- inversion: two mutexes, in either order ----------------------------- */

static int detector_inversion(void)
{
	mutex_lock(&detector_first);
	mutex_lock(&detector_second);
	mutex_unlock(&detector_second);
	mutex_unlock(&detector_first);

	mutex_lock(&detector_second);
	mutex_lock(&detector_first);
	mutex_unlock(&detector_first);
	mutex_unlock(&detector_second);
	return 0;
}

/* ---- race: a plain addition against a marked read ------------------------ */

static void detector_add(struct work_struct *work)
{
	unsigned long end = jiffies + 3 * HZ;

	while (time_before(jiffies, end)) {
		detector_word += 1;
		cpu_relax();
	}
}

static void detector_look(struct work_struct *work)
{
	unsigned long end = jiffies + 3 * HZ, seen = 0;

	while (time_before(jiffies, end)) {
		seen |= READ_ONCE(detector_word);
		cpu_relax();
	}
	pr_info("detector: value %lu\n", seen);
}

static DECLARE_WORK(detector_adder, detector_add);
static DECLARE_WORK(detector_looker, detector_look);

static int detector_race(void)
{
	unsigned int one, other;

	cpus_read_lock();
	one = cpumask_first(cpu_online_mask);
	other = cpumask_next(one, cpu_online_mask);
	if (other < nr_cpu_ids) {
		schedule_work_on(one, &detector_adder);
		schedule_work_on(other, &detector_looker);
	}
	cpus_read_unlock();
	flush_work(&detector_adder);
	flush_work(&detector_looker);
	return other < nr_cpu_ids ? 0 : -ENXIO;
}

/* ---- leak: memory that nothing points to -------------------------------- */

/* Several: a stale word on some stack may still look like a pointer to one. */
static int detector_leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		if (!kzalloc(sizeof(struct detector_box), GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

/* ---- sleep: something that may sleep, with preemption off ---------------- */

static int detector_sleep(void)
{
	preempt_disable();
	mutex_lock(&detector_first);
	mutex_unlock(&detector_first);
	preempt_enable();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} detector_bugs[] = {
	{ "none", detector_none },
	{ "free_early", detector_free_early },
	{ "double_free", detector_double_free },
	{ "deref", detector_deref },
	{ "hotplug_lock", detector_hotplug_lock },
	{ "inversion", detector_inversion },
	{ "race", detector_race },
	{ "leak", detector_leak },
	{ "sleep", detector_sleep },
};

static int __init detector_init(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(detector_bugs); i++) {
		if (strcmp(bug, detector_bugs[i].name))
			continue;
		pr_alert("detector: bug=%s begins\n", bug);
		err = detector_bugs[i].run();
		pr_alert("detector: bug=%s ends, %d\n", bug, err);
		return err;
	}
	return -EINVAL;
}

static void __exit detector_exit(void)
{
}

module_init(detector_init);
module_exit(detector_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Deliberate bugs for the detectors of a debug kernel");
