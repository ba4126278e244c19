# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Builds below build/. Suites share them and may run at the same time: a build
# is configured and built by one of them, while the other waits.

configure() {	# NAME [VARIABLE=VALUE...] [MESON-ARGUMENT...]: set up build/NAME
	local dir=build/$1 stamp environment=()

	shift
	stamp="$PWD $(meson --version) $*"
	if [ -f "$dir/build.ninja" ] && [ -f "$dir/dev-arguments" ] &&
		[ "$(cat "$dir/dev-arguments")" = "$stamp" ]; then
		return 0
	fi
	while [[ "${1:-}" == [A-Z]*=* ]]; do
		environment+=("$1")
		shift
	done
	rm -rf "$dir"
	env "${environment[@]}" meson setup "$dir" -Db_colorout=auto \
		-Ddocs=disabled --werror --warnlevel=3 "$@" || return
	echo "$stamp" >"$dir/dev-arguments"
}

configure_release() {	# NAME [VARIABLE=VALUE...] [MESON-ARGUMENT...]: no tests
	local name=$1

	shift
	mkdir -p build/log
	configure "$name" "$@" --buildtype=release -Dtests=disabled \
		>"build/log/configure-$name" 2>&1 || {
		cat "build/log/configure-$name" >&2
		exit 1
	}
}

configure_sanitized() {	# NAME SANITIZERS [MESON-ARGUMENT...]
	local arguments="-fno-sanitize-recover=all -fno-omit-frame-pointer"

	configure "$1" CC=clang CXX=clang++ -Ddebug_checks=true \
		-Doptimization=0 \
		-Db_sanitize="$2" -Db_lundef=false -Ddocs=disabled \
		-Dc_args="$arguments" -Dcpp_args="$arguments" \
		"${@:3}"
}

# What makes clang count; in a mapped file, wherever the process ends.
COVERAGE=(-fprofile-instr-generate -fcoverage-mapping
	-mllvm -runtime-counter-relocation)

configure_coverage() {	# NAME
	configure "$1" CC=clang CXX=clang++ -Dtests=enabled -Doptimization=1 \
		-Ddebug=false -Dsdt=disabled -Dc_args="${COVERAGE[*]}" \
		-Dcpp_args="${COVERAGE[*]}" -Dc_link_args="${COVERAGE[0]}" \
		-Dcpp_link_args="${COVERAGE[0]}"
}

setup() {	# NAME: one of the builds with tests
	case $1 in
	debug) configure debug CC=gcc -Dtests=enabled -Ddebug_checks=true ;;
	torture) configure torture CC=gcc --buildtype=release -Dtests=enabled -Ddocs=disabled ;;
	clang) configure clang CC=clang CXX=clang++ --buildtype=release -Dtests=enabled ;;
	asan) configure_sanitized asan address,undefined -Dtests=enabled ;;
	tsan) configure_sanitized tsan thread -Dtests=enabled ;;
	coverage) configure_coverage coverage ;;
	msan) configure_sanitized msan memory -Dtests=enabled -Dport=sim ;;
	*) machine_configure "$1" ;; # see build_machines.sh
	esac
}

build() {	# NAME [TARGET...]
	local dir=build/$1

	shift
	ninja --quiet -C "$dir" "$@"
}

build_bench() {	# NAME: its benchmarks, and what they start
	build "$1" bench/cpuslab-bench bench/cpuslab-bench-sim
}

setup_and_build() {	# NAME [TARGET...]
	mkdir -p build
	(
		flock 8
		setup "$1" && build "$@"
	) 8>"build/lock-$1"
}

# NAME PATTERN: programs and modules whose paths match.
setup_and_build_matching() {
	mkdir -p build
	(
		local targets

		flock 8
		setup "$1"
		targets=$(ninja -C "build/$1" -t targets all |
			sed -n 's/: [a-z]*_LINKER$//p' | grep -E "$2")
		# shellcheck disable=SC2086 # a list of words
		build "$1" $targets
	) 8>"build/lock-$1"
}
