# SPDX-License-Identifier: MIT
"""CPUs are plugged in and out under two programs that count: one in rseq
mode, one in atomic mode. Their hotplugs have no timer, so whatever they notice
came from the kernel's events."""

from harness import Scenario

SCRIPT = """
storm -t 3 -r 1000000000 /tmp/rseq &
GLIBC_TUNABLES=glibc.pthread.rseq=0 storm -t 1 -r 1000000000 /tmp/atomic &
both() {	# NAME WORD...: send both a command
	_what=$1
	shift
	check "$_what (rseq)" storm /tmp/rseq "$@"
	check "$_what (atomic)" storm /tmp/atomic "$@"
}
wait_for 60 test -S /tmp/rseq
wait_for 60 test -S /tmp/atomic

check "rseq mode" storm /tmp/rseq mode rseq
check "atomic mode" storm /tmp/atomic mode atomic
both "the CPUs at start" cpus 0-1
both "memory at start" note start
storm /tmp/rseq latency warm >/dev/null
sleep 2
storm /tmp/rseq latency quiet

check "plug in one" plug 2
check "started before it runs (rseq)" wait_for 60 storm /tmp/rseq hotplug starts 1
check "started before it runs (atomic)" wait_for 60 storm /tmp/atomic hotplug starts 1
both "and not online" cpus 0-1 0
check "bring it online" online 2
both "it is online" cpus 0-2
both "memory of one more" memory start 1

check "plug in three more" plug 3 4 5
check "bring two online" online 3 5
both "a set with gaps" cpus 0-3,5
check "bring the third online" online 4
both "all six" cpus 0-5
both "memory of four more" memory start 4
both "totals" total

check "some go offline" offline 1 4
both "they are offline" cpus 0,2-3,5
check "memory of two more (rseq)" storm /tmp/rseq memory start 2
check "blocks are retained (atomic)" storm /tmp/atomic memory start 4
check "until a trim (atomic)" storm /tmp/atomic trim
check "memory of two more (atomic)" storm /tmp/atomic memory start 2
check "they return" online 1 4
both "all six again" cpus 0-5
both "memory of four more again" memory start 4
both "totals after the return" total

check "unplug one in the middle" unplug 3
both "a set with gaps again" cpus 0-2,4-5
check "unplug the rest" unplug 5 4 2
both "back to two" cpus 0-1
check "trim (atomic)" storm /tmp/atomic trim
both "memory as at start" memory start 0
storm /tmp/rseq latency "during changes"
both "no errors of the hotplug" hotplug_is errors 0
storm /tmp/rseq stats
both "totals at the end" total
both "the end" stop
"""

SCENARIO = Scenario(
    title="the library follows hot-add, online, offline, unplug",
    programs=("storm",),
    script=SCRIPT,
    timeout=180,
)
