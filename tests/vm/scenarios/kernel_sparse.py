# SPDX-License-Identifier: MIT
"""Numbers that are neither dense nor sequential: newer kernels number by
topology, so that the first CPU to be added can be number 170."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
ROUNDS=${LONG:+10}
knows() { cat $D/cpuslab_test/stats >/dev/null; is $CPUS/online "$1" || { echo "online: $(cat $CPUS/online)"; return 1; }; }
check "255 CPUs are possible" is $CPUS/possible 0-254
check "start the load" cmd load
check "start growth" cmd grow
check "plug in one far away" plug 170
check "it is the only other CPU" is $CPUS/present 0-1,170
check "it comes online" online 170
check "no operation was without a block" have shared_ops = 0
check "it goes offline" offline 170
check "release its memory" cmd trim
check "start the structures" cmd structures
check "a step refuses it" cmd refuse 170
check "it does not come online" refuses online 170
check "what was prepared for it was undone" cmd refused 170
check "refuse no CPU" cmd refuse 0
check "then it comes online" online 170
check "plug in the last, and one between" plug 254 3
check "they come online" online 254 3
check "five with gaps" knows 0-1,3,170,254
check "five in use" have in_use = 5
storm() {
	for i in $(seq ${ROUNDS:-3}); do
		offline 170 254 && online 254 170 || return 1
	done
}
check "they go offline and return" storm
check "unplug the one in the middle" unplug 170
check "its block is retained" wait_for 60 have retained = 1 # unless it is draining
check "release its memory" cmd trim
check "four in use" wait_for 60 have in_use = 4
check "plug it in again" plug 170
check "and another" plug 100
check "both come online" online 100 170
check "six with gaps" knows 0-1,3,100,170,254
check "six in use" have in_use = 6
check "unplug all of them" unplug 254 3 170 100
check "release their memory" cmd trim
check "two in use" wait_for 60 have in_use = 2
check "stop growth" cmd ungrow
check "totals are exact" cmd unload
check "so are those of the structures" cmd unstructures
cat $D/cpuslab_test/stats
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: sparse numbers, plugged in again",
    files=kernel.files,
    script=SCRIPT,
    smp="2,maxcpus=255",
    memory=768,
    since=(6, 12),
    tier="long",
    timeout=180,
)
