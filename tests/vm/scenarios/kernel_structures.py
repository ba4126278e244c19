# SPDX-License-Identifier: MIT
"""All structures, used on all CPUs while CPUs come and go."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
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
storm() {	# ROUNDS CPU...: offline and online
	rounds=$1
	shift
	for i in $(seq "$rounds"); do
		for cpu in "$@"; do
			offline "$cpu" && online "$cpu" || return 1
		done
	done
}
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
check "totals are exact" cmd unstructures
cat $D/cpuslab_test/stats
check "start the structures again" cmd structures
check "one goes offline" offline 3
check "it returns" online 3
check "unload the module while they run" rmmod cpuslab_test
"""

SCENARIO = Scenario(
    title="a module: refcount, histogram, mailbox and the others, in a storm",
    files=kernel.files,
    script="ROUNDS=${LONG:+50}\nROUNDS=${ROUNDS:-8}\n" + SCRIPT,
    timeout=120,
)
