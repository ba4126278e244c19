/* SPDX-License-Identifier: MIT */
/*
 * stack.c - how large the stack of a thread has to be.
 *
 * The C library keeps all static thread-local storage of the program on each
 * thread's stack, and a signal handler's frame may take kilobytes of registers.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "private.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

static size_t stack_overhead; /* W first use; 0: not known yet */

static int stack_add_module(struct dl_phdr_info *module, size_t bytes,
			    void *arg)
{
	size_t *sum = arg;
	int i;

	(void)bytes;
	for (i = 0; i < module->dlpi_phnum; i++)
		if (module->dlpi_phdr[i].p_type == PT_TLS)
			*sum += module->dlpi_phdr[i].p_memsz +
				module->dlpi_phdr[i].p_align;
	return 0;
}

/* glibc tells; elsewhere count all thread-local storage. */
static size_t stack_minimum(void)
{
	size_t (*minstack)(const pthread_attr_t *attr);
	size_t sum = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attr;

	*(void **)&minstack = dlsym(RTLD_DEFAULT, "__pthread_get_minstack");
	if (!minstack) {
		dl_iterate_phdr(stack_add_module, &sum);
		return sum;
	}
	pthread_attr_init(&attr);
	sum = minstack(&attr);
	pthread_attr_destroy(&attr);
	return sum;
}

/*
 * When the library is loaded, before other constructors of the program or
 * plugin: later the thread may hold a mutex, for which another one waits that
 * has the dynamic linker's lock.
 */
__attribute__((constructor(101))) static void stack_init(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	stack_overhead =
		stack_minimum() + (size_t)getauxval(AT_MINSIGSTKSZ) + 2 * page;
}

size_t cpuslab__stack_size(size_t promised)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!stack_overhead)
		stack_init(); /* by a constructor that ran before ours */
	return (promised + stack_overhead + page - 1) & ~(page - 1);
}
