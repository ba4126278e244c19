// SPDX-License-Identifier: MIT
/*
 * misuse.c - what a driver can do wrong: an error that says so, and nothing
 * else.
 */
#include <linux/cpumask.h>

#include "test.h"

#define EXPECT(expression, result)                                             \
	do {                                                                   \
		long is_ = (expression);                                       \
                                                                               \
		if (is_ != (result))                                           \
			return test_wrong("%s is %ld, not %ld", #expression,   \
					  is_, (long)(result));                \
	} while (0)

static int misuse_numbers(void)
{
	const u32 beyond = nr_cpu_ids;
	u64 ignored = cpuslab_domain_ignored(test_hp.domain);

	EXPECT(cpuslab_domain_add_start(test_hp.domain, beyond), -ERANGE);
	EXPECT(cpuslab_domain_add_complete(test_hp.domain, ~0u), -ERANGE);
	EXPECT(cpuslab_domain_add_failure(test_hp.domain, beyond), -ERANGE);
	EXPECT(cpuslab_domain_remove(test_hp.domain, 1u << 31), -ERANGE);
	EXPECT(cpuslab_domain_ignored(test_hp.domain) - ignored, 4);
	return 0;
}

static int misuse_refs(void)
{
	static const struct cpuslab_type nothing = { .name = "nothing" };
	static const struct cpuslab_type crooked = { .name = "crooked",
						     .size = 8,
						     .align = 8192 };
	struct cpuslab_ref ref = {};
	struct cpuslab_counter counter;

	EXPECT(cpuslab_add(&ref, 0, 1), -EINVAL);
	EXPECT(cpuslab_cmpstore(&ref, 0, 0, 1), -EINVAL);
	EXPECT(cpuslab_add_if(&ref, 0, 0, 1), -EINVAL);
	EXPECT(!!cpuslab_pin(&ref), 0);
	EXPECT(cpuslab_free(test_slab, &ref), -EINVAL);
	EXPECT(cpuslab_alloc(test_slab, &nothing, &ref), -EINVAL);
	EXPECT(cpuslab_alloc(test_slab, &crooked, &ref), -EINVAL);
	EXPECT(cpuslab_counter_init(&counter, test_slab), 0);
	EXPECT(cpuslab_free(test_slab, &counter.ref), 0);
	EXPECT(cpuslab_free(test_slab, &counter.ref), -ESTALE);
	return 0;
}

/* After the end, and twice. */
static int misuse_life(void)
{
	struct cpuslab_cpuhp hp = {};
	struct cpuslab_slab *slab = NULL;

	EXPECT(cpuslab_cpuhp_init(NULL, "nobody"), -EINVAL);
	EXPECT(cpuslab_cpuhp_init(&hp, NULL), -EINVAL);
	EXPECT(cpuslab_cpuhp_init(&test_hp, "twice"), -EBUSY);
	EXPECT(cpuslab_cpuhp_init(&hp, "short"), 0);
	cpuslab_cpuhp_fini(&hp);
	EXPECT(cpuslab_slab_create(&slab, hp.domain, NULL), -EINVAL);
	cpuslab_cpuhp_fini(&hp);
	EXPECT(cpuslab_cpuhp_init(&hp, "again"), 0);
	cpuslab_cpuhp_fini(&hp);
	return 0;
}

/* Each allocation of a life refused once, then all of them. */
static int misuse_memory(void)
{
	struct cpuslab_cpuhp hp = {};
	struct cpuslab_slab *slab = NULL;
	struct cpuslab_counter counter;
	long nth;
	int err;

	for (nth = 1;; nth++) {
		long asked = inject_asked();

		inject_fail_at(nth);
		err = cpuslab_cpuhp_init(&hp, "poor");
		if (!err)
			err = cpuslab_slab_create(&slab, hp.domain, NULL);
		if (!err)
			err = cpuslab_counter_init(&counter, slab);
		if (!err)
			cpuslab_counter_fini(&counter);
		inject_fail_at(0);
		cpuslab_slab_destroy(slab);
		slab = NULL;
		cpuslab_cpuhp_fini(&hp);
		if (inject_asked() - asked < nth)
			break;
		/* What only makes room for later may do without. */
		if (err && err != -ENOMEM)
			return test_wrong("allocation %ld: %d", nth, err);
	}
	pr_info("cpuslab_test: %ld allocations were refused\n", nth - 1);
	if (nth < 5)
		return test_wrong("hardly anything was allocated");
	inject_fail_all(true);
	err = cpuslab_cpuhp_init(&hp, "poorest");
	inject_fail_all(false);
	return err == -ENOMEM ? 0 : test_wrong("without memory: %d", err);
}

int misuse_check(void)
{
	int err = misuse_numbers();

	if (!err)
		err = misuse_refs();
	if (!err)
		err = misuse_life();
	if (!err)
		err = misuse_memory();
	return err;
}
