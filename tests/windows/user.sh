#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#	tests/windows/user.sh FOLDER [NAME...]
#
# Build port windows-user and its tests into FOLDER, and run those named, in Wine.
# WINEPREFIX is an initialised prefix.
set -euo pipefail
. ports/windows-kernel/flags.sh

out=$1
shift
wine=$(command -v wine64 || echo /usr/lib/wine/wine64)
library=$out/user/lib/cpuslab.lib
user=("$CC" -std=gnu11 -O2 -D_WIN32_WINNT=0x0601 "${WARNINGS[@]}" -Itests
	-Itests/windows "-I$out/user/include")

ports/windows-user/build.sh "$out/user"
mkdir -p "$out/sys"
for name in groups hotplug unload; do
	"${user[@]}" -o "$out/sys/test_$name.exe" "tests/windows/test_$name.c" \
		"$library"
done
"${user[@]}" -o "$out/sys/test_user.exe" tests/windows/test_user.c \
	tests/portable/all.c "$library"
"${user[@]}" -o "$out/sys/conformance.exe" \
	tests/port_conformance/{conformance,test_conformance,begin_system}.c \
	"$library"
"${user[@]}" -shared -o "$out/sys/user_plugin.dll" \
	tests/windows/user_plugin.c "$library"
# The compiler that has std::thread.
cxx=x86_64-w64-mingw32-g++-posix
if command -v $cxx >/dev/null; then
	$cxx -std=c++17 -O2 -D_WIN32_WINNT=0x0601 -Wall -Wextra -Wshadow \
		-Wconversion -Werror "-I$out/user/include" -static \
		-o "$out/sys/cxx.exe" tests/cxx/user.cc "$library"
fi
for name in "$@"; do
	timeout 120 "$wine" "$out/sys/$name.exe"
done
