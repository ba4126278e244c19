/* SPDX-License-Identifier: MIT */
/*
 * driver.h - what the sources of the sample driver share.
 */
#ifndef CPUSLAB_SAMPLE_DRIVER_H
#define CPUSLAB_SAMPLE_DRIVER_H

#include <ntddk.h>

#include <cpuslab/kernel.h>
#include <cpuslab/rebalance.h>

#include "statistics.h"

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
