# SPDX-License-Identifier: MIT
"""After everything that can fail has failed, no memory is unreferenced."""

import kernel

from harness import Scenario

SCANS = """
LEAKS=/sys/kernel/debug/kmemleak
# kmemleak reports memory that is five seconds old and was found twice.
scans() {
	for _ in 1 2 3; do
		sleep 3
		echo scan >$LEAKS
	done
}
none() {
	scans
	cat $LEAKS
	! grep -q unreferenced $LEAKS
}
check "kmemleak is on" sh -c "echo scan=off >$LEAKS"
scans
echo clear >$LEAKS	# what others leaked at boot
"""
SCRIPT = SCANS + kernel.PRELUDE + """
check "misuse" cmd misuse
check "each allocation refused" cmd poor
check "more domains" cmd instances
check "plug in two" plug 2 3
check "start the load" cmd load
check "start growth" cmd grow
check "start the structures" cmd structures
refused() {	# each allocation of an onlining
	n=1
	while cmd fail-at $n; ! echo 1 2>/dev/null >$CPUS/cpu2/online; do
		n=$((n + 1))
	done
	cmd fail-at 0
	[ "$n" -gt 2 ]
}
online 2 && offline 2
check "release everything" cmd trim
check "each allocation of an onlining refused" refused
online 3
storm() {
	for i in 1 2 3; do
		offline 2 3 && online 3 2 && cmd trim || return 1
	done
}
check "CPUs go offline and return" storm
check "a step of another client refuses" cmd refuse 2
offline 2
refuses online 2
cmd refuse 0
check "totals are exact" cmd unload
check "stop growth" cmd ungrow
check "totals are exact" cmd unstructures
check "no leak with the module loaded" none
check "start the structures again" cmd structures
check "unload the module while they run" rmmod cpuslab_test
check "no leak" none

# Would a leak have been reported?
check "load the module" insmod /m/cpuslab_test.ko
check "leak something" cmd lose
check "unload the module" rmmod cpuslab_test
check "it is reported" refuses none
"""

SCENARIO = Scenario(
    title="a module: kmemleak finds nothing after all kinds of failures",
    files=kernel.files,
    requires=("CONFIG_DEBUG_KMEMLEAK",),
    append="kmemleak=on",
    script=SCRIPT,
    memory=1024,
    tier="long",
    timeout=180,
)
