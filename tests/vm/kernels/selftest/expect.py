#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What shows that a detector works: bug, kernel, message.

    expect.py                   the bugs of detector.c, and their kernels
    expect.py KERNEL BUG LOG    does LOG have what bug=BUG must cause?

LOG is all output of the guest, including dmesg: "quiet" keeps most of these
messages off the console. Status 0 if LOG is as expected, 1 if not. With bug
"none" it must have no message of a detector.
"""

import collections
import re
import sys

Bug = collections.namedtuple("Bug", "name kernels regex then")

# Shell commands for the guest after insmod. kmemleak only reports memory that is
# five seconds old, and each block in its second scan at the latest.
SCAN = """
i=0
while [ $i -lt 10 ] && ! grep -q unreferenced /sys/kernel/debug/kmemleak; do
	sleep 2
	echo scan >/sys/kernel/debug/kmemleak
	i=$((i + 1))
done
cat /sys/kernel/debug/kmemleak
"""

BUGS = (
    Bug("free_early", ("kasan",),
        r"BUG: KASAN: (slab-)?use-after-free in detector_linger\b", ""),
    Bug("double_free", ("kasan",),
        r"kvfree_call_rcu\(\): Double-freed call", ""),
    Bug("deref", ("kasan",),
        r"detector\.c:\d+ suspicious rcu_dereference_check\(\) usage", ""),
    Bug("hotplug_lock", ("kasan",),
        r"possible recursive locking detected"
        r"[\s\S]{,400}cpuhp/\d+/\d+ is trying to acquire lock:"
        r"[\s\S]{,200}\(cpu_hotplug_lock\)[\s\S]{,80}detector_online", ""),
    Bug("inversion", ("kasan",),
        r"possible circular locking dependency detected"
        r"[\s\S]{,400}\(detector_first\)", ""),
    Bug("leak", ("kasan",),
        r"unreferenced object 0x[\s\S]{,900}\bdetector_leak\b", SCAN),
    Bug("sleep", ("kasan",),
        r"BUG: sleeping function called from invalid context"
        r"[\s\S]{,900}\bdetector_sleep\b", ""),
    Bug("race", ("kcsan",),
        r"BUG: KCSAN: data-race in detector_(add|look)\b", ""),
)

# Any message of a detector.
ANY = re.compile(
    r"BUG: |WARNING: |ODEBUG: |KASAN: |KCSAN: |unreferenced object 0x"
    r"|kmemleak: \d+ new suspected|suspicious RCU usage|INFO: task .* blocked"
    r"|possible recursive locking|possible circular locking|Double-freed"
    r"|rcu: INFO: |inconsistent lock state|turning off the locking")


def seen(kernel, name, log):
    """Does the text @log have what bug @name must cause on that kernel?"""
    if name == "none":
        return "bug=none ends, 0" in log and not ANY.search(log)
    return any(bug.name == name and kernel in bug.kernels and
               re.search(bug.regex, log) for bug in BUGS)


def main():
    if len(sys.argv) == 1:
        for bug in BUGS:
            print("%-14s %s" % (bug.name, " ".join(bug.kernels)))
        return 0
    if len(sys.argv) != 4:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    kernel, name, path = sys.argv[1:]
    with open(path, encoding="utf-8", errors="replace") as file:
        found = seen(kernel, name, file.read())
    print("%s on %s: %s" % (name, kernel, "as expected" if found else
                            "NOT as expected"))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
