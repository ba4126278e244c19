/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the targets share: reading an input as choices, and a test
 * that ends the process, which libFuzzer reports with the input.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls these; the first one only where a target has it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Also in builds without assertions. */
#define fuzz_expect(cond)                                                      \
	((cond) ? (void)0 : fuzz_fail(#cond, __FILE__, __LINE__))

static inline void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
	abort();
}

struct fuzz_input {
	const uint8_t *at, *end;
};

/* The next byte; 0 at the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline uint32_t fuzz_below(struct fuzz_input *in, uint32_t limit)
{
	return fuzz_byte(in) % limit;
}

/*
 * Of any magnitude: one byte chooses how many more make up the number, or its
 * difference to 2^64.
 */
static inline uint64_t fuzz_number(struct fuzz_input *in)
{
	uint32_t choice = fuzz_below(in, 18), more;
	uint64_t number = 0;

	for (more = choice % 9; more; more--)
		number = number << 8 | fuzz_byte(in);
	return choice < 9 ? number : ~number;
}

#endif /* FUZZ_H */
