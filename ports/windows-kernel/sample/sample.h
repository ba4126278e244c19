/* SPDX-License-Identifier: MIT */
/*
 * sample.h - the interface between a program and the sample driver.
 */
#ifndef CPUSLAB_SAMPLE_H
#define CPUSLAB_SAMPLE_H

#include <stdint.h>

#define SAMPLE_NAME "CpuslabSample"
#define SAMPLE_ROWS 64
#define SAMPLE_MAX_COUNT 10000000u /* in one request */

/*
 * CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_BUFFERED, FILE_WRITE_ACCESS) and
 * 0x901 with FILE_READ_ACCESS: the I/O manager refuses them on a handle that
 * was opened for less.
 */
#define SAMPLE_COUNT 0x22a400u /* in: uint64_t, how many events */
#define SAMPLE_READ 0x226404u  /* out: struct sample_report */

struct sample_row {
	uint64_t events;
	uint32_t cpu;
	uint32_t online;
};

struct sample_report {
	uint64_t events;     /* on all processors, past and present */
	uint64_t generation; /* changes of the set of processors */
	uint64_t committed;  /* bytes */
	uint64_t interrupt;  /* processors that PnP assigned to the last one */
	uint32_t limit;      /* possible processors */
	uint32_t online;
	uint32_t steered; /* how often devices were steered again */
	uint32_t rows;    /* entries below: processors with a block */
	struct sample_row row[SAMPLE_ROWS];
};

#endif /* CPUSLAB_SAMPLE_H */
