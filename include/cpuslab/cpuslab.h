/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_H
#define CPUSLAB_H
/*
 * cpuslab.h - every public header but pinned.h, which is for kernels, and those
 * of one port, such as binding.h.
 *
 * Glossary:
 *   CPU number       a system-wide index in [0, limit); may have gaps, and is
 *                    only a hint outside a committed operation
 *   concurrency id   a small number that belongs to one running thread of the
 *                    process at a time; in some slabs what a CPU number is in
 *                    others (percid.h)
 *   limit            how many CPU numbers the platform can have
 *   domain           the set of CPUs that one program or driver knows, and the
 *                    clients that follow it
 *   client           code that must act when that set changes: a slab, a worker
 *                    set, a steering table, the user's own callbacks
 *   CPU mask         an immutable snapshot of a domain's CPUs: generation,
 *                    count and bits of one moment
 *   slab, extent,    a slab keeps its objects in extents; an extent has one
 *   block            block of equal size for each CPU in use
 *   object, handle   one allocation, at the same offset in every CPU's block;
 *                    struct cpuslab_percpu is its opaque handle
 *   named object     a counter or gauge that an initialiser defines; it gets
 *                    its copies in the default slab on first use (default.h)
 *   admit            give a CPU its blocks: allocate them, construct every live
 *                    object, publish
 *   release, retain  take an absent CPU's blocks back; or keep them, contents
 *                    included, until a trim
 *   fold, residual   a release adds the block's counters to the residual,
 *                    which sums include
 *   shared block     one block per extent for callers that have no block of
 *                    their own; always updated atomically
 *   resident memory  memory that no access has to wait for: in the Windows
 *                    kernel what is not pageable, on other systems all
 *   unannounced CPU  a CPU that the domain does not know, admitted because an
 *                    operation ran on it
 *
 * Failures: an init that fails leaves its struct zeroed, whatever it held
 * before, and a create that fails stores NULL. Every operation on such a
 * struct, and its fini, is safe and does nothing: it returns an error, 0, NULL
 * or false. So a program can go on without a counter that it could not have.
 *
 * Callbacks return: none may throw, or be left by longjmp() or pthread_exit()
 * (CPUSLAB_NOEXCEPT in base.h).
 */

#include <cpuslab/approx.h>
#include <cpuslab/cache.h>
#include <cpuslab/client.h>
#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/default.h>
#include <cpuslab/domain.h>
#include <cpuslab/gauge.h>
#include <cpuslab/group.h>
#include <cpuslab/histogram.h>
#include <cpuslab/hotplug.h>
#include <cpuslab/log.h>
#include <cpuslab/log_hook.h>
#include <cpuslab/log_rotating.h>
#include <cpuslab/mailbox.h>
#include <cpuslab/metrics.h>
#include <cpuslab/ops.h>
#include <cpuslab/percid.h>
#include <cpuslab/percid_words.h>
#include <cpuslab/read.h>
#include <cpuslab/refcount.h>
#include <cpuslab/ring.h>
#include <cpuslab/ring_event.h>
#include <cpuslab/ring_view.h>
#include <cpuslab/section.h>
#include <cpuslab/sized.h>
#include <cpuslab/slab.h>
#include <cpuslab/stack.h>
#include <cpuslab/stats.h>
#include <cpuslab/steering.h>
#include <cpuslab/version.h>
#include <cpuslab/words.h>
#include <cpuslab/workers.h>
#include <cpuslab/workers_thread.h>

#endif /* CPUSLAB_H */
