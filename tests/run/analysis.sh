#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Static analysis of the library, its ports for Linux processes and for
# simulated CPUs, and the examples: no findings. What is planted is found.
set -euo pipefail
. tests/run/common.sh

commands() {	# how meson compiles each file, and the header that it generates
	local names=ports/linux-user/ffi/cpuslab-ffi-names.h

	[ -e build/analysis/build.ninja ] ||
		meson setup build/analysis -Dtests=enabled -Dexamples=true \
			-Ddebug_checks=true
	ninja -C build/analysis build.ninja $names
}

check "analysis: how each file is compiled" commands
for tool in gcc clang-tidy cppcheck; do
	check "analysis: $tool finds what is planted" \
		python3 tests/analysis/planted.py build/analysis $tool
	check "analysis: $tool finds nothing else" \
		python3 tests/analysis/analyse.py build/analysis $tool
done
finish
