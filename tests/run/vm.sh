#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Guests under QEMU, whose CPUs come and go. tests/vm/run.py prints a line
# for each scenario, and at the end "N passed, N failed". Then what can be seen
# of the kernel's port without a guest.
set -euo pipefail
. tests/run/common.sh

kernel=$PWD/build/vm/kernel

guests() {	# NAME ARGUMENT...
	local tier=()

	! at_least full || tier=(--full)
	! at_least long || tier=(--long)
	check_counted "$1" tests/vm/run.py "${tier[@]}" "${@:2}"
}

debug_kernel() {	# NAME: the kernel's scenarios, on one that looks closely
	local paths image headers

	check "build the kernel: $1" tests/vm/kernels/build.py "$1"
	$check_ok || return 0
	paths=$(tests/vm/kernels/build.py "$1")
	image=$(echo "$paths" | sed -n 's/^bzImage //p')
	headers=$(echo "$paths" | sed -n 's/^headers //p')
	guests "guests: $1" --kernel "$image:$headers" detector kernel_
}

# Other kernels of Debian's, newer than the one of Debian 12.
OTHER_KERNELS="bookworm-backports trixie trixie/rt trixie-backports/rt"

other_kernel() {	# SUITE[/FLAVOUR] SCENARIO...
	local name=$1 log

	log=$(log_of "kernel of $name")
	if tests/vm/run.py --debian "$name" --fetch >"$log" 2>&1; then
		guests "guests: $name" --debian "$@"
	else
		skip "guests: $name" "no download: $(tail -n 1 "$log")"
	fi
}

other_kernels() {	# all scenarios on the first, a storm on the others
	local name

	# shellcheck disable=SC2086 # a list of words
	set -- $OTHER_KERNELS
	other_kernel "$1" hot_add kernel_ user_percid user_torture \
		aarch64_aborted_builds aarch64_structures
	# Since 6.19 the kernel promises how many concurrency ids there are.
	other_kernel trixie-backports user_percid user_percid_quota
	shift
	for name; do
		other_kernel "$name" hot_add kernel_storm kernel_instances \
			kernel_observe kernel_rings
	done
}

copy() {	# FOLDER: what a driver or DKMS would have of this tree
	rm -rf "$1"
	mkdir -p "$1"
	cp -r dkms.conf lib include ports "$1"
}

hot_path() {
	tests/vm/hotpath.py \
		"build/vm/modules-$(cat "$kernel/release")/test/tests/vm/module/test/cpuslab_test.ko"
}

exports_are_in_a_namespace() {
	awk -F '\t' '$5 != "CPUSLAB" { print $2 " is not in the namespace"; bad = 1 }
		END { print NR " symbols"; exit bad || NR < 100 }' \
		"build/vm/modules-$(cat "$kernel/release")/shared/ports/linux-kernel/Module.symvers"
}

symbols() {	# of each kernel that it was built for
	local folder release found

	found=false
	for folder in build/vm/kernel build/vm/kernel-*; do
		[ -e "$folder/release" ] || continue
		release=$(cat "$folder/release")
		[ -e "build/vm/modules-$release/shared/made" ] || continue
		echo "$release:"
		tests/vm/symbols.py \
			"build/vm/modules-$release/shared/ports/linux-kernel/cpuslab.ko" \
			"$folder/headers/Module.symvers"
		found=true
	done
	$found
}

sparse_finds_nothing() {
	copy build/vm/sparse
	make -C "$kernel/headers" "M=$PWD/build/vm/sparse/ports/linux-kernel" \
		C=2 CF=-Wsparse-error CPUSLAB_SHARED=y modules >build/vm/sparse.log 2>&1 ||
		{ cat build/vm/sparse.log && return 1; }
	cat build/vm/sparse.log
	[ "$(grep -c '^  CHECK' build/vm/sparse.log)" -ge 5 ]
	! grep -E '(warning|error):' build/vm/sparse.log
}

kernel_doc_finds_nothing() {	# by the kernel's script
	local script=$kernel/headers/scripts/kernel-doc

	[ "$(perl "$script" -rst include/cpuslab/*.h 2>&1 |
		grep -c '^.. c:function::')" -ge 100 ]
	! perl "$script" -none include/cpuslab/*.h ports/*/cpuslab/*.h 2>&1 | grep .
}

types_of_machine() {	# WORD...: what the kernel's headers define there
	local folder=build/vm/machine

	mkdir -p "$folder/linux"
	rm -f "$folder"/linux/*
	touch "$folder"/linux/{atomic,kconfig,limits,stddef,string,types}.h
	echo "struct mutex { int unused; };" >"$folder/linux/mutex.h"
	LC_ALL=C gcc -fsyntax-only -xc -I"$folder" "-DIS_ENABLED(x)=x" \
		"${@/#/-D}" ports/linux-kernel/cpuslab/port_types.h 2>&1
}

other_machines_are_refused() {	# by one line, as by real headers of ppc64el
	local words out

	for words in CONFIG_64BIT=1 \
		"CONFIG_64BIT=0 system_has_cmpxchg_double"; do
		# shellcheck disable=SC2086 # a list of words
		! out=$(types_of_machine $words) || return 1
		echo "$words: $out"
		[ "$(grep -c error: <<<"$out")" = 1 ]
		grep -q "#error \"cpuslab needs 64 bits and" <<<"$out"
	done
	for words in system_has_cmpxchg128 system_has_cmpxchg_double; do
		types_of_machine CONFIG_64BIT=1 "$words"
	done
}

checkpatch_finds_no_error() {	# its script is in the kernel's source only
	local folder=$PWD/build/vm/checkpatch source

	source=linux-source-$(cut -d. -f1,2 "$kernel/release")
	if ! [ -e "$folder/$source/scripts/checkpatch.pl" ]; then
		mkdir -p "$folder"
		(cd "$folder" && apt-get download "$source" &&
			dpkg-deb --fsys-tarfile "$source"_*.deb |
			tar xO "./usr/src/$source.tar.xz" |
				tar xJ "$source"/scripts/{checkpatch.pl,spelling.txt,const_structs.checkpatch})
		rm "$folder"/*.deb
	fi
	copy "$folder/tree"	# where the script leaves a file
	(cd "$folder/tree" && perl "../$source/scripts/checkpatch.pl" --no-tree \
		--strict --file --show-types --terse ports/linux-kernel/*.[ch] \
		ports/linux-kernel/cpuslab/*.h lib/*/*.[ch]) \
		>build/vm/checkpatch.log || true
	cat build/vm/checkpatch.log
	[ "$(grep -c '^total: ' build/vm/checkpatch.log)" -ge 40 ]
	# What declares an object, or is two arguments, takes no parentheses.
	! grep ' ERROR:' build/vm/checkpatch.log |
		grep -v '/static\.h:.* ERROR:COMPLEX_MACRO:'
}

dkms_builds() {	# as "dkms build" does on a user's machine, but below build/
	local dkms=$PWD/build/vm/dkms source

	if ! [ -x "$dkms/root/usr/sbin/dkms" ]; then
		mkdir -p "$dkms/root"
		(cd "$dkms" && apt-get download dkms && dpkg-deb -x dkms_*.deb root)
	fi
	source=$dkms/source/cpuslab-$(include/version.sh)
	copy "$source"
	rm -rf "$dkms/tree"
	mkdir -p "$dkms/tree"
	for step in add build; do
		"$dkms/root/usr/sbin/dkms" "$step" "cpuslab/${source##*-}" \
			--dkmstree "$dkms/tree" --sourcetree "$dkms/source" \
			-k "$(cat "$kernel/release")" \
			--kernelsourcedir "$(readlink -f "$kernel/headers")"
	done
	ls "$dkms/tree/cpuslab/${source##*-}/$(cat "$kernel/release")"/*/module/cpuslab.ko
}

check "what the harness notices" python3 tests/vm/test_harness.py
if [ "$(uname -m)" = x86_64 ]; then
	guests "guests: Debian's kernel"
	check "linux-kernel: no lock, no call on the hot path" hot_path
	check "linux-kernel: all exported symbols are in a namespace" \
		exports_are_in_a_namespace
	check "linux-kernel: sparse finds nothing" sparse_finds_nothing
	check "the headers' comments: kernel-doc finds nothing" \
		kernel_doc_finds_nothing
	check "linux-kernel: other machines are refused by one line" \
		other_machines_are_refused
	check "linux-kernel: DKMS builds it" dkms_builds
	if at_least full; then
		check "linux-kernel: checkpatch finds no error" \
			checkpatch_finds_no_error
		# With --long they are among the others.
		at_least long || guests "guests: CRIU" user_restore
		at_least long || guests "guests: a soak" soak
		at_least long || guests "guests: Falco's driver" falco_
		other_kernels
		check_counted "linux-kernel: each deliberate bug is found" \
			tests/mutants/run --kind vm
	fi
	if at_least long; then
		CPUSLAB_SOAK_SECONDS=3600 guests "guests: a soak" soak
		debug_kernel kasan
		debug_kernel kcsan
		debug_kernel none
	fi
	check "linux-kernel: symbols for GPL only, as documented" symbols
else
	skip "guests" "they run on x86-64 only"
fi
finish
