/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_VERSION_H
#define CPUSLAB_VERSION_H
/*
 * version.h - the version of cpuslab; it is written nowhere else.
 *
 * Builds read the three numbers from this file: meson.build, dkms.conf, and
 * ports/windows-kernel/build.sh for the sample's .inf. A resource compiler, as
 * for the sample's version.rc, reads the macros only.
 */

#ifndef RC_INVOKED
#include <cpuslab/base.h>
#endif

#define CPUSLAB_VERSION_MAJOR 0
#define CPUSLAB_VERSION_MINOR 1
#define CPUSLAB_VERSION_PATCH 0

#define CPUSLAB__VERSION_TEXT(number) #number
#define CPUSLAB__VERSION_JOIN(major, minor, patch)                             \
	CPUSLAB__VERSION_TEXT(major)                                           \
	"." CPUSLAB__VERSION_TEXT(minor) "." CPUSLAB__VERSION_TEXT(patch)

/* As text: "MAJOR.MINOR.PATCH". */
#define CPUSLAB_VERSION                                                        \
	CPUSLAB__VERSION_JOIN(CPUSLAB_VERSION_MAJOR, CPUSLAB_VERSION_MINOR,    \
			      CPUSLAB_VERSION_PATCH)

#ifndef RC_INVOKED
CPUSLAB_BEGIN

/**
 * cpuslab_version() - the version of the library that is running.
 *
 * The macros above are the version that the caller was compiled with.
 *
 * Context: any.
 * Return:  a constant string, as CPUSLAB_VERSION.
 */
CPUSLAB_API CPUSLAB_HIGH const char *cpuslab_version(void);

CPUSLAB_END
#endif

/* Synchronization: none is needed. */

#endif /* CPUSLAB_VERSION_H */
