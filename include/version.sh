#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Print the version that cpuslab/version.h states.
exec awk '/^#define CPUSLAB_VERSION_(MAJOR|MINOR|PATCH) / {
	version = version dot $3
	dot = "."
}
END { print version }' "$(dirname "$0")/cpuslab/version.h"
