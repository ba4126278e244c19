#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the tests in meson's logs.

    count.py LOG...             prints "passed failed"
    count.py --skipped LOG...   a line for each skipped test, with the reason
    count.py --failed LOG...    a line for each failed one, with its last words

A program that uses cmocka counts each of its tests, any other program one.
"""

import json
import os
import re
import sys


def count(record):
    """(passed, failed) of one program."""
    output = record.get("stdout") or ""
    passed = len(re.findall(r"^\[ +OK \]", output, re.M))
    failed = set()
    for stream in (output, record.get("stderr") or ""):
        failed |= set(re.findall(r"^\[  FAILED  \] (\w+)$", stream, re.M))
    if record["result"] == "SKIP":
        return 0, 0
    if record["result"] in ("OK", "EXPECTEDFAIL"):
        return max(1, passed), 0
    return passed, max(1, len(failed))


def reason(record):
    """The last line that a test has printed, or a sanitizer's summary."""
    said = (record.get("stdout") or "") + (record.get("stderr") or "")
    last = (said.strip().splitlines() or ["it says nothing"])[-1]
    last = "".join(re.findall("^SUMMARY: .*", said, re.M)[:1]) or last
    return re.sub(r"^.*\bSKIP: ", "", last)


def records(paths):
    for path in filter(os.path.exists, paths):
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                yield json.loads(line)


def main():
    if sys.argv[1] in ("--skipped", "--failed"):
        for record in records(sys.argv[2:]):
            if (sys.argv[1] == "--failed" and count(record)[1] or
                    sys.argv[1] == "--skipped" and record["result"] == "SKIP"):
                print("%s: %s" % (record["name"].split(" / ")[-1],
                                  reason(record)))
        return
    totals = [0, 0]
    for record in records(sys.argv[1:]):
        totals = [a + b for a, b in zip(totals, count(record))]
    print(*totals)


main()
