/* SPDX-License-Identifier: MIT */
/*
 * planted_port.c - what each analyser must find as if it were a file of any of
 * the folders, with the headers that are found there. Like planted.c.
 */
#include <cpuslab/port.h>

int planted_port(uint32_t cpu);

int planted_port(uint32_t cpu)
{
	const int *found = NULL;

	if (cpu == CPUSLAB_NO_CPU)
		return CPUSLAB_EMPTY;
	return *found; /* gcc clang-tidy cppcheck */
}
