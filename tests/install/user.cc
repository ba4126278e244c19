// SPDX-License-Identifier: MIT
//
// user.cc - user.c for C++: threads that add, a sum that is right.
#include <cstdio>
#include <thread>
#include <vector>

#include <cpuslab/cpuslab.h>

namespace
{

constexpr int threads = 4;
constexpr int adds = 1000;

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
				cpuslab_counter_add(&counter, 2);
		});
	for (auto &thread : pool)
		thread.join();
	const uint64_t sum = cpuslab_counter_sum(&counter);
	cpuslab_counter_fini(&counter);
	std::printf("sum %llu\n", static_cast<unsigned long long>(sum));
	return sum == 2 * adds * threads ? 0 : -CPUSLAB_EINVAL;
}

} // namespace

int main()
{
	cpuslab_domain *domain;
	cpuslab_slab *slab;
	int err = cpuslab_domain_create(&domain, nullptr);

	if (err)
		return 1;
	err = cpuslab_slab_create(&slab, domain, nullptr);
	if (!err) {
		err = use(slab);
		cpuslab_slab_destroy(slab);
	}
	cpuslab_domain_destroy(domain);
	if (err)
		std::fprintf(stderr, "user: %s\n", cpuslab_strerror(err));
	return err ? 1 : 0;
}
