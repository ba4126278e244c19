#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Small drivers, written in the usual way and with cpuslab, when a CPU is
# added: each scenario is a check.
set -euo pipefail
. tests/run/common.sh

# The demo's build, which needs no more than a compiler and libck. README.md shows
# what it says.
failures_json() {
	mkdir -p build/failures
	tests/driver_failures/build.sh build/failures/gcc
	build/failures/gcc --json build/failures/failures.json
	python3 -c '
import json, sys
scenarios = json.load(open(sys.argv[1]))["scenarios"]
assert scenarios and all(scenario["passed"] for scenario in scenarios)
rows = [line for line in open("tests/driver_failures/README.md") if "\"" in line and line[0] == "|"]
assert len(rows) == len(scenarios), len(rows)
for row, scenario in zip(rows, scenarios):
    for text in (scenario["source"], scenario["quote"],
                 scenario["usual"]["text"], scenario["cpuslab"]["text"]):
        assert text in row, (text, row)
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
check "failures: built by hand; JSON; the table in its README.md" failures_json
if at_least default; then
	check "failures: all, and self test, clang" failures_clang
fi
finish
