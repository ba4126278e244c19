#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Real threads, in both modes; in the release build, which is the fast one, and
# in the one with assertions.
set -euo pipefail
. tests/run/common.sh

multiplier=1
if [ -n "${DEV_LONG:-}" ]; then
	multiplier=10
fi

torture() {	# NAME BUILD
	check_meson "$1" "$2" --suite torture --timeout-multiplier "$multiplier"
}

torture "torture: release, rseq mode" torture
torture "torture: debug, rseq mode" debug
export GLIBC_TUNABLES=glibc.pthread.rseq=0
torture "torture: release, atomic mode" torture
torture "torture: debug, atomic mode" debug
finish
