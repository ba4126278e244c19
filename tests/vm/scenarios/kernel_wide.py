# SPDX-License-Identifier: MIT
"""CPU numbers beyond the eight bits of a local APIC."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "512 CPUs are possible" is $CPUS/possible 0-511
check "start the load" cmd load
check "plug in one far away" plug 400
check "plug in the last" plug 511
check "they come online" online 511 400
check "four with gaps" is $CPUS/online 0-1,400,511
check "four in use" have in_use = 4
check "no operation was without a block" have shared_ops = 0
check "they go offline" offline 400 511
check "they return" online 400 511
check "they go offline again" offline 511 400
check "release their memory" cmd trim
check "two in use" wait_for 60 have in_use = 2
check "totals are exact" cmd unload
cat $D/cpuslab_test/stats
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: 512 possible CPUs, numbers beyond 255",
    files=kernel.files,
    script=SCRIPT,
    smp="2,maxcpus=512",
    machine="q35",
    cpu="qemu64,+x2apic",
    qemu=("-device", "intel-iommu,intremap=on,eim=on"),
    memory=1024,
    since=(6, 12),
    tier="long",
    timeout=180,
)
