/* SPDX-License-Identifier: MIT */
#include <cpuslab/sim.h>

#include "conformance.h"

/* Both modes, small and large limits. */
bool conformance_begin(unsigned int nth)
{
	const struct sim_config config = {
		.limit = nth & 2 ? 8192 : 0,
		.available = 3,
		.mode = nth & 1 ? SIM_ATOMIC : SIM_RSEQ,
		.quiet = true,
	};

	return nth < 4 && sim_init(&config) == CPUSLAB_OK;
}

unsigned int conformance_end(void)
{
	return sim_fini();
}
