#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Other machines. The library is compiled for each of them, as two units, with
# that for other languages, and linked without libatomic. With --full the unit
# tests and short torture run under qemu-user. It has no rseq: this is the atomic
# mode. Tests skip what an emulator cannot show.
set -euo pipefail
. tests/run/common.sh
. tests/run/build_machines.sh

units="lib/all.c ports/linux-user/all.c ports/linux-user/ffi/ffi.c"
out=build/machines

compile() {	# COMPILER OPTION...
	# shellcheck disable=SC2086 # a list of words
	"$@" -std=gnu11 -Wall -Wextra -Werror -D_FILE_OFFSET_BITS=64 -Iinclude \
		-Iports/linux-user "-I$out" -pthread $units
}

# A shared library has nothing undefined: no __sync or __atomic function.
machine_links() {	# NAME
	local level

	machine_of "$1"
	for level in 0 2; do
		compile "$machine_cross-gcc" "-O$level" -fPIC -shared \
			-Wl,-z,defs -o "$out/$1-O$level.so"
	done
}

# A word that atomics access is aligned where others are not: clang warns.
clang_i386() {
	local unit

	machine_of i386
	for unit in $units examples/hello.c; do
		units=$unit compile clang "--target=$machine_cross" -O2 -c \
			-o "$out/i386-clang.o"
	done
}

# What the port needs of other files for this is little: the rest is left out.
i386_long_time() {
	local units="ports/linux-user/system.c lib/base/format.c
		tests/linux-user/long_time.c"

	machine_of i386
	compile "$machine_cross-gcc" -static -O1 -D_TIME_BITS=64 \
		-ffunction-sections -Wl,--gc-sections -o "$out/i386-long-time"
	"$out/i386-long-time"
}

# Debian has no C library for it, so nothing is linked.
big_endian_aarch64() {
	local stubs=$out/aarch64_be

	mkdir -p "$stubs/gnu"
	: >"$stubs/gnu/stubs-lp64_be.h"
	for units in $units; do
		compile aarch64-linux-gnu-gcc -mbig-endian -O2 "-I$stubs" -c \
			-o "$stubs/unit.o"
	done
}

machine_runs() {	# NAME
	check "fetch the libraries: $1" machine_root "$1"
	$check_ok || return 0
	check_meson "unit tests: $1, qemu" "$1" \
		--suite unit --timeout-multiplier 5
	check_meson "torture, short: $1, qemu" "$1" \
		--suite torture --timeout-multiplier 5
}

export CPUSLAB_EMULATED=1 CPUSLAB_TORTURE_SECONDS=1
if [ "$(uname -m)" != x86_64 ]; then
	skip "machines" "the cross compilers are for x86-64"
	finish
	exit
fi
mkdir -p "$out"
ports/linux-user/ffi/names.py "$out/cpuslab-ffi-names.h"
for machine in $(machines); do
	machine_of "$machine"
	if ! command -v "$machine_cross-gcc" >/dev/null; then
		skip "$machine" "no $machine_cross-gcc, which conflicts with gcc-multilib"
		continue
	fi
	check "compiled, no libatomic: $machine" machine_links "$machine"
	! at_least full || machine_runs "$machine"
done
if command -v i686-linux-gnu-gcc >/dev/null; then
	check "compiled: i386, clang" clang_i386
	check "waits with a time_t of 64 bits: i386" i386_long_time
fi
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	check "compiled: aarch64_be" big_endian_aarch64
fi
finish
