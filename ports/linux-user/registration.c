/* SPDX-License-Identifier: MIT */
/*
 * registration.c - the threads' struct rseq, and what registers it.
 *
 * The C library does, if it can (glibc 2.35). If it can but does not, the user
 * keeps rseq for other code (glibc.pthread.rseq=0). If it cannot, a thread is
 * registered here, on its first miss. A process whose first thread remains
 * without a registration is in atomic mode, and one with CPUSLAB_RSEQ=0 in its
 * environment, which makes no such system call.
 *
 * Here the struct is thread-local storage of this copy of the library. Because
 * the kernel writes to it, it must exist for as long as its thread, and because
 * inline code finds it, at the same distance from each thread pointer. Both are
 * certain in a program, and in a library that musl, which unloads none, has
 * loaded with the program.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cpuslab/log_hook.h>

#include "private.h"

#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif

bool cpuslab__cids_refused;
/* The name of a symbol: include/prefix.sh may have changed it by a macro. */
#define REGISTRATION_TEXT(name) #name
#define REGISTRATION_SYMBOL(name) REGISTRATION_TEXT(name)

/*
 * Inline code takes it for a constant, so it is written before the program can
 * create a slab; 0: there is no struct.
 */
CPUSLAB_API ptrdiff_t
	registration_offset __asm__(REGISTRATION_SYMBOL(cpuslab__rseq_offset));

#if CPUSLAB__HAVE_RSEQ

enum registration {
	REGISTRATION_UNDECIDED,
	REGISTRATION_NONE,
	REGISTRATION_LIBC,
	REGISTRATION_OWN,
};
static uint32_t registration_kind; /* W first use; R any */

#ifdef RSEQ_SIG

static ptrdiff_t registration_offset_find(void)
{
	return __rseq_offset;
}

static enum registration registration_find(void)
{
	return __rseq_size ? REGISTRATION_LIBC : REGISTRATION_NONE;
}

static void registration_thread(void)
{
}

void cpuslab__registration_log(void)
{
}

#else

/* Of a C library that is newer than its headers were. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

static bool registration_libc(void)
{
	return &__rseq_size && &__rseq_offset;
}

#define REGISTRATION_UNREGISTER 1

/* The kernel's struct rseq, with the size that it had first. */
struct registration_area {
	uint32_t cpu_id_start;
	uint32_t cpu_id;
	uint64_t rseq_cs;
	uint32_t flags;
	uint32_t node_id;
	uint32_t mm_cid;
	uint32_t reserved;
};
static __thread struct registration_area registration_area
	__attribute__((aligned(32))) = { .cpu_id = UINT32_MAX };
CPUSLAB_STATIC_ASSERT(sizeof(struct registration_area) == 32, "as aligned");

static uint32_t registration_error; /* to be logged; W thread; W, R log */
#define REGISTRATION_LOGGED UINT32_MAX

static long registration_call(int flags)
{
	return syscall(SYS_rseq, &registration_area, sizeof(registration_area),
		       flags, CPUSLAB__RSEQ_SIGNATURE);
}

#ifdef __GLIBC__

/* glibc unmaps the memory of a thread only when the kernel has ended it. */
static bool registration_key_create(void)
{
	return true;
}

static void registration_key_set(void)
{
}

/* Only the program is never unloaded. @info: of the program. */
static bool registration_stays(const struct dl_phdr_info *info)
{
	uintptr_t at = (uintptr_t)&registration_kind - info->dlpi_addr;
	uint16_t i;

	if (info->dlpi_phdr != (const void *)getauxval(AT_PHDR))
		return false; /* in a namespace of dlmopen() */
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD &&
		    at - info->dlpi_phdr[i].p_vaddr <
			    info->dlpi_phdr[i].p_memsz)
			return true;
	return false;
}

#else

/* A detached thread unmaps its own memory before it ends. */
static pthread_key_t registration_key;

/* A signal handler, and later destructors, must not register it again. */
static void registration_end(void *area)
{
	(void)area;
	cpuslab__thread.no_rseq = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	registration_call(REGISTRATION_UNREGISTER);
}

static bool registration_key_create(void)
{
	return !pthread_key_create(&registration_key, registration_end);
}

static void registration_key_set(void)
{
	pthread_setspecific(registration_key, &registration_area);
}

/* These are the calls of dlopen() so far. */
static bool registration_stays(const struct dl_phdr_info *info)
{
	return !info->dlpi_adds;
}

#endif

static int registration_look(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(bool *)arg = registration_stays(info);
	return 1; /* the program is the first of all */
}

static ptrdiff_t registration_offset_find(void)
{
	bool stays = false;

	if (registration_libc())
		return __rseq_offset;
	dl_iterate_phdr(registration_look, &stays);
	return stays && registration_key_create() ?
		       (char *)&registration_area - cpuslab__thread_pointer() :
		       0;
}

/*
 * A signal handler may do the same at any moment. EBUSY: it has, or the parent
 * of this process.
 */
static void registration_thread(void)
{
	uint32_t none = 0;
	int error = errno;

	if (cpuslab__thread.no_rseq)
		return;
	registration_key_set();
	if (registration_call(0) && errno != EBUSY) {
		cpuslab__thread.no_rseq = true;
		cpuslab_cas_u32(&registration_error, &none, (uint32_t)errno);
	}
	errno = error;
}

static enum registration registration_find(void)
{
	if (!registration_offset)
		return REGISTRATION_NONE;
	if (registration_libc())
		return __rseq_size ? REGISTRATION_LIBC : REGISTRATION_NONE;
	registration_thread();
	return cpuslab__thread.no_rseq ? REGISTRATION_NONE : REGISTRATION_OWN;
}

void cpuslab__registration_log(void)
{
	uint32_t error = cpuslab_load_relaxed_u32(&registration_error);

	if (cpuslab_likely(!error) || error == REGISTRATION_LOGGED ||
	    !cpuslab_cas_u32(&registration_error, &error, REGISTRATION_LOGGED))
		return;
	if (registration_kind == REGISTRATION_OWN)
		cpuslab__log_line("a thread cannot be registered for rseq, so "
				  "it works on the shared blocks");
	else if (error == EINVAL)
		cpuslab__log_line("rseq is used by another part of the "
				  "program, so operations are atomic");
}

#endif

/* Before other constructors of the program. */
__attribute__((constructor(101))) static void registration_init(void)
{
	registration_offset = registration_offset_find();
}

/* A filter of system calls may end the process for rseq(2). */
static bool registration_is_off(void)
{
	const char *value = getenv("CPUSLAB_RSEQ");

	return value && !strcmp(value, "0");
}

/*
 * Several threads, or a signal handler, may do this at once, so that a fork
 * leaves nothing half done: one wins.
 */
static uint32_t registration_get(void)
{
	uint32_t kind = cpuslab_load_relaxed_u32(&registration_kind);
	uint32_t found;

	if (cpuslab_likely(kind != REGISTRATION_UNDECIDED))
		return kind;
	found = registration_is_off() ? REGISTRATION_NONE : registration_find();
	return cpuslab_cas_u32(&registration_kind, &kind, found) ? found : kind;
}

bool cpuslab_port_uses_atomics(void)
{
	return registration_get() == REGISTRATION_NONE;
}

const char *cpuslab_port_registration(void)
{
	static const char *const names[] = {
		[REGISTRATION_NONE] = "none",
		[REGISTRATION_LIBC] = "C library",
		[REGISTRATION_OWN] = "cpuslab",
	};

	return names[registration_get()];
}

/* Offsets in struct rseq, which headers may lack. */
#define REGISTRATION_CPU_ID 4
#define REGISTRATION_MM_CID 24

static uint32_t registration_load(size_t offset)
{
	const volatile void *at = cpuslab__rseq_area() + offset;

	return *(const volatile uint32_t *)at;
}

uint32_t cpuslab__rseq_cpu(void)
{
	uint32_t cpu = registration_load(REGISTRATION_CPU_ID);

	if (cpuslab_likely((int32_t)cpu >= 0) ||
	    cpuslab_load_relaxed_u32(&registration_kind) != REGISTRATION_OWN)
		return cpu;
	registration_thread();
	return registration_load(REGISTRATION_CPU_ID);
}

/*
 * Every registration has 32 bytes, even where __rseq_size, which some versions
 * of glibc lower to what they know, is less. Before Linux 6.3 the kernel wrote
 * only the first 20.
 */
bool cpuslab_port_has_cids(void)
{
	return !cpuslab_port_uses_atomics() && !cpuslab__cids_refused &&
	       getauxval(AT_RSEQ_FEATURE_SIZE) >=
		       REGISTRATION_MM_CID + sizeof(uint32_t);
}

/* In a thread without a registration mm_cid would be 0. */
uint32_t cpuslab_port_cid(void)
{
	if ((int32_t)cpuslab__rseq_cpu() < 0)
		return CPUSLAB_NO_CPU;
	return registration_load(REGISTRATION_MM_CID);
}

/* Before the decision no operation has left anything. */
void cpuslab_port_rseq_clear(void)
{
	if (cpuslab_load_relaxed_u32(&registration_kind) > REGISTRATION_NONE)
		cpuslab__rseq_clear();
}

#else

bool cpuslab_port_uses_atomics(void)
{
	return true;
}

const char *cpuslab_port_registration(void)
{
	return "none";
}

uint32_t cpuslab__rseq_cpu(void)
{
	return CPUSLAB_NO_CPU;
}

bool cpuslab_port_has_cids(void)
{
	return false;
}

uint32_t cpuslab_port_cid(void)
{
	return CPUSLAB_NO_CPU;
}

void cpuslab__registration_log(void)
{
}

void cpuslab_port_rseq_clear(void)
{
}

#endif
