#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Small drivers, written in the usual way and with cpuslab, when the CPUs
# change: each scenario is a check.
set -euo pipefail
. tests/run/common.sh

# The build of the demo, which needs a compiler and libck only.
failures_table() {
	local readme=tests/driver_failures/README.md

	mkdir -p build/failures
	tests/driver_failures/build.sh build/failures/gcc
	build/failures/gcc --markdown --json build/failures/failures.json |
		diff - <(sed -n '/^| the documentation/,/^$/{/^|/p}' "$readme")
	python3 -c '
import json, sys
scenarios = json.load(open(sys.argv[1]))["scenarios"]
assert scenarios and all(scenario["passed"] for scenario in scenarios)
' build/failures/failures.json
}

failures_clang() {
	CC=clang tests/driver_failures/build.sh build/failures/clang
	build/failures/clang
	build/failures/clang --self-test
}

check_meson "failures: all, and self test, gcc" debug --suite failures
program=build/debug/tests/driver_failures/cpuslab-driver-failures
if $check_ok; then
	for scenario in $("$program" --list); do
		check "failures: $scenario" "$program" "$scenario"
	done
fi
check "failures: built by hand; JSON; the table in its README.md" failures_table
if at_least full; then
	check "failures: all, and self test, clang" failures_clang
fi
finish
