/* SPDX-License-Identifier: MIT */
/*
 * event.h - the records in the rings: for the driver and the consumer.
 */
#ifndef SCAP_EVENT_H
#define SCAP_EVENT_H

#include <linux/types.h>

#define SCAP_DEVICE "cpuslab_scap"

enum scap_type {
	SCAP_ENTER, /* struct scap_enter */
	SCAP_EXIT,  /* struct scap_exit */
};

struct scap_event {   /* each record begins with this */
	__u64 time;   /* nanoseconds since 1970 */
	__u32 thread; /* its number outside of all containers */
	__u16 type;   /* enum scap_type */
	__s16 call;   /* the number of the system call */
};

struct scap_enter {
	struct scap_event head;
	unsigned long args[6]; /* as in the registers; a call may have fewer */
};

struct scap_exit {
	struct scap_event head;
	__s64 result;
};

#endif /* SCAP_EVENT_H */
