#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Small drivers, written in the usual way and with cpuslab, when a CPU is
# added: each scenario is a check. And can they fail?
set -euo pipefail
. tests/run/common.sh

failures_build() {	# CC: with the warnings of the project, on port sim only
	configure "failures-$1" "CC=$1" -Dport=sim -Dtests=enabled \
		-Ddebug_checks=true
	build "failures-$1" tests/driver_failures/cpuslab-driver-failures
}

failures_meson() {	# CC
	meson test -C "build/failures-$1" --no-rebuild --print-errorlogs \
		--suite failures
}

# The demo's build, which needs no more than a compiler and libck. README shows
# what it says.
failures_json() {
	mkdir -p build/failures
	tests/driver_failures/build.sh build/failures/cpuslab-driver-failures
	build/failures/cpuslab-driver-failures --json build/failures/failures.json
	python3 -c '
import json, sys
scenarios = json.load(open(sys.argv[1]))["scenarios"]
assert scenarios and all(scenario["passed"] for scenario in scenarios)
rows = [line for line in open("README.md") if "\"" in line and line[0] == "|"]
assert len(rows) == len(scenarios), len(rows)
for row, scenario in zip(rows, scenarios):
    for text in (scenario["source"], scenario["quote"],
                 scenario["usual"]["text"], scenario["cpuslab"]["text"]):
        assert text in row, (text, row)
' build/failures/failures.json
}

for compiler in gcc clang; do
	check "failures: build, $compiler" failures_build "$compiler"
	if $check_ok; then
		check "failures: all, and self test, $compiler" \
			failures_meson "$compiler"
	fi
done
program=build/failures-gcc/tests/driver_failures/cpuslab-driver-failures
if [ -x "$program" ]; then
	for scenario in $("$program" --list); do
		check "failures: $scenario" "$program" "$scenario"
	done
fi
check "failures: built by hand; JSON; the table in README.md" failures_json
check "failures: deliberate bugs are found" python3 tests/driver_failures/mutants.py \
	build/failures
finish
