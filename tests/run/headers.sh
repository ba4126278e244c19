#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each header alone, what must not compile, and the library without a system.
set -euo pipefail
. tests/run/common.sh

WARNINGS="-Wall -Wextra -Wpedantic -Wundef -Wshadow -Wcast-align -Wconversion -Werror"
LINUX_USER="-Iinclude -Iports/linux-user"

# PORT COMPILER...: each header alone, and twice.
headers_alone() {
	local port=$1 header

	shift
	for header in include/cpuslab/{,port/}*.h "ports/$port"/cpuslab/*.h; do
		header=cpuslab/${header##*/cpuslab/}
		case $header in	# parts of port.h, which includes them
		*/port_inline.h | */ops_none.h | */section_*.h) continue ;;
		*/pinned.h) continue ;; # for kernels
		*/rseq_*.h | */port/directory.h) continue ;;
		*/atomic_interlocked.h) continue ;; # for Microsoft's compiler
		esac
		echo "$header"
		printf '#include <%s>\n#include <%s>\nstruct some;\n' \
			"$header" "$header" |
			"$@" -fsyntax-only -Iinclude "-Iports/$port" -
	done
}

# cpuslab.h has each public header but that for kernels.
headers_together() {
	local missing

	# shellcheck disable=SC2086 # a list of words
	missing=$(echo '#include <cpuslab/cpuslab.h>' |
		gcc -M $LINUX_USER -x c - | grep -o 'include/[^ ]*' | sort |
		comm -23 <(printf '%s\n' include/cpuslab/*.h | sort) -)
	echo "$missing"
	[ "$missing" = include/cpuslab/pinned.h ]
}

# COMPILER ARGUMENT...: standard input, in each version of the language, or in
# the first and the last.
in_cxx() {
	local source version

	source=$(cat)
	for version in 11 $(! at_least full || echo 14 17) 20; do
		echo "$source" | "$1" "-std=c++$version" "${@:2}" || return
	done
}

# COMPILER: a callback that may throw does not compile, and a result that
# matters is not ignored.
refused_in_cxx() {
	local source=tests/install/callbacks.cc

	# shellcheck disable=SC2086 # lists of words
	"$1" -std=c++17 $WARNINGS $LINUX_USER -fsyntax-only $source
	# shellcheck disable=SC2086 # lists of words
	"$1" -std=c++14 $WARNINGS $LINUX_USER -DMAY_THROW -fsyntax-only $source
	# shellcheck disable=SC2086 # lists of words
	! "$1" -std=c++17 $WARNINGS $LINUX_USER -DMAY_THROW -fsyntax-only $source ||
		return
	# shellcheck disable=SC2086 # lists of words
	! "$1" -std=c++17 $WARNINGS $LINUX_USER -DIGNORE -fsyntax-only $source
}

refused_in_c() {	# COMPILER: a result that matters is not ignored
	local source=tests/install/callbacks.cc

	# shellcheck disable=SC2086 # lists of words
	"$1" -O2 -std=c11 -x c $WARNINGS $LINUX_USER -S -o /dev/null $source
	# shellcheck disable=SC2086 # lists of words
	! "$1" -O2 -std=c11 -x c $WARNINGS $LINUX_USER -DIGNORE -S \
		-o /dev/null $source
}

# COMPILER FLAGS: an operation on a handle of the other kind does not compile.
handles() {
	local wrong

	# shellcheck disable=SC2086 # lists of words
	"$1" $2 $WARNINGS $LINUX_USER -fsyntax-only tests/install/handles.c
	for wrong in 1 2; do
		# shellcheck disable=SC2086 # lists of words
		! "$1" $2 $WARNINGS $LINUX_USER -DWRONG=$wrong -fsyntax-only \
			tests/install/handles.c || return
	done
}

port_sim() {	# the core without any system's port, and the reference
	configure sim -Dport=sim -Dtests=disabled -Ddocs=enabled
	build sim
}

without_ck() {	# the message names the package, and the way without it
	local dir=build/without-ck word

	rm -rf $dir
	! CFLAGS=-nostdinc PKG_CONFIG_LIBDIR=/nonexistent \
		meson setup $dir >$dir.log || return
	for word in ERROR libck-dev -Dtests=disabled; do
		grep -q -e "$word" $dir.log || return
	done
	CFLAGS=-nostdinc PKG_CONFIG_LIBDIR=/nonexistent \
		meson setup $dir -Dtests=disabled
}

# PORT COMPILER...: each header of the layer alone, and what uses all of them.
layer_alone() {
	local port=$1 header version

	shift
	for version in -std=c++17 "-std=c++17 -fno-exceptions" -std=c++2b; do
		# shellcheck disable=SC2086 # a list of words
		"$@" $version -fsyntax-only -Iinclude "-Iports/$port" \
			tests/cxx/layer.cc
	done
	for header in include/cpuslab/*.hpp; do
		echo "$header"
		printf '#include <%s>\n#include <%s>\nstruct some;\n' \
			"${header#include/}" "${header#include/}" |
			"$@" -x c++ -std=c++17 -fsyntax-only -Iinclude \
				"-Iports/$port" -
	done
}

# What is set up in place in C is in C++ as well.
layer_complete() {
	local missing

	missing=$(grep -oh 'cpuslab_[a-z_]*_fini\b' include/cpuslab/*.h |
		sort -u | grep -vE 'cpuslab_(percid|port)_' | while read -r fini; do
		grep -q "${fini%_fini}_init, ${fini}>\|client_init, $fini>" \
			include/cpuslab/owner.hpp || echo "$fini"
	done)
	echo "$missing"
	[ -z "$missing" ]
}

# Of all that clang can say, it says of the layer in a folder of the system no
# more than this: padding; that a static counter has a destructor; and that an
# operation of C, which may be unused, is used.
layer_everything() {
	clang++ -std=c++17 -Weverything -Werror -Wno-c++98-compat \
		-Wno-c++98-compat-pedantic -Wno-padded \
		-Wno-exit-time-destructors -Wno-global-constructors \
		-Wno-used-but-marked-unused \
		-isystem include -isystem ports/linux-user -fsyntax-only \
		tests/cxx/layer.cc
}

c_compilers=gcc cxx_compilers=g++
if at_least default; then
	c_compilers="gcc clang" cxx_compilers="g++ clang++"
fi
check "cpuslab.h has all others" headers_together
check "cpuslab.hpp has each struct" layer_complete
for port in linux-user sim; do
	for cc in $c_compilers; do
		# shellcheck disable=SC2086 # lists of words
		check "headers alone: $port, $cc, C11" headers_alone "$port" \
			"$cc" -std=c11 -x c $WARNINGS
	done
	for cc in $cxx_compilers; do
		# shellcheck disable=SC2086 # lists of words
		check "headers alone: $port, $cc, C++" headers_alone "$port" \
			in_cxx "$cc" -x c++ $WARNINGS
		# shellcheck disable=SC2086 # lists of words
		check "cpuslab.hpp: $port, $cc" layer_alone "$port" \
			"$cc" $WARNINGS
	done
done
for cc in $cxx_compilers; do
	check "callbacks and results: $cc, C++" refused_in_cxx "$cc"
	check "handles: $cc, C++" handles "$cc" "-std=c++17 -x c++"
	check "cpuslab.hpp: what must not compile: $cc" \
		python3 tests/cxx/refused.py "$cc"
	check "cpuslab.hpp: what plugins share: $cc" \
		python3 tests/cxx/shared.py "$cc"
done
for cc in $c_compilers; do
	check "results: $cc, C" refused_in_c "$cc"
	check "handles: $cc, C" handles "$cc" -std=c11
done
check "the blocks of docs/instead-of.md and docs/cxx.md" \
	python3 tests/reference/test_instead_of.py
if at_least default; then
	check "cpuslab.hpp: -Weverything, clang++" layer_everything
	check "the library on port sim alone" port_sim
	check "a system without Concurrency Kit" without_ck
fi
finish
