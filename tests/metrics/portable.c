/* SPDX-License-Identifier: MIT */
/*
 * portable.c - texts while CPUs come and go: each is whole, and in the end a
 * named counter has in it what the actors added.
 */
#include "portable/portable.h"
#include "portable_text.h"

#define METRICS_SAMPLE "cpuslab_count_total{name=\"metrics_steps\"}"

static struct cpuslab_counter metrics_steps =
	CPUSLAB_COUNTER_INIT("metrics_steps");
static uint64_t *metrics_own;  /* [actor] W actor */
static uint64_t metrics_begin; /* W start: the sum, which destroy keeps */
static char metrics_text[32768];

/* Without memory there is none. False: it is not whole. */
static bool metrics_read(void)
{
	size_t length = cpuslab_metrics_write(CPUSLAB_METRICS_OPENMETRICS,
					      metrics_text,
					      sizeof(metrics_text));

	return !length || (length < sizeof(metrics_text) &&
			   text_after(metrics_text + length - 7, "\n# EOF\n"));
}

static void metrics_step(const struct portable_actor *actor)
{
	cpuslab_counter_add(&metrics_steps, 1);
	metrics_own[actor->id]++;
}

static void metrics_look(void)
{
	if (!metrics_read())
		portable_wrong("a text of metrics is not whole");
}

static const char *metrics_stop(bool used)
{
	uint64_t expected = metrics_begin;
	uint32_t i;

	for (i = 0; i < structures.actors; i++)
		expected += metrics_own[i];
	cpuslab_port_free(metrics_own);
	if (!used)
		return NULL;
	if (!metrics_read() || !metrics_text[0])
		return "the last text of metrics is not whole";
	if (text_number(metrics_text, METRICS_SAMPLE) != expected)
		return "a counter in the text of metrics is not exact";
	return NULL;
}

static int metrics_start(void)
{
	metrics_own = portable_array(structures.actors, 1, sizeof(uint64_t));
	metrics_begin = cpuslab_counter_sum(&metrics_steps);
	return metrics_own ? CPUSLAB_OK : -CPUSLAB_ENOMEM;
}

const struct portable_part portable_metrics = {
	.start = metrics_start,
	.step = metrics_step,
	.look = metrics_look,
	.stop = metrics_stop,
};
