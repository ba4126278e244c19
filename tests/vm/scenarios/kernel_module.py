# SPDX-License-Identifier: MIT
"""The library in a module: the contract of the seam, misuse, no memory."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "misuse" cmd misuse
said() { dmesg | grep -q "cpuslab_test: $1"; }
check "a late client is logged" said "client late: not registered: shutting down"
check "which slab" said "slab late: not created: shutting down"
check "a late slab is logged" said "slab late: not created: invalid argument"
check "a client from inside a callback is logged" said "client other: not registered: called from inside a callback"
check "of which CPU there is none" said "domain test can have no CPU 64"
check "what was freed twice" said "slab test: double free of"
check "contract of the seam" cmd conform
sleep 6	# the log is for errors, not for floods: ten lines in five seconds
check "each allocation refused, and no memory" cmd poor
check "it says for what there was none" said "slab slab: no memory for cpuslab_"
check "and a hotplug without memory" said "poor: CPUs are not followed: no memory"
check "plug one in" plug 2
check "others wait while it comes" cmd during 2
check "it comes" online 2
check "and they are right afterwards" cmd was-during
check "an unknown command is refused" refuses cmd nonsense
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: contract of the seam, misuse, no memory",
    files=kernel.files,
    script=SCRIPT,
    timeout=60,
)
