/* SPDX-License-Identifier: MIT */
#ifndef SHIM_WDM_H
#define SHIM_WDM_H

#include <ntddk.h>

#endif /* SHIM_WDM_H */
