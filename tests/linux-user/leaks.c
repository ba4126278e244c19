/* SPDX-License-Identifier: MIT */
/*
 * leaks.c - LeakSanitizer finds what only a slab points to: the slab's own
 * memory, and what users keep in objects. A slab that exists when the program
 * ends is not a leak.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdlib.h>

#include <cpuslab/cpuslab.h>

#include "torture/torture.h"

#define LEAKS_NODES 100

/* Defined by the sanitizer only. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_stack stack;
static struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("named");

static void leaks_push(void)
{
	struct cpuslab_node *node = malloc(sizeof(*node));

	TORTURE_CHECK(node);
	TORTURE_OK(cpuslab_stack_push(&stack, node));
}

static void test_what_a_living_slab_holds_is_no_leak(void)
{
	int i;

	for (i = 0; i < LEAKS_NODES; i++)
		leaks_push();
	TORTURE_OK(cpuslab_counter_add(&named, 1));
	TORTURE_OK(__lsan_do_recoverable_leak_check());
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "What LeakSanitizer reports of a slab.");
	if (!__lsan_do_recoverable_leak_check)
		torture_skip("no LeakSanitizer in this build");
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_stack_init(&stack, slab));
	test_what_a_living_slab_holds_is_no_leak();
	return torture_end();
}
