/* SPDX-License-Identifier: MIT */
/*
 * bus.h - how a program makes the bus below the sample's device send requests.
 * The commands are the system's, in Wine only.
 */
#ifndef TESTS_WINDOWS_BUS_H
#define TESTS_WINDOWS_BUS_H

#include "../control.h"

enum {
	/*
	 * Call AddDevice of the sample. result: flags of its device, stack
	 * locations that it needs
	 */
	BUS_ADD = 100,
	/* Send a request, in a thread that SYSTEM_WAIT waits for. arg: BUS_* */
	BUS_SEND,
	/* Complete the request that the bus holds. */
	BUS_ANSWER,
	/*
	 * status: of the request. result: phase; the status with which the bus
	 * got it; is there a list in its status block, and the one that was
	 * sent? text: struct bus_requested of each interrupt
	 */
	BUS_READ,
	/* Delete the device. result: 1 if nothing was attached to it */
	BUS_REMOVE,
	/* text: the security descriptor of the sample's control device */
	BUS_SECURITY,
};

/* Arguments of BUS_SEND. */
enum {
	BUS_MAJOR,
	BUS_MINOR,
	BUS_STATUS,   /* with which the bus completes it */
	BUS_HOLDS,    /* 1: until BUS_ANSWER, as pending */
	BUS_ASSIGNED, /* start: mask of the interrupt's processors, or 0 */
	BUS_LISTS,    /* filter: BUS_NO_LIST.. */
};

enum {
	BUS_NO_LIST,
	BUS_LINE, /* memory and a line */
	/*
	 * Memory and three messages. Another message is an alternative to the
	 * second, a line to the third.
	 */
	BUS_MESSAGES,
	BUS_TWO_LISTS,
	BUS_IN_PARAMETERS, /* as BUS_MESSAGES, not in the status block */
};

/* The phases of a request. */
enum {
	BUS_STARTS,
	BUS_HAS_IT,
	BUS_SENT, /* it is completed */
};

struct bus_requested {
	uint64_t targets;
	uint16_t group, policy;
	uint32_t others; /* the other members are as the bus filled them */
};

/* For the system's driver. */
#ifdef SYSTEM_IN_WINE
#include <ntddk.h>

#include <cpuslab/base.h>

void bus_init(PDRIVER_OBJECT driver);
/* False: not a command of the bus. */
bool bus_control(struct control *control);
#endif

#endif /* TESTS_WINDOWS_BUS_H */
