/* SPDX-License-Identifier: MIT */
/*
 * cpuslab.h - all of cpuslab.
 */
#ifndef CPUSLAB_H
#define CPUSLAB_H

#include <cpuslab/approx.h>
#include <cpuslab/cache.h>
#include <cpuslab/client.h>
#include <cpuslab/counter.h>
#include <cpuslab/cpumask.h>
#include <cpuslab/domain.h>
#include <cpuslab/follower.h>
#include <cpuslab/gauge.h>
#include <cpuslab/group.h>
#include <cpuslab/histogram.h>
#include <cpuslab/log.h>
#include <cpuslab/mailbox.h>
#include <cpuslab/ops.h>
#include <cpuslab/read.h>
#include <cpuslab/refcount.h>
#include <cpuslab/slab.h>
#include <cpuslab/stack.h>
#include <cpuslab/stats.h>
#include <cpuslab/steering.h>
#include <cpuslab/version.h>
#include <cpuslab/workers.h>

#endif /* CPUSLAB_H */
