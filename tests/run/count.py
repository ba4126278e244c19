#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the tests in meson's logs: prints "passed failed".

A program that uses cmocka counts each of its tests, any other program one.
"""

import json
import re
import sys

GOOD = ("OK", "EXPECTEDFAIL")
SKIPPED = ("SKIP",)


def count(record):
    output = record.get("stdout") or ""
    passed = len(re.findall(r"^\[ +OK \]", output, re.M))
    failed = set()
    for stream in (output, record.get("stderr") or ""):
        failed |= set(re.findall(r"^\[  FAILED  \] (\w+)$", stream, re.M))
    if record["result"] in SKIPPED:
        return 0, 0
    if record["result"] in GOOD:
        return max(1, passed), 0
    return passed, max(1, len(failed))


def main():
    totals = [0, 0]
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="replace") as log:
            for line in log:
                for i, n in enumerate(count(json.loads(line))):
                    totals[i] += n
    print(*totals)


main()
