# SPDX-License-Identifier: MIT
"""The smallest scenario: does the harness work?"""

from harness import Scenario

SCRIPT = """
check "two CPUs at start" is $CPUS/online 0-1
check "plug in two" plug 2 3
check "they are present" is $CPUS/present 0-3
check "bring them online" online 2 3
check "they are online" is $CPUS/online 0-3
check "take one offline" offline 3
check "unplug both" unplug 3 2
check "they are no longer present" is $CPUS/present 0-1
"""

SCENARIO = Scenario(
    title="CPUs that are plugged in, and out",
    script=SCRIPT,
    timeout=60,
)
