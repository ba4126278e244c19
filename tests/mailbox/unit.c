/* SPDX-License-Identifier: MIT */
#include "fixture/fixture.h"

#define CAPACITY 8u

static struct cpuslab_mailbox mailbox;

static int mailbox_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state))
		return -1;
	f = *state;
	return cpuslab_mailbox_init(&mailbox, f->domain, CAPACITY);
}

static int mailbox_teardown(void **state)
{
	cpuslab_mailbox_fini(&mailbox);
	return fixture_teardown(state);
}

static int send(uint32_t to, uint64_t number)
{
	const struct cpuslab_message message = { { number, ~number, 7 } };

	return cpuslab_mailbox_send(&mailbox, to, &message);
}

/* The number, or minus the result. */
static int64_t receive(uint32_t cpu)
{
	struct cpuslab_message message = { { 0, 0, 0 } };
	int result = cpuslab_mailbox_receive(&mailbox, cpu, &message);

	if (result) {
		assert_int_equal(message.word[0], 0);
		return result > 0 ? -result : result;
	}
	assert_int_equal(message.word[1], ~message.word[0]);
	assert_int_equal(message.word[2], 7);
	return (int64_t)message.word[0];
}

static void first_in_first_out(void **state)
{
	uint64_t in = 0, out = 0;
	uint32_t round, i;

	(void)state;
	assert_int_equal(receive(1), -CPUSLAB_EMPTY);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < round % (CAPACITY + 1); i++)
			assert_int_equal(send(1, in++), CPUSLAB_OK);
		while (out < in)
			assert_int_equal(receive(1), (int64_t)out++);
		assert_int_equal(receive(1), -CPUSLAB_EMPTY);
	}
}

static void each_cpu_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(send(0, 10), CPUSLAB_OK);
	assert_int_equal(send(3, 13), CPUSLAB_OK);
	assert_int_equal(receive(1), -CPUSLAB_EMPTY);
	assert_int_equal(receive(3), 13);
	assert_int_equal(receive(0), 10);
}

static void a_full_box(void **state)
{
	uint32_t i, round;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < CAPACITY; i++)
			assert_int_equal(send(2, i), CPUSLAB_OK);
		assert_int_equal(send(2, 99), CPUSLAB_FULL);
		assert_int_equal(receive(2), 0);
		assert_int_equal(send(2, CAPACITY), CPUSLAB_OK);
		assert_int_equal(send(2, 99), CPUSLAB_FULL);
		for (i = 1; i <= CAPACITY; i++)
			assert_int_equal(receive(2), i);
		assert_int_equal(receive(2), -CPUSLAB_EMPTY);
	}
}

static void to_an_offline_cpu(void **state)
{
	static const uint32_t cpus[] = {
		9, 63, 64, 1000, CPUSLAB_NO_CPU, CPUSLAB_SHARED
	};
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 6; i++) {
		assert_int_equal(send(cpus[i], 1), -CPUSLAB_ENOENT);
		assert_int_equal(receive(cpus[i]), -CPUSLAB_ENOENT);
		assert_false(cpuslab_mailbox_is_open(&mailbox, cpus[i]));
	}
	/* A CPU that was never online takes no message either. */
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	assert_int_equal(send(9, 1), -CPUSLAB_ENOENT);
	assert_int_equal(cpuslab_domain_add_complete(f->domain, 9), CPUSLAB_OK);
	assert_true(cpuslab_mailbox_is_open(&mailbox, 9));
	assert_int_equal(send(9, 1), CPUSLAB_OK);
}

static void removal_keeps_what_was_sent(void **state)
{
	struct fixture *f = *state;

	fixture_add(f, 9);
	fixture_add(f, 20);
	assert_int_equal(send(9, 1), CPUSLAB_OK);
	assert_int_equal(send(9, 2), CPUSLAB_OK);
	assert_int_equal(send(20, 3), CPUSLAB_OK);
	assert_int_equal(send(1, 4), CPUSLAB_OK);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 0),
			 CPUSLAB_NO_CPU);
	fixture_remove(f, 9);
	fixture_remove(f, 20);
	assert_int_equal(send(9, 5), -CPUSLAB_ENOENT);
	assert_false(cpuslab_mailbox_is_open(&mailbox, 9));
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 0), 9);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 10), 20);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 21),
			 CPUSLAB_NO_CPU);
	assert_int_equal(receive(9), 1);
	assert_int_equal(receive(9), 2);
	assert_int_equal(receive(9), -CPUSLAB_EMPTY);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 0), 20);
	/* A CPU that returns finds what was not received. */
	fixture_add(f, 20);
	assert_int_equal(cpuslab_mailbox_next_undelivered(&mailbox, 0),
			 CPUSLAB_NO_CPU);
	assert_int_equal(send(20, 6), CPUSLAB_OK);
	assert_int_equal(receive(20), 3);
	assert_int_equal(receive(20), 6);
	assert_int_equal(receive(1), 4);
}

/* Each CPU that was ever online has one box, one that failed has none. */
static void memory_follows_cpus(void **state)
{
	struct fixture *f = *state;
	uint64_t before;
	int i;

	/* First let the domain's own reserves reach their final size. */
	fixture_add(f, 10);
	fixture_remove(f, 10);
	sim_quiesce();
	fixture_add(f, 10);
	fixture_remove(f, 10);
	sim_quiesce();
	before = sim_zallocs();
	for (i = 0; i < 5; i++) {
		assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
				 CPUSLAB_OK);
		assert_int_equal(cpuslab_domain_add_failure(f->domain, 9),
				 CPUSLAB_OK);
	}
	sim_quiesce();
	assert_int_equal(sim_zallocs(), before);
	for (i = 0; i < 5; i++) {
		fixture_add(f, 9);
		fixture_remove(f, 9);
		sim_quiesce();
	}
	assert_int_equal(sim_zallocs(), before + 1);
}

static void a_start_without_memory(void **state)
{
	struct fixture *f = *state;
	uint64_t k, begun = sim_allocs(), all;

	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	all = sim_allocs() - begun;
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	sim_quiesce();
	for (k = 1; k <= all; k++) {
		sim_fail_alloc_at(k);
		if (cpuslab_domain_add_start(f->domain, 9)) {
			sim_fail_alloc_at(0);
			assert_int_equal(send(9, 1), -CPUSLAB_ENOENT);
			assert_int_equal(receive(9), -CPUSLAB_ENOENT);
		} else {
			sim_fail_alloc_at(0);
			cpuslab_domain_add_failure(f->domain, 9);
		}
		sim_quiesce();
	}
	sim_fail_alloc_from(1);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9),
			 -CPUSLAB_ENOMEM);
	sim_fail_alloc_from(0);
}

static void bad_arguments(void **state)
{
	static const uint32_t bad[] = {
		0, 1, 3, 100, (1u << 20) + 1, 1u << 21
	};
	struct fixture *f = *state;
	struct cpuslab_mailbox other;
	uint64_t k, before = sim_zallocs();
	int i;

	for (i = 0; i < 6; i++)
		assert_int_equal(cpuslab_mailbox_init(&other, f->domain,
						      bad[i]),
				 -CPUSLAB_EINVAL);
	for (k = 1; k <= 1 + FIXTURE_AVAILABLE; k++) {
		sim_fail_alloc_at(k);
		assert_int_equal(cpuslab_mailbox_init(&other, f->domain, 4),
				 -CPUSLAB_ENOMEM);
		assert_int_equal(sim_zallocs(), before);
	}
	sim_fail_alloc_at(0);
}

/* ---- every point --------------------------------------------------------- */

static int other_result;
static int64_t other_number;

static void other_send(void *arg)
{
	(void)arg;
	other_result = send(1, 100);
}

static void other_receive(void *arg)
{
	(void)arg;
	other_number = receive(1);
}

/* Another sends while this one does: both are there, in either order. */
static void a_send_at_every_point_of_a_send(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		int64_t first, second;

		other_result = -1;
		sim_other_at(k, 3, other_send, NULL);
		assert_int_equal(send(1, 50), CPUSLAB_OK);
		left = sim_at_cancel();
		if (left)
			other_send(NULL);
		assert_int_equal(other_result, CPUSLAB_OK);
		first = receive(1);
		second = receive(1);
		assert_true(first == 50 || first == 100);
		assert_int_equal(first + second, 150);
		assert_int_equal(receive(1), -CPUSLAB_EMPTY);
	}
	assert_true(k > 3);
}

/*
 * A receive at every point finds nothing, PARTIAL or the message; once in all.
 */
static void a_receive_at_every_point_of_a_send(void **state)
{
	unsigned int left = 0;
	bool partial = false;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		other_number = -CPUSLAB_EMPTY;
		sim_other_at(k, 3, other_receive, NULL);
		assert_int_equal(send(1, 50), CPUSLAB_OK);
		left = sim_at_cancel();
		if (other_number == 50) {
			assert_int_equal(receive(1), -CPUSLAB_EMPTY);
			continue;
		}
		partial |= other_number == -CPUSLAB_PARTIAL;
		assert_true(other_number == -CPUSLAB_EMPTY ||
			    other_number == -CPUSLAB_PARTIAL);
		assert_int_equal(receive(1), 50);
	}
	assert_true(partial);
}

/* Two receivers at once: each message is received once. */
static void a_receive_at_every_point_of_a_receive(void **state)
{
	unsigned int left = 0;
	uint64_t k;

	(void)state;
	for (k = 1; !left; k++) {
		int64_t mine;

		assert_int_equal(send(1, 1), CPUSLAB_OK);
		assert_int_equal(send(1, 2), CPUSLAB_OK);
		other_number = -1;
		sim_other_at(k, 3, other_receive, NULL);
		mine = receive(1);
		left = sim_at_cancel();
		if (left)
			other_receive(NULL);
		assert_int_equal(mine + other_number, 3);
		assert_true(mine == 1 || mine == 2);
		assert_int_equal(receive(1), -CPUSLAB_EMPTY);
	}
	assert_true(k > 3);
}

/*
 * A removal at every point of a send: the box has the message, or it was
 * refused.
 */
static void remove_one(void *arg)
{
	struct fixture *f = arg;

	fixture_remove(f, 1);
	other_number = receive(1);
}

static void a_removal_at_every_point_of_a_send(void **state)
{
	struct fixture *f = *state;
	unsigned int left = 0;
	bool late = false;
	uint64_t k;

	for (k = 1; !left; k++) {
		int result;

		other_number = -CPUSLAB_EMPTY;
		sim_other_at(k, 3, remove_one, f);
		result = send(1, 50);
		left = sim_at_cancel();
		if (left)
			remove_one(f);
		if (result == CPUSLAB_OK && other_number != 50) {
			/*
			 * It has its position already, so the message is found.
			 */
			late = true;
			assert_int_equal(other_number, -CPUSLAB_PARTIAL);
			assert_int_equal(
				cpuslab_mailbox_next_undelivered(&mailbox, 0),
				1);
			assert_int_equal(receive(1), 50);
		} else if (result) {
			assert_int_equal(result, -CPUSLAB_ENOENT);
			assert_int_equal(other_number, -CPUSLAB_EMPTY);
		}
		assert_int_equal(receive(1), -CPUSLAB_EMPTY);
		fixture_add(f, 1);
	}
	assert_true(late);
}

/* A fini while a CPU is being started frees that CPU's box as well. */
static void fini_while_one_prepares(void **state)
{
	struct fixture *f = *state;
	struct cpuslab_mailbox other;
	uint64_t before = sim_zallocs();

	assert_int_equal(cpuslab_mailbox_init(&other, f->domain, CAPACITY),
			 CPUSLAB_OK);
	assert_int_equal(cpuslab_domain_add_start(f->domain, 9), CPUSLAB_OK);
	cpuslab_mailbox_fini(&other);
	assert_int_equal(cpuslab_domain_add_failure(f->domain, 9), CPUSLAB_OK);
	sim_quiesce();
	assert_int_equal(sim_zallocs(), before);
}

/* ---- storms -------------------------------------------------------------- */

#define STORM_SENDERS 3u
#define STORM_EACH 40u
#define STORM_CPUS 6u /* two of them have no box at first */

static const char *storm_failed;
static uint64_t storm_sent, storm_received, storm_senders_left;
static uint8_t storm_seen[STORM_SENDERS][STORM_EACH];
/*
 * The last number received from a sender in a box; each box has one receiver.
 */
static uint64_t storm_last[STORM_CPUS][STORM_SENDERS];

static void storm_send(void *arg)
{
	uint64_t me = (uintptr_t)arg, i;
	uint32_t to = (uint32_t)me;

	for (i = 0; i < STORM_EACH;) {
		const struct cpuslab_message message = { { me, i, ~i } };
		int result;

		to = (to + 1) % STORM_CPUS;
		result = cpuslab_mailbox_send(&mailbox, to, &message);
		if (result == CPUSLAB_OK) {
			storm_sent++;
			i++;
		} else if (result != CPUSLAB_FULL &&
			   result != -CPUSLAB_ENOENT) {
			storm_failed = "a send failed";
		}
	}
	sim_order_release(&storm_senders_left);
	storm_senders_left--;
}

static void storm_note(const struct cpuslab_message *message, uint32_t box)
{
	uint64_t sender = message->word[0], number = message->word[1];

	if (message->word[2] != ~number || sender >= STORM_SENDERS ||
	    number >= STORM_EACH) {
		storm_failed = "a message that was not sent";
		return;
	}
	if (storm_seen[sender][number]++)
		storm_failed = "received twice";
	if (number < storm_last[box][sender])
		storm_failed = "out of order";
	storm_last[box][sender] = number;
	storm_received++;
}

/* With one receiver the order is that in which it receives. */
static void storm_receive(void *arg)
{
	struct cpuslab_message message;
	uint32_t cpu;
	bool last;

	(void)arg;
	do {
		sim_order_acquire(&storm_senders_left);
		last = !storm_senders_left;
		for (cpu = 0; cpu < STORM_CPUS; cpu++)
			while (!cpuslab_mailbox_receive(&mailbox, cpu,
							&message))
				storm_note(&message, cpu);
		cpuslab_port_preempt_point();
	} while (!last);
}

/* Never removes the last CPU. */
static void storm_change(void *arg)
{
	struct fixture *f = arg;
	uint32_t i;

	for (i = 0; i < 24; i++) {
		cpuslab_domain_remove(f->domain, 1 + i % 5);
		cpuslab_port_preempt_point();
		cpuslab_domain_add_complete(f->domain, 1 + (i * 7) % 5);
	}
}

static void storm_once(enum sim_mode mode, uint64_t seed)
{
	const struct fixture_config config = { .mode = mode, .seed = seed };
	struct sim_task tasks[STORM_SENDERS + 2];
	struct fixture f;
	uint32_t i;

	fixture_begin(&f, &config);
	assert_int_equal(cpuslab_mailbox_init(&mailbox, f.domain, 4),
			 CPUSLAB_OK);
	storm_failed = NULL;
	storm_sent = storm_received = 0;
	storm_senders_left = STORM_SENDERS;
	memset(storm_seen, 0, sizeof(storm_seen));
	memset(storm_last, 0, sizeof(storm_last));
	for (i = 0; i < STORM_SENDERS + 2; i++) {
		tasks[i].run = i < STORM_SENDERS  ? storm_send :
			       i == STORM_SENDERS ? storm_receive :
						    storm_change;
		tasks[i].arg = i < STORM_SENDERS ? (void *)(uintptr_t)i :
						   (void *)&f;
		tasks[i].cpu = i % FIXTURE_AVAILABLE;
	}
	sim_run(tasks, STORM_SENDERS + 2);
	if (storm_failed || storm_received != STORM_SENDERS * STORM_EACH)
		fail_msg("seed %llu: %s, %llu sent, %llu received",
			 (unsigned long long)sim_seed(),
			 storm_failed ? storm_failed : "",
			 (unsigned long long)storm_sent,
			 (unsigned long long)storm_received);
	cpuslab_mailbox_fini(&mailbox);
	sim_quiesce();
	fixture_end(&f);
}

static void a_storm(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 60; seed++)
		storm_once(seed % 2 ? SIM_RSEQ : SIM_ATOMIC, seed);
}

#define MAILBOX_TEST(test)                                                     \
	{                                                                      \
#test, test, mailbox_setup, mailbox_teardown, &fixture_rseq    \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAILBOX_TEST(fini_while_one_prepares),
		MAILBOX_TEST(first_in_first_out),
		MAILBOX_TEST(each_cpu_has_its_own),
		MAILBOX_TEST(a_full_box),
		MAILBOX_TEST(to_an_offline_cpu),
		MAILBOX_TEST(removal_keeps_what_was_sent),
		MAILBOX_TEST(memory_follows_cpus),
		MAILBOX_TEST(a_start_without_memory),
		MAILBOX_TEST(bad_arguments),
		MAILBOX_TEST(a_send_at_every_point_of_a_send),
		MAILBOX_TEST(a_receive_at_every_point_of_a_send),
		MAILBOX_TEST(a_receive_at_every_point_of_a_receive),
		MAILBOX_TEST(a_removal_at_every_point_of_a_send),
		cmocka_unit_test(a_storm),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
