# SPDX-License-Identifier: MIT
"""The assertions of debug builds in the kernel, and two copies of the library in
two modules."""

import kernel

from harness import Scenario

DEBUG = ("CPUSLAB_DEBUG=y",)


def files(build):
    copy = build.module("copy", ["tests/vm/module/copy"], make=DEBUG)
    return (kernel.modules(build, "test-debug", DEBUG) |
            {"/m/" + ko.name: ko for ko in copy})


SCRIPT = kernel.PRELUDE + """
# What was asserted since the last call.
asserted() {	# TIMES TEXT
	_new=$(dmesg -c | grep -c "assertion failed: $2")
	[ "$_new" = "$1" ] || { echo "asserted $_new times, not $1: $2"; return 1; }
}
queues() { cat /proc/[0-9]*/comm 2>/dev/null | grep -c -e "^cpuslab_copy/" -e "^kworker/R-cpusl"; }
dmesg -c >/dev/null
check "calls for pinned callers, with preemption off" cmd misplace 5
check "no report" asserted 0 ""
check "the same with preemption on" cmd misplace 4
check "a report of each" asserted 2 "!preemptible"
others=$(queues)
check "another copy: domains come and go" insmod /m/cpuslab_copy.ko
dmesg | grep "allocations failed"
check "it has a workqueue" [ "$(queues)" -gt "$others" ]
dmesg -c >/dev/null
check "a handle of the other copy" cmd borrow
check "a report of each call" asserted 3 "!cpuslab__percpu_extent(handle) ||"
check "unload the other copy" rmmod cpuslab_copy
check "its workqueue is destroyed" [ "$(queues)" = "$others" ]
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: assertions of debug builds; two copies of the library",
    files=files,
    requires=("CONFIG_PREEMPT_COUNT",),     # or preemption is always off
    reports=(r"WARNING: .* cpuslab_port_panic\+",),
    # lockdep, where the kernel has it, reports the same calls.
    allow=(r"WARNING: .*/percpu_ptr\.h:\d+ misplaced_two",),
    script=SCRIPT,
    timeout=90,
)
