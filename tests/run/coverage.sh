#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What the tests run of the library, by part; what no test takes must be listed
# in tests/coverage/untaken.
set -euo pipefail
. tests/run/common.sh

build=$PWD/build/coverage
export CPUSLAB_TORTURE_SECONDS=${CPUSLAB_TORTURE_SECONDS:-1}

counts() {	# PART: a folder for its counts
	rm -rf "$build/counts/$1"
	mkdir -p "$build/counts/$1"
	# Mapped, so that what is killed, or forked, counts as well.
	export LLVM_PROFILE_FILE=$build/counts/$1/%m%c.profraw
}

part() {	# PART [TEST-ARGUMENT...]
	counts "$1"
	check_meson "coverage: $1" coverage "${@:2}"
}

# SUITE: its tests, but for those that build programs of their own, that measure
# time, or whose memory must not grow: it does when a plugin counts.
names() {
	meson test -C build/coverage --no-rebuild --list --suite "$1" \
		--no-suite once |
		sed -n 's:^[^/]* / ::p' |
		grep -v -e musl -e hotpath -e instructions -e debugger \
			-e probes -e syscalls -e plugin
}

windows() {
	local options=(-DCPUSLAB_DEBUG "${COVERAGE[@]}")

	python3 tests/windows/native.py . "$build/windows" "${options[@]}"
	timeout 300 "$build/windows/native"
}

# Which may begin with an empty folder; what it runs counts nothing.
LLVM_PROFILE_FILE=/dev/null check "coverage: build" setup_and_build coverage
rm -rf "$build/counts"
part sim --suite unit --no-suite linux-user
mapfile -t tests < <(names linux-user)
part linux-user "${tests[@]}"
GLIBC_TUNABLES=glibc.pthread.rseq=0 part linux-user-atomic "${tests[@]}"
mapfile -t tests < <(names torture)
part torture "${tests[@]}"
GLIBC_TUNABLES=glibc.pthread.rseq=0 part torture-atomic "${tests[@]}"
CPUSLAB_TORTURE_DIRECTORY=1 part torture-directory "${tests[@]}"
part failures --suite failures
counts windows
check_lines "coverage: windows, natively" ': ok$' ': FAILED$' windows
check "coverage: nothing but what is listed is not taken" \
	tests/coverage/report "$build"
finish
