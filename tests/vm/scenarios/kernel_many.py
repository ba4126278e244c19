# SPDX-License-Identifier: MIT
"""As many CPUs as a local APIC can number."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "255 CPUs are possible" is $CPUS/possible 0-254
check "plug in the last ones, with a gap" plug 200 250 253
# 6.1 numbers CPUs in the order of plugging in, 6.12 by topology.
set -- 2 3 4
[ -e $CPUS/cpu2 ] || set -- 200 250 253
check "start the load" cmd load
for cpu; do
	check "CPU $cpu" online $cpu
done
check "five in use" have in_use = 5
check "two go offline" offline $1 $3
check "release their memory" cmd trim
check "three in use" wait_for 60 have in_use = 3
check "they return" online $3 $1
check "totals are exact" cmd unload
cat $D/cpuslab_test/stats
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: 255 possible CPUs",
    files=kernel.files,
    script=SCRIPT,
    smp="2,maxcpus=255",
    memory=768,
    tier="long",
    timeout=120,
)
