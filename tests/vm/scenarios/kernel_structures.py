# SPDX-License-Identifier: MIT
"""All structures, used on all CPUs while CPUs come and go."""

import kernel

from harness import Scenario

STORM = """
storm() {	# ROUNDS CPU...: offline and online
	rounds=$1
	shift
	for i in $(seq "$rounds"); do
		for cpu in "$@"; do
			offline "$cpu" && online "$cpu" || return 1
		done
	done
}
"""

SCRIPT = STORM + kernel.PRELUDE + """
check "plug in four" plug 2 3 4 5
check "start the structures" cmd structures
check "one comes online" online 3
check "another does" online 2
check "a step refuses the next one" cmd refuse 4
check "it does not come online" refuses online 4
check "what was prepared for it was undone" cmd refused 4
check "refuse no CPU" cmd refuse 0
check "then it comes online" online 4
check "the last comes" online 5
trims() {
	while [ -e /tmp/storm ]; do
		cmd trim
		usleep 50000
	done
}
released() {	# the storm goes on until a trim has found an offline CPU
	have releases -gt 0 || { storm 1 3 && false; }
}
touch /tmp/storm
trims &
trimming=$!
check "CPUs go offline and return" storm $ROUNDS 1 3 5
check "some blocks were released" wait_for 60 released
rm /tmp/storm
wait $trimming
check "two go offline" offline 2 4
check "unplug those that are offline" unplug 2 4
check "unplug one that is online" unplug 5
bound() {	# CPU: its worker may run there only
	for process in /proc/[0-9]*; do
		[ "$(cat $process/comm 2>/dev/null)" = "cpuslab/$1" ] &&
			grep -q "^Cpus_allowed_list:[[:space:]]*$1\$" $process/status &&
			return 0
	done
	return 1
}
# Another driver's teardown refuses the offline: the CPU stays, or returns.
vetoed() {	# PART of the name of its state
	state=$(grep -F "$1" $CPUS/hotplug/states | head -n 1 | sed 's/:.*//' | tr -d ' ')
	echo "$state" >$CPUS/cpu1/hotplug/fail || return 1
	refuses sh -c "echo 0 >$CPUS/cpu1/online" || return 1
	echo -1 >$CPUS/cpu1/hotplug/fail
	wait_for 10 bound 1
}
check "a worker is on its CPU" bound 1
check "an offline is vetoed before our teardown" vetoed cpuslab_test/cpuslab:online
check "and after it" vetoed workqueue:online
# At each state that acts when a CPU goes offline, and may refuse.
vetoed_at_each() {	# LEAST
	least=$1
	for state in $(sed 's/:.*//' $CPUS/hotplug/states); do
		if echo "$state" 2>/dev/null >$CPUS/cpu1/hotplug/fail &&
			! echo 0 2>/dev/null >$CPUS/cpu1/online; then
			least=$((least - 1))
			wait_for 10 bound 1 || { echo "at state $state"; return 1; }
		fi
		echo -1 >$CPUS/cpu1/hotplug/fail
		[ "$(cat $CPUS/cpu1/online)" = 1 ] || online 1 || return 1
	done
	[ $least -le 0 ]
}
[ -z "$LONG" ] || check "at each state" vetoed_at_each 10
check "totals are exact" cmd unstructures
cat $D/cpuslab_test/stats
check "start the structures again" cmd structures
check "one goes offline" offline 3
check "it returns" online 3
check "unload the module while they run" rmmod cpuslab_test
"""

SCENARIOS = [Scenario(
    name="kernel_structures",
    title="a module: refcount, histogram, mailbox and the others, in a storm",
    files=kernel.files,
    script="ROUNDS=${LONG:+50}\nROUNDS=${ROUNDS:-8}\n" + SCRIPT,
    timeout=120,
), Scenario(
    name="aarch64_structures",
    title="the same, shorter, on aarch64",
    files=kernel.files,
    script=STORM + kernel.PRELUDE + """
check "start the structures" cmd structures
check "CPUs go offline and return" storm 3 1 3
check "totals are exact" cmd unstructures
""" + kernel.FINALE,
    arch="aarch64",
    smp="4",
    tier="full",
    timeout=120,
)]
