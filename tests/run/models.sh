#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Models of what threads may do at once.
set -euo pipefail
. tests/run/common.sh

if ! command -v spin >/dev/null; then
	skip "models" "no spin"
elif at_least full; then
	check_counted "models" tests/models/run
else
	check_counted "models" tests/models/run --short
fi
! at_least full ||
	check_counted "models: their bugs in the code" tests/mutants/run --replay
finish
