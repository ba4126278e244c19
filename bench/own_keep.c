/* SPDX-License-Identifier: MIT */
#define CPUSLAB_KEEP_RSEQ_CS
#define OWN(name) own_keep_##name
#include "own_loops.h"
