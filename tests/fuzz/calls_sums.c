/* SPDX-License-Identifier: MIT */
/*
 * calls_sums.c - structures whose content is a number, or a few.
 */
#include "calls.h"
#include "section/portable_buffer.h"
#include "words/portable_exact.h"

/* ---- counter ------------------------------------------------------------- */

static struct cpuslab_counter counter;
static uint64_t counter_total;

static int counter_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	counter_total = 0;
	return cpuslab_counter_init(&counter, slab);
}

static void counter_fini(void)
{
	cpuslab_counter_fini(&counter);
}

static void counter_step(struct fuzz_input *in)
{
	uint64_t value = fuzz_number(in);

	fuzz_expect(!cpuslab_counter_add(&counter, value));
	counter_total += value;
}

static void counter_check(void)
{
	fuzz_expect(cpuslab_counter_sum(&counter) == counter_total);
}

const struct calls_part calls_counter = { counter_init, counter_fini,
					  counter_step, NULL, counter_check };

/* ---- gauge --------------------------------------------------------------- */

static struct cpuslab_gauge gauge;
static int64_t gauge_level;

static int gauge_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	gauge_level = 0;
	return cpuslab_gauge_init(&gauge, slab);
}

static void gauge_fini(void)
{
	cpuslab_gauge_fini(&gauge);
}

static void gauge_step(struct fuzz_input *in)
{
	uint8_t value = fuzz_byte(in);

	if (value % 2) {
		fuzz_expect(!cpuslab_gauge_add(&gauge, value));
		gauge_level += value;
	} else {
		fuzz_expect(!cpuslab_gauge_sub(&gauge, value));
		gauge_level -= value;
	}
}

static void gauge_check(void)
{
	int64_t least, most;

	fuzz_expect(cpuslab_gauge_sum(&gauge) == gauge_level);
	cpuslab_gauge_bounds(&gauge, &least, &most);
	fuzz_expect(least == gauge_level && most == gauge_level);
}

const struct calls_part calls_gauge = { gauge_init, gauge_fini, gauge_step,
					NULL, gauge_check };

/* ---- approx -------------------------------------------------------------- */

static struct cpuslab_approx approx;
static uint64_t approx_total;

static int approx_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	approx_total = 0;
	return cpuslab_approx_init(&approx, slab, fuzz_below(in, 16) + 1);
}

static void approx_fini(void)
{
	cpuslab_approx_fini(&approx);
}

static void approx_step_limited(uint64_t limit, uint64_t value)
{
	bool fits = approx_total + value <= limit;
	int result = cpuslab_approx_add_limited(&approx, limit, value);

	fuzz_expect(result == CPUSLAB_OK || result == CPUSLAB_FULL);
	if (calls_alone)
		fuzz_expect((result == CPUSLAB_OK) == fits);
	if (!result)
		approx_total += value;
}

static void approx_step(struct fuzz_input *in)
{
	uint32_t what = fuzz_below(in, 4);
	uint64_t value = fuzz_byte(in);

	if (what == 0) {
		value = value < approx_total ? value : approx_total;
		approx_total -= value;
		fuzz_expect(!cpuslab_approx_sub(&approx, value));
	} else if (what == 1) {
		approx_step_limited(8 * (uint64_t)fuzz_byte(in), value);
	} else {
		if (what == 2)
			value %= CPUSLAB_APPROX_STEPS + 1;
		fuzz_expect(!cpuslab_approx_add(&approx, value));
		approx_total += value;
	}
}

static void approx_slow(struct fuzz_input *in)
{
	approx_total = fuzz_byte(in);
	fuzz_expect(!cpuslab_approx_set(&approx, approx_total));
}

static void approx_check(void)
{
	uint64_t least, most;

	fuzz_expect(cpuslab_approx_sum(&approx) == approx_total);
	cpuslab_approx_bounds(&approx, &least, &most);
	fuzz_expect(least <= approx_total && approx_total <= most);
	fuzz_expect(most - least <= approx.batch * approx.copies);
	fuzz_expect(cpuslab_approx_compare(&approx, approx_total) == 0);
	fuzz_expect(cpuslab_approx_compare(&approx, approx_total + 1) < 0);
}

const struct calls_part calls_approx = { approx_init, approx_fini, approx_step,
					 approx_slow, approx_check };

/* ---- histogram ----------------------------------------------------------- */

#define HISTOGRAM_BUCKETS 9u /* of precision 1, with 4 bits */

static struct cpuslab_histogram histogram;
static uint64_t histogram_counts[HISTOGRAM_BUCKETS];

static int histogram_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	memset(histogram_counts, 0, sizeof(histogram_counts));
	return cpuslab_histogram_init(&histogram, slab, 1, 4);
}

static void histogram_fini(void)
{
	cpuslab_histogram_fini(&histogram);
}

static void histogram_step(struct fuzz_input *in)
{
	uint64_t value = fuzz_below(in, 20);

	fuzz_expect(!cpuslab_histogram_record(&histogram, value));
	histogram_counts[cpuslab_histogram_bucket(&histogram, value)]++;
}

static void histogram_check(void)
{
	uint64_t counts[HISTOGRAM_BUCKETS];

	fuzz_expect(histogram.buckets == HISTOGRAM_BUCKETS);
	cpuslab_histogram_read(&histogram, counts);
	fuzz_expect(!memcmp(counts, histogram_counts, sizeof(counts)));
}

const struct calls_part calls_histogram = { histogram_init, histogram_fini,
					    histogram_step, NULL,
					    histogram_check };

/* ---- refcount ------------------------------------------------------------ */

static struct cpuslab_refcount refcount;
static uint64_t refcount_held; /* but for the first */
static uint32_t refcount_released, refcount_wanted;
static bool refcount_dying, refcount_atomic;

static void refcount_on_release(struct cpuslab_refcount *count)
{
	fuzz_expect(count == &refcount);
	refcount_released++;
}

static int refcount_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	refcount_held = refcount_released = refcount_wanted = 0;
	refcount_dying = refcount_atomic = false;
	return cpuslab_refcount_init(&refcount, slab, refcount_on_release);
}

static void refcount_fini(void)
{
	cpuslab_refcount_fini(&refcount);
}

static void refcount_step(struct fuzz_input *in)
{
	if (fuzz_byte(in) % 2) {
		bool got = cpuslab_refcount_try_get(&refcount);

		fuzz_expect(got == !refcount_dying);
		refcount_held += got;
	} else if (refcount_held) {
		bool last = !--refcount_held && refcount_dying;

		refcount_wanted += last;
		/* Of two that overlap the other may be the last. */
		fuzz_expect(cpuslab_refcount_put(&refcount) == last ||
			    !calls_alone);
	}
}

static void refcount_slow_end(bool kill)
{
	int result = kill ? cpuslab_refcount_kill(&refcount) :
			    cpuslab_refcount_resurrect(&refcount);

	fuzz_expect(result ==
		    (kill == refcount_dying ? CPUSLAB_DIFFERS : CPUSLAB_OK));
	refcount_wanted += kill && !result && !refcount_held;
	refcount_dying = kill;
}

static void refcount_slow(struct fuzz_input *in)
{
	uint32_t what = fuzz_below(in, 4);

	sim_fence_fail(false);
	if (what < 2) {
		refcount_slow_end(what);
		return;
	}
	refcount_atomic = what == 2;
	fuzz_expect(!(refcount_atomic ?
			      cpuslab_refcount_switch_to_atomic(&refcount) :
			      cpuslab_refcount_switch_to_percpu(&refcount)));
}

static void refcount_check(void)
{
	fuzz_expect(refcount_released == refcount_wanted);
	fuzz_expect(cpuslab_refcount_is_dying(&refcount) == refcount_dying);
	if (refcount_dying || refcount_atomic)
		fuzz_expect(cpuslab_refcount_count(&refcount) ==
			    refcount_held + !refcount_dying);
}

const struct calls_part calls_refcount = { refcount_init, refcount_fini,
					   refcount_step, refcount_slow,
					   refcount_check };

/* ---- words --------------------------------------------------------------- */

static struct cpuslab_slab *words_slab;
static struct cpuslab_percpu words;
static struct words_account words_done;
static uint64_t words_begun;

static int words_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	words_slab = slab;
	words_account_init(&words_done);
	return cpuslab_alloc(slab, &words_type, &words);
}

static void words_fini(void)
{
	fuzz_expect(!cpuslab_free(words_slab, &words));
}

static void words_step_one(struct fuzz_input *in)
{
	struct words_account done;

	words_account_init(&done);
	fuzz_expect(words_step(&words, &done,
			       words_begun++ * 7919 + fuzz_byte(in)));
	words_account_merge(&words_done, &done);
}

static void words_check(void)
{
	fuzz_expect(!words_wrong(&words, &words_done));
}

const struct calls_part calls_words = { words_init, words_fini, words_step_one,
					NULL, words_check };

/* ---- section ------------------------------------------------------------- */

static struct cpuslab_slab *section_slab;
static struct cpuslab_percpu section;
static struct buffer_account section_done;
static uint64_t section_begun;

static int section_init(struct cpuslab_slab *slab, struct fuzz_input *in)
{
	(void)in;
	section_slab = slab;
	memset(&section_done, 0, sizeof(section_done));
	return cpuslab_alloc(slab, &buffer_type, &section);
}

static void section_fini(void)
{
	fuzz_expect(!cpuslab_free(section_slab, &section));
}

static void section_step(struct fuzz_input *in)
{
	struct buffer_account done = { 0 };
	int result, expected;

	if (fuzz_byte(in) % 3) { /* so that a buffer can be full */
		expected = CPUSLAB_FULL;
		result = buffer_put(&section, &done, ++section_begun);
	} else {
		expected = CPUSLAB_EMPTY;
		result = buffer_take(&section, &done);
	}
	fuzz_expect(buffer_is_possible(result, expected));
	buffer_account_merge(&section_done, &done);
}

static void section_check(void)
{
	fuzz_expect(buffer_is_exact(&section, &section_done));
}

const struct calls_part calls_section = { section_init, section_fini,
					  section_step, NULL, section_check };
