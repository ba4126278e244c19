#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
#	ports/windows-kernel/build.sh FOLDER
#
# cpuslab for drivers, by mingw-w64, into FOLDER:
#
#	include/cpuslab/{*.h,port/*.h}
#	lib/cpuslab.lib
#	sample/cpuslab-sample.{sys,inf,exe}
#
# CC, AR, WINDRES in the environment: other tools. flags.sh says how a driver is
# compiled and linked.
set -euo pipefail
folder=${1:?usage: build.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ports/windows-kernel/flags.sh

mkdir -p "$folder/include/cpuslab/port" "$folder/lib" "$folder/sample" "$folder/obj"
cp include/cpuslab/*.h ports/windows-kernel/cpuslab/*.h \
	"$folder/include/cpuslab"
cp include/cpuslab/port/*.h "$folder/include/cpuslab/port"

"$CC" "${KERNEL[@]}" -Iinclude -Iports/windows-kernel -c lib/all.c \
	-o "$folder/obj/lib.o"
"$CC" "${KERNEL[@]}" -Iinclude -Iports/windows-kernel \
	-c ports/windows-kernel/all.c -o "$folder/obj/port.o"
rm -f "$folder/lib/cpuslab.lib"
"$AR" rcs "$folder/lib/cpuslab.lib" "$folder/obj/lib.o" "$folder/obj/port.o"

# What was installed is all that a driver needs.
sample=ports/windows-kernel/sample
for name in statistics driver pnp requests wdmsec; do
	"$CC" "${KERNEL[@]}" "-I$folder/include" -c "$sample/$name.c" \
		-o "$folder/obj/sample-$name.o"
done
"$WINDRES" "-I$folder/include" -O coff "$sample/version.rc" "$folder/obj/version.res"
"$CC" "${DRIVER[@]}" -o "$folder/sample/cpuslab-sample.sys" \
	"$folder"/obj/sample-*.o "$folder/obj/version.res" \
	"$folder/lib/cpuslab.lib" -lntoskrnl
"$CC" -O2 -Wall -Wextra -Werror -o "$folder/sample/cpuslab-sample.exe" \
	"$sample/console.c"
sed "s/@VERSION@/$(include/version.sh)/" "$sample/cpuslab-sample.inf" \
	>"$folder/sample/cpuslab-sample.inf"
