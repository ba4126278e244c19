/* SPDX-License-Identifier: MIT */
/*
 * platform_sim.c - domains on simulated CPUs.
 */
#include <cpuslab/sim.h>

#include "platform.h"

#define PLATFORM_SIM_LIMIT 65534u

const char *bench_mode(void)
{
	return "sim";
}

void bench_world_init(void)
{
	const struct sim_config config = { .limit = PLATFORM_SIM_LIMIT,
					   .available = 2,
					   .max_steps = UINT64_MAX,
					   .quiet = true };

	if (sim_init(&config))
		measure_die("sim", "cannot be started");
}
