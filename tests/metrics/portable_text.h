/* SPDX-License-Identifier: MIT */
#ifndef TESTS_METRICS_PORTABLE_TEXT_H
#define TESTS_METRICS_PORTABLE_TEXT_H
/*
 * portable_text.h - read a text of cpuslab_metrics_write() with no C library.
 */

#include <cpuslab/metrics.h>

/* Does @text begin with @prefix? Then what follows, else NULL. */
static const char *text_after(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix ? NULL : text;
}

/* What follows @prefix in the first line that begins with it, or NULL. */
static const char *text_line(const char *text, const char *prefix)
{
	const char *found = text_after(text, prefix);

	for (; *text && !found; text++)
		if (*text == '\n')
			found = text_after(text + 1, prefix);
	return found;
}

/* The number of the sample, or UINT64_MAX if there is none. */
static uint64_t text_number(const char *text, const char *sample)
{
	const char *at = text_line(text, sample);
	uint64_t number = 0;

	if (!at || *at++ != ' ')
		return UINT64_MAX;
	for (; *at >= '0' && *at <= '9'; at++)
		number = 10 * number + (uint64_t)(*at - '0');
	return number;
}

#endif /* TESTS_METRICS_PORTABLE_TEXT_H */
