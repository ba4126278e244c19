/* SPDX-License-Identifier: MIT */
/*
 * driver.h - what the sources of the sample driver share.
 */
#ifndef CPUSLAB_SAMPLE_DRIVER_H
#define CPUSLAB_SAMPLE_DRIVER_H

#include <ntddk.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/kernel.h>
#include <cpuslab/hotplug.h>
#include <cpuslab/rebalance.h>

#include "sample.h"

/* The driver's own; W entry and unload. */
extern struct cpuslab_domain *sample_domain;
extern struct cpuslab_counter sample_events;

/* One event happened: any IRQL up to DISPATCH_LEVEL; no lock. */
void sample_event(void);

/*
 * The device of the console program. Idempotent. A driver of devices is not
 * unloaded while it has any, so this one goes with the last of them.
 */
NTSTATUS sample_control_create(PDRIVER_OBJECT driver);
void sample_control_delete(void);

/* pnp.c */
DRIVER_ADD_DEVICE sample_add_device;
DRIVER_DISPATCH sample_pnp;
DRIVER_DISPATCH sample_power;
DRIVER_DISPATCH sample_system_control;
/* How often devices have steered anew. */
uint32_t sample_steered(void);

#endif /* CPUSLAB_SAMPLE_DRIVER_H */
