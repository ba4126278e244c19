#!/bin/sh
# SPDX-License-Identifier: MIT
#
# prefix.sh PREFIX OBJECT...: print a header that puts PREFIX before each name
# that these objects, the library compiled without it, define for others. What
# includes it first ("-include"), the library and its callers alike, has a copy
# that shares no name with other copies in the program.
prefix=$1
shift
echo "/* The names of cpuslab $("$(dirname "$0")/version.sh"), from prefix.sh. */"
"${NM:-nm}" -g --defined-only "$@" |
	awk -v prefix="$prefix" 'NF == 3 && $3 ~ /^cpuslab_/ {
		print "#define " $3 " " prefix $3
	}' | LC_ALL=C sort -u
