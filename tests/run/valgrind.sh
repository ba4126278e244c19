#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The unit tests of linux-user under memcheck, then what helgrind and drd report.
# valgrind has no rseq: this is the atomic mode. Unit tests on sim run under ASan
# and MSan, which are 20 times faster.
set -euo pipefail
. tests/run/common.sh

check_meson "unit tests of linux-user: valgrind" debug \
	--suite linux-user --setup valgrind
check_meson "helgrind and drd, with the suppressions" debug --suite races
finish
