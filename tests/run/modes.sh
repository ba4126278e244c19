#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Small drivers, written in the usual way and with cpuslab, when a CPU is
# added: each scenario is a check. And can they fail?
set -euo pipefail
. tests/run/common.sh

modes_build() {	# CC: with the warnings of the project, on port sim only
	configure "modes-$1" "CC=$1" -Dport=sim -Dtests=enabled \
		-Ddebug_checks=true
	build "modes-$1" tests/driver_failures/cpuslab-modes
}

modes_meson() {	# CC
	meson test -C "build/modes-$1" --no-rebuild --print-errorlogs \
		--suite modes
}

# The demo's build, which needs no more than a compiler and libck. README shows
# what it says.
modes_json() {
	mkdir -p build/modes
	tests/driver_failures/build.sh build/modes/cpuslab-modes
	build/modes/cpuslab-modes --json build/modes/modes.json
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
' build/modes/modes.json
}

for compiler in gcc clang; do
	check "modes: build, $compiler" modes_build "$compiler"
	if $check_ok; then
		check "modes: all, and self test, $compiler" \
			modes_meson "$compiler"
	fi
done
program=build/modes-gcc/tests/driver_failures/cpuslab-modes
if [ -x "$program" ]; then
	for scenario in $("$program" --list); do
		check "modes: $scenario" "$program" "$scenario"
	done
fi
check "modes: built by hand; JSON; the table in README.md" modes_json
check "modes: deliberate bugs are found" python3 tests/driver_failures/mutants.py \
	build/modes
finish
