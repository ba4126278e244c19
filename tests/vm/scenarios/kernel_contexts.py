# SPDX-License-Identifier: MIT
"""Each call from a context that it is not for is reported by a debug kernel."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "a look at the own block with preemption on" cmd misplace 0
check "a pop in an NMI" cmd misplace 1
check "an allocation with preemption off" cmd misplace 2
sleep 2	# it speaks once a second
check "an end in a read section" cmd misplace 3
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: calls from contexts that they are not for",
    files=kernel.files,
    requires=("CONFIG_PROVE_LOCKING", "CONFIG_DEBUG_ATOMIC_SLEEP"),
    reports=(r"WARNING: .*/own\.h:\d+ misplaced_pin",
             r"WARNING: .*/port_inline\.h:\d+ misplaced_in_nmi",
             r"sleeping function called from invalid context at .*/mutex\.c",
             r"sleeping function called from invalid context at .*/hotplug\.c"),
    script=SCRIPT,
    long=True,
    timeout=60,
)
