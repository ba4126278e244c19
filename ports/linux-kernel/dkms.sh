#!/bin/sh
# SPDX-License-Identifier: MIT
#
# dkms.sh KERNEL MACHINE: DKMS runs this in the folder where it has built
# cpuslab.ko, before it deletes that. It keeps what a driver on top of the module
# is built with, next to the module: Module.symvers, which DKMS keeps since 3.2
# only, and not from a folder below its own; and a file for the driver's Kbuild.
set -eu

kept=$(realpath ..)/$1/$2
source=$(realpath ../source)
cp ports/linux-kernel/Module.symvers "$kept"
cat >"$kept/cpuslab.mk" <<END
include $source/ports/linux-kernel/cpuslab.mk
KBUILD_EXTRA_SYMBOLS += $kept/Module.symvers
END
