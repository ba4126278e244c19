/* SPDX-License-Identifier: MIT */
/*
 * cpu_changes.c - a part of a program that follows the CPUs: it prepares for a
 * CPU, begins when the CPU runs, and ends when it is offline. If start refuses
 * a CPU, what others have prepared for it is undone, and the CPU is not used.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>
#include <stdlib.h>

static void *queues[4096]; /* by CPU number */
static int held, begun;

static int queue_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	if (cpu >= sizeof(queues) / sizeof(queues[0]))
		return -CPUSLAB_ERANGE;
	queues[cpu] = malloc(4096);
	held += !!queues[cpu];
	return queues[cpu] ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

static void queue_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client, (void)cpu;
	begun++; /* bind an interrupt, start a thread */
}

static void queue_end(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	free(queues[cpu]);
	held--;
}

static const struct cpuslab_client_ops queue_ops = {
	.start = queue_start,
	.complete = queue_complete,
	.failure = queue_end, /* the CPU did not come */
	.remove = queue_end,
};

int main(void)
{
	struct cpuslab_client client = { .ops = &queue_ops, .name = "queues" };
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_domain *domain;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_client_init(&client, domain) ||
	    cpuslab_hotplug_create(&hotplug, domain, NULL))
		return 1;
	/* Until here a thread follows the system's CPUs. */
	cpuslab_hotplug_destroy(hotplug);
	printf("%s\n", begun ? "a queue for each CPU" : "no queue");
	cpuslab_client_fini(&client); /* calls remove for each CPU */
	printf("%d queues\n", held);
	cpuslab_domain_destroy(domain);
}
