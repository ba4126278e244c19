#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The Windows ports: built by mingw-w64, run in Wine on a simulated system and
# natively under sanitizers.
set -euo pipefail
. tests/run/common.sh
. ports/windows-kernel/flags.sh

out=$PWD/build/wine
export WINEPREFIX=$out/prefix WINEARCH=win64 DISPLAY="" WINEDEBUG=-all
export WINEDLLOVERRIDES="mscoree,mshtml=d"
export ASAN_OPTIONS=abort_on_error=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

program_of() {	# NAME: Debian keeps them out of the path
	command -v "$1" || echo "/usr/lib/wine/$1"
}

wine=$(program_of wine64)
wineserver=$(program_of wineserver64)

# ---- a prefix, and nothing left of it ---------------------------------------

make_prefix() {	# in the background: a quarter of a minute
	local stamp

	stamp=$("$wine" --version)
	if [ "$(cat "$out/prefix-of" 2>/dev/null)" = "$stamp" ]; then
		return 0
	fi
	rm -rf "$WINEPREFIX"
	timeout 120 "$wine" wineboot -i
	# What ends too early leaves drivers that do not load.
	timeout 60 "$wineserver" -w
	echo "$stamp" >"$out/prefix-of"
}

stop_wine() {
	timeout 30 "$wineserver" -k || true
	timeout 30 "$wineserver" -w || true
}

leave_nothing() {
	if [ -n "$prefix_job" ]; then
		kill "$prefix_job" 2>/dev/null || true
		wait "$prefix_job" || true
	fi
	stop_wine >/dev/null 2>&1
}

in_wine() {	# PROGRAM [ARGUMENT...]: its output ends in lines as Unix has them
	timeout 300 "$wine" "$@" 2>&1 | tr -d '\r'
}

windows_path() {
	echo "Z:${1//\//\\}"
}

nobody_left() {	# of the programs that belong to this prefix
	local environment

	stop_wine
	for environment in /proc/[0-9]*/environ; do
		if tr '\0' '\n' 2>/dev/null <"$environment" |
			grep -qx "WINEPREFIX=$WINEPREFIX" &&
			grep -q -e wine -e '\.exe' "${environment%environ}comm"; then
			echo "left: ${environment%/environ}"
			return 1
		fi
	done
}

# ---- builds -------------------------------------------------------------------

compile() {	# TARGET OPTION... SOURCE
	"$CC" "${KERNEL[@]}" -g "-I$out/kernel/include" -Itests \
		-Itests/windows -Ilib -o "$out/test/$1" -c "${@:2}"
}

# The driver under test, with what was installed.
build_tester() {
	local name

	for name in tester hammer packets threads calls operations paged; do
		compile "$name.o" "tests/windows/$name.c"
	done
	compile tester_driver.o tests/windows/wine/tester_driver.c
	compile conformance.o tests/port_conformance/conformance.c
	compile structures.o tests/portable/all.c
	"$CC" "${DRIVER[@]}" -o "$out/sys/tester.sys" \
		"$out"/test/{tester,hammer,packets,threads,calls,operations,paged,device,tester_driver,conformance,structures}.o \
		"$out/kernel/lib/cpuslab.lib" -lntoskrnl
}

# The drivers of tests/driver_failures/, with the same.
build_failures() {
	local source name common=$out/test/common.h

	# Read once, not twenty times: the kernel's headers are large.
	echo '#include <driver_failures/scenario.h>' >"$common"
	compile common.h.gch -x c-header "$common"
	for source in tests/driver_failures/{scenarios/*,default,scenario}.c \
		tests/windows/driver_failures/driver.c; do
		name=${source##*/}
		compile "failures-${name%.c}.o" -include "$common" "$source"
	done
	"$CC" -c -o "$out/test/failures-catch.o" tests/windows/driver_failures/catch.S
	"$CC" "${DRIVER[@]}" -o "$out/sys/failures.sys" "$out"/test/failures-*.o \
		"$out"/test/{device,threads}.o "$out/kernel/lib/cpuslab.lib" \
		-lntoskrnl
}

hot_paths() {	# each operation in a driver that contains nothing else
	mkdir -p "$out/test"
	compile hotpath.o tests/windows/hotpath.c
	"$CC" "${DRIVER[@]}" -o "$out/test/hotpath.sys" "$out/test/hotpath.o" \
		"$out/kernel/lib/cpuslab.lib" -lntoskrnl
	python3 tests/windows/hotpath.py "$out/test/hotpath.sys" hot_add hot_pinned_add \
		hot_add_if hot_add_below hot_cmpstore hot_load_add hot_max hot_push hot_pop \
		hot_append hot_take hot_give hot_isr_add hot_isr_cmpstore \
		hot_try_get hot_put hot_record hot_approx hot_alloc hot_free \
		hot_packet
}

build_system() {
	local name

	for name in processors pool objects adds dpcs debug available host_nt; do
		compile "system-$name.o" -DSYSTEM_IN_WINE \
			-Wno-missing-prototypes "tests/windows/fake_nt/$name.c"
	done
	compile system-driver.o -DSYSTEM_IN_WINE -Wno-missing-prototypes \
		tests/windows/wine/system_driver.c
	compile system-bus.o -DSYSTEM_IN_WINE tests/windows/wine/bus.c
	"$CC" "${DRIVER[@]}" -o "$out/sys/system.sys" "$out"/test/system-*.o \
		"$out/test/device.o" -lntoskrnl
}

build_programs() {
	local user=("$CC" -std=gnu11 -O2 -D_WIN32_WINNT=0x0601 "${WARNINGS[@]}"
		-Itests -Itests/windows)

	"${user[@]}" -o "$out/sys/run.exe" tests/windows/script{,_calls,_faults,_packets,_rebalance,_structures}.c \
		tests/windows/wine/{run,service,sample_run,pnp_run,inf_run,failures_run}.c \
		-lsetupapi
	cp "$out"/kernel/sample/cpuslab-sample.{sys,inf,exe} "$out/sys"
}

build_tests() {	# on both CPUs; what fails leaves nothing that is old
	local others

	mkdir -p "$out/test" "$out/sys"
	rm -f "$out"/test/*.o
	compile device.o tests/windows/wine/device.c
	{ build_system && build_programs; } &
	others=$!
	build_tester && build_failures && wait "$others"
}

native() {	# NAME OPTION...
	python3 tests/windows/native.py . "$out/native-$1" -DCPUSLAB_DEBUG \
		-fno-sanitize-recover=all -fno-omit-frame-pointer "${@:2}"
	timeout 300 "$out/native-$1/native"
}

# The whole port for Server 2008: what it imports, and how it runs natively.
server_2008() (	# flags.sh sets variables
	NTDDI=0x06000100

	. ports/windows-kernel/flags.sh
	mkdir -p "$out/2008"
	for file in lib/all.c ports/windows-kernel/all.c tests/windows/hotpath.c; do
		"$CC" "${KERNEL[@]}" -Iinclude -Iports/windows-kernel \
			-c "$file" -o "$out/2008/${file//\//-}.o"
	done
	"$CC" "${DRIVER[@]}" -o "$out/2008/port.sys" "$out"/2008/*.o -lntoskrnl
	for file in ports/windows-kernel/sample/{driver,pnp,requests}.c; do
		"$CC" "${KERNEL[@]}" -Iinclude -Iports/windows-kernel \
			-fsyntax-only "$file"
	done
	python3 tests/windows/pe.py --server-2008 "$out/2008/port.sys"
	python3 tests/windows/native.py . "$out/native-2008" -DCPUSLAB_DEBUG \
		-DNTDDI_VERSION="$NTDDI"
	timeout 60 "$out/native-2008/native" "one group"
)

# What a driver calls that is not for systems before Windows 10 2004.
native_2004() {
	python3 tests/windows/native.py . "$out/native-2004" -DCPUSLAB_DEBUG \
		-DNTDDI_VERSION=0x0A000008
	timeout 60 "$out/native-2004/native" "pool tags"
	timeout 60 "$out/native-2004/native" "memory fails at each step"
}

# ---- checks ------------------------------------------------------------------

run_in_wine() {
	in_wine "$out/sys/run.exe" "$(windows_path "$out/sys")"
}

if [ "$(uname -m)" != x86_64 ]; then
	skip "Wine" "it runs these drivers on x86-64 only"
	finish
	exit
fi
mkdir -p "$out" build/log
prefix_job=""
trap leave_nothing EXIT
make_prefix >build/log/wine-prefix 2>&1 &
prefix_job=$!

check "the kernel port's folder: mingw-w64" \
	ports/windows-kernel/build.sh "$out/kernel"
if $check_ok; then
	check "a driver that Windows would load: PE, imports" python3 \
		tests/windows/pe.py --version "$(include/version.sh)" \
		"$out/kernel/sample/cpuslab-sample.sys"
	check "the hot path of the driver, from its disassembly" python3 \
		tests/windows/hotpath.py \
		"$out/kernel/sample/cpuslab-sample.sys" sample_event
	check "the hot path of each operation" hot_paths
fi
check "the user port's folder and its tests: mingw-w64" \
	tests/windows/user.sh "$out"
user_built=$check_ok
check "as for Microsoft's compiler, in C and C++: clang" python3 \
	tests/windows/msvc.py
check "annotations for Microsoft's static analysis" python3 \
	tests/windows/sal.py
check "the hot paths on ARM64: clang" python3 tests/windows/arm64.py
check_lines "the kernel port, natively: ASan, UBSan" ': ok$' ': FAILED$' \
	native asan -fsanitize=address,undefined
check_lines "the kernel port for Server 2008" ': ok$' ': FAILED$' server_2008
check_lines "the kernel port, natively: for Windows 10 2004" ': ok$' \
	': FAILED$' native_2004
if at_least full; then
	check_lines "the kernel port, natively: TSan" ': ok$' ': FAILED$' \
		native tsan -fsanitize=thread
fi
check "the drivers and programs of the tests: mingw-w64" build_tests
built=$check_ok
rc=0
wait "$prefix_job" || rc=$?
prefix_job=""
check "Wine: a prefix" test "$rc" -eq 0
prefix_made=$check_ok
if $built && $prefix_made; then
	check_lines "Wine: drivers on a simulated system" ': ok$' ': FAILED$' \
		run_in_wine
fi
if $user_built && $prefix_made; then
	check "Wine: the port's contract in a program" in_wine \
		"$out/sys/conformance.exe"
	check "Wine: the user port" in_wine "$out/sys/test_user.exe"
	if [ -f "$out/sys/cxx.exe" ]; then
		check "Wine: cpuslab.hpp" in_wine "$out/sys/cxx.exe"
	else
		skip "Wine: cpuslab.hpp" "no mingw-w64 for C++ with threads"
	fi
	check "Wine: its hotplug, device notices" in_wine \
		"$out/sys/test_hotplug.exe"
	check "Wine: groups and nodes of another system" in_wine \
		"$out/sys/test_groups.exe"
	check "Wine: a plugin that is unloaded, a process that ends" in_wine \
		"$out/sys/test_unload.exe"
fi
if $prefix_made; then
	check "Wine: no process is left" nobody_left
fi
finish
