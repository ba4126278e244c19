/* SPDX-License-Identifier: MIT */
/*
 * statistics.c - what a program shows of its memory: one slab as text, as JSON
 * and as numbers; all slabs and domains as a page for Prometheus.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

int main(void)
{
	const struct cpuslab_domain_config domain_config = {
		.size = sizeof(domain_config),
		.name = "server",
	};
	const struct cpuslab_slab_config slab_config = {
		.size = sizeof(slab_config),
		.name = "requests",
	};
	struct cpuslab_domain *domain;
	struct cpuslab_counter hits;
	struct cpuslab_stats stats;
	struct cpuslab_slab *slab;
	static char text[16384];

	if (cpuslab_domain_create(&domain, &domain_config) ||
	    cpuslab_slab_create(&slab, domain, &slab_config) ||
	    cpuslab_counter_init(&hits, slab))
		return 1;
	cpuslab_counter_add(&hits, 1);
	cpuslab_stats_get(slab, &stats);
	cpuslab_stats_text(&stats, text, sizeof(text));
	fputs(text, stdout);
	cpuslab_stats_json(&stats, text, sizeof(text));
	printf("%s\n", text);
	printf("%s of %s: %llu objects, %llu bytes on %u CPUs\n", stats.name,
	       stats.domain, (unsigned long long)stats.objects,
	       (unsigned long long)stats.committed_bytes,
	       (unsigned int)stats.in_use);
	if (cpuslab_metrics_write(CPUSLAB_METRICS_OPENMETRICS, text,
				  sizeof(text)) < sizeof(text))
		fputs(text, stdout);
	return 0;
}
