/* SPDX-License-Identifier: MIT */
#define ADD_BODY add_clear
#include "add_body.h"
