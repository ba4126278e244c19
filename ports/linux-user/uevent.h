/* SPDX-License-Identifier: MIT */
/*
 * uevent.h - what one kernel uevent says about CPUs. Private to this
 * port and its tests.
 *
 *	online@/devices/system/cpu/cpu3 0 ACTION=online 0 DEVPATH=... 0
 *	SUBSYSTEM=cpu 0 SEQNUM=4711 0			(0 stands for a NUL)
 */
#ifndef CPUSLAB_UEVENT_H
#define CPUSLAB_UEVENT_H

#include <cpuslab/base.h>

enum cpuslab__uevent_action {
	CPUSLAB__UEVENT_OTHER,  /* a reason to look, no more */
	CPUSLAB__UEVENT_ADD,    /* present, not yet online */
	CPUSLAB__UEVENT_REMOVE, /* no longer present */
};

struct cpuslab__uevent {
	enum cpuslab__uevent_action action;
	uint32_t cpu; /* CPUSLAB_NO_CPU: of no single CPU */
};

/**
 * cpuslab__uevent_parse() - does a message concern CPUs?
 * @message: @bytes of anything, not terminated.
 * @event:   written if so. An add that user space asked for (SYNTH_UUID, as
 *           `udevadm trigger` does) says nothing new and is OTHER.
 *
 * The messages that udev passes on to its own listeners ("libudev"), and what
 * does not begin with a terminated action@path, concern nobody. A property
 * that is cut off at the end is not there.
 *
 * Context: any. Pure.
 */
bool cpuslab__uevent_parse(const char *message, size_t bytes,
			   struct cpuslab__uevent *event);

#endif /* CPUSLAB_UEVENT_H */
