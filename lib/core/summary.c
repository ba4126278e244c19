/* SPDX-License-Identifier: MIT */
#include "slab_internal.h"

struct cpuslab__summary *
cpuslab__summary_create(const struct cpuslab_extent *extent,
			const struct cpuslab__summary *from)
{
	size_t words = cpuslab__cpubits_words(extent->limit);
	struct cpuslab__summary *summary;
	uint64_t *tail;

	summary = cpuslab_port_zalloc(sizeof(*summary) + words * sizeof(*tail) +
				      (from ? extent->fold_end : 0));
	if (!summary)
		return NULL;
	tail = (uint64_t *)(summary + 1);
	cpuslab__cpubits_init(&summary->cpus, extent->limit, tail);
	if (!from)
		return summary;
	memcpy(tail, from->cpus.top, words * sizeof(*tail));
	summary->residual = tail + words;
	summary->bytes = extent->fold_end;
	if (from->bytes)
		memcpy(summary->residual, from->residual, from->bytes);
	return summary;
}

void cpuslab__summary_free_all(struct cpuslab__summary *summary)
{
	while (summary) {
		struct cpuslab__summary *old = summary->old;

		cpuslab_port_free(summary);
		summary = old;
	}
}
