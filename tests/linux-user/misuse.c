/* SPDX-License-Identifier: MIT */
/*
 * misuse.c - a release build after a bug of the caller: a call that must not be
 * made inside a callback is reported and has no effect.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/port.h>
#include <cpuslab/workers_thread.h>

#include "torture/torture.h"

#define MISUSE_ABSENT 5u /* a CPU that does not exist */

#ifndef CPUSLAB_DEBUG

static struct cpuslab_domain *domain;
static struct cpuslab_slab *slab;
static struct cpuslab_counter counter;
static struct cpuslab_steering steering;
static struct cpuslab_mailbox mailbox;
static struct cpuslab_workers workers;
static struct cpuslab_cache cache;
static uint32_t started; /* of CPUs, by the bystander; W domain */

static int bystander_start(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	started++;
	return CPUSLAB_OK;
}

static void bystander_remove(struct cpuslab_client *client, uint32_t cpu)
{
	(void)client;
	(void)cpu;
	started--;
}

static const struct cpuslab_client_ops bystander_ops = {
	.start = bystander_start,
	.remove = bystander_remove,
};

static struct cpuslab_client bystander = {
	.ops = &bystander_ops,
	.name = "bystander",
};

static void misuse_by_client(struct cpuslab_client *client, uint32_t cpu)
{
	(void)cpu;
	cpuslab_slab_destroy(slab);
	cpuslab_steering_detach(&steering);
	cpuslab_steering_fini(&steering);
	cpuslab_mailbox_fini(&mailbox);
	cpuslab_workers_fini(&workers);
	cpuslab_cache_fini(&cache);
	cpuslab_client_fini(&bystander);
	cpuslab_client_fini(client);
	cpuslab_domain_destroy(domain);
}

static const struct cpuslab_client_ops misuse_ops = {
	.complete = misuse_by_client,
	.remove = misuse_by_client,
};

static struct cpuslab_client misuse_client = {
	.ops = &misuse_ops,
	.name = "misuser",
};

/* Make the calls; copy what they log to @said. */
static void misuse_provoke(char *said, size_t size)
{
	int words = memfd_create("words", MFD_CLOEXEC);
	int before = dup(STDERR_FILENO);
	ssize_t length;

	TORTURE_CHECK(words >= 0 && before >= 0);
	dup2(words, STDERR_FILENO);
	TORTURE_OK(cpuslab_domain_add_complete(domain, MISUSE_ABSENT));
	TORTURE_OK(cpuslab_domain_remove(domain, MISUSE_ABSENT));
	dup2(before, STDERR_FILENO);
	close(before);
	length = pread(words, said, size - 1, 0);
	close(words);
	TORTURE_CHECK(length >= 0);
	said[length] = '\0';
}

static void misuse_handle(void *arg, uint32_t cpu,
			  const struct cpuslab_message *message)
{
	(void)arg;
	(void)cpu;
	(void)message;
}

static void *misuse_cache_alloc(void *arg)
{
	return arg;
}

static void misuse_cache_free(void *arg, void *object)
{
	TORTURE_CHECK(object == arg);
}

/* One client of each kind. */
static void misuse_begin_clients(void)
{
	const struct cpuslab_steering_config buckets = {
		.buckets = 16,
		.targets = 8,
	};
	const struct cpuslab_workers_config work = {
		.ops = &cpuslab_thread_ops,
		.handle = misuse_handle,
		.capacity = 4,
	};
	const struct cpuslab_cache_config objects = {
		.alloc = misuse_cache_alloc,
		.free = misuse_cache_free,
		.arg = &cache,
	};

	TORTURE_OK(cpuslab_steering_init(&steering, &buckets));
	TORTURE_OK(cpuslab_steering_attach(&steering, domain));
	TORTURE_OK(cpuslab_mailbox_init(&mailbox, domain, 4));
	TORTURE_OK(cpuslab_workers_init(&workers, domain, &work));
	TORTURE_OK(cpuslab_cache_init(&cache, slab, &objects));
	TORTURE_OK(cpuslab_client_init(&bystander, domain));
}

/* They are still registered; now they are destroyed correctly. */
static void misuse_end_clients(void)
{
	const struct cpuslab_message message = { { 1, 2, 3 } };

	TORTURE_OK(cpuslab_domain_add_complete(domain, MISUSE_ABSENT - 1));
	TORTURE_CHECK(started == 1);
	TORTURE_OK(cpuslab_mailbox_send(&mailbox, MISUSE_ABSENT - 1, &message));
	TORTURE_OK(cpuslab_workers_send(&workers, MISUSE_ABSENT - 1, &message));
	cpuslab_read_enter();
	TORTURE_CHECK(cpuslab_steering_lookup(&steering, 7, NULL) ==
		      MISUSE_ABSENT - 1);
	cpuslab_read_exit();
	TORTURE_OK(cpuslab_steering_check(&steering));
	TORTURE_CHECK(cpuslab_cache_alloc(&cache) == &cache);
	cpuslab_cache_free(&cache, &cache);
	cpuslab_cache_fini(&cache);
	cpuslab_client_fini(&bystander);
	TORTURE_CHECK(started == 0);
	cpuslab_workers_fini(&workers);
	cpuslab_mailbox_fini(&mailbox);
	cpuslab_steering_fini(&steering);
}

static void misuse_begin(void)
{
	struct cpuslab_domain_config config = {
		.flags = CPUSLAB_DOMAIN_START_EMPTY,
	};
	struct cpuslab_slab_config named = { .name = "victim" };

	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, &named));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	misuse_begin_clients();
	TORTURE_OK(cpuslab_client_init(&misuse_client, domain));
	cpuslab_counter_add(&counter, 7);
}

static void misuse_end(void)
{
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_OK(cpuslab_domain_check(domain));
	cpuslab_client_fini(&misuse_client);
	misuse_end_clients();
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

static void test_destroying_from_inside_a_callback(void)
{
	char said[4096];

	misuse_begin();
	misuse_provoke(said, sizeof(said));
	TORTURE_CHECK(strstr(said, "victim: not removed"));
	TORTURE_CHECK(strstr(said, "misuser: not removed"));
	TORTURE_CHECK(strstr(said, "bystander: not removed"));
	TORTURE_CHECK(strstr(said, "cpuslab_steering: not removed"));
	TORTURE_CHECK(strstr(said, "cpuslab_mailbox: not removed"));
	TORTURE_CHECK(strstr(said, "cpuslab_workers: not removed"));
	TORTURE_CHECK(strstr(said, "cpuslab_cache: not removed"));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	cpuslab_counter_add(&counter, 2);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 9);
	misuse_end();
}

static struct cpuslab_hotplug *hotplug;

/* In the caller of resync, then in the hotplug's own thread. */
static void misuse_repair(struct cpuslab_client *client, uint32_t cpu)
{
	const struct cpuslab_hotplug_config config = { .rescan_ms = 10 };
	struct cpuslab_hotplug *other;

	(void)client;
	(void)cpu;
	if (!hotplug)
		return;
	TORTURE_IS(cpuslab_hotplug_create(&other, domain, &config),
		   -CPUSLAB_EBUSY);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_fetch_add_u32(&started, 1);
}

static void test_destroying_a_hotplug_from_inside_a_callback(void)
{
	static const struct cpuslab_client_ops ops = {
		.repair = misuse_repair,
	};
	const struct cpuslab_domain_config config = {
		.flags = CPUSLAB_HOTPLUG_DOMAIN_FLAGS,
	};
	struct cpuslab_client client = { .ops = &ops, .name = "repairs" };
	uint32_t tries = 1000;

	started = 0;
	TORTURE_OK(cpuslab_domain_create(&domain, &config));
	TORTURE_OK(cpuslab_client_init(&client, domain));
	TORTURE_OK(cpuslab_hotplug_create(&hotplug, domain, NULL));
	TORTURE_OK(cpuslab_domain_resync(domain));
	TORTURE_CHECK(started > 0);
	started = 0;
	cpuslab_hotplug_poke(hotplug);
	while (!cpuslab_load_acquire_u32(&started) && tries--)
		usleep(10000);
	TORTURE_CHECK(tries > 0);
	cpuslab_hotplug_destroy(hotplug);
	cpuslab_client_fini(&client);
	cpuslab_domain_destroy(domain);
}

static int misuse_ctor(void *object, uint32_t cpu, void *arg)
{
	(void)object;
	(void)cpu;
	(void)arg;
	cpuslab_slab_destroy(slab);
	if (domain)
		cpuslab_domain_destroy(domain);
	return CPUSLAB_OK;
}

/* Nothing is destroyed, and no call waits for the mutex that its caller has. */
static void test_destroying_from_inside_a_constructor(void)
{
	static const struct cpuslab_type type = {
		.name = "destroys",
		.size = 8,
		.ctor = misuse_ctor,
		.flags = CPUSLAB_TYPE_DISCARD,
	};
	struct cpuslab_percpu handle;

	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	cpuslab_counter_add(&counter, 7);
	TORTURE_OK(cpuslab_free(slab, &handle));
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_OK(cpuslab_domain_check(domain));
	cpuslab_counter_fini(&counter);
	cpuslab_domain_destroy(domain);
	domain = NULL;
	TORTURE_OK(cpuslab_alloc(slab, &type, &handle));
	TORTURE_OK(cpuslab_slab_check(slab));
	TORTURE_OK(cpuslab_free(slab, &handle));
	cpuslab_slab_destroy(slab);
}

/* In atomic mode the library finds the word, and a section does not test it. */
static void test_an_offset_of_no_word(void)
{
	uint64_t old;

	if (!cpuslab_port_uses_atomics())
		return;
	TORTURE_OK(cpuslab_domain_create(&domain, NULL));
	TORTURE_OK(cpuslab_slab_create(&slab, domain, NULL));
	TORTURE_OK(cpuslab_counter_init(&counter, slab));
	cpuslab_counter_add(&counter, 7);
	TORTURE_IS(cpuslab_add(&counter.handle, 4, 1), -CPUSLAB_EINVAL);
	TORTURE_IS(cpuslab_add_below(&counter.handle, 4, 9, 1),
		   -CPUSLAB_EINVAL);
	TORTURE_IS(cpuslab_cmpstore(&counter.handle, 4, 0, 1), -CPUSLAB_EINVAL);
	TORTURE_IS(cpuslab_load(&counter.handle, 4, &old), -CPUSLAB_EINVAL);
	TORTURE_CHECK(cpuslab_counter_sum(&counter) == 7);
	cpuslab_counter_fini(&counter);
	cpuslab_slab_destroy(slab);
	cpuslab_domain_destroy(domain);
}

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Release builds after a bug of the caller.");
	torture_fake_limit(8);
	test_destroying_from_inside_a_callback();
	test_destroying_from_inside_a_constructor();
	test_an_offset_of_no_word();
	test_destroying_a_hotplug_from_inside_a_callback();
	return torture_end();
}

#else

int main(int argc, char **argv)
{
	torture_begin(argc, argv, "Release builds after a bug of the caller.");
	torture_skip("this build asserts instead");
}

#endif
