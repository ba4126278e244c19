#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each deliberate bug must be found. tests/mutants/run prints a line for each,
# and at the end "N passed, N failed".
set -euo pipefail
. tests/suites/common.sh

log=$(begin mutants)
start=$SECONDS rc=0 ok=0 bad=0
tests/mutants/run 2>&1 | tee "$log" | sed 's/^/   /' || rc=$?
read -r ok bad < <(tail -n 1 "$log" |
	sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p') || true
if [ "${rc:-1}" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
	bad=1
fi
printf '   %-60s' "mutants"
report "${ok:-0}" "${bad:-0}" "$start"
finish
