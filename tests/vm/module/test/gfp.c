// SPDX-License-Identifier: MIT
/*
 * gfp.c - a slab that is charged to a memory cgroup, and allocations that do
 * not wait.
 */
#include <linux/memcontrol.h>
#include <linux/spinlock.h>

#include <cpuslab/gfp.h>

#include "test.h"

#define GFP_BLOCK (2u << 20)

static struct cpuslab_slab *gfp_slab; /* charged to its creator's cgroup */

static const struct cpuslab_type gfp_type = {
	.name = "gfp",
	.size = 4096,
	.flags = CPUSLAB_TYPE_DISCARD,
};

/* An object that takes all of the first extent. */
static const struct cpuslab_type gfp_block_type = {
	.name = "gfp block",
	.size = GFP_BLOCK,
	.flags = CPUSLAB_TYPE_DISCARD,
};

int gfp_account(void)
{
	const struct cpuslab_slab_config config = {
		.name = "charged",
		.block_bytes = GFP_BLOCK,
		.flags = CPUSLAB_SLAB_ACCOUNT,
	};

	if (gfp_slab)
		return -EEXIST;
	return cpuslab_slab_create(&gfp_slab, test_driver.domain, &config);
}

/* A block on each CPU; they remain until the slab is destroyed. */
int gfp_account_grow(void)
{
	struct cpuslab_percpu handle;

	return cpuslab_alloc_gfp(gfp_slab, &gfp_block_type, &handle,
				 GFP_KERNEL_ACCOUNT);
}

void gfp_account_end(void)
{
	cpuslab_slab_destroy(gfp_slab);
	gfp_slab = NULL;
}

/* ---- without waiting ----------------------------------------------------- */

static int gfp_locked(struct cpuslab_slab *slab, struct cpuslab_percpu *handle)
{
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;
	int err;

	spin_lock_irqsave(&lock, flags);
	err = cpuslab_alloc_gfp(slab, &gfp_type, handle,
				GFP_NOWAIT | __GFP_NOWARN);
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

static int gfp_nowait_in(struct cpuslab_slab *slab)
{
	struct cpuslab_percpu handle;
	long asked = inject_asked();

	if (gfp_locked(slab, &handle) != -ENOMEM)
		return test_wrong("an empty slab had room");
	if (inject_asked() != asked)
		return test_wrong("it asked for memory under a spinlock");
	cpuslab_port_rcu_barrier();
	if (gfp_locked(slab, &handle))
		return test_wrong("the slab has not grown");
	if (cpuslab_alloc_gfp(slab, &gfp_type, &handle, GFP_KERNEL_ACCOUNT) !=
	    -EINVAL)
		return test_wrong("a slab without account was charged");
	return cpuslab_alloc_gfp(slab, &gfp_type, &handle, GFP_KERNEL);
}

int gfp_nowait(void)
{
	struct cpuslab_slab *slab;
	int err = cpuslab_slab_create(&slab, test_driver.domain, NULL);

	if (err)
		return err;
	err = gfp_nowait_in(slab);
	cpuslab_slab_destroy(slab); /* with its objects */
	return err;
}
