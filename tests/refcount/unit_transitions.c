/* SPDX-License-Identifier: MIT */
/*
 * unit_transitions.c - gets and puts at each point of a kill, a resurrection
 * and a switch, each of these at every point of a get and a put, and storms.
 */
#include "fixture/counted.h"

static int resurrect(void)
{
	return cpuslab_refcount_resurrect(&refcount);
}

static int to_atomic(void)
{
	return cpuslab_refcount_switch_to_atomic(&refcount);
}

static int to_percpu(void)
{
	return cpuslab_refcount_switch_to_percpu(&refcount);
}

static uint64_t count(void)
{
	return cpuslab_refcount_count(&refcount);
}

/* ---- each transition, with gets and puts at each of its points ----------- */

static uint64_t held, wrong;

static void other_gets(void *arg)
{
	(void)arg;
	held += cpuslab_refcount_try_get(&refcount);
}

static void other_gets_many(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_try_get_many(&refcount, 3))
		held += 3;
	if (count() < held)
		wrong++; /* what is exact lacks references */
}

static void other_puts(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_put(&refcount))
		wrong++;
	held--;
}

static void other_gets_dying(void *arg)
{
	(void)arg;
	if (cpuslab_refcount_try_get_dying(&refcount))
		held++;
	else
		wrong++; /* there are others */
}

/* A transition and what it begins with. */
struct transition {
	int (*before)(void);
	int (*run)(void);
	bool alive; /* throughout */
};

static const struct transition transitions[] = {
	{ NULL, kill, false },          { to_atomic, kill, false },
	{ kill, resurrect, false },     { NULL, to_atomic, true },
	{ to_atomic, to_percpu, true },
};

static unsigned int transition_at(struct fixture *f,
				  const struct transition *transition,
				  uint64_t k, uint32_t cpu,
				  void (*other)(void *arg))
{
	uint64_t before;
	unsigned int left;

	begin(f);
	sim_cpu_set(1);
	cpuslab_refcount_get_many(&refcount, 5);
	held = 5;
	wrong = 0;
	if (transition->before)
		assert_int_equal(transition->before(), CPUSLAB_OK);
	sim_other_at(k, cpu, other, NULL);
	sim_other_at(k + 1, 2, other_puts, NULL);
	before = held;
	assert_int_equal(transition->run(), CPUSLAB_OK);
	left = sim_at_cancel();
	if (transition->alive && other != other_puts && left == 0)
		assert_true(held >= before);
	assert_int_equal(wrong, 0);
	assert_int_equal(released, 0);
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(count(), held + !cpuslab_refcount_is_dying(&refcount));
	if (!cpuslab_refcount_is_dying(&refcount))
		assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, 0);
	assert_true(cpuslab_refcount_put_many(&refcount, held));
	assert_int_equal(released, 1);
	cpuslab_refcount_fini(&refcount);
	return left;
}

static void others_at_every_point(void **state)
{
	static void (*const others[])(void *arg) = {
		other_gets, other_gets_many, other_puts, other_gets_dying
	};
	static const uint32_t cpus[] = { 3, CPUSLAB_NO_CPU, 40 };
	struct fixture *f = *state;
	uint32_t i, n, c;
	uint64_t k;

	cpuslab_refcount_fini(&refcount);
	for (i = 0; i < 5; i++)
		for (n = 0; n < 4; n++)
			for (c = 0; c < 3; c++) {
				for (k = 1;
				     transition_at(f, &transitions[i], k,
						   cpus[c], others[n]) < 2;
				     k++)
					;
				assert_true(k > 3);
			}
	begin(f);
}

/* ---- each get and put, with transitions at each of its points ------------ */

static const struct transition *other_now;

static void other_transition(void *arg)
{
	(void)arg;
	assert_int_equal(other_now->run(), CPUSLAB_OK);
}

static void use_get(void)
{
	held += cpuslab_refcount_try_get(&refcount);
}

static void use_get_many(void)
{
	cpuslab_refcount_get_many(&refcount, 2);
	held += 2;
}

static void use_get_dying(void)
{
	assert_true(cpuslab_refcount_try_get_dying(&refcount));
	held++;
}

static void use_put(void)
{
	assert_false(cpuslab_refcount_put_many(&refcount, 2));
	held -= 2;
}

static unsigned int changed_at(struct fixture *f, void (*use)(void), uint64_t k,
			       uint32_t cpu)
{
	unsigned int left;

	cpuslab_refcount_fini(&refcount);
	begin(f);
	sim_cpu_set(cpu);
	cpuslab_refcount_get_many(&refcount, 3);
	held = 3;
	if (other_now->before)
		assert_int_equal(other_now->before(), CPUSLAB_OK);
	sim_other_at(k, 3, other_transition, NULL);
	use();
	left = sim_at_cancel();
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(count(), held + !cpuslab_refcount_is_dying(&refcount));
	return left;
}

static void changed_at_every_point(void **state)
{
	static void (*const uses[])(void) = { use_get, use_get_many,
					      use_get_dying, use_put };
	static const uint32_t cpus[] = { 1, CPUSLAB_NO_CPU };
	struct fixture *f = *state;
	unsigned int left;
	uint32_t i, n, c;
	uint64_t k;

	for (i = 0; i < 5; i++) {
		other_now = &transitions[i];
		for (n = 0; n < 4; n++)
			for (c = 0; c < 2; c++)
				for (k = 1, left = 0; !left; k++)
					left = changed_at(f, uses[n], k,
							  cpus[c]);
	}
}

/* ---- storms -------------------------------------------------------------- */

#define STORM_TASKS 6u

struct storm_task {
	uint64_t random;
	struct fixture *f;
};

static uint64_t storm_inside; /* W tasks: references in use */
static bool storm_dead;       /* W killer: no try_get may succeed */
static uint64_t storm_lives;  /* W killer, before it resurrects */
static const char *storm_failed;

static uint32_t storm_below(struct storm_task *task, uint32_t below)
{
	task->random =
		task->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((task->random >> 33) % below);
}

static void storm_released(struct cpuslab_refcount *of)
{
	(void)of;
	released++;
	if (storm_inside)
		storm_failed = "released while a reference is in use";
}

static bool storm_get(struct storm_task *task)
{
	uint64_t life = storm_lives;
	bool dead = storm_dead;

	sim_order_acquire(&storm_dead);
	if (storm_below(task, 4) == 0)
		return cpuslab_refcount_try_get_dying(&refcount);
	if (!cpuslab_refcount_try_get(&refcount))
		return false;
	if (dead && life == storm_lives)
		storm_failed = "a get succeeded after the kill";
	return true;
}

static void storm_use(void *arg)
{
	struct storm_task *task = arg;
	int i, inside = 0;

	for (i = 0; i < 40; i++) {
		if (storm_below(task, 2) && storm_get(task)) {
			storm_inside++;
			inside++;
		} else if (inside) {
			inside--;
			storm_inside--;
			cpuslab_refcount_put(&refcount);
		}
	}
	storm_inside -= (uint64_t)inside;
	if (inside)
		cpuslab_refcount_put_many(&refcount, (uint64_t)inside);
}

static void storm_change(void *arg)
{
	struct storm_task *task = arg;
	int i;

	for (i = 0; i < 12; i++) {
		uint32_t cpu = 1 + storm_below(task, 7);

		sim_cpu_set_available(cpu, storm_below(task, 2));
		if (sim_cpu_is_available(cpu))
			cpuslab_domain_add_complete(task->f->domain, cpu);
		else
			cpuslab_domain_remove(task->f->domain, cpu);
	}
}

static void storm_switch(void *arg)
{
	struct storm_task *task = arg;
	int i;

	for (i = 0; i < 8; i++)
		if (storm_below(task, 2) ? to_atomic() : to_percpu())
			storm_failed = "a switch failed";
}

/* Kill, and wait for zero or hold a reference; then resurrect. */
static void storm_kill(void *arg)
{
	struct storm_task *task = arg;
	uint64_t before;
	bool hold;
	int i;

	for (i = 0; i < 4; i++) {
		hold = storm_below(task, 2);
		before = released;
		if (hold && !cpuslab_refcount_try_get(&refcount))
			storm_failed = "a get of a live count failed";
		storm_inside += hold;
		if (kill() || kill() != CPUSLAB_DIFFERS)
			storm_failed = "a kill failed";
		sim_order_release(&storm_dead);
		storm_dead = true;
		while (!hold && released == before)
			cpuslab_port_preempt_point();
		storm_dead = false;
		storm_lives++;
		if (released != before + !hold)
			storm_failed = "a kill was not followed by one release";
		if (resurrect() || resurrect() != CPUSLAB_DIFFERS)
			storm_failed = "a resurrection failed";
		storm_inside -= hold;
		if (hold && cpuslab_refcount_put(&refcount))
			storm_failed = "a put of a live count was the last";
	}
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	static void (*const runs[STORM_TASKS])(
		void *arg) = { storm_use,    storm_use,    storm_use,
			       storm_change, storm_switch, storm_kill };
	const struct fixture_config config = { .mode = mode, .seed = seed };
	struct sim_task tasks[STORM_TASKS];
	struct storm_task own[STORM_TASKS];
	struct fixture f;
	uint64_t before;
	unsigned int i;

	fixture_begin(&f, &config);
	released = 0;
	storm_inside = 0;
	storm_dead = false;
	storm_failed = NULL;
	assert_int_equal(cpuslab_refcount_init(&refcount, f.slab,
					       storm_released),
			 CPUSLAB_OK);
	for (i = 0; i < STORM_TASKS; i++) {
		own[i].random = sim_seed() * 64 + i;
		own[i].f = &f;
		tasks[i].run = runs[i];
		tasks[i].arg = &own[i];
		tasks[i].cpu = i;
	}
	sim_run(tasks, STORM_TASKS);
	if (storm_failed)
		fail_msg("seed %llu: %s", (unsigned long long)sim_seed(),
			 storm_failed);
	assert_int_equal(to_atomic(), CPUSLAB_OK);
	assert_int_equal(count(), 1);
	before = released;
	assert_int_equal(kill(), CPUSLAB_OK);
	assert_int_equal(released, before + 1);
	cpuslab_refcount_fini(&refcount);
	sim_quiesce();
	fixture_end(&f);
}

static void a_storm_rseq(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(SIM_RSEQ, seed);
}

static void a_storm_atomic(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++)
		storm_once(SIM_ATOMIC, seed);
}

#define TRANSITION_TEST(test)                                                  \
	{ #test " (rseq)", test, refcount_setup, refcount_teardown,            \
	  &fixture_rseq },                                                     \
	{                                                                      \
#test " (atomic)", test, refcount_setup, refcount_teardown,    \
			&fixture_atomic                                        \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRANSITION_TEST(others_at_every_point),
		TRANSITION_TEST(changed_at_every_point),
		cmocka_unit_test(a_storm_rseq),
		cmocka_unit_test(a_storm_atomic),
	};

	return cmocka_run_group_tests_name("refcount", tests, NULL, NULL);
}
