#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Static analysis of the library, its ports, the examples and the benchmarks: no
# findings. What is planted is found in each folder. sparse looks at the kernel's
# port in the suite vm.
set -euo pipefail
. tests/run/common.sh

out=$PWD/build/analysis
kernel=$PWD/build/vm/kernel

commands() {	# how meson compiles each file, and the header that it generates
	local names=ports/linux-user/ffi/cpuslab-ffi-names.h

	configure analysis -Dtests=enabled -Dexamples=true -Dbench=true \
		-Ddebug_checks=true
	build analysis build.ninja $names
}

kernel_commands() {	# how Kbuild compiles it, in a copy
	rm -rf "$out/kernel"
	mkdir -p "$out/kernel"
	cp -r include lib ports "$out/kernel"
	readlink -f "$kernel/headers" >"$out/kernel/headers"
	make -C "$kernel/headers" "M=$out/kernel/ports/linux-kernel" modules
}

check "analysis: how each file is compiled" commands
log=$(log_of "kernel of analysis")
if [ "$(uname -m)" != x86_64 ]; then
	skip "analysis: the kernel's port" "on x86-64 only"
elif tests/vm/run.py --fetch >"$log" 2>&1; then
	check "analysis: how the kernel's port is compiled" kernel_commands
else
	skip "analysis: the kernel's port" "no download: $(tail -n 1 "$log")"
fi
for tool in gcc clang-tidy cppcheck; do
	check "analysis: $tool finds what is planted" \
		python3 tests/analysis/planted.py build/analysis $tool
	check "analysis: $tool finds nothing else" \
		python3 tests/analysis/analyse.py build/analysis $tool
done
finish
