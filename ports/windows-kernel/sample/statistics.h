/* SPDX-License-Identifier: MIT */
/*
 * statistics.h - what the sample does with cpuslab: it counts events on each
 * processor, including processors added later. The same in a WDM and in a KMDF
 * driver.
 */
#ifndef CPUSLAB_SAMPLE_STATISTICS_H
#define CPUSLAB_SAMPLE_STATISTICS_H

#include <cpuslab/cpuslab.h>

#include "sample.h"

/* W start, stop. */
extern struct cpuslab_domain *sample_domain;

/* In DriverEntry, before all else. A cpuslab_error with nothing started. */
int sample_start(void);
/* In the driver's unload, after all else. */
void sample_stop(void);

/* Count one event. Any IRQL up to DISPATCH_LEVEL; no lock. */
void sample_event(void);
/* All of @report but what concerns devices, which is 0. */
void sample_statistics(struct sample_report *report);

#endif /* CPUSLAB_SAMPLE_STATISTICS_H */
