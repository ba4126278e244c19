# SPDX-License-Identifier: MIT
"""Several domains of one module, and another driver: each refuses once."""

import kernel
import kernel_drivers

from harness import Scenario


def files(build):
    return kernel.files(build) | kernel_drivers.files(build)


SCRIPT = """
check "another driver, with earlier states" insmod /inside/cpuslab_sample.ko
""" + kernel.PRELUDE + """
S=$D/cpuslab_sample
sample() { sed -n "s/^$1 //p" $S/stats; }
below_has() { [ "$(sample "$1")" = "$2" ] || { echo "the other driver has $(sample "$1"), not $2"; return 1; }; }
check "four more domains" cmd instances
check "start the load" cmd load
check "plug in one" plug 2
wait_for 30 test -e $CPUS/cpu2/online
below=$(sample committed_bytes)
bytes=$(stat committed_bytes)
# Some kernels (6.1.176 and 6.12.95) forget the refusal of an instance once they have
# undone others: the CPU boots and is refused only in the ONLINE state.
lost=
refused() {	# NUMBER: this domain refuses
	cmd instance-refuses "$1" && refuses online 2 || return
	if dmesg | grep -q -e "CPU 2 not completed" -e "CPU 2 is now offline"; then
		lost=yes	# domains that were complete retain their blocks
		cmd trim && echo 1 >$S/trim
		wait_for 60 below_has committed_bytes "$below" &&
			wait_for 60 have committed_bytes = "$bytes" &&
			wait_for 60 cmd instances-in-use 2 2>/dev/null
		return
	fi
	# Blocks that were admitted before are freed after a grace period.
	wait_for 60 cmd instances-undone 2>/dev/null || return
	wait_for 60 below_has committed_bytes "$below" && have committed_bytes = "$bytes"
}
for i in 0 1 2 3; do
	check "domain $i refuses, the others are undone" refused $i
done
cmd instance-refuses 4	# none refuses
# Each allocation of any domain, refused once.
each_fails() {
	n=1
	while cmd fail-at $n; ! echo 1 2>/dev/null >$CPUS/cpu2/online; do
		wait_for 60 cmd instances-in-use 2 2>/dev/null || return 1
		wait_for 60 below_has in_use 2 && have in_use = 2 || return 1
		n=$((n + 1))
	done
	cmd fail-at 0
	echo "$((n - 1)) allocations of an onlining were refused"
	[ "$n" -gt 10 ]
}
if [ -n "$lost" ]; then
	echo "this kernel forgets refusals: their order is not tested"
	check "it comes online" online 2
else
	check "each allocation of any domain refused" each_fails
fi
check "then the CPU is in all of them" cmd instances-in-use 3
check "and in the other driver" below_has in_use 3
offline 2
check "release everything" cmd trim
check "two in all of them" wait_for 60 cmd instances-in-use 2
check "totals are exact" cmd unload
check "destroy the domains" cmd end-instances
check "a domain that refuses no CPU" cmd never 2
check "its client refuses one, which comes online" online 2
check "operations there use the shared block" cmd never-has 0
check "it goes offline" offline 2
check "the client no longer refuses it" cmd never-refuse 0
check "it returns" online 2
check "with a block" cmd never-has 1
check "destroy that domain" cmd end-never
""" + kernel.FINALE + """
check "unload the driver" rmmod cpuslab_sample
"""

SCENARIO = Scenario(
    title="a module: one of several domains and drivers refuses",
    files=files,
    script=SCRIPT,
    timeout=90,
)
