// SPDX-License-Identifier: MIT
/*
 * cost.c - instructions of the operations, compared with the kernel's own.
 *
 * Under QEMU's "-icount shift=0" a nanosecond of the guest is an instruction.
 * With interrupts disabled no other code executes.
 */
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/slab.h>

#include <cpuslab/cache.h>
#include <cpuslab/ring.h>
#include <cpuslab/section.h>
#include <cpuslab/words.h>

#include "test.h"

#define COST_LOOPS 20000

static DEFINE_CPUSLAB(u64, cost_static);
static struct cpuslab_counter cost_counter;
static u64 __percpu *cost_percpu;
static int cost_result; /* of an operation that must not be ignored */

/* What a driver would write; tests/vm/hotpath.py reads the disassembly. */
#define COST_LOOK(name, ...)                                                   \
	noinline int hot_##name(__VA_ARGS__);                                  \
	noinline int hot_##name(__VA_ARGS__)

COST_LOOK(add, const struct cpuslab_percpu *handle)
{
	return cpuslab_add(handle, 0, 1);
}

COST_LOOK(pinned_add, const struct cpuslab_percpu *handle)
{
	return __cpuslab_add(handle, 0, 1);
}

COST_LOOK(static_add, void)
{
	return cpuslab_static_add(cost_static, 1);
}

COST_LOOK(static_pinned_add, void)
{
	return __cpuslab_static_add(cost_static, 1);
}

COST_LOOK(cmpstore, const struct cpuslab_percpu *handle)
{
	return cpuslab_cmpstore(handle, 0, 1, 2);
}

COST_LOOK(load_add, const struct cpuslab_percpu *handle)
{
	uint64_t old = 0;

	return cpuslab_load_add(handle, 0, 1, &old) + (int)old;
}

COST_LOOK(pinned_load, const struct cpuslab_percpu *handle)
{
	uint64_t word = 0;

	return __cpuslab_load(handle, 0, &word) + (int)word;
}

COST_LOOK(max, const struct cpuslab_percpu *handle)
{
	return cpuslab_max(handle, 0, 9);
}

COST_LOOK(cmp2store, const struct cpuslab_percpu *handle)
{
	return cpuslab_cmp2store(handle, 0, 1, 8, 2, 3);
}

COST_LOOK(add_if, const struct cpuslab_percpu *handle)
{
	return cpuslab_add_if(handle, 0, 1, 1);
}

COST_LOOK(add_below, const struct cpuslab_percpu *handle)
{
	return cpuslab_add_below(handle, 0, 9, 1);
}

COST_LOOK(push, struct cpuslab_stack *stack, struct cpuslab_node *node)
{
	return cpuslab_stack_push(stack, node);
}

COST_LOOK(pop, struct cpuslab_stack *stack, struct cpuslab_node **node)
{
	return cpuslab_stack_pop(stack, node);
}

COST_LOOK(append, struct cpuslab_log *log, const void *data)
{
	return cpuslab_log_append(log, data, 8);
}

COST_LOOK(ring_append, struct cpuslab_ring *ring, const void *data)
{
	return cpuslab_ring_append(ring, data, 64);
}

COST_LOOK(take, struct cpuslab_cache *cache)
{
	void *object;

	return cpuslab_port_magazine_pop(&cache->stack.handle, 0, &object);
}

COST_LOOK(give, struct cpuslab_cache *cache, void *object)
{
	return cpuslab_port_magazine_push(&cache->stack.handle, 0, object,
					  cache->rounds);
}

COST_LOOK(pin, const struct cpuslab_percpu *handle)
{
	u64 *mine = cpuslab_pin(handle);

	if (!mine)
		return -ENOENT;
	(*mine)++;
	cpuslab_unpin();
	return 0;
}

/*
 * Thousandths of an instruction in each loop. Each statement has a function of
 * its own, because a compiler takes code that leads to pr_info() for cold.
 */
#define COST_OF(name, statement)                                               \
	static noinline u64 cost_of_##name(void)                               \
	{                                                                      \
		unsigned long flags;                                           \
		u64 begin, ns;                                                 \
		int i;                                                         \
                                                                               \
		local_irq_save(flags);                                         \
		begin = ktime_get_ns();                                        \
		_Pragma("GCC unroll 1") for (i = 0; i < COST_LOOPS; i++)       \
		{                                                              \
			statement;                                             \
			barrier();                                             \
		}                                                              \
		ns = ktime_get_ns() - begin;                                   \
		local_irq_restore(flags);                                      \
		return ns * 1000 / COST_LOOPS;                                 \
	}

/* On x86-64, elsewhere (arm64 without CONFIG_PREEMPT). */
#define COST_MOST(x86, arm64) (IS_ENABLED(CONFIG_X86_64) ? (x86) : (arm64))

/* Log what one took, without those of the loop itself; is it @most or less? */
static int cost_limit(const char *what, u64 cost, u64 empty, u64 most)
{
	u64 net = cost > empty ? cost - empty : 0;

	pr_info("cpuslab_test: instructions: %s %llu.%03llu\n", what,
		net / 1000, net % 1000);
	if (net < most * 1000 + 500)
		return 0;
	return test_wrong("%s costs more than %llu instructions", what, most);
}

static void cost_say(const char *what, u64 cost, u64 empty)
{
	cost_limit(what, cost, empty, U32_MAX);
}

/* ---- the object cache, compared with its backing allocator --------------- */

static struct kmem_cache *cost_slub;
static struct cpuslab_cache cost_cache;

static void *cost_new(void *arg)
{
	return kmem_cache_alloc(cost_slub, GFP_ATOMIC);
}

static void cost_free(void *arg, void *object)
{
	kmem_cache_free(cost_slub, object);
}

COST_OF(slub, {
	void *object = kmem_cache_alloc(cost_slub, GFP_ATOMIC);

	kmem_cache_free(cost_slub, object);
})
COST_OF(cache, {
	void *object = cpuslab_cache_alloc(&cost_cache);

	cpuslab_cache_free(&cost_cache, object);
})

COST_OF(pinned_cache, {
	void *object = __cpuslab_cache_alloc(&cost_cache);

	__cpuslab_cache_free(&cost_cache, object);
})

static int cost_cache_measure(u64 empty)
{
	const struct cpuslab_cache_config config = {
		.alloc = cost_new,
		.free = cost_free,
	};
	int err;

	cost_slub = kmem_cache_create("cpuslab_cost", 64, 0, 0, NULL);
	if (!cost_slub)
		return -ENOMEM;
	err = cpuslab_cache_init(&cost_cache, test_slab, &config);
	if (!err) {
		cost_say("kmem_cache_alloc and free", cost_of_slub(), empty);
		cost_say("cpuslab_cache_alloc and free", cost_of_cache(),
			 empty);
		cost_say("__cpuslab_cache_alloc and free",
			 cost_of_pinned_cache(), empty);
		cpuslab_cache_fini(&cost_cache);
	}
	kmem_cache_destroy(cost_slub);
	return err;
}

/* ---- a record of 64 bytes; bpf_rings has what it is compared with -------- */

static struct cpuslab_ring cost_ring;
static u64 cost_record[8];

COST_OF(ring, cost_result |=
	      cpuslab_ring_append(&cost_ring, cost_record, sizeof(cost_record)))
COST_OF(pinned_ring,
	cost_result |=
	__cpuslab_ring_append(&cost_ring, cost_record, sizeof(cost_record)))

static int cost_ring_measure(u64 empty)
{
	int err = cpuslab_ring_init(&cost_ring, test_slab, 4 << 20, 0);

	if (err)
		return err;
	cost_result = 0;
	cost_say("cpuslab_ring_append of 64 bytes", cost_of_ring(), empty);
	cost_say("__cpuslab_ring_append of 64 bytes", cost_of_pinned_ring(),
		 empty);
	cpuslab_ring_fini(&cost_ring);
	return cost_result ? test_wrong("a record was lost") : 0;
}

/* ---- an object of 64 bytes, compared with alloc_percpu() ----------------- */

static const struct cpuslab_type cost_type = {
	.name = "cost",
	.size = 64,
	.flags = CPUSLAB_TYPE_DISCARD,
};

static void cost_alloc_nothing(void)
{
}

static void cost_alloc_percpu(void)
{
	void __percpu *object = __alloc_percpu(64, 8);

	free_percpu(object);
}

static void cost_alloc_slab(void)
{
	struct cpuslab_percpu object;

	if (!cpuslab_alloc(test_slab, &cost_type, &object))
		cpuslab_free(test_slab, &object);
}

/* The least of many, in thousandths, since some are interrupted. */
static u64 cost_least(void (*run)(void))
{
	u64 least = U64_MAX;
	int i;

	for (i = 0; i < 200; i++) {
		u64 begin = ktime_get_ns();

		run();
		least = min(least, ktime_get_ns() - begin);
	}
	return least * 1000;
}

static int cost_alloc_measure(void)
{
	u64 empty = cost_least(cost_alloc_nothing);

	pr_info("cpuslab_test: %u CPUs are possible, %u online\n",
		num_possible_cpus(), num_online_cpus());
	cost_say("alloc_percpu and free_percpu", cost_least(cost_alloc_percpu),
		 empty);
	return cost_limit("cpuslab_alloc and cpuslab_free",
			  cost_least(cost_alloc_slab), empty,
			  COST_MOST(1500, U32_MAX));
}

/* ---- all of them --------------------------------------------------------- */

COST_OF(nothing, )
COST_OF(this_cpu_add, this_cpu_add(*cost_percpu, 1))
COST_OF(get_cpu_ptr, {
	u64 *word = get_cpu_ptr(cost_percpu);

	(*word)++;
	put_cpu_ptr(cost_percpu);
})
COST_OF(counter_add, cpuslab_counter_add(&cost_counter, 1))
/* With interrupts disabled, as here, the caller cannot be preempted. */
COST_OF(pinned_add, __cpuslab_counter_add(&cost_counter, 1))
COST_OF(static_add, cpuslab_static_add(cost_static, 1))
COST_OF(static_pinned_add, __cpuslab_static_add(cost_static, 1))
COST_OF(cmpstore, cost_result = cpuslab_cmpstore(&cost_counter.handle, 0, 1, 1))
COST_OF(pin, {
	u64 *word = cpuslab_pin(&cost_counter.handle);

	if (word) {
		(*word)++;
		cpuslab_unpin();
	}
})

static int cost_run(void)
{
	int result = 0, err;
	u64 empty;

	cost_of_nothing(); /* first run: QEMU translates the code */
	empty = cost_of_nothing();
	cost_say("this_cpu_add", cost_of_this_cpu_add(), empty);
	cost_say("get_cpu_ptr", cost_of_get_cpu_ptr(), empty);
	result |= cost_limit("cpuslab_counter_add", cost_of_counter_add(),
			     empty, COST_MOST(7, 10));
	result |= cost_limit("__cpuslab_counter_add", cost_of_pinned_add(),
			     empty, COST_MOST(4, 10));
	result |= cost_limit("cpuslab_static_add", cost_of_static_add(), empty,
			     COST_MOST(5, 8));
	result |= cost_limit("__cpuslab_static_add",
			     cost_of_static_pinned_add(), empty,
			     COST_MOST(2, 8));
	cost_say("cpuslab_cmpstore", cost_of_cmpstore(), empty);
	cost_say("cpuslab_pin", cost_of_pin(), empty);
	result |= cost_alloc_measure();
	err = cost_cache_measure(empty);
	if (!err)
		err = cost_ring_measure(empty);
	return err ? err : result;
}

int cost_measure(void)
{
	int err = cpuslab_counter_init(&cost_counter, test_slab);

	if (err)
		return err;
	cost_percpu = alloc_percpu(u64);
	err = cost_percpu ? cost_run() : -ENOMEM;
	free_percpu(cost_percpu);
	cpuslab_counter_fini(&cost_counter);
	return err;
}
