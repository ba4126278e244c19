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

# Windows 7 and Server 2008 R2: the first with processor groups.
# shellcheck disable=SC2034
KERNEL=(-std=c11 -O2 -ffreestanding -fno-builtin -mno-stack-arg-probe
	-DNTDDI_VERSION=0x06010000 -D_WIN32_WINNT=0x0601 -isystem "$DDK"
	"${WARNINGS[@]}")

# shellcheck disable=SC2034,SC2054 # the commas are the linker's
DRIVER=(-nostdlib -nostartfiles -Wl,--subsystem,native:6.1 -Wl,--wdmdriver
	-Wl,--entry,DriverEntry -Wl,--image-base,0x140000000
	-Wl,--dynamicbase -Wl,--nxcompat -Wl,--exclude-all-symbols)
