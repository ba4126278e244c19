# SPDX-License-Identifier: MIT
"""Suspend takes every CPU but one offline and brings them back, without an
event. The program is frozen in between."""

from harness import Scenario

SCRIPT = """
storm -t 2 -r 200 /tmp/s &
wait_for 60 test -S /tmp/s
check "the CPUs at start" storm /tmp/s cpus 0-2
check "memory at start" storm /tmp/s note start
sleep_once() {
	host wake_up_later && echo mem >/sys/power/state
}
check "suspend and resume" sleep_once
check "the kernel has slept" sh -c 'dmesg | grep "PM: suspend exit"'
check "the CPUs after it" storm /tmp/s cpus 0-2
check "memory after it" storm /tmp/s memory start 0
check "totals" storm /tmp/s total
check "one goes offline" offline 1
check "suspend and resume without it" sleep_once
check "it is still offline" storm /tmp/s cpus 0,2
check "memory of one CPU less" storm /tmp/s memory start -1
check "the end" storm /tmp/s stop
"""

SCENARIO = Scenario(
    title="the machine is suspended and resumed",
    programs=("storm",),
    smp="3,maxcpus=64",
    requires=("CONFIG_SUSPEND",),
    script=SCRIPT,
    timeout=60,
)
