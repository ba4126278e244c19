/* SPDX-License-Identifier: MIT */
/*
 * last_requests.c - your own structure: each CPU keeps its last requests.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

struct recent {
	uint64_t count;
	struct request {
		uint64_t id, bytes, nanoseconds;
	} requests[16]; /* the next: [count % 16] */
};

static const struct cpuslab_type recent_type = {
	.name = "recent requests",
	.size = sizeof(struct recent),
	.flags = CPUSLAB_TYPE_DISCARD, /* lost with the CPU */
};
static struct cpuslab_percpu recent;
static struct cpuslab_counter refused = CPUSLAB_COUNTER_INIT("refused");

static void note(const struct request *request)
{
	int result = CPUSLAB_DIFFERS; /* also if the thread is interrupted */
	uint64_t n;

	while (result == CPUSLAB_DIFFERS) {
		result = cpuslab_load(&recent, 0, &n);
		if (!result) /* copy, then store the count at 0 */
			result = cpuslab_cmpcopystore(
				&recent, 0, n,
				offsetof(struct recent, requests) +
					n % 16 * sizeof(*request),
				request, sizeof(*request), n + 1);
	}
	/* In a process without rseq, always. */
	cpuslab_counter_add(&refused, result != CPUSLAB_OK);
}

int main(void)
{
	struct request request = { 0, 512, 1000 };
	const struct recent *copy;
	uint32_t cpu, i, last = 0;
	uint64_t noted = 0;

	if (cpuslab_alloc(cpuslab_default(), &recent_type, &recent))
		return 1;
	while (request.id++ < 1000)
		note(&request);
	cpuslab_read_enter();
	cpuslab_for_each_copy(&recent, cpu, copy)
		for (noted += copy->count, i = 0; i < 16; i++)
			if (copy->requests[i].id > last)
				last = (uint32_t)copy->requests[i].id;
	cpuslab_read_exit();
	noted += cpuslab_counter_sum(&refused);
	printf("%u requests, last %u\n", (unsigned int)noted, last);
}
