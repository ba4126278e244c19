# SPDX-License-Identifier: MIT
"""A suspend takes every CPU but one offline, and online again.

A guest of QEMU 7.2 does not wake up if CPUs were plugged in before, so
here all are present from the beginning.
"""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
suspend() {
	if [ -d /sys/module/kcsan ]; then	# such a kernel never resumes
		echo core >/sys/power/pm_test
		echo 0 >/sys/module/suspend/parameters/pm_test_delay
	else
		host wake_up_later || return
	fi
	echo mem >/sys/power/state
}
check "start the load" cmd load
check "the slab grows" cmd grow-by 100
check "no more memory" cmd fail-all 1
# A return reserves snapshots: without memory it tries once, and does with the
# spares. How many it finds depends on the grace periods that have ended.
asked_only_for_snapshots() {
	_asked=$(($(stat asked) - asked))
	echo "three returns asked for memory $_asked times"
	[ "$_asked" -le 3 ]
}
for i in 1 2; do
	# Replaced snapshots are spares once their grace period has ended.
	check "earlier grace periods have ended" cmd barrier
	asked=$(stat asked)
	check "suspend and resume" suspend
	check "all CPUs are back" is $CPUS/online 0-3
	check "four in use" have in_use = 4
	check "at most snapshots were asked for" asked_only_for_snapshots
	check "no CPU was refused" have refusals = 0
done
check "memory is available again" cmd fail-all 0
check "the slab grows" cmd grow
check "suspend and resume during growth" suspend
check "all CPUs are back" is $CPUS/online 0-3
check "stop growth" cmd ungrow
check "totals are exact" cmd unload
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: suspend and resume without memory",
    files=kernel.files,
    script=SCRIPT,
    smp="4",
    timeout=60,
)
