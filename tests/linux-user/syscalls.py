#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""syscalls.py STRACE README PROGRAM: are the system calls those of the README?

Traces syscalls.c. In each phase it makes only calls that the README lists for
it, and in rseq mode each that the README says is always made.
"""

import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
# What the program calls itself.
OWN = {"wait4", "exit_group"}
PHASES = ("start", "use", "change", "hotplug", "fork", "end")


def listed(readme):
    """{phase: (calls that are always made, others)}"""
    with open(readme, encoding="utf-8") as file:
        section = file.read().split("\n## System calls\n")[1]
    lists = {}
    for row in re.findall(r"^\| (\w+)[^|]*\|([^|]*)\|([^|]*)\|$",
                          section.split("\n## ")[0], re.M):
        lists[row[0]] = [set(re.findall(r"`(\w+)`", cell))
                         for cell in row[1:]]
    # A hotplug makes changes.
    lists["hotplug"][1] |= lists["change"][0] | lists["change"][1]
    return {phase: lists[phase] for phase in PHASES}


def made(trace):
    """{phase: calls} of strace's output."""
    calls, phase = {}, None
    for line in trace:
        if mark := re.match(r'\d+ +write\(-1, "(\w+)"', line):
            phase = calls.setdefault(mark.group(1), set())
        elif phase is not None and (call := re.match(r"\d+ +(\w+)\(", line)):
            phase.add(call.group(1))
    return {phase: calls[phase] - OWN for phase in calls}


def trace(strace, program):
    """The lines of a trace, and what the program says.

    Without lines this system permits no trace.
    """
    with tempfile.NamedTemporaryFile("r") as out:
        done = subprocess.run(
            [strace, "-f", "-qq", "-o", out.name, program], timeout=100,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        lines = out.read().splitlines()
    if done.returncode == SKIPPED or not lines:
        return [], done.stdout
    if done.returncode:
        sys.exit(done.stdout)
    return lines, done.stdout


def main():
    strace, readme, program = sys.argv[1:]
    if os.environ.get("CPUSLAB_VALGRIND"):
        print("syscalls: skipped, not under valgrind")
        return SKIPPED
    if not os.path.exists(strace):
        print("syscalls: skipped, no strace")
        return SKIPPED
    lines, said = trace(strace, program)
    if not lines:
        print(said + "syscalls: skipped, nothing can be traced")
        return SKIPPED
    # Other modes, and blocks of their own, need fewer calls.
    usual = "rseq mode" in said and "CPUSLAB_TORTURE_DIRECTORY" not in os.environ
    lists, calls, wrong = listed(readme), made(lines), 0
    for phase in PHASES:
        always, sometimes = lists[phase]
        print("%s: %s" % (phase, " ".join(sorted(calls[phase]))))
        for call in sorted(calls[phase] - always - sometimes):
            print("%s: %s is not listed" % (phase, call))
            wrong += 1
        for call in sorted(always - calls[phase] if usual else ()):
            print("%s: %s is listed, and not made" % (phase, call))
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
