/* SPDX-License-Identifier: MIT */
/*
 * whole.c - the library, as one object.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../lib/all.c"
#include "../../ports/linux-user/all.c"
