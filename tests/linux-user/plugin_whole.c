/* SPDX-License-Identifier: MIT */
/*
 * plugin_whole.c - a plugin with the library compiled in, as two files.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../lib/all.c"
#include "../../ports/linux-user/all.c"
#include "plugin_user.c"
