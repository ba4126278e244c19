#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each deliberate bug must be found: those in files that have changed, and some
# others, taken at random; or all. Those that need a guest are in the suite vm.
set -euo pipefail
. tests/run/common.sh

mutants_base() {	# where this branch began; on that branch, the last commit
	local head base

	command -v git >/dev/null || return
	head=$(git rev-parse --verify --quiet HEAD) || return
	base=$(git merge-base HEAD '@{upstream}' 2>/dev/null) ||
		base=$(git merge-base HEAD main 2>/dev/null) || base=$head
	if [ "$base" = "$head" ]; then
		base=$(git rev-parse --verify --quiet HEAD~1) || return
	fi
	echo "$base"
}

if at_least full; then
	check_counted "mutants" tests/mutants/run
else
	changed=()
	! base=$(mutants_base) || changed=(--changed "$base")
	check_counted "mutants of changed files, and some others" \
		tests/mutants/run "${changed[@]}" --sample 2
fi
finish
