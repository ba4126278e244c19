/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_LIB_NAMED_H
#define CPUSLAB_LIB_NAMED_H
/*
 * named.h - named objects: see cpuslab/default.h.
 */

#include <cpuslab/percpu.h>

/* Not of a kind that only a later version knows: its operations fail. */
CPUSLAB_INLINE bool cpuslab__is_named(const struct cpuslab_percpu *handle)
{
	return handle->kind >= CPUSLAB__OF_NAMED_COUNTER &&
	       handle->kind <= CPUSLAB__OF_NAMED_GAUGE;
}

/*
 * As cpuslab_add(), for a handle that was found null or an offset that was
 * found misaligned; returns -CPUSLAB_EINVAL if it is no named object's.
 */
int cpuslab__named_add(const struct cpuslab_percpu *handle, size_t offset,
		       uint64_t value);
/* Add to @sums what was counted early. */
void cpuslab__named_sum(const struct cpuslab_percpu *handle, size_t offset,
			uint32_t count, uint64_t *sums);
/*
 * Call @visit for each named object that has been used, with its name and what
 * it has counted. No fini of one returns meanwhile. @visit calls nothing of the
 * library that takes a mutex. Where the mutex of the default slab is lost, or
 * another thread has it and @wait is false, @visit is not called.
 */
typedef void cpuslab__named_visit(void *arg, const char *name, bool is_gauge,
				  uint64_t value);
void cpuslab__named_each(bool wait, cpuslab__named_visit *visit, void *arg);
/* Undo the first use; what was counted is early from then on. */
void cpuslab__named_fini(struct cpuslab_percpu *handle);

#endif /* CPUSLAB_LIB_NAMED_H */
