// SPDX-License-Identifier: MIT
//
// plugin.cc - a plugin for linux-user/dlclose.c that uses cpuslab.hpp, with
// default visibility and the library linked in: what the compiler emits for it
// must not keep it loaded.
#include <cpuslab/cpuslab.hpp>

#include <optional>

#include "linux-user/plugin.h"

// Not in a namespace without a name: its type is another plugin's as well.
struct words : cpuslab::type {
	static constexpr const char *name = "words";
	static constexpr uint32_t counters = 1;
	cpuslab_word sum;
	cpuslab_word initial = 1;
};

namespace
{

struct owners {
	cpuslab::domain domain;
	cpuslab::slab slab{ domain };
	cpuslab::counter counter{ slab };
	cpuslab::percpu<words> percpu{ slab };
};

// It ends when the plugin is unloaded.
cpuslab::counter named{ "plugin" };
std::optional<owners> here;

int plugin_begin()
{
	here.emplace();
	return cpuslab::first_error(here->domain, here->slab, here->counter,
				    here->percpu);
}

void plugin_work(uint64_t times)
{
	while (times--) {
		here->counter.add(1);
		here->percpu.add(&words::sum, 1);
		named.add(1);
	}
}

uint64_t plugin_sum()
{
	uint64_t sum = here->counter.sum();

	return here->percpu.sum(&words::sum) == sum && named.sum() == sum ?
		       sum :
		       0;
}

void plugin_end()
{
	here.reset();
	cpuslab_default_destroy();
}

int plugin_on_null(unsigned int)
{
	static const cpuslab_percpu null{};

	return cpuslab_add(&null, 0, 1);
}

const char *plugin_registration()
{
	cpuslab_stats stats;

	cpuslab_stats_get(here->slab, &stats);
	return stats.registration;
}

} // namespace

extern const struct plugin plugin = { plugin_begin,   plugin_work,
				      plugin_sum,     plugin_end,
				      plugin_on_null, plugin_registration };
