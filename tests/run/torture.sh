#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Real threads: in the release build, which is the fast one, and in the one with
# assertions; with restartable sections, and in atomic mode.
set -euo pipefail
. tests/run/common.sh

case $TIER in
quick | default) seconds=0.5 others=0.3 ;;
full) seconds=3 others=2 ;;
long) seconds=120 others=60 ;;
esac
# What the other modes share with the first has been seen.
[ -z "${CPUSLAB_TORTURE_SECONDS:-}" ] ||
	seconds=$CPUSLAB_TORTURE_SECONDS others=$CPUSLAB_TORTURE_SECONDS
export CPUSLAB_TORTURE_SECONDS=$seconds

torture() {	# NAME BUILD
	check_torture_again "torture: $1" "$2"
}

torture_atomic() {	# NAME BUILD
	GLIBC_TUNABLES=glibc.pthread.rseq=0 torture "$@"
}

if ! at_least default; then
	check_torture "torture: debug, rseq mode" debug
	finish
	exit
fi
torture "release, rseq mode" torture
at_least full || check_meson "torture: the demo and the soak" \
	"debug:$TORTURE|$ONCE" --suite once
CPUSLAB_TORTURE_SECONDS=$others
# These are built from the sources, so they are the same in all builds.
musl=linux-user/torture_musl
! at_least full || musl=${musl}_all
check_meson "torture: musl" debug "$musl" \
	--timeout-multiplier $((${others%.*} / 15 + 1))
torture_atomic "debug, atomic mode" debug
CPUSLAB_TORTURE_DIRECTORY=1 torture "debug, without a region" debug
if at_least full; then
	torture "debug, rseq mode" debug
	torture_atomic "release, atomic mode" torture
	CPUSLAB_TORTURE_SECONDS=$((40 * ${seconds%.*})) \
		check_meson "torture: a process, for minutes" debug \
		linux-user/torture_process --timeout-multiplier 20
	check_counted "soak: it notices what it is made to lose" \
		tests/soak/faults.py
fi
! at_least long || check_counted "soak: an hour" ./dev soak --user
finish
