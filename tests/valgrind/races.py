#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""helgrind and drd report no race of the library, and each one of a program.

    races.py SUPPRESSIONS PROGRAM

PROGRAM is threads.c with the shared library. Without the suppressions each tool
must report something, or the test shows nothing. Status 77 without valgrind.
"""

import re
import shutil
import subprocess
import sys

TOOLS = ("helgrind", "drd")
# Where a race is, as each of the tools says it.
PLACE = re.compile(r"(?:Possible data race|Conflicting (?:load|store) by).*\n"
                   r"(?:==\d+== Locks held: .*\n)?"
                   r"==\d+==    at 0x\w+: (\S+)")
SUMMARY = re.compile(r"ERROR SUMMARY: (\d+) errors")


def reports(tool, program, *arguments):
    """(how many errors, the functions in which they are)"""
    result = subprocess.run(
        ["valgrind", "--tool=" + tool, *arguments, *program],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
        timeout=300)
    output = result.stdout.decode(errors="replace")
    return (sum(map(int, SUMMARY.findall(output))),
            set(PLACE.findall(output)), output)


def check(tool, suppressions, program):
    """How many of its runs went wrong."""
    use = "--suppressions=" + suppressions
    wrong = 0
    for name, arguments, wanted in (
            ("without a race", (), lambda count, places: not count),
            ("with one", ("race",),
             lambda count, places: places == {"race"})):
        count, places, output = reports(tool, [program, *arguments], use)
        fine = wanted(count, places)
        print("  %-8s %-14s %d reports %s" % (tool, name, count,
                                             " ".join(sorted(places))))
        if not fine:
            print(output)
            wrong += 1
    if not reports(tool, [program])[0]:
        print("  %s needs no suppressions" % tool)
        wrong += 1
    return wrong


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    if not shutil.which("valgrind"):
        print("valgrind is not installed")
        return 77
    return 1 if sum(check(tool, *sys.argv[1:]) for tool in TOOLS) else 0


sys.exit(main())
