#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The unit tests: with all assertions; and without any, by another compiler.
set -euo pipefail
. tests/run/common.sh

check_meson "unit tests: debug, gcc" debug --suite unit
if at_least full; then
	check_meson "unit tests: others with musl" debug linux-user/musl_others
	check_meson "unit tests: release, clang" clang --suite unit
	check "operations and their reference: compilers" \
		tests/linux-user/aborted.py . --builds
	check "what a process may do: a table" \
		tests/linux-user/kinds.py build/debug
fi
finish
