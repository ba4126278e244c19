/* SPDX-License-Identifier: MIT */
#define OWN(name) own_clear_##name
#include "own_loops.h"
