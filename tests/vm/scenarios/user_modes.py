# SPDX-License-Identifier: MIT
"""What goes wrong in drivers when a processor is added (tests/modes/), with
processors that are really plugged in while the programs run: the usual ways
fail, those with cpuslab do not."""

from harness import Scenario

SCRIPT = """
check "two processors at start" is $CPUS/online 0-1
modes &
check "the programs are loaded" wait_for 60 test -e /tmp/modes
check "plug in three" plug 2 3 4
check "bring two of them online: a gap" online 2 4
wait
"""

SCENARIO = Scenario(
    title="the usual ways, and cpuslab, when processors are added",
    programs=("modes",),
    script=SCRIPT,
    timeout=120,
    allow=(r"modes\[\d+\]: segfault",),
)
