#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Unit tests and torture under ASan with UBSan, and under TSan; unit tests on
# sim under MSan.
set -euo pipefail
. tests/run/common.sh

seconds=0.3
! at_least full || seconds=2
! at_least long || seconds=60
export CPUSLAB_TORTURE_SECONDS=${CPUSLAB_TORTURE_SECONDS:-$seconds}
export ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export MSAN_OPTIONS=abort_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0

check_meson "unit tests: ASan, UBSan" asan:^tests/ --suite unit \
	--timeout-multiplier 5
check_torture_again "torture: ASan, UBSan, rseq mode" asan
if at_least full; then
	check_meson "unit tests on sim: MSan" msan --suite unit \
		--timeout-multiplier 5
fi
# TSan does not see what an rseq section writes: the atomic mode.
export GLIBC_TUNABLES=glibc.pthread.rseq=0
if at_least full; then
	check_meson "unit tests: TSan" tsan --suite unit --timeout-multiplier 10
else
	# Tasks of sim run one at a time, so races are rare there.
	check_meson "unit tests of linux-user: TSan" 'tsan:^tests/(.*linux-user|cxx)' \
		--suite linux-user --timeout-multiplier 10
fi
check_torture_again "torture: TSan, atomic mode" tsan
finish
