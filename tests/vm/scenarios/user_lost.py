# SPDX-License-Identifier: MIT
"""The kernel drops events when a socket is full. Here the socket holds a few,
all of other devices, and it is not read until many more have come: the program
only learns that events were lost. The timer never expires."""

from harness import Scenario

SCRIPT = """
storm -t 2 -m -r 1000000000 -b 2304 /tmp/s &
wait_for 60 test -S /tmp/s
check "the CPUs at start" storm /tmp/s cpus 0-2
check "memory at start" storm /tmp/s note start

flood() {	# 20 events that do not concern CPUs
	for _n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		echo change >/sys/class/mem/null/uevent || return
	done
}
churn() {	# CPU 1 goes offline and returns
	for _n in 1 2 3 4; do
		offline 1 && online 1 || return
	done
}
check "events of other devices" flood
check "events of CPUs" churn
check "one goes offline" offline 2
check "the program does not know yet" storm /tmp/s cpus 0-2 0
check "it dispatches" storm /tmp/s dispatch
check "events were lost" storm /tmp/s hotplug lost 1
check "none that concerned CPUs came" storm /tmp/s hotplug_is events 0
check "it has noticed nevertheless" storm /tmp/s cpus 0-1 0
check "memory of one CPU less" storm /tmp/s memory start -1

check "events of other devices again" flood
check "plug in two" plug 3 4
check "bring them online, and another one back" online 3 4 2
check "add on each CPU" storm /tmp/s add_on_each
check "the program does not know yet" storm /tmp/s cpus 0-1 0
check "admitted on first use" storm /tmp/s at_least on_demand 3
check "totals, with unannounced CPUs" storm /tmp/s total
check "it dispatches again" storm /tmp/s dispatch
check "more events were lost" storm /tmp/s hotplug lost 2
check "again none that concerned CPUs" storm /tmp/s hotplug_is events 0
check "it has noticed these too" storm /tmp/s cpus 0-4 0
check "memory of two CPUs more" storm /tmp/s memory start 2
check "no errors" storm /tmp/s hotplug_is errors 0
check "totals at the end" storm /tmp/s total
check "the end" storm /tmp/s stop
"""

SCENARIO = Scenario(
    title="after dropped events the program compares everything",
    programs=("storm",),
    smp="3,maxcpus=64",
    script=SCRIPT,
    timeout=60,
)
