/* SPDX-License-Identifier: MIT */
/*
 * sim.c - starting and ending a simulation.
 */
#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

struct sim_config sim__config;

static uint64_t sim_life; /* simulations begun */
static bool sim_ready;
static struct sim_odds sim_odds_now;

static const struct sim_odds sim_odds_default = {
	.interleave = 150,
	.preempt = 60,
	.move = 500,
	.stray = 0,
	.signal = 15,
};

uint64_t sim__life(void)
{
	return sim_life;
}

void sim__need_init(void)
{
	if (!sim_ready)
		sim__panicf("sim: sim_init() has not been called");
}

uint64_t sim_seed(void)
{
	return sim__config.seed;
}

/* A seed from the environment replays a failure that a test reported. */
static void sim_seed_from_env(void)
{
	const char *text = getenv("SIM_SEED");
	char *end;
	unsigned long long seed;

	if (!text || !*text)
		return;
	errno = 0;
	seed = strtoull(text, &end, 0);
	if (errno || *end) {
		sim__logf("sim: SIM_SEED=%s is not a number, ignored", text);
		return;
	}
	sim__config.seed = seed;
}

static int sim_config_set(const struct sim_config *config)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t least = page > 0 ? (size_t)page : 4096;
	struct sim_config c;

	memset(&c, 0, sizeof(c));
	if (config)
		c = *config;
	if (!c.limit)
		c.limit = 64;
	if (c.available > c.limit)
		c.available = c.limit;
	if (!c.page_size)
		c.page_size = least;
	if (c.page_size < least || (c.page_size & (c.page_size - 1)))
		return -CPUSLAB_EINVAL;
	if (!c.max_steps)
		c.max_steps = (uint64_t)20 * 1000 * 1000;
	sim_odds_now = c.odds ? *c.odds : sim_odds_default;
	c.odds = &sim_odds_now;
	sim__config = c;
	return CPUSLAB_OK;
}

static void sim_drop(void)
{
	if (!sim_ready)
		return;
	sim__rcu_fini();
	sim__blocks_fini();
	sim__alloc_fini();
	sim__cpu_fini();
	sim__cid_fini();
	sim_ready = false;
}

int sim_init(const struct sim_config *config)
{
	int err;

	if (sim__sched_active())
		sim__panicf("sim: sim_init() inside sim_run()");
	sim_drop();
	err = sim_config_set(config);
	if (err)
		return err;
	sim_log_clear();
	sim_seed_from_env();
	err = sim__cpu_init();
	if (!err)
		err = sim__cid_init();
	if (err)
		return err;
	sim_life++;
	sim__random_init(sim__config.seed);
	sim__point_init();
	sim__sched_init();
	sim__section_init();
	sim__mutex_init();
	sim__alloc_init();
	sim__rcu_init();
	sim_ready = true;
	return CPUSLAB_OK;
}

static unsigned int sim_left(uint64_t count, const char *what)
{
	if (count)
		sim__logf("sim: left behind: %llu %s, seed %llu",
			  (unsigned long long)count, what,
			  (unsigned long long)sim__config.seed);
	return (unsigned int)count;
}

unsigned int sim_fini(void)
{
	unsigned int left = 0;

	sim__need_init();
	if (sim__sched_active())
		sim__panicf("sim: sim_fini() inside sim_run()");
	left += sim_left(sim__blocks_count(), "blocks");
	left += sim_left(sim_zallocs(), "small allocations");
	left += sim_left(sim__mutex_count(), "mutexes");
	left += sim_left(sim_rcu_pending(), "RCU callbacks");
	left += sim_left(sim__rcu_sections(), "open read sections");
	left += sim_left(sim__rcu_users(), "users of grace periods");
	sim_drop();
	sim_life++;
	return left;
}
