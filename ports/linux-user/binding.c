/* SPDX-License-Identifier: MIT */
/*
 * binding.c - bound threads, whose affinity masks do not count.
 *
 * The mutex is the last in the lock order and is held only to walk the list.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/binding.h>

#include "discover.h"
#include "private.h"

static struct cpuslab_port_mutex binding_mutex; /* not lost to a child */
static struct cpuslab_binding *binding_list;    /* W under binding_mutex */
static uint32_t binding_process;                /* of the list; likewise */

/* The threads of a parent are not here; their ids may be those of others. */
static void binding_lock(void)
{
	uint32_t process;

	cpuslab_port_mutex_lock(&binding_mutex);
	process = cpuslab_port_process_epoch();
	if (binding_process != process)
		binding_list = NULL;
	binding_process = process;
}

void cpuslab_binding_init(struct cpuslab_binding *binding)
{
	cpuslab__linux_init();
	binding->thread = (int)syscall(SYS_gettid);
	binding->process = cpuslab_port_process_epoch();
	binding_lock();
	binding->next = binding_list;
	binding_list = binding;
	cpuslab_port_mutex_unlock(&binding_mutex);
}

/* Not in the list of a forked child. */
void cpuslab_binding_fini(struct cpuslab_binding *binding)
{
	struct cpuslab_binding **at = &binding_list;

	binding_lock();
	while (*at && *at != binding)
		at = &(*at)->next;
	if (*at)
		*at = binding->next;
	cpuslab_port_mutex_unlock(&binding_mutex);
}

bool cpuslab__binding_has(pid_t thread)
{
	const struct cpuslab_binding *binding;

	binding_lock();
	for (binding = binding_list; binding; binding = binding->next)
		if (binding->thread == thread)
			break;
	cpuslab_port_mutex_unlock(&binding_mutex);
	return binding;
}

void cpuslab__binding_fork_child(void)
{
	if (!cpuslab__mutex_is_mine(&binding_mutex))
		memset(&binding_mutex, 0, sizeof(binding_mutex));
}

/* Scratch masks for the system calls. */
struct binding_masks {
	struct cpuslab__mask one; /* the CPU alone */
	struct cpuslab__mask other;
};

static bool binding_is_set(const struct cpuslab_binding *binding,
			   struct binding_masks *masks)
{
	memset(&masks->other, 0, sizeof(masks->other));
	return sched_getaffinity(binding->thread, sizeof(masks->other),
				 (cpu_set_t *)&masks->other) >= 0 &&
	       !memcmp(&masks->one, &masks->other, sizeof(masks->one));
}

static bool binding_apply(const struct cpuslab_binding *binding,
			  const struct cpuslab__mask *mask)
{
	return !sched_setaffinity(binding->thread, sizeof(*mask),
				  (const cpu_set_t *)mask);
}

/* If a thread could not be asked, assume that the CPU is allowed. */
static bool binding_is_allowed(struct binding_masks *masks, uint32_t cpu)
{
	return cpuslab__discover_process(&masks->other) ||
	       cpuslab__mask_has(&masks->other, cpu);
}

static void binding_free(const struct cpuslab_binding *binding,
			 struct binding_masks *masks)
{
	if (cpuslab__discover_process(&masks->other) >= 0)
		(void)binding_apply(binding, &masks->other);
}

/*
 * Bind first, then ask what the process may use. If an administrator removes
 * the CPU from all threads before we ask, we see it here; if later, the next
 * resync of a domain sees it.
 */
static int binding_to(const struct cpuslab_binding *binding,
		      struct binding_masks *masks, uint32_t cpu)
{
	masks->one.word[cpu / CPUSLAB__MASK_BITS] = 1ul
						    << cpu % CPUSLAB__MASK_BITS;
	if (binding_is_set(binding, masks))
		return CPUSLAB_OK;
	if (binding_apply(binding, &masks->one) &&
	    binding_is_allowed(masks, cpu))
		return CPUSLAB_OK;
	binding_free(binding, masks);
	return -CPUSLAB_EACCES;
}

int cpuslab_binding_set(struct cpuslab_binding *binding, uint32_t cpu)
{
	struct binding_masks *masks;
	int err = CPUSLAB_OK;

	if (cpu != CPUSLAB_NO_CPU && cpu >= CPUSLAB__CPUS_MAX)
		return -CPUSLAB_EINVAL;
	if (binding->process != cpuslab_port_process_epoch())
		return -CPUSLAB_ENOENT;
	masks = calloc(1, sizeof(*masks));
	if (!masks)
		return -CPUSLAB_ENOMEM;
	if (cpu == CPUSLAB_NO_CPU)
		binding_free(binding, masks);
	else
		err = binding_to(binding, masks, cpu);
	free(masks);
	return err;
}
