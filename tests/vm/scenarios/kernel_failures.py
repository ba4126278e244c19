# SPDX-License-Identifier: MIT
"""Onlinings that fail at every step; and returns, which must not fail."""

import kernel
import kernel_drivers

from harness import Scenario


def files(build):
    return kernel.files(build) | kernel_drivers.files(build)


SCRIPT = kernel.PRELUDE + """
check "start the load" cmd load
check "have objects" cmd grow-by 20

# Each allocation of an onlining refused once, until none is left to refuse.
each_fails() {
	before=$(stat committed_bytes)
	n=1
	while cmd fail-at $n; ! echo 1 2>/dev/null >$CPUS/cpu2/online; do
		[ "$(stat committed_bytes)" = "$before" ] || { echo "$n: memory was left"; return 1; }
		have in_use = 2 || return 1
		n=$((n + 1))
	done
	cmd fail-at 0
	echo "$((n - 1)) allocations of an onlining were refused"
	[ "$n" -gt 2 ] && have in_use = 3 && offline 2
}
check "plug in one" plug 2
wait_for 30 test -e $CPUS/cpu2/online
check "each allocation of an onlining refused" each_fails
check "its block is retained" have retained = 1

# The kernel's own fault injection: states below and above ours.
state() { grep -F "$1" $CPUS/hotplug/states | head -n 1 | sed 's/:.*//' | tr -d ' '; }
fails_at() {
	echo "$1" >$CPUS/cpu1/hotplug/fail || return 1
	refuses sh -c "echo $2 >$CPUS/cpu1/online" || return 1
	echo -1 >$CPUS/cpu1/hotplug/fail
}
# Nothing is left; but after our ONLINE state the block is retained.
undone() {	# STATE
	have online = 1 || return 1
	[ "$1" -le "$above" ] || cmd trim || return 1
	wait_for 60 have in_use = 1
}
walk() {	# LEAST STATE...: at least so many states must accept a failure
	least=$1 failed=
	shift
	for s in $*; do
		offline 1 || return 1
		# With nothing retained, so all must be freed, admitted or not.
		cmd trim && wait_for 60 have in_use = 1 || return 1
		if echo "$s" 2>/dev/null >$CPUS/cpu1/hotplug/fail &&
			! echo 1 2>/dev/null >$CPUS/cpu1/online; then
			undone "$s" || { echo "at state $s"; return 1; }
			least=$((least - 1))
			failed="$failed $s"
		fi
		echo -1 >$CPUS/cpu1/hotplug/fail
		online 1 || return 1
		have online = 2 || return 1
	done
	echo "failed at$failed"
	[ $least -le 0 ]
}
ours=$(state cpuslab_test/cpuslab:prepare)
above=$(state cpuslab_test/cpuslab:online)
echo "our states: $ours $above"
check "our two states exist" [ -n "$ours" -a -n "$above" ]
check "another driver with states of its own" insmod /inside/cpuslab_sample.ko
every=$(sed 's/:.*//' $CPUS/hotplug/states | tr -d ' ')
check "onlinings that the kernel makes fail" walk 3 $WALK
[ -z "$LONG" ] || check "at each of the $(echo "$every" | wc -l) states" walk 20 $every
check "and at our own" walk 2 $ours $above
veto() {	# another driver's teardown refuses: the CPU stays, or returns
	online 1
	for s in $*; do
		fails_at $s 0 || return 1
		have online = 2 || return 1
	done
}
check "offlinings that the kernel makes fail" veto $(state sched:active) $(state workqueue:online)
# Each state that acts when a CPU goes offline, and may refuse.
offlinings() {	# LEAST
	least=$1 vetoed=
	for s in $every; do
		online 1 || return 1
		if echo "$s" 2>/dev/null >$CPUS/cpu1/hotplug/fail &&
			! echo 0 2>/dev/null >$CPUS/cpu1/online; then
			least=$((least - 1))
			vetoed="$vetoed $s"
			have online = 2 || { echo "at state $s"; return 1; }
		fi
		echo -1 >$CPUS/cpu1/hotplug/fail
	done
	echo "refused at$vetoed"
	[ $least -le 0 ]
}
[ -z "$LONG" ] || check "at each state" offlinings 10
check "unload the other driver" rmmod cpuslab_sample

# A return needs no memory, even if the slab has grown in between.
online 2
check "two go offline" offline 1 2
check "the slab grows meanwhile" cmd grow-by 200
# Replaced snapshots are spares once their grace period has ended.
check "earlier grace periods have ended" cmd barrier
check "no more memory" cmd fail-all 1
asked=$(stat asked)
check "one returns without memory" online 1
check "none was allocated" [ "$(stat asked)" = "$asked" ]
check "and so does the other one" online 2
check "plug in a new one" plug 3
wait_for 30 test -e $CPUS/cpu3/online
check "it is refused" refuses sh -c "echo 1 2>/dev/null >$CPUS/cpu3/online"
check "three in use" have in_use = 3

check "memory is available again" cmd fail-all 0
check "the new one comes online" online 3
check "totals are exact" cmd unload
""" + kernel.FINALE

# States that are tried in every run, in addition to ours.
SHORT = """
WALK="$(grep -e workqueue:prepare -e timers:prepare -e slab:prepare -e RCU/tree:prep -e workqueue:online $CPUS/hotplug/states |
	sed 's/: .*//' | tr -d ' ' | tr '\\n' ' ')"
echo "states that fail: $WALK"
"""

SCENARIO = Scenario(
    title="a module: onlinings that fail at each step, and returns",
    files=files,
    script=SHORT + SCRIPT,
    timeout=120,
)
