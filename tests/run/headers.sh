#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a user sees: the headers, the installed library, the library as two
# files, the library as a subproject.
set -euo pipefail
. tests/run/common.sh

WARNINGS="-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror"
LINUX_USER="-Iinclude -Iports/linux-user"
prefix=$PWD/build/prefix
out=build/headers
mkdir -p "$out"

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

# COMPILER ARGUMENT...: standard input, in each version of the language.
in_cxx() {
	local source version

	source=$(cat)
	for version in 11 14 17 20; do
		echo "$source" | "$1" "-std=c++$version" "${@:2}" || return
	done
}

install_it() {
	configure install --buildtype=release --prefix="$prefix" --libdir=lib \
		-Dtests=disabled -Ddocs=enabled
	build install
	rm -rf "$prefix"
	meson install -C build/install --no-rebuild
	ls "$prefix/lib/libcpuslab.so.0" "$prefix/lib/libcpuslab.a" \
		"$prefix/lib/pkgconfig/cpuslab.pc" \
		"$prefix"/share/man/man{7/cpuslab.7,3/cpuslab_counter_add.3} \
		"$prefix"/share/doc/cpuslab/html/{index.html,search-index.js}
}

# COMPILER FLAGS SOURCES: build and run a program of the outside.
installed() {
	local program

	program=$out/installed-$1
	export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
	# shellcheck disable=SC2046,SC2086 # lists of words
	"$1" $2 $WARNINGS -o "$program" $3 $(pkg-config --cflags --libs cpuslab)
	LD_LIBRARY_PATH=$prefix/lib "$program"
	# shellcheck disable=SC2046,SC2086 # lists of words
	"$1" $2 $WARNINGS -static -o "$program-static" $3 \
		$(pkg-config --static --cflags --libs cpuslab)
	"$program-static"
}

only_its_names() {	# the shared library exports cpuslab_* and nothing else
	local names

	names=$(nm -D --defined-only "$prefix/lib/libcpuslab.so.0" |
		awk '{ print $3 }')
	echo "$names" | grep -q '^cpuslab_'
	! echo "$names" | grep -v -e '^cpuslab_' -e '^CPUSLAB_'
}

# SOURCE-OR-ARCHIVE...: what exports nothing in a module of hidden visibility.
embedded() {
	local module=$out/embedded.so

	# shellcheck disable=SC2086 # lists of words
	gcc -O2 -shared -fPIC -fvisibility=hidden $LINUX_USER -o "$module" \
		tests/install/user.c -Wl,--whole-archive "$@" \
		-Wl,--no-whole-archive -pthread
	nm -D --defined-only "$module" >"$module.names"
	[ ! -s "$module.names" ]
}

embedded_exports() {	# if the compiler is asked to
	local module=$out/exports.so

	# shellcheck disable=SC2086 # lists of words
	gcc -O2 -shared -fPIC -fvisibility=hidden $LINUX_USER -o "$module" \
		'-DCPUSLAB_API=__attribute__((visibility("default")))' \
		lib/all.c ports/linux-user/all.c -pthread
	nm -D --defined-only "$module" >"$module.names"
	grep -q ' T cpuslab_domain_create$' "$module.names"
}

other_layout() {	# inline code for another handle does not link
	local other=$out/other-layout log=$out/other-layout.log

	rm -rf "$other"
	cp -r "$prefix/include" "$other"
	sed -i 's/define CPUSLAB__HANDLE_ABI [0-9]*/define CPUSLAB__HANDLE_ABI 99/' \
		"$other/cpuslab/percpu.h"
	export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
	# shellcheck disable=SC2046 # a list of words
	! gcc "-I$other" -o "$out/other" tests/install/user.c \
		$(pkg-config --libs cpuslab) -L"$prefix/lib" 2>"$log" || return
	grep -q 'undefined reference to .cpuslab__slow_add_h99' "$log"
}

two_files() {	# COMPILER
	# shellcheck disable=SC2086 # lists of words
	"$1" -O2 $WARNINGS $LINUX_USER -o "$out/two-files-$1" \
		lib/all.c ports/linux-user/all.c tests/install/user.c \
		-pthread
	"$out/two-files-$1"
	readme_program "$1"
}

musl() {	# another C library: a program, and a plugin
	local kernel=$out/musl

	mkdir -p "$kernel"
	ln -sfn /usr/include/linux "$kernel/linux"
	ln -sfn /usr/include/asm-generic "$kernel/asm-generic"
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$kernel/asm"
	# shellcheck disable=SC2086 # lists of words
	musl-gcc -O2 $LINUX_USER -idirafter "$kernel" -o "$out/musl-user" \
		lib/all.c ports/linux-user/all.c tests/install/user.c
	"$out/musl-user"
	# shellcheck disable=SC2086 # lists of words
	musl-gcc -O2 $LINUX_USER -idirafter "$kernel" -fPIC -shared \
		-fvisibility=hidden -o "$out/musl-plugin.so" \
		tests/linux-user/plugin_whole.c
	musl-gcc -O2 -o "$out/musl-host" tests/install/host.c
	"$out/musl-host" "$out/musl-plugin.so" none
}

readme_program() {	# COMPILER: README.md shows hello.c, and its line builds it
	local arguments

	# shellcheck disable=SC2016 # these are Markdown's
	sed -n '/^```c$/,/^```$/p' README.md | sed '1d; /^```$/,$d' |
		diff - examples/hello.c
	arguments=$(sed -n 's/^    cc \(.*\) -o hello && \.\/hello$/\1/p' README.md)
	[ -n "$arguments" ]
	# shellcheck disable=SC2086 # a list of words
	"$1" $arguments -o "$out/hello-$1"
	[ "$("$out/hello-$1")" = 1 ]
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
	! "$1" -std=c++17 $WARNINGS $LINUX_USER -DMAY_THROW -fsyntax-only $source
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

subproject() {
	local dir=build/superproject

	rm -rf "$dir"
	mkdir -p "$dir/subprojects"
	ln -s ../../.. "$dir/subprojects/cpuslab"
	cp tests/install/superproject.build "$dir/meson.build"
	cp tests/install/user.c "$dir"
	meson setup "$dir/build" "$dir"
	ninja -C "$dir/build"
	"$dir/build/user"
}

port_sim() {	# the core without any system's port
	configure sim -Dport=sim -Dtests=disabled
	build sim
}

c_compilers=gcc cxx_compilers=g++
if at_least default; then
	c_compilers="gcc clang" cxx_compilers="g++ clang++"
fi
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
	done
done
for cc in $cxx_compilers; do
	check "callbacks and results: $cc, C++" refused_in_cxx "$cc"
	check "handles: $cc, C++" handles "$cc" "-std=c++17 -x c++"
done
for cc in $c_compilers; do
	check "results: $cc, C" refused_in_c "$cc"
	check "handles: $cc, C" handles "$cc" -std=c11
done
for cc in $c_compilers; do
	check "the library as two files: $cc" two_files "$cc"
done
check "the blocks of docs/instead-of.md" \
	python3 tests/reference/test_instead_of.py
check "the library as two files exports nothing" \
	embedded lib/all.c ports/linux-user/all.c
check "the library as two files exports its names" embedded_exports
if command -v musl-gcc >/dev/null; then
	check "a program and a plugin with musl" musl
else
	skip "a program and a plugin with musl" "no musl-gcc"
fi
if ! at_least default; then
	finish
	exit
fi
check "install below a prefix" install_it
if $check_ok; then
	check "names that the library exports" only_its_names
	check "the static library exports nothing" \
		embedded "$prefix/lib/libcpuslab.a"
	check "inline code of another layout does not link" other_layout
	for cc in gcc clang; do
		check "installed library, shared and static: $cc" \
			installed "$cc" -std=c11 tests/install/user.c
	done
	for cc in g++ clang++; do
		for level in -O0 -O2; do
			check "installed library, two files of C++: $cc $level" \
				installed "$cc" "-std=c++17 $level" \
				"tests/install/user.cc tests/install/hits.cc"
		done
	done
fi
check "the library as a subproject of meson" subproject
check "the library on port sim alone" port_sim
finish
