/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_SIZED_H
#define CPUSLAB_SIZED_H
/*
 * sized.h - how programs and libraries of different versions share a struct.
 *
 * Each struct of configuration or statistics begins with its size in bytes, as
 * those of sched_setattr(2) and clone3(2) in Linux. A later version only
 * appends members, behind the last byte of the struct as it was, and zero in a
 * member of a config stands for what was done before the member existed.
 *
 *	program older    |  size  | members it knows |
 *	library          |  size  | members it knows | later members |
 *	program newer    |  size  | members it knows | later members | latest |
 *
 * Configuration: the caller sets size to sizeof() of its struct. 0 stands for
 * the members of version 0.1.
 *
 *	program older    later members are zero
 *	program newer    -CPUSLAB_EINVAL, unless what the library does not know
 *	                 is zero: it cannot do what the caller wants
 *
 * -CPUSLAB_EINVAL as well for a size below that of version 0.1, or above
 * CPUSLAB_CONFIG_MAX.
 *
 * Statistics: the function that reads them is inline, and sets size as the
 * caller was compiled.
 *
 *	program older    only the members that it knows are written
 *	program newer    what the library does not know is zero
 */

#include <cpuslab/base.h>

CPUSLAB_BEGIN

#define CPUSLAB_CONFIG_MAX 4096u /* bytes; a size above it is a mistake */

/*
 * Copy @config to @own, of @bytes, as stated above. NULL: zeros. @first: the
 * bytes that version 0.1 had.
 */
CPUSLAB_API int cpuslab__config_load(void *own, size_t bytes, size_t first,
				     const void *config);
/* @last: the last member of struct @type in version 0.1. */
#define CPUSLAB__CONFIG_LOAD(own, type, last, config)                          \
	cpuslab__config_load((own), sizeof(struct type),                       \
			     offsetof(struct type, last) +                     \
				     sizeof(((struct type *)0)->last),         \
			     (config))

/* Copy @own, of @bytes, to @stats, whose size is set, as stated above. */
CPUSLAB_API void cpuslab__stats_store(void *stats, const void *own,
				      size_t bytes);

CPUSLAB_END

/* Synchronization: none is needed. */

#endif /* CPUSLAB_SIZED_H */
