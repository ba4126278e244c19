/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - what cppcheck should know of the headers of Linux, which it cannot
 * parse: macros that are more than an expression.
 */
#ifndef CPUSLAB_ANALYSIS_KERNEL_H
#define CPUSLAB_ANALYSIS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IS_ENABLED(option) 1
#define system_has_cmpxchg128() true

#define DEFINE_MUTEX(name) struct mutex name
#define DEFINE_SHOW_ATTRIBUTE(name) extern int name##_fops
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < 64; (cpu)++)
#define for_each_possible_cpu(cpu) for_each_online_cpu(cpu)

#define __percpu
#define __rcu
#define __user

#endif /* CPUSLAB_ANALYSIS_KERNEL_H */
