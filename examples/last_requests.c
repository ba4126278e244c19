/* SPDX-License-Identifier: MIT */
/*
 * last_requests.c - a structure of one's own: each CPU keeps its last requests.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

struct request {
	uint64_t id, bytes, nanoseconds;
};
struct recent {
	uint64_t count; /* the next is requests[count % 16] */
	struct request requests[16];
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
	uint64_t n, at;
	int result;

	do {
		result = cpuslab_load(&recent, 0, &n);
		at = offsetof(struct recent, requests[0]) +
		     n % 16 * sizeof(*request);
		if (!result) /* a copy, and then a store to the word at 0 */
			result = cpuslab_cmpcopystore(&recent, 0, n, at,
						      request, sizeof(*request),
						      n + 1);
	} while (result == CPUSLAB_DIFFERS); /* interrupted, or moved */
	if (result) /* always, in a process without rseq */
		cpuslab_counter_add(&refused, 1);
}

int main(void)
{
	struct request request = { 0, 512, 1000 };
	const struct recent *copy;
	uint64_t noted;
	uint32_t cpu;

	if (cpuslab_alloc(cpuslab_default(), &recent_type, &recent))
		return 1;
	while (request.id++ < 1000)
		note(&request);
	noted = cpuslab_counter_sum(&refused);
	cpuslab_read_enter();
	cpuslab_for_each_copy(&recent, cpu, copy)
		noted += copy->count;
	cpuslab_read_exit();
	printf("%u requests\n", (unsigned int)noted);
}
