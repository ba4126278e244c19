/* SPDX-License-Identifier: MIT */
/*
 * unit_unsafe.h - a type whose constructor no operation may run, so that none
 * admits a CPU.
 */
#ifndef TESTS_OPS_UNIT_UNSAFE_H
#define TESTS_OPS_UNIT_UNSAFE_H

#include <cpuslab/cpuslab.h>

static int ops_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	return CPUSLAB_OK;
}

static const struct cpuslab_type ops_unsafe = {
	.name = "unsafe",
	.size = 8,
	.ctor = ops_ctor,
	.flags = CPUSLAB_TYPE_DISCARD,
};

#endif /* TESTS_OPS_UNIT_UNSAFE_H */
