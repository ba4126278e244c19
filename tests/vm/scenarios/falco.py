# SPDX-License-Identifier: MIT
"""Falco's driver, of three releases of Debian: which system calls it records
while CPUs are plugged in, go offline and return, what memory it takes, and what
an event costs.

The figures are reported, not judged: another version of the driver may be
better."""

from harness import Scenario, falco

SHARED = r"""
# Each CPU would keep megabytes of free pages for itself, which count as used.
echo 10000 >/proc/sys/vm/percpu_pagelist_high_fraction
CALLS=10000
FIRST=1000000
mark=$FIRST
phase() {	# NAME CPU...: marked system calls on these CPUs
	echo "$mark $1" >>/tmp/phases
	shift
	for _cpu; do
		scap_calls "$_cpu" ${count:-$CALLS} $mark >/dev/null || return
	done
	mark=$((mark + 1))
}
open_for() {	# NOTE
	consumer_starts
	check "$1: the rings are read" wait_for 30 consumer_reads
}
close_it() {
	kill $consumer
	wait_for 30 consumer_ended
	consumer_counts
}
recorded() {	# MARK CPU
	awk -v mark="$1" -v cpu="$2" '$1 == mark && $2 == cpu && $3 == "calls" {
		n = $4 } END { print n + 0 }' /tmp/table
}
# A line for each phase: of CALLS on each CPU, those that were recorded there.
show() {
	printf "| %-36s |  CPU 0 |  CPU 1 |  CPU 2 |  CPU 3 |\n" ""
	while read -r _mark _name; do
		printf "| %-36s |" "$_name"
		for _cpu in 0 1 2 3; do
			printf " %6d |" $(recorded $_mark $_cpu)
		done
		echo
	done </tmp/phases
	grep -v calls /tmp/table
	: >/tmp/phases
}
works() {	# MARK CPU: the measurement does
	[ "$(recorded $1 $2)" = $CALLS ]
}
# Memory in use since the last call, in MB, without caches.
memory() {	# [NOTE]
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	_free=$(sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ -z "$1" ] || awk -v old=$free -v new=$_free -v note="$1" \
		'BEGIN { printf "memory, %s: %.1f MB\n", note, (old - new) / 1024 }'
	free=$_free
}
"""

FALCO = r"""
consumer_starts() {
	falco $FIRST >/tmp/table &
	consumer=$!
}
consumer_reads() { grep -q rings /tmp/table; }
# It has printed all; if the kernel has crashed, it does not end.
consumer_ended() { grep -q lost /tmp/table; }
consumer_counts() { :; }
check "load the driver" insmod /m/scap.ko
"""

HOTPLUG = r"""
check "64 CPUs are possible" is $CPUS/possible 0-63
memory
open_for "two CPUs"
memory "opened with 2 CPUs"
close_it
check "a CPU is plugged in" plug 2
check "it is online" online 2
memory

open_for "three CPUs"
memory "opened with 3 CPUs"
phase "opened after the hot-add of CPU 2" 0 1 2
check "CPU 2 goes offline" offline 2
phase "CPU 2 is offline" 0 1
check "CPU 2 returns" online 2
phase "CPU 2 has returned" 0 1 2
close_it
check "the calls on CPU 0" works $FIRST 0
check "the calls on CPU 2" works $FIRST 2
show

memory
first=$mark
open_for "before the hot-add"
memory "opened with 3 CPUs"
phase "opened before the hot-add of CPU 3" 0 1 2
check "another CPU is plugged in" plug 3
(online 3 && touch /tmp/online) &
if wait_for 30 test -e /tmp/online; then
	memory "CPU 3 is added"
	phase "CPU 3 is online" 0 1 2 3
	offline 3
	memory "CPU 3 is offline"
	phase "CPU 3 is offline" 0 1 2
	trim
	memory "CPU 3 is trimmed"
	online 3
	memory "CPU 3 has returned"
	phase "CPU 3 has returned" 0 1 2 3
	kill -STOP $consumer
	count=200000 phase "of 200000, the consumer is stopped" 0
	kill -CONT $consumer
	sleep 1
else
	echo "CPU 3 does not come online:"
	dmesg | grep -E "BUG:|RIP: 0010" | head -n 2
	phase "CPU 3 does not come online" 0 1 2
fi
close_it
check "the calls on CPU 1 before the hot-add" works $first 1
show
# While a CPU is coming online, the system cannot power off.
if ! [ -e /tmp/online ]; then
	echo end
	sleep 1	# until that has been sent
	echo b >/proc/sysrq-trigger
fi
"""

COST = r"""
nanoseconds() {	# of a call, which under -icount are instructions: the least
	for _ in 1 2 3 4 5 6 7 8 9; do
		scap_calls 0 2000 $FIRST
	done | sort -n | head -n 1
}
without=$(nanoseconds)
open_for "cost"
usleep 100000
kill -STOP $consumer
with=$(nanoseconds)
kill -CONT $consumer
sleep 1
close_it
check "the calls were recorded" [ $(recorded $FIRST 0) = 18000 ]
echo "instructions of a call: $without, recorded $with: $((with - without)) more"
"""


def scenario(name, title, files, prelude, cost=False):
    more = {}
    if cost:
        more = {"smp": "1,maxcpus=64", "accel": "tcg",
                "qemu": ("-icount", "shift=0,sleep=off"),
                "append": "tsc_early_khz=1000000"}
    return Scenario(
        name=name, title=title, files=files, long=True, timeout=120,
        programs=("falco", "scap_calls"), allow=(".",),
        script=SHARED + prelude + (COST if cost else HOTPLUG), **more)


def of_debian(suite):
    """Both scenarios of a suite's driver."""
    def files(build):
        version, module = falco.driver(build, suite)
        return {"/m/scap.ko": module, "/m/version": version}

    prelude = "echo \"Falco's driver $(cat /m/version)\"\n" + FALCO + \
        "echo 0 >/proc/sys/kernel/panic_on_oops\ntrim() { :; }\n"
    title = "Falco's driver of %s: " % suite
    return [
        scenario("falco_" + suite, title + "hotplug", files, prelude),
        scenario("falco_cost_" + suite, title + "instructions of an event",
                 files, prelude, cost=True),
    ]


SCENARIOS = [*of_debian("bookworm"), *of_debian("trixie"), *of_debian("sid")]
