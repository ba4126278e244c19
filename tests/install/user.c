/* SPDX-License-Identifier: MIT */
/*
 * user.c - a program outside the project: it uses public headers only, as the
 * documentation shows, and exits with 0 if the sum is correct.
 */
#include <stdio.h>
#include <string.h>

#include <cpuslab/cpuslab.h>

enum {
	ADDS = 1000,
};

static int use(struct cpuslab_slab *slab)
{
	struct cpuslab_counter counter;
	uint64_t sum;
	int err = cpuslab_counter_init(&counter, slab);

	if (err)
		return err;
	for (int i = 0; i < ADDS; i++)
		cpuslab_counter_add(&counter, 3);
	sum = cpuslab_counter_sum(&counter);
	cpuslab_counter_fini(&counter);
	printf("sum %llu\n", (unsigned long long)sum);
	return sum == 3 * ADDS ? CPUSLAB_OK : -CPUSLAB_EINVAL;
}

int main(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int err;

	if (strcmp(cpuslab_version(), CPUSLAB_VERSION))
		return 1;
	err = cpuslab_domain_create(&domain, NULL);
	if (err)
		goto out;
	err = cpuslab_slab_create(&slab, domain, NULL);
	if (err)
		goto destroy_domain;
	err = use(slab);
	if (!err)
		err = cpuslab_domain_check(domain);
	cpuslab_slab_destroy(slab);
destroy_domain:
	cpuslab_domain_destroy(domain);
out:
	if (err)
		fprintf(stderr, "user: %s\n", cpuslab_strerror(err));
	return err ? 1 : 0;
}
