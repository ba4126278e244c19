/* SPDX-License-Identifier: MIT */
/*
 * libc_child.c - cpuslab-bench-LIBC: an add in a process of its own, compiled
 * for glibc and for musl by the same compiler; see libc.c.
 *
 * Standard input is a socket. For each number of adds that it receives it
 * replies with the sum of all.
 */
#include <stdint.h>
#include <unistd.h>

#include <cpuslab/counter.h>

static __attribute__((noinline)) void
child_add(const struct cpuslab_counter *counter, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		cpuslab_counter_add(counter, 1);
}

static struct cpuslab_counter child_counter;

int main(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	uint64_t n;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_counter_init(&child_counter, slab))
		return 2;
	while (read(0, &n, sizeof(n)) == sizeof(n)) {
		child_add(&child_counter, n);
		n = cpuslab_counter_sum(&child_counter);
		if (write(0, &n, sizeof(n)) != sizeof(n))
			return 2;
	}
	return 0;
}
