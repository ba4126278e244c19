/* SPDX-License-Identifier: MIT */
/*
 * sysfs.c - lists of CPUs and numbers, as the kernel writes them, against a
 * parser that splits the text first.
 */
#include "discover.h"
#include "fuzz.h"

#define SYSFS_RANGES 4096u

struct sysfs_ranges {
	uint32_t count;
	uint32_t first[SYSFS_RANGES], last[SYSFS_RANGES];
};

static struct sysfs_ranges sysfs_got, sysfs_wanted;

static void sysfs_keep(void *arg, uint32_t first, uint32_t last)
{
	struct sysfs_ranges *ranges = arg;

	fuzz_expect(ranges->count < SYSFS_RANGES);
	ranges->first[ranges->count] = first;
	ranges->last[ranges->count++] = last;
}

/* Digits only, below 2^32 - 1; @text ends at its NUL. */
static bool sysfs_reads_number(const char *text, uint32_t *number)
{
	size_t digits = strspn(text, "0123456789");
	size_t zeros = strspn(text, "0");
	unsigned long long value;

	if (!digits || text[digits] || digits - zeros > 10)
		return false;
	value = strtoull(text, NULL, 10);
	*number = (uint32_t)value;
	return value < UINT32_MAX;
}

static bool sysfs_reads_range(char *text, uint32_t *first, uint32_t *last)
{
	char *dash = strchr(text, '-');

	if (dash)
		*dash = '\0';
	if (!sysfs_reads_number(text, first))
		return false;
	*last = *first;
	return !dash || (sysfs_reads_number(dash + 1, last) && *first <= *last);
}

/* What cpuslab__cpulist_parse() has to return for @text, which ends at @end. */
static int sysfs_reads_list(char *text, char *end, struct sysfs_ranges *ranges)
{
	uint32_t first, last, least = 0;
	char *comma;

	if (end > text && end[-1] == '\n')
		*--end = '\0';
	if (end == text)
		return CPUSLAB_EMPTY;
	if (strlen(text) != (size_t)(end - text))
		return -CPUSLAB_EINVAL;
	for (; text; text = comma) {
		comma = strchr(text, ',');
		if (comma)
			*comma++ = '\0';
		if (!sysfs_reads_range(text, &first, &last) || first < least)
			return -CPUSLAB_EINVAL;
		sysfs_keep(ranges, first, last);
		least = last + 1;
	}
	return CPUSLAB_OK;
}

static void sysfs_check_list(char *text, const uint8_t *data, size_t bytes)
{
	int wanted, got;

	sysfs_got.count = sysfs_wanted.count = 0;
	got = cpuslab__cpulist_parse((const char *)data, bytes, sysfs_keep,
				     &sysfs_got);
	wanted = sysfs_reads_list(text, text + bytes, &sysfs_wanted);
	fuzz_expect(got == wanted);
	fuzz_expect(got == cpuslab__cpulist_parse((const char *)data, bytes,
						  NULL, NULL));
	if (got)
		sysfs_wanted.count = 0;
	fuzz_expect(sysfs_got.count == sysfs_wanted.count);
	fuzz_expect(!memcmp(sysfs_got.first, sysfs_wanted.first,
			    4 * sysfs_got.count));
	fuzz_expect(!memcmp(sysfs_got.last, sysfs_wanted.last,
			    4 * sysfs_got.count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1);
	uint32_t got = 0, wanted = 0;
	bool is_number;

	if (bytes)
		memcpy(text, data, bytes);
	text[bytes] = '\0';
	is_number = cpuslab__number_parse(text, &got);
	fuzz_expect(is_number == sysfs_reads_number(text, &wanted));
	fuzz_expect(!is_number || got == wanted);
	sysfs_check_list(text, data, bytes);
	free(text);
	return 0;
}
