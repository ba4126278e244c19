// SPDX-License-Identifier: MIT
//
// unit.cc - cpuslab.hpp on port sim: what owners hold ends once, whatever
// fails, moves, returns early or throws.
#include "expect.h"
#include "requests.h"

#include <cpuslab/cpuslab.hpp>
#include <cpuslab/sim.h>

namespace
{

static_assert(!std::is_copy_constructible_v<cpuslab::slab>);
static_assert(!std::is_copy_assignable_v<cpuslab::slab>);
static_assert(!std::is_copy_constructible_v<cpuslab::percpu<requests>>);
static_assert(!std::is_copy_assignable_v<cpuslab::percpu<requests>>);
static_assert(!std::is_move_constructible_v<cpuslab::counter>);
static_assert(!std::is_move_assignable_v<cpuslab::stack>);
static_assert(!std::is_copy_constructible_v<cpuslab::copies<requests>>);
static_assert(std::is_nothrow_move_constructible_v<cpuslab::slab>);
static_assert(std::is_nothrow_move_assignable_v<cpuslab::percpu<requests>>);
static_assert(std::is_nothrow_constructible_v<cpuslab::counter, const char *>);

// A machine with two CPUs, 0 and 3, of which the caller runs on 0.
class machine
{
public:
	machine()
	{
		sim_config config{};

		config.limit = 8;
		config.available = 1;
		config.quiet = true;
		expect(!sim_init(&config));
		sim_cpu_set_available(3, true);
		requests::made = requests::ended = 0;
	}
	~machine()
	{
		expect(!sim_fini());
		expect(requests::made == requests::ended);
	}
};

const cpuslab_client_ops no_callbacks{};

// One of each, as the members of a class.
struct everything {
	cpuslab::domain domain;
	cpuslab::slab slab{ domain };
	cpuslab::counter counter{ slab };
	cpuslab::gauge gauge{ slab };
	cpuslab::approx approx{ slab, 8u };
	cpuslab::histogram histogram{ slab, 2u, 16u };
	cpuslab::stack stack{ slab };
	cpuslab::log log{ slab, 64u };
	cpuslab::ring ring{ slab, 16384u, 0u };
	cpuslab::refcount refcount{ slab, nullptr };
	cpuslab::mailbox mailbox{ domain, 4u };
	cpuslab::client client{ domain, &no_callbacks, "client", nullptr, 0 };
	cpuslab::percpu<requests> percpu{ slab };

	int error() const
	{
		return cpuslab::first_error(domain, slab, counter, gauge,
					    approx, histogram, stack, log, ring,
					    refcount, mailbox, client, percpu);
	}
	// Does nothing with what is not there.
	void use() const
	{
		cpuslab_node node{};
		cpuslab_node *popped;

		expect(!counter.add(1) == !counter.error());
		expect(counter.sum() == (counter ? 1 : 0));
		gauge.add(1);
		cpuslab_approx_add(approx, 1);
		cpuslab_histogram_record(histogram, 1);
		cpuslab_stack_push(stack, &node);
		expect(cpuslab_stack_pop(stack, &popped) == CPUSLAB_OK ||
		       stack.error());
		cpuslab_log_append(log, nullptr, 0);
		cpuslab_ring_append(ring, nullptr, 0);
		cpuslab_refcount_get_many(refcount, refcount ? 1 : 0);
		percpu.add(&requests::served, 1);
		expect(percpu.sum(&requests::served) == (percpu ? 1 : 0));
		for (auto [cpu, copy] : percpu.copies())
			expect(cpu != CPUSLAB_NO_CPU && copy.served <= 1);
	}
};

void test_each_allocation_fails()
{
	uint64_t n, failures = 0;

	for (n = 1;; n++) {
		machine machine;
		int error;

		sim_fail_alloc_at(n);
		{
			everything all;

			error = all.error();
			sim_fail_alloc_at(0);
			if (all.slab)
				all.use();
		}
		if (!error)
			break;
		expect(error == -CPUSLAB_ENOMEM);
		failures++;
	}
	expect(failures > 20);
}

void test_what_failed_is_passed_on()
{
	machine machine;
	cpuslab_domain_config config{};

	config.flags = ~0u;

	cpuslab::domain domain(&config);
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);
	cpuslab::cache cache(slab, nullptr);
	cpuslab::log_rotating log(slab, nullptr);
	cpuslab::steering steering(nullptr);
	cpuslab::workers workers(domain, nullptr);

	expect(!domain && !slab && !percpu);
	expect(!cache && !log && !steering && !workers);
	expect(cpuslab::first_error(domain, slab, percpu) == domain.error());
	expect(domain.error() == -CPUSLAB_EINVAL);
	expect(percpu.add(&requests::served, 1) == -CPUSLAB_EINVAL);
}

void test_move()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab first(domain);
	cpuslab_slab *was = first;
	cpuslab::slab slab(std::move(first));

	expect(slab && slab == was);
	expect(!first && !static_cast<cpuslab_slab *>(first));

	cpuslab::percpu<requests> one(slab), two(slab);

	expect(!one.add(&requests::served, 1));
	expect(!two.add(&requests::served, 2));

	cpuslab::percpu<requests> three(std::move(one));

	expect(three.sum(&requests::served) == 1);
	expect(one.error() == -CPUSLAB_EINVAL);
	expect(one.add(&requests::served, 1) == -CPUSLAB_EINVAL);
	expect(!one.sum(&requests::served));
	// What two had ends now, and only once.
	expect(requests::ended == 0);
	two = std::move(three);
	expect(requests::ended != 0 && requests::ended * 2 == requests::made);
	expect(two.sum(&requests::served) == 1 && !three);
	expect(!sim_log_find("freed"));
}

cpuslab::percpu<requests> make(cpuslab_slab *slab)
{
	cpuslab::percpu<requests> made(slab);

	made.add(&requests::served, 1);
	return made;
}

// Not moved: it is made where it is to be.
cpuslab::stack make_stack(cpuslab_slab *slab)
{
	return cpuslab::stack(slab);
}

void test_return()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	auto percpu = make(slab);
	auto stack = make_stack(slab);
	cpuslab_node node{}, *popped;

	expect(percpu.sum(&requests::served) == 1);
	expect(!cpuslab_stack_push(stack, &node));
	expect(!cpuslab_stack_pop(stack, &popped) && popped == &node);
}

void test_move_to_itself()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::domain &same_domain = domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);
	cpuslab::percpu<requests> &same = percpu;

	expect(!percpu.add(&requests::served, 1));
	percpu = std::move(same);
	domain = std::move(same_domain);
	expect(domain && percpu);
	expect(percpu.sum(&requests::served) == 1);
}

int starts(bool fails)
{
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);

	if (int error = cpuslab::first_error(domain, slab, percpu))
		return error;
	if (fails)
		return -CPUSLAB_EAGAIN;
	return percpu.add(&requests::served, 1);
}

void test_early_return()
{
	machine machine;

	expect(starts(true) == -CPUSLAB_EAGAIN);
	expect(!starts(false));
}

void test_free_rcu()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);

	expect(!percpu.free_rcu());
	expect(!percpu && percpu.free_rcu() == -CPUSLAB_EINVAL);
	sim_quiesce();
	expect(requests::ended == requests::made);
	expect(!sim_log_find("freed"));
}

// Members that exist end when a constructor throws.
class server
{
public:
	server()
	{
		cpuslab::require(domain_, slab_, percpu_);
		throw 1;
	}

private:
	cpuslab::domain domain_;
	cpuslab::slab slab_{ domain_ };
	cpuslab::percpu<requests> percpu_{ slab_ };
};

void test_exceptions()
{
	uint64_t n;
	bool thrown = false;

	for (n = 1; !thrown; n++) {
		machine machine;

		sim_fail_alloc_at(n);
		try {
			server server;
		} catch (const cpuslab::error &error) {
			expect(error.result() == -CPUSLAB_ENOMEM);
			expect(error.what() ==
			       cpuslab_strerror(-CPUSLAB_ENOMEM));
		} catch (int) {
			thrown = true;
		}
	}
	expect(n > 5);
}

void test_exception_in_sections()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);
	int caught = 0;

	try {
		cpuslab::read_section section;

		throw 1;
	} catch (int) {
		caught++;
	}
	try {
		for (auto entry : percpu.copies())
			throw entry.cpu;
	} catch (uint32_t) {
		caught++;
	}
	for (uint32_t cpu : cpuslab::cpumask(domain)) {
		expect(cpu == 0);
		break;
	}
	expect(caught == 2);
}

void test_words()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);
	uint64_t word = 99;

	expect(cpuslab::offset(&requests::failed) ==
	       offsetof(requests, failed));
	expect(!percpu.add(&requests::failed, 3));
	expect(!percpu.load(&requests::failed, word) && word == 3);
	expect(!percpu.load_add({ &requests::slots, 2 }, 5, word) && !word);
	expect(!percpu.exchange({ &requests::slots, 2 }, 7, word) && word == 5);
	expect(percpu.cmpstore({ &requests::slots, 2 }, 6, 8) ==
	       CPUSLAB_DIFFERS);
	expect(!percpu.cmpstore({ &requests::slots, 2 }, 7, 8));
	expect(percpu.add_below({ &requests::slots, 2 }, 8, 1) == CPUSLAB_FULL);
	expect(!percpu.add_below({ &requests::slots, 2 }, 9, 1));
	expect(!cpuslab_max(percpu, cpuslab::offset(&requests::slowest), 6));
	sim_cpu_set(3);
	expect(!percpu.add(&requests::failed, 4));
	expect(percpu.sum(&requests::failed) == 7);
	expect(!percpu.sum(&requests::served));
	for (auto [cpu, copy] : percpu.copies()) {
		expect(copy.failed == (cpu == 0 ? 3 : cpu == 3 ? 4 : 0));
		expect(copy.slots[2] == (cpu == 0 ? 9u : 0u));
		expect(copy.slowest == (cpu == 0 ? 6u : 0u));
		expect(copy.fastest == UINT64_MAX);
	}
}

void sum_of_no_counter(void *percpu)
{
	auto *of = static_cast<cpuslab::percpu<requests> *>(percpu);

	expect(!of->sum(&requests::slowest));
}

// An object of another size.
struct word_type : cpuslab::type {
	static constexpr const char *name = "word";
	cpuslab_word word;
};

void type_of_another_object(void *slab)
{
	static constexpr cpuslab_type type = cpuslab::type_of<word_type>;

	cpuslab::percpu<requests>(*static_cast<cpuslab::slab *>(slab), type);
}

void test_mistakes()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);

	expect(sim_panic_catch(sum_of_no_counter, &percpu));
	expect(sim_panic_catch(type_of_another_object, &slab));
}

void test_walks()
{
	machine machine;
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);
	const uint32_t cpus[] = { 0, 3, CPUSLAB_SHARED };
	unsigned int found = 0;

	for (uint32_t cpu : cpuslab::cpumask(domain))
		expect(cpu == cpus[found++]);
	expect(found == 2);
	found = 0;
	for (auto [cpu, copy] : percpu.copies()) {
		expect(cpu == cpus[found++]);
		expect(&copy == cpuslab_remote(percpu, cpu));
	}
	expect(found == 3);

	cpuslab::cpumask mask(domain);

	expect(cpuslab_cpumask_count(mask) == 2);
	cpuslab::percpu<requests> moved(std::move(percpu));

	for (auto entry : percpu.copies())
		expect(entry.cpu == CPUSLAB_NO_CPU); // never: it has none
}

// Described by another struct: what a CPU has counted goes to its context.
struct limits {
	cpuslab_word used;
	cpuslab_word highest;
};

struct limits_type : cpuslab::type {
	static constexpr const char *name = "limits";
	static constexpr uint32_t counters = 1;
	static constexpr auto construct = [](limits &copy, uint32_t,
					     void *arg) noexcept {
		copy.highest = *static_cast<uint64_t *>(arg);
		return CPUSLAB_OK;
	};
	static constexpr auto drain = [](limits &from, limits &shared, uint32_t,
					 void *arg) noexcept {
		*static_cast<uint64_t *>(arg) += from.highest;
		shared.highest = 1;
		return CPUSLAB_OK;
	};
};

void test_another_type_and_context()
{
	machine machine;
	uint64_t context = 5;
	cpuslab_type type = cpuslab::type_of<limits, limits_type>;

	type.arg = &context;

	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<limits, limits_type> percpu(slab, type);
	uint64_t old;

	sim_cpu_set(3);
	expect(!percpu.add(&limits::used, 2));
	expect(!percpu.exchange(&limits::highest, 11, old) && old == 5);
	sim_cpu_set(0);
	sim_cpu_set_available(3, false);
	expect(!cpuslab_domain_remove(domain, 3));
	expect(context == 16);
	expect(percpu.sum(&limits::used) == 2);
	for (auto [cpu, copy] : percpu.copies())
		expect(copy.highest == (cpu == CPUSLAB_SHARED ? 1u : 5u));
}

cpuslab::counter named{ "named" };
cpuslab::gauge in_flight{ "in flight" };

void test_named()
{
	machine machine;

	expect(!named.add(2) && !in_flight.add(3) && !in_flight.sub(1));
	expect(named.sum() == 2 && in_flight.sum() == 2);
	{
		cpuslab::counter short_lived("short-lived");

		expect(!short_lived.add(7) && short_lived.sum() == 7);
	}
	// Its memory is another object's now: no list may have its address.
	expect(cpuslab_default());
	cpuslab_default_destroy();
	expect(named.sum() == 2);
	cpuslab_default_destroy();
}

} // namespace

int main()
{
	test_each_allocation_fails();
	test_what_failed_is_passed_on();
	test_move();
	test_return();
	test_move_to_itself();
	test_early_return();
	test_free_rcu();
	test_exceptions();
	test_exception_in_sections();
	test_words();
	test_mistakes();
	test_walks();
	test_another_type_and_context();
	test_named();
	return 0;
}
