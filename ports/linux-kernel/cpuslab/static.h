/* SPDX-License-Identifier: MIT */
/*
 * static.h - objects that exist from the load of a module on, like those of
 * DEFINE_PER_CPU(): the linker knows their offsets.
 *
 *	struct mine {
 *		u64 packets, bytes;
 *	};
 *	static DEFINE_CPUSLAB(struct mine, mine);
 *	CPUSLAB_STATICS;			// in one file of the module
 *
 *	err = cpuslab_statics_init(domain);	// in its init
 *	cpuslab_static_add(mine.packets, 1);	// any context
 *	total = cpuslab_static_sum(mine.packets);
 *	cpuslab_statics_fini();			// in its exit
 *
 * All objects of a module are in one block, which one per-CPU word finds. CPUs
 * that have been online have such a block, and the domain treats it like any
 * other. Operations before init and after fini return -CPUSLAB_EINVAL.
 *
 * An object is in a section of its own, so cpuslab.mk passes a linker script to
 * each module that is linked of several files (mydriver-y). The object that the
 * name stands for is only the initial contents of the copies.
 */
#ifndef CPUSLAB_STATIC_H
#define CPUSLAB_STATIC_H

#include <cpuslab/ops.h>
#include <cpuslab/percpu_ptr.h>
#include <cpuslab/pin.h>
#include <cpuslab/slab.h>
#include <cpuslab/slab_port.h>

#include <linux/build_bug.h>
#include <linux/preempt.h>

#define CPUSLAB__STATIC_ALIGN 64

/*
 * The word of a CPU without a block. As CPUSLAB__OWN_NONE, also when the
 * address of an object is added, which is negative.
 */
#define CPUSLAB__STATIC_NONE                                                   \
	(CPUSLAB__OWN_NEGATIVE ? 1ul << 57 : CPUSLAB__OWN_NONE)

/* The static objects of one module. W init, fini. */
struct cpuslab__statics {
	const char *name;
	char *begin, *objects, *end; /* counters are before objects */
	const struct cpuslab__static_type *types, *types_end;
	cpuslab__own own; /* a CPU's block - begin, or CPUSLAB__STATIC_NONE */
	struct cpuslab__slab_port port;
	struct cpuslab_slab *slab;
	struct cpuslab_percpu handle;
	struct cpuslab_type type;
};

struct cpuslab__static_type {
	void *object;
	const struct cpuslab_type *type;
};

extern char cpuslab__static_begin[], cpuslab__static_objects[];
extern char cpuslab__static_end[];
extern const struct cpuslab__static_type cpuslab__static_types_begin[];
extern const struct cpuslab__static_type cpuslab__static_types_end[];
DECLARE_PER_CPU(uintptr_t, cpuslab__static_own);
extern struct cpuslab__statics cpuslab__statics;

#define CPUSLAB__STATIC_IN(section_name, c_type, name)                         \
	__section(section_name) __aligned(8) __typeof__(c_type) name

/**
 * DEFINE_CPUSLAB() - define an object of counters.
 * @c_type: of 64-bit words, or a struct of them.
 * @name:   of the object. May be preceded by static.
 *
 * Each CPU's copy starts as zeros. Words are only added to, and a trim keeps
 * what they have counted.
 */
#define DEFINE_CPUSLAB(c_type, name)                                           \
	CPUSLAB__STATIC_IN("cpuslab_static_counters", c_type, name)

/**
 * DECLARE_CPUSLAB() - declare an object that another file defines.
 * @c_type: as in its definition.
 * @name:   of the object.
 */
#define DECLARE_CPUSLAB(c_type, name) extern __typeof__(c_type) name

/**
 * DEFINE_CPUSLAB_TYPED() - define an object whose contents are not counters.
 * @c_type: of the copies.
 * @name:   of the object, which is not static; may be followed by an
 *          initializer.
 * @how:    a struct cpuslab_type without counters that has a drain or
 *          CPUSLAB_TYPE_DISCARD. Its size is that of @c_type, and its align at
 *          most 64.
 *
 * A copy starts as the initializer says, then as @how->image; then @how->ctor
 * is called.
 */
#define DEFINE_CPUSLAB_TYPED(c_type, name, how)                                \
	extern CPUSLAB__STATIC_IN("cpuslab_static_objects", c_type, name);     \
	static const struct cpuslab__static_type cpuslab__type_of_##name       \
		__used __section("cpuslab_static_types") = { &(name),          \
							     &(how) };         \
	CPUSLAB__STATIC_IN("cpuslab_static_objects", c_type, name)

/**
 * CPUSLAB_STATICS - define what the static objects of a module need, once in
 * each module that has any.
 */
#define CPUSLAB_STATICS                                                        \
	static char cpuslab__static_align[0] __used __section(                 \
		"cpuslab_static_counters") __aligned(CPUSLAB__STATIC_ALIGN);   \
	DEFINE_PER_CPU(uintptr_t, cpuslab__static_own) = CPUSLAB__STATIC_NONE; \
	struct cpuslab__statics cpuslab__statics = {                           \
		.name = KBUILD_MODNAME,                                        \
		.begin = cpuslab__static_begin,                                \
		.objects = cpuslab__static_objects,                            \
		.end = cpuslab__static_end,                                    \
		.types = cpuslab__static_types_begin,                          \
		.types_end = cpuslab__static_types_end,                        \
		.own = &cpuslab__static_own,                                   \
	}

/* Not for users of cpuslab. */
CPUSLAB_NODISCARD CPUSLAB_API int
cpuslab__statics_init(struct cpuslab__statics *statics,
		      struct cpuslab_domain *domain);
CPUSLAB_API void cpuslab__statics_fini(struct cpuslab__statics *statics);

/**
 * cpuslab_statics_init() - give all CPUs of @domain the module's objects.
 * @domain: outlives them.
 *
 * Context: may sleep, allocates.
 * Return:  CPUSLAB_OK; errors of cpuslab_slab_create() and cpuslab_alloc();
 *          -CPUSLAB_EINVAL, after a line in the log, for a type that
 *          DEFINE_CPUSLAB_TYPED() does not allow.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE int
cpuslab_statics_init(struct cpuslab_domain *domain)
{
	return cpuslab__statics_init(&cpuslab__statics, domain);
}

/**
 * cpuslab_statics_fini() - free the copies; also after an init that failed.
 *
 * Context: may sleep. No code of the module uses them any more.
 */
CPUSLAB_INLINE void cpuslab_statics_fini(void)
{
	cpuslab__statics_fini(&cpuslab__statics);
}

/**
 * CPUSLAB_STATIC() - handle and offset of a static object, for operations.
 * @object: a static object, or a part of one.
 *
 *	cpuslab_cmpstore(CPUSLAB_STATIC(mine.longest), was, now);
 */
#define CPUSLAB_STATIC(object)                                                 \
	&cpuslab__statics.handle, cpuslab__static_offset(&(object))

CPUSLAB_INLINE size_t cpuslab__static_offset(const void *object)
{
	return (size_t)((const char *)object - cpuslab__static_begin);
}

CPUSLAB_INLINE int cpuslab__static_pinned_add(const uint64_t *object,
					      uint64_t value)
{
	return cpuslab__own_add(cpuslab__own_block(&cpuslab__static_own),
				(uintptr_t)object, value);
}

CPUSLAB_INLINE int cpuslab__static_add(const uint64_t *object, uint64_t value)
{
	int result;

	preempt_disable();
	result = cpuslab__static_pinned_add(object, value);
	preempt_enable();
	if (cpuslab_likely(!result))
		return CPUSLAB_OK;
	return cpuslab__slow_add(&cpuslab__statics.handle,
				 cpuslab__static_offset(object), value);
}

CPUSLAB_INLINE int __cpuslab__static_add(const uint64_t *object, uint64_t value)
{
	cpuslab_port_assert_pinned();
	if (cpuslab_likely(!cpuslab__static_pinned_add(object, value)))
		return CPUSLAB_OK;
	return cpuslab__slow_add(&cpuslab__statics.handle,
				 cpuslab__static_offset(object), value);
}

/**
 * cpuslab_static_add() - cpuslab_add() to a word of a static object.
 * @word:  a u64, as a C expression: name.field.
 * @value: added modulo 2^64.
 *
 * Context, Order, Return: as cpuslab_add().
 */
#define cpuslab_static_add(word, value) cpuslab__static_add(&(word), (value))

/**
 * __cpuslab_static_add() - the same with preemption off.
 * @word:  as in cpuslab_static_add().
 * @value: likewise.
 *
 * Context, Order, Return: as __cpuslab_add() in pinned.h.
 */
#define __cpuslab_static_add(word, value)                                      \
	__cpuslab__static_add(&(word), (value))

/**
 * cpuslab_static_sum() - cpuslab_sum() of a word of DEFINE_CPUSLAB().
 * @word: a u64, as a C expression.
 *
 * Context, Order, Return: as cpuslab_sum().
 */
#define cpuslab_static_sum(word) cpuslab_sum(CPUSLAB_STATIC(word))

/**
 * cpuslab_static_pin() - cpuslab_pin() for a static object.
 * @object: a static object.
 *
 * Context: as cpuslab_pin(); ended by cpuslab_unpin().
 * Return:  a pointer to this CPU's copy, or NULL, as cpuslab_pin().
 */
#define cpuslab_static_pin(object)                                             \
	((__typeof__(object) *)cpuslab__static_pin(                            \
		cpuslab__static_offset(&(object))))

CPUSLAB_INLINE char *cpuslab__static_pin(size_t offset)
{
	char *copy = (char *)cpuslab_pin(&cpuslab__statics.handle);

	return cpuslab_likely(copy) ? copy + offset : NULL;
}

#endif /* CPUSLAB_STATIC_H */
