#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Unit tests and short torture on aarch64, under qemu-user. It has no rseq: this
# is the atomic mode. Tests skip what an emulator cannot show.
set -euo pipefail
. tests/run/common.sh
. tests/run/build_aarch64.sh

if [ "$(uname -m)" != x86_64 ]; then
	skip "aarch64" "the cross compiler is for x86-64"
elif ! command -v aarch64-linux-gnu-gcc >/dev/null; then
	skip "aarch64" "no aarch64-linux-gnu-gcc, which conflicts with gcc-multilib"
else
	check "fetch the aarch64 libraries" aarch64_root
	if $check_ok; then
		export CPUSLAB_EMULATED=1 CPUSLAB_TORTURE_SECONDS=1
		check_meson "unit tests: aarch64, qemu" aarch64 \
			--suite unit --timeout-multiplier 5
		check_meson "torture, short: aarch64, qemu" aarch64 \
			--suite torture --timeout-multiplier 5
	fi
fi
finish
