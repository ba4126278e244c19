// SPDX-License-Identifier: MIT
/*
 * static.c - the static objects of a module: one object of a slab of their own,
 * in whose first extent it begins.
 *
 * percpu_ptr.c keeps the module's per-CPU word, as it does that of the extent.
 */
#include <linux/printk.h>

#include <cpuslab/import.h> /* for modules without static objects */
#include <cpuslab/port.h>
#include <cpuslab/static.h>

#include "../../lib/core/slab_internal.h"

#define STATIC_FOR_EACH(entry, statics)                                        \
	for ((entry) = (statics)->types; (entry) < (statics)->types_end;       \
	     (entry)++)

static void *static_in(const struct cpuslab__statics *statics,
		       const struct cpuslab__static_type *entry, void *copies)
{
	return (char *)copies + ((char *)entry->object - statics->begin);
}

static void static_destruct(const struct cpuslab__statics *statics,
			    const struct cpuslab__static_type *end,
			    void *copies, uint32_t cpu)
{
	while (end-- > statics->types)
		if (end->type->dtor)
			end->type->dtor(static_in(statics, end, copies), cpu,
					end->type->arg);
}

static void static_dtor(void *copies, uint32_t cpu, void *arg)
{
	const struct cpuslab__statics *statics = arg;

	static_destruct(statics, statics->types_end, copies, cpu);
}

/* After this, contents are those with which a copy begins. */
static void static_image(const struct cpuslab__static_type *entry, void *copy)
{
	const struct cpuslab_type *type = entry->type;

	memcpy(copy, type->image ? type->image : entry->object, type->size);
}

static int static_ctor(void *copies, uint32_t cpu, void *arg)
{
	const struct cpuslab__statics *statics = arg;
	const struct cpuslab__static_type *entry;
	int err;

	STATIC_FOR_EACH(entry, statics)
	{
		const struct cpuslab_type *type = entry->type;
		void *copy = static_in(statics, entry, copies);

		static_image(entry, copy);
		err = type->ctor ? type->ctor(copy, cpu, type->arg) : 0;
		if (err) {
			static_destruct(statics, entry, copies, cpu);
			return err;
		}
	}
	return 0;
}

static int static_drain(void *copies, void *shared, uint32_t cpu, void *arg)
{
	const struct cpuslab__statics *statics = arg;
	const struct cpuslab__static_type *entry;
	int err;

	STATIC_FOR_EACH(entry, statics)
	{
		const struct cpuslab_type *type = entry->type;
		void *copy = static_in(statics, entry, copies);

		if (!type->drain)
			continue;
		err = type->drain(copy, static_in(statics, entry, shared), cpu,
				  type->arg);
		if (err)
			return err;
		/* The CPU may return, and drain it again. */
		if (!type->ctor)
			static_image(entry, copy);
	}
	return 0;
}

static bool static_allows(const struct cpuslab__statics *statics,
			  const struct cpuslab_type *type)
{
	if (!type->counters && type->align <= CPUSLAB__STATIC_ALIGN &&
	    (type->drain || type->flags & CPUSLAB_TYPE_DISCARD))
		return true;
	pr_err("%s: a static object cannot be of type %s\n", statics->name,
	       type->name);
	return false;
}

static int static_make_type(struct cpuslab__statics *statics)
{
	const struct cpuslab__static_type *entry;
	struct cpuslab_type *type = &statics->type;

	STATIC_FOR_EACH(entry, statics)
	if (!static_allows(statics, entry->type))
		return -EINVAL;
	type->name = statics->name;
	type->size = statics->end - statics->begin;
	type->align = CPUSLAB__STATIC_ALIGN;
	type->image = statics->begin;
	type->arg = statics;
	type->counters = (statics->objects - statics->begin) / sizeof(u64);
	if (statics->types == statics->types_end)
		return 0;
	type->ctor = static_ctor;
	type->dtor = static_dtor;
	type->drain = static_drain;
	return 0;
}

int cpuslab__statics_init(struct cpuslab__statics *statics,
			  struct cpuslab_domain *domain)
{
	struct cpuslab_slab_config config = { .name = statics->name };
	int err;

	if (statics->slab)
		return -EBUSY;
	err = static_make_type(statics);
	if (err)
		return err;
	err = cpuslab_slab_create(&statics->slab, domain, &config);
	if (err)
		return err;
	statics->port.statics = statics;
	statics->slab->port = &statics->port;
	err = cpuslab_alloc(statics->slab, &statics->type, &statics->handle);
	if (err)
		cpuslab__statics_fini(statics);
	/* The only object is at the beginning of its block. */
	cpuslab_assert(err || !statics->handle.offset);
	return err;
}

void cpuslab__statics_fini(struct cpuslab__statics *statics)
{
	static const struct cpuslab_percpu null;

	if (!cpuslab_percpu_is_null(&statics->handle))
		cpuslab_free(statics->slab, &statics->handle);
	statics->handle = null;
	cpuslab_slab_destroy(statics->slab);
	statics->slab = NULL;
}
