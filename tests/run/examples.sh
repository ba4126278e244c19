#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The examples build and do what they say, in each mode and under sanitizers.
# The suite vm plugs CPUs in and out under the same server.
set -euo pipefail
. tests/run/common.sh

tool=$PWD/build/promtool
promtool=$tool/root/usr/bin/promtool

# Of Debian's package, unpacked and not installed: it would start a service.
fetch_promtool() {
	[ ! -x "$promtool" ] || return 0
	rm -rf "$tool"
	mkdir -p "$tool/root"
	(cd "$tool" && apt-get -o APT::Sandbox::User= download prometheus &&
		dpkg-deb --fsys-tarfile prometheus_*.deb |
		tar -x -C root ./usr/bin/promtool && rm prometheus_*.deb)
	"$promtool" --version
}

examples_build() {	# NAME
	build "$1" examples/server/cpuslab-server examples/load/cpuslab-load \
		examples/scap/cpuslab-scap
}

examples_release() {
	local name targets=()

	configure_release examples -Dexamples=true
	examples_build examples
	for name in $(python3 tests/examples/programs.py --list); do
		targets+=("examples/$name")
	done
	build examples "${targets[@]}"
}

programs() {
	python3 tests/examples/programs.py build/examples/examples
}

programs_atomic() {
	GLIBC_TUNABLES=glibc.pthread.rseq=0 programs
}

examples_sanitized() {	# NAME SANITIZERS
	configure_sanitized "$1" "$2" -Dtests=disabled -Dexamples=true
	examples_build "$1"
}

server() {	# NAME ARGUMENT...
	local programs=build/$1/examples

	shift
	python3 tests/examples/server.py "$programs/server/cpuslab-server" \
		--load "$programs/load/cpuslab-load" "${with[@]}" "$@"
}

server_atomic() {	# NAME ARGUMENT...
	GLIBC_TUNABLES=glibc.pthread.rseq=0 server "$@"
}

# TSan does not see what an rseq section writes: the atomic mode.
server_tsan() {
	TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
		server_atomic examples-tsan --seconds 2
}

with=()
if command -v promtool >/dev/null; then
	with=(--promtool "$(command -v promtool)")
elif at_least full; then
	log=$(log_of "fetch promtool")
	if fetch_promtool >"$log" 2>&1; then
		with=(--promtool "$promtool")
	else
		skip "promtool reads the server's metrics" \
			"it cannot be downloaded, see $log"
	fi
fi
check "examples: build" examples_release
if $check_ok; then
	check "programs: what they print" programs
	check "programs: the same in atomic mode" programs_atomic
	check "server: pages, totals while CPUs change" server examples
	check "server: the same in atomic mode" server_atomic examples
fi
check "examples: build with ASan and UBSan" \
	examples_sanitized examples-asan address,undefined
if $check_ok; then
	check "server: the same with ASan and UBSan" \
		server examples-asan --seconds 2
fi
if at_least full; then
	check "examples: build with TSan" examples_sanitized examples-tsan thread
	if $check_ok; then
		check "server: the same with TSan" server_tsan
	fi
fi
finish
