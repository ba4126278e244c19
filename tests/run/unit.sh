#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The unit tests: with all assertions, without any, under valgrind, on aarch64.
set -euo pipefail
. tests/run/common.sh
. tests/run/aarch64.sh

check_meson "unit tests: debug, gcc" debug --suite unit
check_meson "unit tests: release, clang" clang --suite unit
# No rseq under valgrind: this is the atomic mode. What runs on sim does so
# under MSan, ASan and UBSan in the suite sanitizers, which is 20 times faster.
check_meson "unit tests of linux-user: debug, gcc, valgrind" debug \
	--suite linux-user --setup valgrind

if [ "$(uname -m)" = x86_64 ]; then
	check "fetch the aarch64 libraries" aarch64_root
	if $check_ok; then
		# No rseq under qemu: this is the atomic mode. What an emulator
		# cannot show is skipped.
		export CPUSLAB_EMULATED=1
		check_meson "unit tests: aarch64, qemu" aarch64 --suite unit \
			--timeout-multiplier 5
		export CPUSLAB_TORTURE_SECONDS=1
		check_meson "torture, short: aarch64, qemu" aarch64 \
			--suite torture --timeout-multiplier 5
	fi
fi
finish
