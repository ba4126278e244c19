/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_GFP_H
#define CPUSLAB_GFP_H
/*
 * gfp.h - allocation with gfp flags, as alloc_percpu_gfp() has them.
 */

#include <cpuslab/slab.h>

#include <linux/gfp.h>

/**
 * cpuslab_alloc_gfp() - cpuslab_alloc(), or cpuslab_try_alloc().
 * @slab:   from cpuslab_slab_create().
 * @type:   see struct cpuslab_type.
 * @handle: set; the null handle if it fails.
 * @gfp:    with all of GFP_KERNEL it may sleep; without, as GFP_NOWAIT,
 *          GFP_ATOMIC and GFP_NOFS, it is cpuslab_try_alloc(). __GFP_ACCOUNT
 *          is an error in a slab without CPUSLAB_SLAB_ACCOUNT, since the slab
 *          decides whether, and to which memory cgroup, its blocks are charged.
 *          Other flags mean nothing.
 *
 * Context: as the function that it calls, so not in an interrupt, even with
 *          GFP_ATOMIC: there it returns -CPUSLAB_EAGAIN.
 * Return:  likewise; -EINVAL for __GFP_ACCOUNT in another slab.
 */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab_alloc_gfp(struct cpuslab_slab *slab, const struct cpuslab_type *type,
		  struct cpuslab_percpu *handle, gfp_t gfp);

#endif /* CPUSLAB_GFP_H */
