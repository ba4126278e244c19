# SPDX-License-Identifier: MIT
"""examples/scap/: each marked system call is recorded once, on the CPU that made
it, while a CPU is plugged in, goes offline, loses its ring and returns."""

import scap

from harness import Scenario

SCRIPT = scap.SHARED + scap.CPUSLAB + """
CALLS=1000
freed() {	# COUNT: how often has its ring been freed?
	[ "$(grep -cx "CPU 2 is offline, its ring is freed" /tmp/said)" = "$1" ]
}
refuses() { ! "$@" 2>/dev/null || { echo "not refused: $*"; return 1; }; }

check "load the driver" load
open_for "two CPUs"
check "one consumer at a time" refuses scap -c
check "it cannot be unloaded" refuses rmmod cpuslab_scap
phase "before" 0 1
check "a CPU is plugged in" plug 2
check "it is online" online 2
phase "added" 0 1 2
check "it goes offline" offline 2
check "its ring is freed" wait_for 10 freed 1
phase "offline" 0 1
check "it returns" online 2
phase "returned" 0 1 2
often() {
	for times in 2 3 4 5 6 7 8 9; do
		offline 2 && wait_for 10 freed $times && online 2 || return
	done
}
check "it is freed each time" often
phase "returned often" 0 1 2
close_it
check "each call is recorded" all_recorded
show
cat /tmp/said
check "nothing is lost" grep -qx "lost: 0" /tmp/said

open_for "another consumer"
phase "again" 0 1 2
close_it
check "each call is recorded, by another consumer" all_recorded
check "unload the driver" rmmod cpuslab_scap
"""

SCENARIO = Scenario(
    title="examples/scap: a module that records system calls",
    files=scap.files,
    programs=("scap_calls",),
    script=SCRIPT,
    timeout=60,
    # The driver patches code that all CPUs execute. With a thread for each CPU
    # QEMU 7.2 sometimes keeps executing the breakpoint of a finished patch.
    accel="tcg,thread=single",
)
