/* SPDX-License-Identifier: MIT */
/*
 * test.h - what the files of cpuslab_test.ko share. Each command returns 0 or
 * an error after a line in the log that says what was wrong.
 */
#ifndef TEST_H
#define TEST_H

#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/version.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/pin.h>
#include <cpuslab/pinned.h>
#include <cpuslab/static.h>

/* As a driver has it: a domain that follows the kernel's CPUs. */
struct test_driver {
	struct cpuslab_domain *domain;
	struct cpuslab_hotplug *hotplug;
};

int test_driver_init(struct test_driver *driver, const char *name);
void test_driver_fini(struct test_driver *driver);

extern struct test_driver test_driver;
extern struct cpuslab_slab *test_slab;

/* Log what is wrong, and return an error. */
#define test_wrong(format, ...)                                                \
	(pr_err("cpuslab_test: " format "\n", ##__VA_ARGS__), -EIO)

/* hrtimer_setup() has replaced hrtimer_init(). */
static inline void
test_timer_init(struct hrtimer *timer,
		enum hrtimer_restart (*tick)(struct hrtimer *))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	hrtimer_setup(timer, tick, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer->function = tick;
#endif
}

/* load.c: threads and timers on every CPU, counting; readers */
int load_start(void);
int load_stop(void);           /* totals must be exact */
u64 load_unpinned_count(void); /* pins that found no block */
int load_init(void);
void load_fini(void);

/* grow.c: alloc and free all the time; check what an added CPU sees */
int grow_start(void);
int grow_stop(void);
int grow_by(unsigned int objects); /* allocate and do not free */
void grow_fini(void);

/* crowd.c: all structures at once */
int crowd_start(void);
int crowd_stop(void); /* totals must be exact */
void crowd_fini(void);
/* The last of three clients refuses @cpu (0: none); did it, and no other? */
int crowd_refuse(unsigned int cpu);
int crowd_refused(unsigned int cpu);

/* inject.c */
void inject_fail_at(long nth); /* from now; 0: none */
void inject_fail_all(bool fail);
long inject_asked(void);
u64 inject_time(void); /* ns spent in the kernel's allocator */

/* cost.c */
int cost_measure(void);
int cost_add_report(void); /* what the adds of CPUs took */

/* trim.c: of many absent CPUs, and how long others wait for it */
int trim_measure(void);

/* memory.c: allocate @objects of 64 bytes, in slabs or per-CPU memory */
int memory_take_slab(unsigned int objects);
int memory_take_percpu(unsigned int objects);
void memory_fini(void);

/* gfp.c */
int gfp_account(void); /* create a slab charged to the caller */
int gfp_account_grow(void);
void gfp_account_end(void);
int gfp_nowait(void); /* allocate under a spinlock */

/* misuse.c */
int misuse_check(void);
int misuse_borrow(void); /* a handle of another copy, cpuslab_copy.ko */

/* poor.c: each allocation of every structure fails once */
int poor_check(void);

/* instances.c: more domains, with slabs; let @index refuse a CPU */
int instances_init(void);
void instances_fini(void);
int instances_refuse(unsigned int index);
int instances_undone(void);               /* in order, with nothing left? */
int instances_check(unsigned int in_use); /* so many in each slab? */
int instances_trim(void);

/* never.c: a domain whose client refuses @cpu, and whose hotplug does not */
int never_init(unsigned int cpu);
int never_refuse(unsigned int refuses); /* from now on, or no longer */
int never_has(unsigned int has);        /* is it in the domain or not? */
void never_fini(void);

/* misplaced.c: a call from a wrong context */
int misplaced_call(unsigned int which);

/* observe.c: what tracers, the listing and the log are shown */
int observe_strange(unsigned int exists); /* names that hold anything */
int observe_storm(unsigned int times);    /* create and destroy that */
int observe_shared(unsigned int times);   /* so many shared operations */
int observe_flood(unsigned int lines);

/* during.c: other threads' calls while @cpu is added; were they correct? */
int during_init(unsigned int cpu);
int during_fini(void);

/* conform.c */
int conform_check(void);

#endif /* TEST_H */
