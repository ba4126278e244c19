#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#	ports/windows-user/build.sh FOLDER
#
# cpuslab for programs, by mingw-w64, into FOLDER: include/cpuslab/{*.h,*.hpp,
# port/*.h} and lib/cpuslab.lib. CC, AR in the environment: other compilers.
set -euo pipefail
folder=${1:?usage: build.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ports/windows-kernel/flags.sh

mkdir -p "$folder/include/cpuslab/port" "$folder/lib" "$folder/obj"
cp include/cpuslab/*.h include/cpuslab/*.hpp ports/windows-user/cpuslab/*.h \
	"$folder/include/cpuslab"
cp include/cpuslab/port/*.h "$folder/include/cpuslab/port"
for source in lib ports/windows-user; do
	"$CC" -std=c11 -O2 -D_WIN32_WINNT=0x0601 "${WARNINGS[@]}" -Iinclude \
		-Iports/windows-user -c "$source/all.c" \
		-o "$folder/obj/${source##*/}.o"
done
rm -f "$folder/lib/cpuslab.lib"
"$AR" rcs "$folder/lib/cpuslab.lib" "$folder"/obj/*.o
