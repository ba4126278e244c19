/* SPDX-License-Identifier: MIT */
#include <cpuslab/version.h>

const char *cpuslab_version(void)
{
	return CPUSLAB_VERSION;
}
