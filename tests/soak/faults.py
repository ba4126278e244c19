#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The soak program must fail if each round loses something, and say what; and a
guest that does not run is a failure.

The last line is "N passed, N failed".
"""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

from run import guest_checks  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = "build/torture/tests/soak/soak"
LOST = {
    "": r"^soak: ok$",
    "add": r"failed: (process_done|sum >= done).*SEED=\d",
    "memory": r'"level": "rss_kb".*"flat": false',
    "mapping": r'"level": "mappings".*"flat": false',
    "file": r'"level": "files".*"flat": false',
    "thread": r'"level": "threads".*"flat": false',
}


def notices(fault, text):
    environment = {**os.environ, "CPUSLAB_TORTURE_SECONDS": "3"}
    if fault:
        environment["CPUSLAB_SOAK_FAULT"] = fault
    done = subprocess.run([PROGRAM], env=environment, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    right = done.returncode == (1 if fault else 0) and \
        re.search(text, done.stdout, re.M)
    print("%-40s %s" % ("each round loses: " + (fault or "nothing"),
                        "ok" if right else "FAILED\n" + done.stdout))
    return bool(right)


def notices_no_guest():
    """One that does not begin, and one that ends early."""
    said = [["failed: no check was made"], ["  | ok  a", "Traceback"]]
    right = [[passed for _, passed, _ in guest_checks(lines, 1)]
             for lines in said] == [[False], [True, False]]
    print("%-40s %s" % ("no guest", "ok" if right else "FAILED"))
    return right


def main():
    failed = ["lost: " + (fault or "nothing") for fault, text in LOST.items()
              if not notices(fault, text)]
    if not notices_no_guest():
        failed.append("no guest")
    for what in failed:
        print("failed: " + what)
    print("%d passed, %d failed" % (len(LOST) + 1 - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
