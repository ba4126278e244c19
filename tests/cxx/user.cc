// SPDX-License-Identifier: MIT
//
// user.cc - cpuslab.hpp on real threads: exact sums, a hotplug, and counters
// that are used before main() and after it.
#include "expect.h"
#include "requests.h"

#include <cpuslab/cpuslab.hpp>

#include <thread>
#include <vector>

namespace
{

constexpr unsigned int threads = 4;
constexpr uint64_t rounds = 20000;

// Constant-initialised, so the constructor before it may count there.
extern cpuslab::counter early;

struct before_main {
	before_main()
	{
		expect(!early.add(40));
	}
};
const before_main before;

cpuslab::counter early{ "early" };

struct after_main {
	~after_main()
	{
		expect(early.sum() == 42);
	}
};
const after_main after; // and so ends before the counter

template <class F> void run_threads(F body)
{
	std::vector<std::thread> all;

	for (unsigned int n = 0; n < threads; n++)
		all.emplace_back(body);
	for (auto &thread : all)
		thread.join();
}

void test_sums()
{
	static cpuslab::counter named("named");
	cpuslab::domain domain;
	cpuslab::hotplug hotplug(domain);
	cpuslab::slab slab(domain);
	cpuslab::counter counter(slab);
	cpuslab::gauge gauge(slab);
	cpuslab::percpu<requests> percpu(slab);

	cpuslab::require(domain, hotplug, slab, counter, gauge, percpu);
	run_threads([&] {
		for (uint64_t n = 0; n < rounds; n++) {
			uint64_t old;

			expect(!named.add(1) && !counter.add(2));
			expect(!gauge.add(3) && !gauge.sub(2));
			expect(!percpu.add(&requests::served, 1));
			expect(!percpu.load_add(&requests::failed, 2, old));
			// A loop of one's own, on words that are no counters.
			int result;
			do
				result = percpu.load({ &requests::slots, 3 },
						     old);
			while (!result &&
			       (result = percpu.cmpstore(
					{ &requests::slots, 3 }, old,
					old + 1)) == CPUSLAB_DIFFERS);
			expect(!result);
		}
	});
	expect(named.sum() == threads * rounds);
	expect(counter.sum() == 2 * threads * rounds);
	expect(gauge.sum() == threads * rounds);
	expect(percpu.sum(&requests::served) == threads * rounds);
	expect(percpu.sum(&requests::failed) == 2 * threads * rounds);

	uint64_t slots = 0;

	for (auto [cpu, copy] : percpu.copies())
		slots += cpuslab_load_acquire_u64(&copy.slots[3]);
	expect(slots == threads * rounds);
}

// One that throws in a thread leaves the others' work as it is.
void test_exceptions()
{
	cpuslab::domain domain;
	cpuslab::slab slab(domain);
	cpuslab::percpu<requests> percpu(slab);

	run_threads([&] {
		for (uint64_t n = 0; n < 100; n++) {
			try {
				cpuslab::read_section section;

				cpuslab::require(percpu);
				expect(!percpu.add(&requests::served, 1));
				throw n;
			} catch (uint64_t) {
			}
		}
	});
	expect(percpu.sum(&requests::served) == threads * 100);
}

} // namespace

int main()
{
	test_sums();
	test_exceptions();
	expect(requests::made == requests::ended);
	expect(!early.add(2));
	return 0;
}
