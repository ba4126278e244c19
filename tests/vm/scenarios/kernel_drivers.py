# SPDX-License-Identifier: MIT
"""The sample driver: with the library compiled in, and on top of cpuslab.ko."""

from harness import Scenario

SAMPLE = "ports/linux-kernel/sample"


def files(build):
    inside = build.module("sample", [SAMPLE])
    shared = build.module("shared", [SAMPLE], where="ports/linux-kernel",
                          make=["CPUSLAB_SHARED=y"])
    return ({"/inside/" + ko.name: ko for ko in inside} |
            {"/shared/" + ko.name: ko for ko in shared})


SCRIPT = """
S=/sys/kernel/debug/cpuslab_sample
give() {	# CPU TIMES: requests of 10 bytes from there
	taskset "$1" sh -c 'for i in $(seq $0); do echo 123456789 >/dev/cpuslab_sample; done' "$2"
}
taskset() { _cpu=$1; shift; /bin/taskset "$(printf %x $((1 << _cpu)))" "$@"; }
total() { sed -n "s/^$1 //p" $S/totals; }
have() { [ "$($1 "$2")" = "$3" ] || { echo "$2 is $($1 "$2"), not $3"; return 1; }; }
stat() { sed -n "s/^$1 //p" $S/stats; }
on() { awk -v cpu="$1" '$1 == cpu { print $2 }' $S/cpus; }

drive() {	# NAME CPU: the same checks for both
	check "$1: the device is there" wait_for 60 test -c /dev/cpuslab_sample
	give 0 20
	give 1 30
	check "$1: requests" have total requests 50
	check "$1: bytes" have total bytes 500
	check "$1: on CPU 0" have on 0 20
	check "$1: on CPU 1" have on 1 30
	check "$1: a CPU is added" online "$2"
	give "$2" 7
	check "$1: requests there" have on "$2" 7
	check "$1: it goes offline" offline "$2"
	check "$1: its block is retained" have stat retained 1
	check "$1: and still shown" have on "$2" 7
	echo 1 >$S/trim
	check "$1: until it is released" wait_for 60 have stat retained 0
	wait_for 60 have stat draining 0
	check "$1: and no longer shown" have on "$2" ""
	check "$1: but nothing is lost" have total requests 57
	cat $S/cpus
}

plug 2
wait_for 30 test -e $CPUS/cpu2/online
check "the driver with the library compiled in" insmod /inside/cpuslab_sample.ko
drive "inside" 2
cat $S/stats
check "unload it" rmmod cpuslab_sample

check "the library as a module" insmod /shared/cpuslab.ko
check "the driver on top of it" insmod /shared/cpuslab_sample.ko
check "the library is in use" sh -c "! rmmod cpuslab 2>/dev/null"
drive "shared" 2
check "unload the driver" rmmod cpuslab_sample
check "unload the library" rmmod cpuslab
check "our states no longer exist" sh -c "! grep cpuslab $CPUS/hotplug/states"
"""

SCENARIO = Scenario(
    title="the sample driver, with the library compiled in and as a module",
    files=files,
    script=SCRIPT,
    timeout=60,
)
