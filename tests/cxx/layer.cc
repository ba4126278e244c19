// SPDX-License-Identifier: MIT
//
// layer.cc - some of everything in cpuslab.hpp, and nothing of a system or of a
// library: for compilers without either, and for warnings.
#include "requests.h"

struct pair {
	cpuslab_word used;
	cpuslab_word most;
};

struct pair_type : cpuslab::type {
	static constexpr const char *name = "pair";
	static constexpr uint32_t counters = 1;
	static constexpr auto drain = [](pair &from, pair &shared, uint32_t,
					 void *) noexcept {
		return from.most > shared.most ? -CPUSLAB_EAGAIN : CPUSLAB_OK;
	};
};

int layer(cpuslab_node *node);

#if CPUSLAB__CPLUSPLUS >= 202002L
#define AT_COMPILE_TIME constinit
#else
#define AT_COMPILE_TIME
#endif
AT_COMPILE_TIME static cpuslab::counter hits{ "hits" };
AT_COMPILE_TIME static cpuslab::gauge in_flight{ "in flight" };
static const cpuslab_client_ops no_callbacks{};

int layer(cpuslab_node *node)
{
	cpuslab::domain domain;
	cpuslab::hotplug hotplug(domain);
	cpuslab::slab slab(domain);
	cpuslab::stack stack(slab);
	cpuslab::histogram histogram(slab, 5u, 32u);
	cpuslab::client client(domain, &no_callbacks, "client", nullptr, 0);
	cpuslab::percpu<requests> percpu(slab);
	cpuslab::percpu<pair, pair_type> other(slab);
	uint64_t sum = 0, word = 0;

	if (int error = cpuslab::first_error(domain, hotplug, slab, stack,
					     histogram, client, percpu, other))
		return error;
	hits.add(1);
	in_flight.add(1);
	in_flight.sub(1);
	cpuslab_stack_push(stack, node);
	cpuslab_histogram_record(histogram, 100);
	percpu.add(&requests::served, 1);
	percpu.add({ &requests::slots, 3 }, 1);
	cpuslab_max(other, cpuslab::offset(&pair::most), 7);
	if (percpu.load(&requests::failed, word) ||
	    percpu.cmpstore({ &requests::slots, 1 }, word, 1))
		return CPUSLAB_DIFFERS;
	for (auto [cpu, copy] : percpu.copies())
		sum += cpuslab_load_acquire_u64(&copy.served) + cpu;
	for (uint32_t cpu : cpuslab::cpumask(domain))
		sum += cpu;

	cpuslab::percpu<requests> moved(std::move(percpu));
	cpuslab::slab last(domain);

	last = std::move(slab);
	cpuslab::read_section section;

#if defined(__cpp_exceptions)
	cpuslab::require(domain, last, moved);
#endif
	return moved.sum(&requests::served) + hits.sum() == sum;
}
