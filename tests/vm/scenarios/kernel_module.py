# SPDX-License-Identifier: MIT
"""The library in a module: the port interface, misuse, no memory."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "misuse" cmd misuse
said() { dmesg | grep -q "cpuslab_test: $1"; }
check "a late client is logged" said "client late: not registered: shutting down"
check "so is a late slab, with its name" said "slab late: not created: shutting down"
check "a client from inside a callback is logged" said "client other: not registered: called from inside a callback"
check "a CPU beyond the limit is logged" said "domain test can have no CPU 64"
check "a double free is logged" said "slab test: double free of"
check "contract of the port interface" cmd conform
check "each allocation refused, and no memory" cmd poor
check "what there was no memory for is logged" said "slab slab: no memory for cpuslab_"
check "so is a hotplug without memory" said "poor: CPUs are not followed: no memory"
check "plug in one" plug 2
check "other threads wait while it is added" cmd during 2
check "it comes online" online 2
check "their results are correct afterwards" cmd was-during
check "an unknown command is refused" refuses cmd nonsense
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: contract of the port interface, misuse, no memory",
    files=kernel.files,
    script=SCRIPT,
    timeout=60,
)
