# SPDX-License-Identifier: MIT
"""A process of 8 threads on 64 CPUs: blocks by concurrency id, and the same by
CPU number. Only kernels since 6.19 promise how many ids there are."""

from harness import Scenario

SCENARIO = Scenario(
    title="8 threads that wander over 64 CPUs: memory by concurrency id",
    programs=("percid",),
    smp="64",
    memory=1024,
    since=(6, 3),
    script="percid 20\n",
    timeout=300,
)
