/* SPDX-License-Identifier: MIT */
/*
 * world_sim.c - domains on simulated processors.
 */
#include <cpuslab/sim.h>

#include "world.h"

#define WORLD_SIM_LIMIT 65536u

const char *bench_mode(void)
{
	return "sim";
}

void bench_world_init(void)
{
	const struct sim_config config = { .limit = WORLD_SIM_LIMIT,
					   .available = 2,
					   .max_steps = UINT64_MAX,
					   .quiet = true };

	if (sim_init(&config))
		measure_die("sim", "cannot be started");
}
