/* SPDX-License-Identifier: MIT */
/*
 * from_cxx.cc - cpuslab.hpp: owners of what it sets up, and your own type.
 */
#include <cpuslab/cpuslab.hpp>

#include <algorithm>
#include <iostream>
#include <thread>

static cpuslab::counter hits{ "hits" }; /* needs no setup */

/* What each CPU has a copy of. */
struct request : cpuslab::type {
	static constexpr const char *name = "request";
	static constexpr uint32_t counters = 1; /* the first word */
	static constexpr uint32_t flags = CPUSLAB_TYPE_DISCARD;
	cpuslab_word bytes;
	cpuslab_word most;
};

class Server
{
public:
	Server()
	{
		cpuslab::require(domain_, slab_, requests_);
	}
	void serve(uint64_t bytes)
	{
		hits.add(1);
		requests_.add(&request::bytes, bytes);
		cpuslab_max(requests_, cpuslab::offset(&request::most), bytes);
	}
	void report() const
	{
		uint64_t most = 0;

		for (auto [cpu, copy] : requests_.copies())
			most = std::max(most,
					cpuslab_load_acquire_u64(&copy.most));
		std::cout << hits.sum() << " hits, "
			  << requests_.sum(&request::bytes) << " bytes, "
			  << most << " at most\n";
	}

private: /* Destroyed in reverse order, also if the constructor throws. */
	cpuslab::domain domain_;
	cpuslab::slab slab_{ domain_ };
	cpuslab::percpu<request> requests_{ slab_ };
};

int main()
{
	Server server;
	std::thread thread(&Server::serve, &server, 1000);

	server.serve(5);
	thread.join();
	server.report();
}
