# SPDX-License-Identifier: MIT
"""A debug kernel reports each call from a wrong context."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "a pop for pinned callers with preemption enabled" cmd misplace 0
check "a pop in an NMI" cmd misplace 1
check "an allocation with preemption disabled" cmd misplace 2
sleep 2	# the kernel reports once a second
check "a destroy in a read section" cmd misplace 3
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: calls from wrong contexts",
    files=kernel.files,
    requires=("CONFIG_PROVE_LOCKING", "CONFIG_DEBUG_ATOMIC_SLEEP"),
    reports=(r"WARNING: .*/system\.c:\d+ cpuslab_port_panic",  # cpuslab
             r"WARNING: .*/percpu_ptr\.h:\d+ misplaced_pinned",
             r"WARNING: .*/port_inline\.h:\d+ misplaced_in_nmi",
             r"sleeping function called from invalid context at .*/mutex\.c",
             r"sleeping function called from invalid context at .*/hotplug\.c"),
    script=SCRIPT,
    tier="long",
    timeout=60,
)
