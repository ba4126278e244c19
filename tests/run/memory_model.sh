#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The simulated storms with weak memory order; --long: also that they notice each
# access that is relaxed.
set -euo pipefail
. tests/run/common.sh

check_counted "storms with weak memory order" tests/memory_model/run
if at_least long; then
	check_counted "storms with weak memory order: each access relaxed" \
		tests/mutants/run --weaken
fi
finish
