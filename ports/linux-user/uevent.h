/* SPDX-License-Identifier: MIT */
/*
 * uevent.h - what one kernel uevent says about CPUs. Private to this port and
 * its tests.
 *
 *	online@/devices/system/cpu/cpu3 0 ACTION=online 0 DEVPATH=... 0
 *	SUBSYSTEM=cpu 0 SEQNUM=4711 0			(0 stands for a NUL)
 */
#ifndef CPUSLAB_UEVENT_H
#define CPUSLAB_UEVENT_H

#include <cpuslab/base.h>

enum cpuslab__uevent_action {
	CPUSLAB__UEVENT_OTHER,  /* a reason to resync, no more */
	CPUSLAB__UEVENT_ADD,    /* present, not yet online */
	CPUSLAB__UEVENT_REMOVE, /* no longer present */
};

struct cpuslab__uevent {
	enum cpuslab__uevent_action action;
	uint32_t cpu; /* CPUSLAB_NO_CPU: of no single CPU */
};

/**
 * cpuslab__uevent_parse() - does a message concern CPUs?
 * @message: @bytes of arbitrary data, not terminated.
 * @event:   written if it does. An add that userspace requested (SYNTH_UUID, as
 *           `udevadm trigger` does) is no news and is reported as OTHER.
 *
 * Messages that udev forwards to its own listeners ("libudev"), and messages
 * that do not begin with a terminated action@path, do not concern CPUs. A
 * property that is cut off at the end counts as absent.
 *
 * Context: any. Pure.
 */
bool cpuslab__uevent_parse(const char *message, size_t bytes,
			   struct cpuslab__uevent *event);

#endif /* CPUSLAB_UEVENT_H */
