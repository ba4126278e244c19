#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The examples build, and do what they say, in each mode and under
# sanitizers. That a server counts exactly while CPUs are plugged in and
# out is shown by the suite vm.
set -euo pipefail
. tests/run/common.sh

tool=$PWD/build/promtool
promtool=$tool/root/usr/bin/promtool

# Of Debian's package, unpacked and not installed: it would start a service.
fetch_promtool() {
	[ -x "$promtool" ] && return
	rm -rf "$tool"
	mkdir -p "$tool/root"
	(cd "$tool" && apt-get -o APT::Sandbox::User= download prometheus &&
		dpkg-deb --fsys-tarfile prometheus_*.deb |
		tar -x -C root ./usr/bin/promtool && rm prometheus_*.deb)
	"$promtool" --version
}

examples_build() {	# NAME MESON-ARGUMENT...
	local name=$1

	shift
	configure "$name" "$@" -Dtests=disabled -Dexamples=true
	build "$name" examples/server/cpuslab-server examples/load/cpuslab-load
}

examples_sanitized() {	# NAME SANITIZERS
	examples_build "$1" CC=clang -Ddebug_checks=true \
		"-Db_sanitize=$2" -Db_lundef=false \
		-Dc_args="-fno-sanitize-recover=all -fno-omit-frame-pointer"
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
	TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/tests/run/tsan.supp \
		server_atomic examples-tsan --seconds 2
}

with=()
log=$(begin "fetch promtool")
if command -v promtool >/dev/null; then
	with=(--promtool "$(command -v promtool)")
elif fetch_promtool >"$log" 2>&1; then
	with=(--promtool "$promtool")
else
	echo "   promtool is not available, its tests are skipped: $log"
fi
check "examples: build" examples_build examples CC=gcc --buildtype=release
if $check_ok; then
	check "server: pages, totals while CPUs change" server examples
	check "server: the same in atomic mode" server_atomic examples
fi
check "examples: build with ASan and UBSan" \
	examples_sanitized examples-asan address,undefined
if $check_ok; then
	check "server: the same with ASan and UBSan" \
		server examples-asan --seconds 2
fi
check "examples: build with TSan" examples_sanitized examples-tsan thread
if $check_ok; then
	check "server: the same with TSan" server_tsan
fi
finish
