#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The simulated storms with weak memory order; --long: also that they notice each
# access that is relaxed.
set -euo pipefail
. tests/run/common.sh

seeds=4	# of the storm in which everything happens at once
! at_least full || seeds=20
CPUSLAB_SCHEDULE_SEEDS=$seeds check_counted "storms with weak memory order" \
	tests/memory_model/run
if at_least long; then
	check_counted "storms with weak memory order: each access relaxed" \
		tests/mutants/run --weaken
fi
finish
