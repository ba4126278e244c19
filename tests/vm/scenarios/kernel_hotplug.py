# SPDX-License-Identifier: MIT
"""CPUs that were not present when the module was loaded."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
two=$(stat committed_bytes)
check "two in use" have in_use = 2
check "plug in four" plug 2 3 4 5
check "no CPU is admitted before it is brought online" have in_use = 2
check "one comes online" online 5
for i in 1 2 3; do	# a new block each time
	offline 5 && cmd trim && wait_for 60 have in_use = 2 && online 5
done
check "an add takes less than a millisecond" cmd add-times
check "start the load" cmd load
check "start growth" cmd grow
check "another comes online, with gaps" online 3
check "four in use" have in_use = 4
check "the others come online" online 2 4
check "six in use" have in_use = 6
check "no operation was without a block" have shared_ops = 0
check "and no pin was" have unpinned = 0
check "stop growth" cmd ungrow
six=$(stat committed_bytes)
check "memory grew with them" [ "$six" -gt "$two" ]
check "three go offline" offline 3 4 5
check "their blocks are retained" have retained = 3
check "one returns" online 4
check "its block is in use again" have retained = 2
check "still no operation without a block" have shared_ops = 0
check "unplug those that are offline" unplug 5 3
given=$(stat releases)
check "release their memory" cmd trim
check "four in use again" wait_for 60 have in_use = 4
check "two were released" have releases = $((given + 2))
check "memory shrank with them" [ "$(stat committed_bytes)" -lt "$six" ]
check "unplug those that are online" unplug 4 2
check "their blocks are retained" have retained = 2
check "release their memory as well" cmd trim
check "two in use" wait_for 60 have in_use = 2
check "totals are exact" cmd unload
cat $D/cpuslab_test/stats
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: CPUs plugged in, offline, online and unplugged under load",
    files=kernel.files,
    script=SCRIPT,
    timeout=120,
)
