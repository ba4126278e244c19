/* SPDX-License-Identifier: MIT */
/*
 * from_cxx.cc - the headers are C++ as well, from C++11 on. Objects must not be
 * copied or moved, so a class that owns one is not copyable either.
 */
#include <cpuslab/cpuslab.h>

#include <iostream>
#include <stdexcept>
#include <thread>

class Counters
{
public:
	Counters()
	{
		if (cpuslab_domain_create(&domain_, nullptr) ||
		    cpuslab_slab_create(&slab_, domain_, nullptr) ||
		    cpuslab_counter_init(&hits_, slab_)) {
			cpuslab_slab_destroy(slab_);
			cpuslab_domain_destroy(domain_);
			throw std::runtime_error("no memory for counters");
		}
	}
	~Counters()
	{
		cpuslab_counter_fini(&hits_);
		cpuslab_slab_destroy(slab_);
		cpuslab_domain_destroy(domain_);
	}
	Counters(const Counters &) = delete;
	Counters &operator=(const Counters &) = delete;

	void hit() noexcept
	{
		cpuslab_counter_add(&hits_, 1);
	}
	uint64_t hits() const noexcept
	{
		return cpuslab_counter_sum(&hits_);
	}

private:
	cpuslab_domain *domain_ = nullptr;
	cpuslab_slab *slab_ = nullptr;
	cpuslab_counter hits_;
};

int main()
{
	Counters counters;
	std::thread thread([&counters] {
		for (int n = 0; n < 1000; n++)
			counters.hit();
	});

	counters.hit();
	thread.join();
	std::cout << counters.hits() << " hits\n";
}
