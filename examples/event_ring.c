/* SPDX-License-Identifier: MIT */
/*
 * event_ring.c - a trace that is consumed while it is recorded. Each CPU has a
 * ring; the consumer gives room back record by record.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>
#include <string.h>

static struct cpuslab_ring ring;

/* Consume all that one CPU has recorded; returns the number of records. */
static int consume(uint32_t cpu)
{
	struct cpuslab_ring_view view;
	const void *data;
	uint64_t at, end;
	uint32_t bytes;
	int count = 0;

	if (cpuslab_ring_view_init(&view, &ring, cpu))
		return 0;
	at = cpuslab_ring_consumed(&view);
	end = cpuslab_ring_tail(&view);
	while (cpuslab_ring_next(&view, &at, end, &data, &bytes))
		count += bytes == 8 && !memcmp(data, "an event", 8);
	cpuslab_ring_consume(&view, at); /* producers may overwrite it */
	return count;
}

static int consume_all(void)
{
	const void *copy;
	uint32_t cpu;
	int count = 0;

	cpuslab_read_enter(); /* no ring is freed meanwhile */
	cpuslab_for_each_copy(&ring.handle, cpu, copy)
		count += consume(cpu);
	cpuslab_read_exit();
	return count;
}

int main(void)
{
	struct cpuslab_domain *domain;
	struct cpuslab_slab *slab;
	int i, consumed = 0;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_slab_create(&slab, domain, NULL) ||
	    cpuslab_ring_init(&ring, slab, 65536, 0))
		return 1;
	for (i = 0; i < 100000; i++) {
		cpuslab_ring_append(&ring, "an event", 8);
		if (i % 1000 == 999) /* usually another thread */
			consumed += consume_all();
	}
	printf("%d events, %d lost\n", consumed, (int)cpuslab_ring_lost(&ring));
}
