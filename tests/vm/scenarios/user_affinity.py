# SPDX-License-Identifier: MIT
"""Threads that are pinned to a CPU that goes offline: the kernel widens the masks
of those that run, and hides the CPU from those that sleep."""

from harness import Scenario

SCENARIO = Scenario(
    title="pinned threads, whose CPUs go offline and return",
    programs=("affinity",),
    smp="4",
    script="affinity\n",
    timeout=60,
)
