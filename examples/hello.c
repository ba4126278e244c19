/* SPDX-License-Identifier: MIT */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

int main(void)
{
	struct cpuslab_domain *domain; /* the CPUs that this program knows */
	struct cpuslab_slab *slab;     /* memory with a copy for each CPU */
	struct cpuslab_counter hits;   /* an object: one number per copy */

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_counter_init(&hits, slab))
		return 1;
	cpuslab_counter_add(&hits, 1); /* any thread, on any CPU */
	printf("%llu\n", (unsigned long long)cpuslab_counter_sum(&hits));
}
