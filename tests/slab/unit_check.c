/* SPDX-License-Identifier: MIT */
/*
 * cpuslab_domain_check() and cpuslab_slab_check(), on which all other tests
 * rely: each invariant is broken once, and is named.
 */
#include "fixture/fixture.h"

#include "core/domain_internal.h"
#include "core/slab_internal.h"

#define CHECK_CPU 1u /* online, with blocks */

static struct fixture *checked;
static struct cpuslab_client check_client;
static struct cpuslab_percpu check_object;

struct check_break {
	const char *said;
	void (*toggle)(void); /* break it; call it again to repair it */
};

static void check_toggle_bit(struct cpuslab__cpubits *bits, uint32_t cpu)
{
	if (cpuslab__cpubits_has(bits, cpu))
		cpuslab__cpubits_clear(bits, cpu);
	else
		cpuslab__cpubits_set(bits, cpu);
}

static void check_swap(void *a, void *b)
{
	void *kept;

	memcpy(&kept, a, sizeof(kept));
	memcpy(a, b, sizeof(kept));
	memcpy(b, &kept, sizeof(kept));
}

/* ---- of a domain --------------------------------------------------------- */

static void check_mask_bit(void)
{
	check_toggle_bit(&checked->domain->set->bits, CHECK_CPU);
}

static void check_mask_count(void)
{
	checked->domain->set->count ^= 1;
}

static void check_preparing(void)
{
	checked->domain->preparing ^= 8;
}

static void check_spares(void)
{
	static uint32_t other;
	uint32_t count = checked->domain->spare_count;

	checked->domain->spare_count = other;
	other = count;
}

static void check_client_domain(void)
{
	static struct cpuslab_domain *other;

	check_swap(&check_client.domain, &other);
}

static void check_client_prev(void)
{
	static struct cpuslab_client *other;

	check_swap(&check_client.prev, &other);
}

static void check_client_order(void)
{
	check_client.order = -check_client.order;
}

static void check_client_last(void)
{
	static struct cpuslab_client *other;

	check_swap(&checked->domain->last, &other);
}

static const struct check_break check_domain_breaks[] = {
	{ "a bit does not match the state", check_mask_bit },
	{ "count does not match the bits", check_mask_count },
	{ "preparing does not match the states", check_preparing },
	{ "add_complete could fail", check_spares },
	{ "check of last failed: it is badly linked", check_client_domain },
	{ "check of last failed: it is badly linked", check_client_prev },
	{ "check of last failed: it is out of order", check_client_order },
	{ "last is not the last client", check_client_last },
};

/* ---- of a slab ----------------------------------------------------------- */

static void check_live_byte(void)
{
	checked->slab->live[CHECK_CPU] ^= 1;
}

static void check_member(void)
{
	check_toggle_bit(&checked->slab->summary->members, CHECK_CPU);
}

static void check_in_use(void)
{
	check_toggle_bit(&checked->slab->in_use, CHECK_CPU);
}

static void check_addends(void)
{
	checked->slab->summary->addends.count ^= 1;
}

static void check_used(void)
{
	cpuslab__record(checked->slab, check_object.slot)->state ^=
		RECORD_FREE ^ RECORD_LIVE;
}

static void check_objects(void)
{
	checked->slab->objects ^= 1;
}

static const struct check_break check_slab_breaks[] = {
	{ "a live byte does not match the state", check_live_byte },
	{ "the summary does not match the state", check_member },
	{ "in_use does not match the state", check_in_use },
	{ "the summary's list and set do not match", check_addends },
	{ "used and free bytes do not add up", check_used },
	{ "the number of objects is wrong", check_objects },
};

/* ---- tests --------------------------------------------------------------- */

static void each_invariant_of_a_domain_is_checked(void **state)
{
	static const struct cpuslab_client_ops none;
	size_t i;

	checked = *state;
	check_client = (struct cpuslab_client){ .ops = &none,
						.name = "last",
						.order = 1000 };
	assert_int_equal(cpuslab_client_init(&check_client, checked->domain),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_start(checked->domain, 9),
			 CPUSLAB_OK);
	for (i = 0;
	     i < sizeof(check_domain_breaks) / sizeof(check_domain_breaks[0]);
	     i++) {
		sim_log_clear();
		check_domain_breaks[i].toggle();
		assert_int_equal(cpuslab_domain_check(checked->domain),
				 -CPUSLAB_EINVAL);
		assert_non_null(sim_log_find(check_domain_breaks[i].said));
		check_domain_breaks[i].toggle();
		assert_int_equal(cpuslab_domain_check(checked->domain),
				 CPUSLAB_OK);
	}
	assert_int_equal(cpuslab_domain_add_failure(checked->domain, 9),
			 CPUSLAB_OK);
	cpuslab_client_fini(&check_client);
}

static void each_invariant_of_a_slab_is_checked(void **state)
{
	size_t i;

	checked = *state;
	check_object = fixture_alloc(checked, &fixture_counter);
	for (i = 0;
	     i < sizeof(check_slab_breaks) / sizeof(check_slab_breaks[0]);
	     i++) {
		sim_log_clear();
		check_slab_breaks[i].toggle();
		assert_int_equal(cpuslab_slab_check(checked->slab),
				 -CPUSLAB_EINVAL);
		assert_non_null(sim_log_find(check_slab_breaks[i].said));
		check_slab_breaks[i].toggle();
		assert_int_equal(cpuslab_slab_check(checked->slab), CPUSLAB_OK);
	}
	fixture_free(checked, &check_object);
}

/* ---- while a CPU is removed ---------------------------------------------- */

static bool check_removing;
static const char *check_failed;

static void check_remove(void *arg)
{
	uint32_t i;

	(void)arg;
	for (i = 0; i < 100 && !check_failed; i++)
		if (cpuslab_domain_remove(checked->domain, CHECK_CPU) ||
		    cpuslab_domain_add_complete(checked->domain, CHECK_CPU))
			check_failed = "a CPU does not leave and return";
	check_removing = false;
}

static void check_look(void *arg)
{
	(void)arg;
	while (check_removing && !check_failed)
		if (cpuslab_slab_check(checked->slab) ||
		    cpuslab_domain_check(checked->domain))
			check_failed = "a check finds something";
}

/* Also between the clearing of its live byte and its fence. */
static void a_removal_in_progress_is_valid(void **state)
{
	const struct sim_task tasks[] = {
		{ check_remove, NULL, 0 },
		{ check_look, NULL, 2 },
	};

	checked = *state;
	check_object = fixture_alloc(checked, &fixture_counter);
	check_failed = NULL;
	check_removing = true;
	sim_run(tasks, 2);
	if (check_failed)
		fail_msg("%s", check_failed);
	fixture_free(checked, &check_object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_RSEQ(each_invariant_of_a_domain_is_checked),
		FIXTURE_RSEQ(each_invariant_of_a_slab_is_checked),
		FIXTURE_RSEQ(a_removal_in_progress_is_valid),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
