# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# How mingw-w64 compiles and links a driver: no C library, no stack probes (a
# kernel stack is all there), native subsystem, address and no-execute flags.
CC=${CC:-x86_64-w64-mingw32-gcc}
AR=${AR:-x86_64-w64-mingw32-ar}
WINDRES=${WINDRES:-x86_64-w64-mingw32-windres}
DDK=${DDK:-/usr/share/mingw-w64/include/ddk}

# shellcheck disable=SC2034 # used by the scripts that source this file
WARNINGS=(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wundef -Wpointer-arith -Wcast-qual -Wvla
	-Werror)

# The oldest system for which a driver is compiled: Windows 7 and Server 2008 R2,
# the first with processor groups. 0x06000100 is Server 2008.
NTDDI=${NTDDI:-0x06010000}
windows=${NTDDI:2:4}

# shellcheck disable=SC2034
KERNEL=(-std=c11 -O2 -ffreestanding -fno-builtin -mno-stack-arg-probe
	"-DNTDDI_VERSION=$NTDDI" "-D_WIN32_WINNT=0x$windows" -isystem "$DDK"
	"${WARNINGS[@]}")

# shellcheck disable=SC2034,SC2054 # the commas are the linker's
DRIVER=(-nostdlib -nostartfiles -Wl,--wdmdriver
	"-Wl,--subsystem,native:$((16#$windows >> 8)).$((16#$windows & 255))"
	-Wl,--entry,DriverEntry -Wl,--image-base,0x140000000
	-Wl,--dynamicbase -Wl,--nxcompat -Wl,--exclude-all-symbols)
