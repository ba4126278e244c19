#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Arbitrary input, which libFuzzer makes, and bugs that it must find.
set -euo pipefail
. tests/run/common.sh

limit=()
at_least full || limit=(--short)
! at_least long || limit=(--seconds 3600 --jobs "$(nproc)")
check_counted "fuzzing" tests/fuzz/run "${limit[@]}"
! at_least full || check_counted "fuzzing: deliberate bugs" tests/mutants/run --kind fuzz
finish
