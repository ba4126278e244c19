#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The examples build and do what they say, in each mode and under sanitizers.
# The suite vm plugs CPUs in and out under the same server.
set -euo pipefail
. tests/run/common.sh
. tests/run/packages.sh

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
		examples/scap/cpuslab-scap tests/examples/server-parts
}

# Debian 12 has the sources of llhttp for Node.js, and no library of them.
llhttp_build() {
	local root=$PWD/build/llhttp

	rm -rf "$root"
	mkdir -p "$root/lib"
	(cd "$root" && apt-get -o APT::Sandbox::User= download node-llhttp &&
		dpkg-deb --fsys-tarfile node-llhttp_*.deb | tar -x &&
		cd lib && cc -O2 -I../usr/share/include/llhttp -c \
		../usr/share/llhttp/*.c && ar rcs libllhttp.a ./*.o)
	configure_release examples-llhttp -Dexamples=true \
		-Dc_args="-isystem $root/usr/share/include/llhttp" \
		-Dc_link_args="-L$root/lib"
	examples_build examples-llhttp
	nm build/examples-llhttp/examples/server/cpuslab-server |
		grep -w llhttp_execute
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
	local built=build/$1

	shift
	python3 tests/examples/server.py \
		"$built/examples/server/cpuslab-server" \
		--load "$built/examples/load/cpuslab-load" \
		--parts "$built/tests/examples/server-parts" "${with[@]}" "$@"
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
	check "server: parsers of requests, with ASan and UBSan" \
		build/examples-asan/tests/examples/server-parts
	check "server: the same with ASan and UBSan" \
		server examples-asan --seconds 2
fi
if at_least full && ! has_header llhttp.h; then
	check "examples: build with llhttp" llhttp_build
	if $check_ok; then
		check "server: parsers of requests, with llhttp" \
			build/examples-llhttp/tests/examples/server-parts
		check "server: the same with llhttp" \
			server examples-llhttp --seconds 2
	fi
fi
if at_least full; then
	check "server: in a browser" python3 tests/examples/browser.py \
		build/examples/examples/server/cpuslab-server \
		build/examples/tests/examples/server-parts
	check "examples: build with TSan" examples_sanitized examples-tsan thread
	if $check_ok; then
		check "server: the same with TSan" server_tsan
	fi
fi
finish
