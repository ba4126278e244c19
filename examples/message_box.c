/* SPDX-License-Identifier: MIT */
/*
 * message_box.c - free each object on the CPU that owns it, by a message to
 * that CPU's box. Messages to a CPU that went offline are found as well.
 */
#include <cpuslab/cpuslab.h>
#include <stdio.h>

static struct cpuslab_mailbox mailbox;

/* Receive what a CPU was sent; usually called by a thread on that CPU. */
static int receive(uint32_t cpu)
{
	struct cpuslab_message message;
	int count = 0;

	while (!cpuslab_mailbox_receive(&mailbox, cpu, &message))
		count += message.word[0] == cpu;
	return count;
}

int main(void)
{
	const struct cpuslab_cpumask *mask;
	struct cpuslab_domain *domain;
	uint32_t cpu, last = CPUSLAB_NO_CPU;
	int sent = 0, received = 0;

	if (cpuslab_domain_create(&domain, NULL) ||
	    cpuslab_mailbox_init(&mailbox, domain, 64))
		return 1;
	mask = cpuslab_cpumask_get(domain);
	for (cpu = cpuslab_cpumask_next(mask, 0); cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_cpumask_next(mask, cpu + 1)) {
		const struct cpuslab_message message = { { cpu } };

		sent += !cpuslab_mailbox_send(&mailbox, cpu, &message);
		last = cpu;
	}
	cpuslab_cpumask_put(mask);

	/* Its box is closed: a further send fails, and others receive. */
	if (cpuslab_domain_remove(domain, last))
		return 1;
	for (cpu = cpuslab_mailbox_next_undelivered(&mailbox, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_mailbox_next_undelivered(&mailbox, cpu + 1))
		received += receive(cpu);
	printf("undelivered: %d\n", received);
	for (cpu = 0; cpu < cpuslab_domain_limit(domain); cpu++)
		received += receive(cpu);
	printf("%s\n", received == sent ? "all received" : "some are missing");
	cpuslab_mailbox_fini(&mailbox);
	cpuslab_domain_destroy(domain);
	return 0;
}
