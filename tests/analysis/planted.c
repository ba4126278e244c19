/* SPDX-License-Identifier: MIT */
/*
 * planted.c - what each analyser must find, or a run without findings shows
 * nothing. The comments name the analysers.
 */
#include <stdlib.h>
#include <string.h>

int planted_after_free(int *p);
int planted_null(const char *text);
char *planted_leak(size_t bytes, const char *text);

int planted_after_free(int *p)
{
	free(p);
	return *p; /* gcc clang-tidy */
}

int planted_null(const char *text)
{
	const int *found = NULL;

	if (strlen(text) > 3)
		return 0;
	return *found; /* gcc clang-tidy cppcheck */
}

char *planted_leak(size_t bytes, const char *text)
{
	char *copy = malloc(bytes);

	if (!copy)
		return NULL;
	if (strlen(text) >= bytes)
		return NULL; /* clang-tidy cppcheck */
	return strcpy(copy, text);
}
