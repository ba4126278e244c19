/* SPDX-License-Identifier: MIT */
/*
 * ring_record.h - the records that cpuslab_ring.ko appends and ring_consume.c
 * checks.
 */
#ifndef RING_RECORD_H
#define RING_RECORD_H

#include <cpuslab/base.h>

#define RING_RECORD_NMI 0x10000u /* a flag of cpu */
#define RING_RECORD_HEAD 16u

struct ring_record {
	uint64_t number; /* of this CPU's records */
	uint32_t cpu;
	uint32_t bytes; /* of what follows, and these three */
	unsigned char fill[256];
};

CPUSLAB_INLINE uint32_t ring_record_bytes(uint64_t number)
{
	return RING_RECORD_HEAD + (uint32_t)(number * 37 % 240);
}

CPUSLAB_INLINE void ring_record_fill(struct ring_record *record, uint32_t cpu,
				     uint64_t number)
{
	record->number = number;
	record->cpu = cpu;
	record->bytes = ring_record_bytes(number);
	memset(record->fill, (int)(number & 0xff),
	       record->bytes - RING_RECORD_HEAD);
}

CPUSLAB_INLINE bool ring_record_valid(const struct ring_record *record,
				      uint32_t bytes)
{
	uint32_t i;

	if (bytes < RING_RECORD_HEAD || bytes != record->bytes ||
	    bytes != ring_record_bytes(record->number))
		return false;
	for (i = 0; i < bytes - RING_RECORD_HEAD; i++)
		if (record->fill[i] != (record->number & 0xff))
			return false;
	return true;
}

#endif /* RING_RECORD_H */
