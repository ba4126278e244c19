#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does clang-format find nothing to change?

    layout.py CLANG-FORMAT FILE...

Version 14 decides. Later ones agree with it, except inside macros, where they
are not asked.
"""

import re
import subprocess
import sys

DECIDES = 14


def in_macro(name, number):
    """Does this line define a macro, or continue one?"""
    with open(name, encoding="utf-8") as file:
        before, line = ["", *file.read().splitlines()][number - 1:number + 1]
    return line.startswith("#define") or before.endswith("\\")


def findings(program, names):
    done = subprocess.run([program, "--dry-run", "--style=file", *names],
                          stderr=subprocess.PIPE, text=True, check=True)
    places = re.findall(r"^(\S+):(\d+):\d+: warning:", done.stderr, re.M)
    return sorted({(name, int(number)) for name, number in places})


def main():
    program, *names = sys.argv[1:]
    version = subprocess.run([program, "--version"], stdout=subprocess.PIPE,
                             text=True, check=True).stdout.strip()
    print(version)
    decides = int(re.search(r"version (\d+)", version).group(1)) == DECIDES
    broken = [place for place in findings(program, names)
              if decides or not in_macro(*place)]
    for name, number in broken:
        print("%s:%d: clang-format -i changes this" % (name, number))
    return 1 if broken else 0


sys.exit(main())
