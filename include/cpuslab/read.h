/* SPDX-License-Identifier: MIT */
/*
 * read.h - read sections: what was found inside one stays until it ends.
 *
 * Needed for what is read often and replaced rarely: CPU sets, blocks of
 * other CPUs, objects given to cpuslab_free_rcu(). No operation needs
 * one.
 */
#ifndef CPUSLAB_READ_H
#define CPUSLAB_READ_H

#include <cpuslab/base.h>

CPUSLAB_BEGIN

/**
 * cpuslab_read_enter() - begin a read section. Sections nest.
 *
 * Context: any, signal handlers included. Never waits, needs no registration.
 *          Do not wait for anything inside that waits for readers
 *          (cpuslab_slab_destroy(), cpuslab_domain_destroy(), and in userspace
 *          fork()), nor leave it by longjmp.
 */
CPUSLAB_API void cpuslab_read_enter(void);
CPUSLAB_API void cpuslab_read_exit(void);

CPUSLAB_END

#endif /* CPUSLAB_READ_H */
