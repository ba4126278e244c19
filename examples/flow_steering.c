/* SPDX-License-Identifier: MIT */
/*
 * flow_steering.c - which queue gets a flow. When a queue is added or removed,
 * as few flows move as possible; all others stay where they are.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

#define FLOWS 10000
#define QUEUES 4

static struct cpuslab_steering steering;
static uint32_t before[FLOWS];

/* Returns how many flows have another queue than before. */
static int steer(void)
{
	uint32_t flow, queue;
	int moved = 0;

	for (flow = 0; flow < FLOWS; flow++) {
		queue = cpuslab_steering_lookup(
			&steering, cpuslab_steering_hash(flow), NULL);
		moved += queue != before[flow];
		before[flow] = queue;
	}
	return moved;
}

int main(void)
{
	const struct cpuslab_steering_config config = {
		.size = sizeof(config),
		.buckets = 1024,
		.targets = QUEUES,
	};
	uint32_t queue;
	int moved;

	if (cpuslab_steering_init(&steering, &config))
		return 1;
	/* cpuslab_steering_attach() instead lets each CPU bring a weight. */
	for (queue = 0; queue < QUEUES - 1; queue++)
		cpuslab_steering_set(&steering, queue, 1);
	steer();
	cpuslab_steering_set(&steering, QUEUES - 1, 1);
	moved = steer();
	printf("a fourth queue: %d %% of the flows moved\n",
	       moved * 100 / FLOWS);
	cpuslab_steering_set(&steering, 0, 0);
	moved = steer();
	printf("without the first: %d %%\n", moved * 100 / FLOWS);
	cpuslab_steering_fini(&steering);
	return 0;
}
