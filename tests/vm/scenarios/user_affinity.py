# SPDX-License-Identifier: MIT
"""Threads that are pinned to a CPU that goes: the kernel widens the masks
of those that run, hides it from those that sleep."""

from harness import Scenario

SCENARIO = Scenario(
    title="pinned threads, whose CPUs go and return",
    programs=("affinity",),
    smp="4",
    script="affinity\n",
    timeout=60,
)
