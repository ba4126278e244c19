/* SPDX-License-Identifier: MIT */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

/* A number on each CPU. It needs no setup. */
static struct cpuslab_counter hits = CPUSLAB_COUNTER_INIT("hits");

int main(void)
{
	cpuslab_counter_add(&hits, 1); /* any thread, on any CPU */
	printf("%llu\n", (unsigned long long)cpuslab_counter_sum(&hits));
}
