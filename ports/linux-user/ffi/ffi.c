/* SPDX-License-Identifier: MIT */
/*
 * ffi.c - libcpuslab-ffi, for programs that no C compiler sees: each inline
 * function of the headers as a symbol, and cpuslab/ffi.h.
 *
 * A function follows from its header, and calls the rest in libcpuslab. Private
 * ones become symbols as well; cpuslab-ffi.map hides them.
 */

/* A definition, which is part of all functions that call it all the same. */
#define CPUSLAB_INLINE CPUSLAB_API extern inline __attribute__((always_inline))

#include <cpuslab/binding.h>
#include <cpuslab/cpuslab.h>
#include <cpuslab/ffi.h>
#include <cpuslab/hotplug_poll.h>
#include <cpuslab/ring_map.h>

/* FFI_STRUCTS(X), FFI_CONSTANTS(X), made by names.py. */
#include "cpuslab-ffi-names.h"

struct ffi_struct {
	const char *name;
	size_t size;
	size_t align;
};

struct ffi_constant {
	const char *name;
	int64_t value;
};

#define FFI_STRUCT(name) { #name, sizeof(struct name), _Alignof(struct name) },
#define FFI_CONSTANT(name) { #name, name },

static const struct ffi_struct ffi_structs[] = { FFI_STRUCTS(FFI_STRUCT) };
static const struct ffi_constant ffi_constants[] = { FFI_CONSTANTS(
	FFI_CONSTANT) };

static const struct ffi_struct *ffi_find(const char *name)
{
	static const struct ffi_struct none;
	size_t i;

	for (i = 0; i < sizeof(ffi_structs) / sizeof(*ffi_structs); i++)
		if (!strcmp(ffi_structs[i].name, name))
			return &ffi_structs[i];
	return &none;
}

size_t cpuslab_ffi_sizeof(const char *name)
{
	return ffi_find(name)->size;
}

size_t cpuslab_ffi_alignof(const char *name)
{
	return ffi_find(name)->align;
}

int cpuslab_ffi_constant(const char *name, int64_t *value)
{
	size_t i;

	for (i = 0; i < sizeof(ffi_constants) / sizeof(*ffi_constants); i++)
		if (!strcmp(ffi_constants[i].name, name)) {
			*value = ffi_constants[i].value;
			return CPUSLAB_OK;
		}
	return -CPUSLAB_ENOENT;
}

void cpuslab_ffi_counter_init(struct cpuslab_counter *counter, const char *name)
{
	*counter = (struct cpuslab_counter)CPUSLAB_COUNTER_INIT(name);
}

void cpuslab_ffi_gauge_init(struct cpuslab_gauge *gauge, const char *name)
{
	*gauge = (struct cpuslab_gauge)CPUSLAB_GAUGE_INIT(name);
}
