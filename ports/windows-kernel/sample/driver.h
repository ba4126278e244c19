/* SPDX-License-Identifier: MIT */
/*
 * driver.h - what the sources of the sample driver share.
 */
#ifndef CPUSLAB_SAMPLE_DRIVER_H
#define CPUSLAB_SAMPLE_DRIVER_H

#include <ntddk.h>

#include <cpuslab/cpuslab.h>
#include <cpuslab/kernel.h>
#include <cpuslab/rebalance.h>

#include "sample.h"

/* Written by DriverEntry and DriverUnload. */
extern struct cpuslab_domain *sample_domain;
extern struct cpuslab_counter sample_events;

/* Count one event. Any IRQL up to DISPATCH_LEVEL; no lock. */
void sample_event(void);

/*
 * Create and delete the device of the console program. Idempotent. A driver is
 * not unloaded while it has devices, so this one is deleted with the last
 * other.
 */
NTSTATUS sample_control_create(PDRIVER_OBJECT driver);
void sample_control_delete(void);

/* pnp.c */
DRIVER_ADD_DEVICE sample_add_device;
DRIVER_DISPATCH sample_pnp;
DRIVER_DISPATCH sample_power;
DRIVER_DISPATCH sample_system_control;
/* How often devices have been steered again. */
uint32_t sample_steered(void);
/* The processors that PnP assigned to the interrupt of the last device. */
uint64_t sample_interrupt(void);

#endif /* CPUSLAB_SAMPLE_DRIVER_H */
