# SPDX-License-Identifier: MIT
"""The library in a module: the contract of the seam, misuse, no memory."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "contract of the seam" cmd conform
check "misuse, and no memory" cmd misuse
check "an unknown command is refused" refuses cmd nonsense
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: contract of the seam, misuse, no memory",
    files=kernel.files,
    script=SCRIPT,
    timeout=60,
)
