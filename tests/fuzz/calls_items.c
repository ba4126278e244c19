/* SPDX-License-Identifier: MIT */
/*
 * calls_items.c - structures that hold objects, messages or buckets.
 */
#include "calls.h"

/* ---- stack --------------------------------------------------------------- */

#define STACK_NODES 12u

static struct cpuslab_stack stack;
static struct stack_node {
	struct cpuslab_node node; /* first */
	bool pushed, found;
} stack_nodes[STACK_NODES];

static int stack_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	memset(stack_nodes, 0, sizeof(stack_nodes));
	return cpuslab_stack_init(&stack, slab);
}

static void stack_fini(void)
{
	cpuslab_stack_fini(&stack);
}

static void stack_push(void)
{
	uint32_t i;

	for (i = 0; i < STACK_NODES && stack_nodes[i].pushed;)
		i++;
	if (i == STACK_NODES)
		return;
	stack_nodes[i].pushed = true;
	fuzz_expect(!cpuslab_stack_push(&stack, &stack_nodes[i].node));
}

static void stack_popped(struct cpuslab_node *node)
{
	struct stack_node *of = (struct stack_node *)(void *)node;

	fuzz_expect(of->pushed);
	of->pushed = false;
}

static void stack_pop_all(void)
{
	struct cpuslab_node *node, *next;

	(void)!cpuslab_stack_pop_all(&stack, &node);
	for (; node; node = next) {
		next = node->next;
		stack_popped(node);
	}
}

static void stack_step(struct fuzz_input *in)
{
	struct cpuslab_node *node;
	uint32_t what = fuzz_below(in, 8);

	if (what == 0)
		stack_pop_all();
	else if (what < 5)
		stack_push();
	else if (!cpuslab_stack_pop(&stack, &node))
		stack_popped(node);
}

/* Every node that was pushed is in one copy, once, and no other. */
static void stack_check(void)
{
	const struct cpuslab_stack_cpu *copy;
	struct stack_node *of;
	uint32_t cpu, i;

	for (i = 0; i < STACK_NODES; i++)
		stack_nodes[i].found = false;
	cpuslab_read_enter();
	cpuslab_for_each_copy(&stack.handle, cpu, copy) {
		of = (struct stack_node *)(uintptr_t)copy->top.first;
		for (; of; of = (struct stack_node *)(void *)of->node.next) {
			fuzz_expect(of->pushed && !of->found);
			of->found = true;
		}
	}
	cpuslab_read_exit();
	for (i = 0; i < STACK_NODES; i++)
		fuzz_expect(stack_nodes[i].found == stack_nodes[i].pushed);
}

const struct calls_part calls_stack = { stack_init, stack_fini, stack_step,
					NULL, stack_check };

/* ---- cache --------------------------------------------------------------- */

#define CACHE_OBJECTS 64u

static struct cpuslab_cache cache;
static struct cache_object {
	bool allocated; /* by the cache */
	bool used;      /* by the caller */
} cache_objects[CACHE_OBJECTS];

static void *cache_back_alloc(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < CACHE_OBJECTS; i++) {
		if (cache_objects[i].allocated)
			continue;
		cache_objects[i].allocated = true;
		return &cache_objects[i];
	}
	return NULL;
}

static void cache_back_free(void *arg, void *object)
{
	struct cache_object *of = object;

	(void)arg;
	fuzz_expect(of->allocated && !of->used);
	of->allocated = false;
}

static int cache_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	const struct cpuslab_cache_config config = {
		.alloc = cache_back_alloc,
		.free = cache_back_free,
		.rounds = fuzz_below(in, 4) + 1,
		.magazines = fuzz_below(in, 8) + 1,
	};

	memset(cache_objects, 0, sizeof(cache_objects));
	return cpuslab_cache_init(&cache, slab, &config);
}

static void cache_fini(void)
{
	uint32_t i;

	for (i = 0; i < CACHE_OBJECTS; i++) {
		if (!cache_objects[i].used)
			continue;
		cache_objects[i].used = false;
		cpuslab_cache_free(&cache, &cache_objects[i]);
	}
	cpuslab_cache_fini(&cache);
	for (i = 0; i < CACHE_OBJECTS; i++)
		fuzz_expect(!cache_objects[i].allocated);
}

static void cache_step(struct fuzz_input *in)
{
	uint32_t i = fuzz_byte(in);
	struct cache_object *of = &cache_objects[i % CACHE_OBJECTS];

	if (of->used) {
		of->used = false;
		cpuslab_cache_free(&cache, of);
		return;
	}
	of = cpuslab_cache_alloc(&cache);
	if (!of)
		return;
	fuzz_expect(of->allocated && !of->used);
	of->used = true;
}

static void cache_slow(struct fuzz_input *in)
{
	(void)in;
	(void)cpuslab_cache_drain(&cache);
}

static void cache_check(void)
{
	uint32_t i;

	for (i = 0; i < CACHE_OBJECTS; i++)
		fuzz_expect(!cache_objects[i].used ||
			    cache_objects[i].allocated);
}

const struct calls_part calls_cache = { cache_init, cache_fini, cache_step,
					cache_slow, cache_check };

/* ---- mailbox ------------------------------------------------------------- */

#define MAILBOX_CAPACITY 4u
#define MAILBOX_NUMBERS 256u

static struct cpuslab_mailbox mailbox;
/* By number: 1 + the CPU in whose box the message is, or 0. */
static uint32_t mailbox_sent[MAILBOX_NUMBERS];
static uint32_t mailbox_next, mailbox_held[CALLS_LIMIT];

static int mailbox_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	memset(mailbox_sent, 0, sizeof(mailbox_sent));
	memset(mailbox_held, 0, sizeof(mailbox_held));
	return cpuslab_mailbox_init(&mailbox, cpuslab_slab_domain(slab),
				    MAILBOX_CAPACITY);
}

static void mailbox_fini(void)
{
	cpuslab_mailbox_fini(&mailbox);
}

static void mailbox_send(uint32_t cpu)
{
	struct cpuslab_message message = { { mailbox_next++ % MAILBOX_NUMBERS,
					     1, 2 } };
	uint64_t number = message.word[0];
	int wanted = !calls_is_online(cpu)                 ? -CPUSLAB_ENOENT :
		     mailbox_held[cpu] == MAILBOX_CAPACITY ? CPUSLAB_FULL :
							     CPUSLAB_OK;
	int result;

	if (mailbox_sent[number])
		return;
	mailbox_sent[number] = cpu + 1;
	result = cpuslab_mailbox_send(&mailbox, cpu, &message);
	if (calls_alone)
		fuzz_expect(result == wanted);
	if (result)
		mailbox_sent[number] = 0;
	else
		mailbox_held[cpu]++;
}

static void mailbox_receive(uint32_t cpu)
{
	struct cpuslab_message message;
	int result = cpuslab_mailbox_receive(&mailbox, cpu, &message);

	if (calls_alone)
		fuzz_expect(cpu >= CALLS_LIMIT || !mailbox_held[cpu] ? result :
								       !result);
	if (result)
		return;
	fuzz_expect(mailbox_sent[message.word[0]] == cpu + 1);
	fuzz_expect(message.word[1] == 1 && message.word[2] == 2);
	mailbox_sent[message.word[0]] = 0;
	mailbox_held[cpu]--;
}

static void mailbox_step(struct fuzz_input *in)
{
	uint32_t cpu = fuzz_below(in, CALLS_LIMIT + 1);

	if (fuzz_byte(in) % 4) /* so that a box can be full */
		mailbox_send(cpu);
	else
		mailbox_receive(cpu);
}

static void mailbox_check(void)
{
	uint32_t cpu, undelivered = 0;

	for (cpu = 0; cpu < CALLS_LIMIT; cpu++) {
		bool online = calls_is_online(cpu);

		fuzz_expect(cpuslab_mailbox_is_open(&mailbox, cpu) == online);
		undelivered += !online && mailbox_held[cpu];
	}
	for (cpu = cpuslab_mailbox_next_undelivered(&mailbox, 0);
	     cpu != CPUSLAB_NO_CPU;
	     cpu = cpuslab_mailbox_next_undelivered(&mailbox, cpu + 1))
		undelivered--;
	fuzz_expect(!undelivered);
}

const struct calls_part calls_mailbox = { mailbox_init, mailbox_fini,
					  mailbox_step, NULL, mailbox_check };

/* ---- steering ------------------------------------------------------------ */

#define STEERING_TARGETS 6u
#define STEERING_BUCKETS 32u

static struct cpuslab_steering steering;
static uint32_t steering_weights[STEERING_TARGETS];

static int steering_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	const struct cpuslab_steering_config config = {
		.buckets = STEERING_BUCKETS,
		.targets = STEERING_TARGETS,
	};

	(void)slab;
	(void)in;
	memset(steering_weights, 0, sizeof(steering_weights));
	return cpuslab_steering_init(&steering, &config);
}

static void steering_fini(void)
{
	cpuslab_steering_fini(&steering);
}

/* A target has a weight, unless none has; a set may not be published yet. */
static void steering_step(struct fuzz_input *in)
{
	uint32_t target;

	cpuslab_read_enter();
	target = cpuslab_steering_lookup(&steering, fuzz_byte(in), NULL);
	cpuslab_read_exit();
	fuzz_expect(target < STEERING_TARGETS || target == CPUSLAB_NO_CPU);
}

static void steering_slow(struct fuzz_input *in)
{
	uint32_t target = fuzz_below(in, STEERING_TARGETS);

	steering_weights[target] = fuzz_below(in, 12);
	fuzz_expect(!cpuslab_steering_set(&steering, target,
					  steering_weights[target]));
}

/* No bucket is better moved from @a to @b, by Webster's method. */
static bool steering_is_fair(const uint32_t *have, uint32_t a, uint32_t b)
{
	return !have[a] || !steering_weights[b] ||
	       (2 * have[a] - 1) * steering_weights[b] <=
		       (2 * have[b] + 1) * steering_weights[a];
}

static void steering_check(void)
{
	uint32_t have[STEERING_TARGETS] = { 0 }, i, j, target;

	fuzz_expect(!cpuslab_steering_check(&steering));
	if (steering.behind)
		return;
	cpuslab_read_enter();
	for (i = 0; i < STEERING_BUCKETS; i++) {
		target = cpuslab_steering_lookup(&steering, i, NULL);
		if (target < STEERING_TARGETS)
			have[target]++;
	}
	cpuslab_read_exit();
	for (i = 0; i < STEERING_TARGETS; i++)
		for (j = 0; j < STEERING_TARGETS; j++)
			fuzz_expect(steering_is_fair(have, i, j));
}

const struct calls_part calls_steering = { steering_init, steering_fini,
					   steering_step, steering_slow,
					   steering_check };
