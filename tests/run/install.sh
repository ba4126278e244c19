#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The ways into another project: the library as two files, installed, found by
# pkg-config and CMake, as a subproject of meson and of CMake.
set -euo pipefail
. tests/run/common.sh

WARNINGS="-Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror"
LINUX_USER="-Iinclude -Iports/linux-user"
prefix=$PWD/build/prefix
out=build/install-tests
machine=$(gcc -print-multiarch)
mkdir -p "$out"

install_it() {
	configure install --buildtype=release --prefix="$prefix" --libdir=lib \
		-Ddefault_library=both -Dtests=disabled -Ddocs=enabled
	build install
	rm -rf "$prefix"
	meson install -C build/install --no-rebuild
	ls "$prefix"/lib/libcpuslab{,-ffi}.{so.0,a} \
		"$prefix"/lib/pkgconfig/cpuslab{,-ffi}.pc \
		"$prefix"/share/man/man{7/cpuslab.7,3/cpuslab_counter_add.3} \
		"$prefix"/share/doc/cpuslab/html/{index.html,search-index.js}
}

# Without flags of a distribution: no memory is both written and executed, and
# what the loader fills in is read-only afterwards.
memory_is_protected() {
	local library

	for library in "$prefix"/lib/libcpuslab{,-ffi}.so.0; do
		readelf -lW "$library" >"$out/segments"
		readelf -dW "$library" >"$out/dynamic"
		grep ' GNU_RELRO ' "$out/segments"
		grep ' GNU_STACK .* RW ' "$out/segments"
		! grep ' LOAD .* [R ]WE ' "$out/segments" || return
		! grep TEXTREL "$out/dynamic" || return
	done
}

# What the compiler is asked for reaches the library, and assembly loses none.
hardened() {
	local dir=$out/hardened protection="" object

	[ "$(uname -m)" != x86_64 ] || protection=-fcf-protection=full
	copy_objects "$dir" -O2 -fPIC -D_FORTIFY_SOURCE=2 \
		-fstack-protector-strong ${protection:+"$protection"}
	for object in "$dir"/{lib,port}.o; do
		[ -z "$protection" ] ||
			readelf -nW "$object" | grep 'x86 feature: IBT, SHSTK'
		nm "$object" | grep ' U __stack_chk_fail$'
	done
	nm "$dir/port.o" | grep ' U __[a-z]*_chk$'
	gcc -shared -Wl,-z,relro,-z,now -o "$dir/library.so" \
		"$dir"/{lib,port}.o -pthread
	readelf -dW "$dir/library.so" | grep BIND_NOW
	readelf -lW "$dir/library.so" >"$dir/segments"
	grep ' GNU_RELRO ' "$dir/segments"
	grep ' GNU_STACK .* RW ' "$dir/segments"
}

pages_follow() {	# a build makes the pages again when a source changes
	local source

	for source in docs/containers.md docs/reference/html_site.py \
		ports/linux-user/cpuslab/binding.h; do
		ninja -C build/install -t deps docs/html | grep "/$source$" ||
			return
	done
	ninja -C build/install -n docs/html | grep 'no work to do'
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

# Of the headers it sees none.
installed_ffi() {
	local kind

	export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
	for kind in "" -static; do
		# shellcheck disable=SC2046,SC2086 # lists of words
		gcc $WARNINGS $kind -o "$out/ffi$kind" tests/ffi/bare.c -pthread \
			$(pkg-config ${kind:+--static} --libs cpuslab-ffi)
		LD_LIBRARY_PATH=$prefix/lib "$out/ffi$kind"
	done
	LD_LIBRARY_PATH=$prefix/lib python3 tests/ffi/test_ctypes.py \
		libcpuslab-ffi.so.0
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

copy_objects() {	# FOLDER FLAG...: compile the library
	mkdir -p "$1"
	# shellcheck disable=SC2086 # a list of words
	gcc -O1 $LINUX_USER "${@:2}" -c lib/all.c -o "$1/lib.o"
	# shellcheck disable=SC2086 # a list of words
	gcc -O1 $LINUX_USER "${@:2}" -c ports/linux-user/all.c -o "$1/port.o"
}

two_copies() {	# static, of default visibility, in one program
	local dir=$out/copies copy

	rm -rf "$dir"
	copy_objects "$dir/plain"
	for copy in one two; do
		include/prefix.sh ${copy}_ "$dir"/plain/*.o >"$dir/$copy.h"
		copy_objects "$dir/$copy" -include "$dir/$copy.h"
		# shellcheck disable=SC2086 # a list of words
		gcc -O2 $WARNINGS $LINUX_USER -include "$dir/$copy.h" \
			-DCOPY=copy_$copy -c tests/install/copy.c \
			-o "$dir/$copy/copy.o"
		! nm -g --defined-only "$dir/$copy"/*.o | grep ' cpuslab_' ||
			return
		ar rcs "$dir/lib$copy.a" "$dir/$copy"/*.o
	done
	gcc -o "$dir/copies" tests/install/copies.c \
		-Wl,--whole-archive "$dir"/lib{one,two}.a \
		-Wl,--no-whole-archive -pthread
	"$dir/copies"
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

other_library() {	# a program does not start with one of another layout
	local other=$out/other-library

	rm -rf "$other"
	mkdir -p "$other"
	cp -r lib/cpuslab.map include "$other"
	sed -i 's/define CPUSLAB__HANDLE_ABI [0-9]*/define CPUSLAB__HANDLE_ABI 99/' \
		"$other/include/cpuslab/percpu.h"
	sed -i 's/_H[0-9]*_P/_H99_P/' "$other/cpuslab.map"
	gcc -shared -fPIC -fvisibility=hidden "-I$other/include" \
		-Iports/linux-user '-DCPUSLAB_API=__attribute__((visibility("default")))' \
		"-Wl,--version-script=$other/cpuslab.map,-soname,libcpuslab.so.0" \
		-o "$other/libcpuslab.so.0" lib/all.c ports/linux-user/all.c -pthread
	export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
	# shellcheck disable=SC2046 # a list of words
	gcc -o "$other/user" tests/install/user.c -Wl,-z,lazy \
		$(pkg-config --cflags --libs cpuslab)
	LD_LIBRARY_PATH=$prefix/lib "$other/user"
	! LD_LIBRARY_PATH=$other "$other/user" >"$other/log" 2>&1 || return
	grep 'version .CPUSLAB_.* not found' "$other/log"
	! grep sum "$other/log"
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

# KIND: another project has cpuslab in its subprojects/. It builds that library
# only, and looks for nothing that only tests need.
subproject() {
	local dir=build/superproject-$1 libraries

	rm -rf "$dir"
	mkdir -p "$dir/subprojects"
	ln -s ../../.. "$dir/subprojects/cpuslab"
	cp tests/install/superproject.build "$dir/meson.build"
	cp tests/install/user.c "$dir"
	meson setup "$dir/build" "$dir" --werror --unity=on --unity-size=100 \
		--prefix=/usr --libdir="lib/$machine" "-Ddefault_library=$1"
	ninja -C "$dir/build"
	"$dir/build/user"
	! grep -e cmocka -e 'dependency ck' -e benchmark -e Wshadow \
		"$dir/build/meson-logs/meson-log.txt" || return
	meson install -C "$dir/build" --no-rebuild --destdir "$PWD/$out/$1"
	libraries=$(cd "$out/$1/usr/lib/$machine" && echo libcpuslab.*)
	case $1 in
	shared) [[ "$libraries" = "libcpuslab.so "*.so.0* ]] ;;
	static) [ "$libraries" = libcpuslab.a ] ;;
	esac
}

# KIND FLAGS: what pkg-config says of that library, in a folder of the system.
pc_of_system() {
	local root=$out/$1/usr/lib/$machine

	export PKG_CONFIG_LIBDIR=$root/pkgconfig
	export PKG_CONFIG_SYSTEM_LIBRARY_PATH=/usr/lib/$machine
	[ "$(pkg-config --libs cpuslab | xargs)" = "$2" ]
	[ "$(pkg-config --static --libs cpuslab | xargs)" = "-lcpuslab -pthread" ]
}

# FOLDER KINDS: another project finds what is installed there with CMake.
cmake_finds() {
	local build=$out/cmake

	rm -rf "$build"
	cmake -S tests/install/cmake -B "$build" -G Ninja \
		-DCMAKE_PREFIX_PATH="$1" "-DKINDS=$2" -DVERSION=0.1
	ninja -C "$build" check
}

cmake_refuses() {	# a kind that is not installed; a later version
	local build=$out/cmake-refuses arguments

	for arguments in "-DKINDS=static" "-DVERSION=0.99" "-DVERSION=1"; do
		rm -rf "$build"
		! cmake -S tests/install/cmake -B "$build" -G Ninja \
			-DCMAKE_PREFIX_PATH="$PWD/$out/shared/usr" \
			"$arguments" 2>"$build.log" || return
		grep -e 'is not installed' -e 'compatible with requested' \
			"$build.log" || return
	done
}

cmake_subproject() {	# OPTION...
	local build=$out/cmake-subproject

	rm -rf "$build"
	cmake -S tests/install/cmake -B "$build" -G Ninja -DTREE="$PWD" "$@"
	ninja -C "$build" check
	! readelf -d "$build/cpuslab-c" | grep 'NEEDED.*libcpuslab'
}

in_gdb() {	# gdb loads the script with the library
	gdb -quiet -nx -batch \
		-iex "add-auto-load-scripts-directory $prefix/share/gdb/auto-load" \
		-iex "add-auto-load-safe-path $prefix" \
		-iex "set environment LD_LIBRARY_PATH $prefix/lib" \
		-ex "break main" -ex run -ex "help cpuslab copies" \
		"$out/installed-gcc" | grep '^Show the copy of each CPU'
	diff "$prefix/share/cpuslab/gdb/cpuslab.py" \
		"$prefix/share/gdb/auto-load/$prefix"/lib/libcpuslab.so.*-gdb.py
}

c_compilers=gcc
! at_least default || c_compilers="gcc clang"
for cc in $c_compilers; do
	check "the library as two files: $cc" two_files "$cc"
done
check "the library as two files exports nothing" \
	embedded lib/all.c ports/linux-user/all.c
check "the library as two files exports its names" embedded_exports
if at_least default; then
	check "two copies by different names in one program" two_copies
fi
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
	check "the pages follow their sources" pages_follow
	check "names that the library exports" only_its_names
	check "the library's memory is protected" memory_is_protected
	check "hardening that the compiler is asked for" hardened
	check "the static libraries export nothing" \
		embedded "$prefix"/lib/libcpuslab{,-ffi}.a
	check "libcpuslab-ffi: C without the headers, Python" installed_ffi
	check "inline code of another layout does not link" other_layout
	check "no program starts with a library of another layout" \
		other_library
	for cc in gcc clang; do
		check "installed library, shared and static: $cc" \
			installed "$cc" -std=c11 tests/install/user.c
	done
	check "gdb and the installed library" in_gdb
	for cc in g++ clang++; do
		for level in -O0 -O2; do
			check "installed library, two files of C++: $cc $level" \
				installed "$cc" "-std=c++17 $level" \
				"tests/install/user.cc tests/install/hits.cc"
		done
		check "installed library, cpuslab.hpp: $cc" \
			installed "$cc" "-std=c++17 -O2" tests/cxx/user.cc
	done
fi
for kind in shared static; do
	check "the library as a subproject of meson: $kind" subproject "$kind"
done
check "pkg-config: a shared library of the system" \
	pc_of_system shared -lcpuslab
check "pkg-config: a static library of the system" \
	pc_of_system static "-lcpuslab -pthread"
check "CMake: shared, static and ffi" cmake_finds "$prefix" "shared;static;ffi"
for kind in shared static; do
	check "CMake: $kind, installed below another folder" \
		cmake_finds "$PWD/$out/$kind/usr" "$kind"
done
check "CMake refuses what is not installed" cmake_refuses
check "the library as a subproject of CMake" cmake_subproject
check "the library as a subproject of CMake: with options of the project" \
	cmake_subproject -DBUILD_SHARED_LIBS=ON -DCMAKE_UNITY_BUILD=ON \
	"-DCMAKE_C_FLAGS=-Werror -Wconversion"
finish
