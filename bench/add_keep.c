/* SPDX-License-Identifier: MIT */
#define CPUSLAB_KEEP_RSEQ_CS
#define ADD_BODY add_keep
#include "add_body.h"
