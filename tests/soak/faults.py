#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The soak program must fail if each round loses something, and say what.

The last line is "N passed, N failed".
"""

import os
import re
import subprocess
import sys

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


def main():
    failed = [fault for fault, text in LOST.items()
              if not notices(fault, text)]
    for fault in failed:
        print("failed: lost: " + (fault or "nothing"))
    print("%d passed, %d failed" % (len(LOST) - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
