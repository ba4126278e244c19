/* SPDX-License-Identifier: MIT */
/*
 * port_inline.h - Linux userspace: operations as restartable sequences.
 *
 * The C library registers each thread's struct rseq; this code reads its fields
 * and writes rseq_cs only. Without a registration (an old kernel,
 * glibc.pthread.rseq=0, another C library) cpu_id is negative, so the
 * comparison with the limit, which each operation needs anyway, takes it to the
 * slow path: the hot path tests no mode.
 */
#ifndef CPUSLAB_PORT_INLINE_H
#define CPUSLAB_PORT_INLINE_H

#if defined(__has_include)
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif
#endif

CPUSLAB_INLINE void cpuslab_port_preempt_point(void)
{
}

#if defined(RSEQ_SIG) && defined(__x86_64__) && !defined(__ILP32__)
#include <cpuslab/rseq_x86_64.h>
#elif defined(RSEQ_SIG) && defined(__aarch64__)
#include <cpuslab/rseq_aarch64.h>
#else
#include <cpuslab/rseq_none.h>
#endif

#endif /* CPUSLAB_PORT_INLINE_H */
