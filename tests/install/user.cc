// SPDX-License-Identifier: MIT
//
// user.cc - user.c for C++: threads add, and the sum is correct, by inline
// functions that this file shares with another one.
#include <cstdio>
#include <thread>
#include <vector>

#include <cpuslab/cpuslab.h>

#include "hits.h"

namespace
{

constexpr int threads = 4;
constexpr int adds = 1000;

const hits_functions hits_here = { hits_add, hits_on_null, hits_twice<long> };

// Objects that need no setup.
cpuslab_counter named = CPUSLAB_COUNTER_INIT("named");
cpuslab_gauge level = CPUSLAB_GAUGE_INIT("level");

bool named_counts()
{
	cpuslab_counter_add(&named, 3);
	cpuslab_gauge_sub(&level, 4);
	return cpuslab_counter_sum(&named) == 3 &&
	       cpuslab_gauge_sum(&level) == -4 && cpuslab_default() &&
	       !cpuslab_percpu_is_null(&named.handle);
}

// Both files see the same addresses, so the linker kept one copy.
bool one_of_each()
{
	const cpuslab_percpu null = {};

	return hits_here.add == hits_elsewhere.add &&
	       hits_here.on_null == hits_elsewhere.on_null &&
	       hits_here.on_null(&null) == -6 * CPUSLAB_EINVAL;
}

int use(cpuslab_slab *slab)
{
	cpuslab_counter counter;
	int err = cpuslab_counter_init(&counter, slab);

	if (err)
		return err;
	std::vector<std::thread> pool;
	for (int i = 0; i < threads; i++)
		pool.emplace_back([&counter] {
			for (int n = 0; n < adds; n++)
				(n % 2 ? hits_here : hits_elsewhere)
					.add(&counter);
		});
	for (auto &thread : pool)
		thread.join();
	const uint64_t sum = cpuslab_counter_sum(&counter);
	const long twice = hits_elsewhere.twice(&counter);
	cpuslab_counter_fini(&counter);
	std::printf("sum %llu\n", static_cast<unsigned long long>(sum));
	return sum == 2 * adds * threads && twice == long(sum) + 2 ?
		       0 :
		       -CPUSLAB_EINVAL;
}

} // namespace

int main()
{
	cpuslab_domain *domain;
	cpuslab_slab *slab;
	int err = cpuslab_domain_create(&domain, nullptr);

	if (err)
		return 1;
	err = one_of_each() && named_counts() ?
		      cpuslab_slab_create(&slab, domain, nullptr) :
		      -CPUSLAB_EINVAL;
	if (!err) {
		err = use(slab);
		cpuslab_slab_destroy(slab);
	}
	cpuslab_domain_destroy(domain);
	if (err)
		std::fprintf(stderr, "user: %s\n", cpuslab_strerror(err));
	return err ? 1 : 0;
}
