/* SPDX-License-Identifier: MIT */
/*
 * mixed_library.c - the library, for mixed.c.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../lib/all.c"
#include "../../ports/linux-user/all.c"
