#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Arbitrary input, which libFuzzer makes, and bugs that it must find.
set -euo pipefail
. tests/run/common.sh

long=()
! at_least long || long=(--seconds 3600)
check_counted "fuzzing" tests/fuzz/run "${long[@]}"
check_counted "fuzzing: deliberate bugs" tests/mutants/run --kind fuzz
finish
