# SPDX-License-Identifier: MIT
"""Each operation against its reference on aarch64, aborted at each of its
instructions. The CPUs take turns, so that one that a thread moves to is there."""

from harness import Scenario


def files(build):
    return {"/t/aborted": build.tests("tests/linux-user/linux-user-aborted")[0]}


SCENARIO = Scenario(
    title="operations and their reference on aarch64",
    arch="aarch64",
    files=files,
    smp="2",
    script="""
check "each instruction" /t/aborted
check "in atomic mode" env GLIBC_TUNABLES=glibc.pthread.rseq=0 /t/aborted
""",
    tier="full",
    timeout=300,
)
