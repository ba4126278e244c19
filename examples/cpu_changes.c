/* SPDX-License-Identifier: MIT */
/*
 * cpu_changes.c - a part of a program that follows the CPUs: it prepares for
 * one, begins when that runs, and ends when it is offline. start may refuse a
 * CPU; all that others did for it is then undone.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

#define WITHOUT 1000 /* a CPU number for which there is no queue */

static int queue_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client; /* allocate what the queue needs */
	return cpu == WITHOUT ? -CPUSLAB_ENOMEM : CPUSLAB_OK;
}

static void queue_complete(struct cpuslab_client *client, uint32_t cpu)
{
	(void)cpu;
	++*(int *)client->arg; /* bind an interrupt, start a thread */
}

static void queue_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)cpu;
	--*(int *)client->arg;
}

static const struct cpuslab_client_ops queue_ops = {
	.start = queue_start,
	.complete = queue_complete,
	.remove = queue_remove,
};

int main(void)
{
	int queues = 0;
	struct cpuslab_client client = {
		.ops = &queue_ops,
		.name = "queues",
		.arg = &queues,
	};
	struct cpuslab_hotplug *hotplug;
	struct cpuslab_domain *domain;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_client_init(&client, domain) ||
	    cpuslab_hotplug_create(&hotplug, domain, NULL))
		return 1;
	/* Until here a thread follows the system's CPUs. */
	cpuslab_hotplug_destroy(hotplug);
	printf("%s\n", queues ? "a queue for each CPU" : "no queue");
	cpuslab_client_fini(&client); /* calls remove for each CPU */
	printf("%d queues\n", queues);
	cpuslab_domain_destroy(domain);
	return 0;
}
