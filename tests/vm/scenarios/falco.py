# SPDX-License-Identifier: MIT
"""examples/scap/ and Falco's driver, of three releases of Debian: which system
calls they record while CPUs are plugged in, go offline and return, what memory
they take, and what an event costs.

Falco's figures are reported, not judged: another version may be better."""

import scap

from harness import Scenario, falco

FALCO = r"""
consumer_starts() {
	falco $FIRST >/tmp/table &
	consumer=$!
}
consumer_reads() { grep -q rings /tmp/table; }
# It has printed all; if the kernel has crashed, it does not end.
consumer_ended() { grep -q lost /tmp/table; }
consumer_counts() { :; }
load() { insmod /m/scap.ko; }
offline_is_read() { :; }
judge() { :; }
version=$(cat /m/version)
# A crash is a result.
echo 0 >/proc/sys/kernel/panic_on_oops
"""

HOTPLUG = r"""
# Each CPU would keep megabytes of free pages for itself, which count as used.
echo 10000 >/proc/sys/vm/percpu_pagelist_high_fraction
# Memory in use since the first call, without caches.
memory() {	# NOTE
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	_free=$(sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	free=${free:-$_free}
	echo "$1" $((free - _free)) | awk '{ kb = $NF
		sub(/ [^ ]*$/, ""); printf "| %-36s | %5.1f MB |\n", $0, kb / 1024 }'
}
check "64 CPUs are possible" is $CPUS/possible 0-63
memory "before the driver is loaded"
check "load the driver" load
open_for "two CPUs"
memory "2 CPUs online, the consumer runs"
close_it
check "a CPU is plugged in" plug 2
check "it is online" online 2

open_for "three CPUs"
memory "3 CPUs online, the consumer restarted"
phase "opened after the hot-add of CPU 2" 0 1 2
check "CPU 2 goes offline" offline 2
phase "CPU 2 is offline" 0 1
check "CPU 2 returns" online 2
phase "CPU 2 has returned" 0 1 2
close_it
check "the calls on CPU 0 and 2" all_recorded
show

first=$mark
open_for "before the hot-add"
memory "3 CPUs online, restarted again"
phase "opened before the hot-add of CPU 3" 0 1 2
check "another CPU is plugged in" plug 3
(online 3 && touch /tmp/online) &
if wait_for 30 test -e /tmp/online; then
	memory "CPU 3 is added"
	phase "CPU 3 is online" 0 1 2 3
	check "CPU 3 goes offline" offline 3
	offline_is_read
	memory "CPU 3 is offline"
	phase "CPU 3 is offline" 0 1 2
	check "CPU 3 returns" online 3
	memory "CPU 3 has returned"
	phase "CPU 3 has returned" 0 1 2 3
	cp /tmp/made /tmp/exact
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
judge /tmp/exact
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
check "load the driver" load
sleep 20	# until the kernel's own tests, of 7.3, have ended
without=$(nanoseconds)
open_for "one CPU"
usleep 100000
kill -STOP $consumer
with=$(nanoseconds)
kill -CONT $consumer
sleep 1
close_it
check "the calls were recorded" [ $(recorded $FIRST 0) = 18000 ]
echo "instructions of a call: $without, recorded $with: $((with - without)) more"
"""


def pair(name, title, files, prelude, **more):
    """The scenarios of a driver."""
    def scenario(name, title, script, **machine):
        return Scenario(
            name=name, title=title, files=files, tier="long", timeout=120,
            script="\n".join((scap.SHARED, prelude, 'echo "$version"', script)),
            **machine, **more)

    return [
        scenario("falco_" + name, title + ": hotplug", HOTPLUG),
        scenario("falco_cost_" + name, title + ": instructions of an event",
                 COST, smp="1,maxcpus=64", accel="tcg",
                 qemu=("-icount", "shift=0,sleep=off"),
                 append="tsc_early_khz=1000000"),
    ]


def of_debian(suite):
    def files(build):
        version, module = falco.driver(build, suite)
        return {"/m/scap.ko": module, "/m/version": "scap %s\n" % version}

    return pair(suite, "Falco's driver of " + suite, files, FALCO,
                programs=("falco", "scap_calls"), allow=(".",))


SCENARIOS = [
    *pair("cpuslab", "examples/scap", scap.files, scap.CPUSLAB,
          programs=("scap_calls",)),
    *of_debian("bookworm"), *of_debian("trixie"), *of_debian("sid"),
]
