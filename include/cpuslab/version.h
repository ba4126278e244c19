/* SPDX-License-Identifier: MIT */
#ifndef CPUSLAB_VERSION_H
#define CPUSLAB_VERSION_H
/*
 * version.h - the version of cpuslab; it is written nowhere else.
 *
 * Builds read the three numbers from this file: meson.build, dkms.conf, and
 * ports/windows-kernel/build.sh for the sample's .inf.
 */

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

#endif /* CPUSLAB_VERSION_H */
