# SPDX-License-Identifier: MIT
"""A container's CPUs are a cpuset: it is narrowed and widened without any
event. The timer notices."""

from harness import Scenario

SCRIPT = """
group=/sys/fs/cgroup/test
narrow() {	# LIST
	echo "$1" >$group/cpuset.cpus
}
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
storm -t 2 -r 100 /tmp/s &
wait_for 60 test -S /tmp/s
echo $! >$group/cgroup.procs
check "the CPUs at start" storm /tmp/s cpus 0-3
check "memory at start" storm /tmp/s note start

check "narrow it to two" narrow 1-2
check "noticed" storm /tmp/s cpus 1-2
check "memory of two less" storm /tmp/s memory start -2
check "the other two" narrow 0,3
check "noticed as well" storm /tmp/s cpus 0,3
check "one of them goes offline" offline 3
check "one CPU is left" storm /tmp/s cpus 0
check "memory of three less" storm /tmp/s memory start -3
check "it returns" online 3
check "it is back" storm /tmp/s cpus 0,3
check "totals" storm /tmp/s total

check "a set of one" narrow 2
check "is all that is available" storm /tmp/s cpus 2
check "that one goes offline" offline 2
check "the kernel lends the other CPUs" storm /tmp/s cpus 0-1,3
check "it returns" online 2
check "it is again all that is available" storm /tmp/s cpus 2

check "widen it again" narrow 0-3
check "all are back" storm /tmp/s cpus 0-3
check "memory as at start" storm /tmp/s memory start 0
check "out of the group" sh -c 'cat /sys/fs/cgroup/test/cgroup.procs >/sys/fs/cgroup/cgroup.procs'
check "no errors" storm /tmp/s hotplug_is errors 0
check "totals at the end" storm /tmp/s total
check "the end" storm /tmp/s stop
"""

SCENARIO = Scenario(
    title="a cpuset is narrowed and widened",
    programs=("storm",),
    smp="4",
    requires=("CONFIG_CPUSETS",),
    script=SCRIPT,
    timeout=60,
)
