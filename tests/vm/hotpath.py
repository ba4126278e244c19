#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No operation inside the kernel takes a lock or waits.

    hotpath.py MODULE.ko

Reads the disassembly of the functions hot_* (tests/vm/module/test/cost.c): no
locked instruction, and no call except of what is listed here.
"""

import re
import subprocess
import sys

OPERATIONS = {"add", "pinned_add", "static_add", "static_pinned_add",
              "cmpstore", "load_add", "pinned_load", "max", "cmp2store",
              "add_if", "add_below", "push", "pop", "take",
              "give", "append", "ring_append", "pin"}

# Calls of the tracer, of the scheduler (after the operation), of the slow path;
# what queues the interrupt that wakes a consumer, when a watermark is crossed.
# pv_ops: interrupts off and on; the kernel replaces the call by the instruction.
# The compiler's check of a stack on which a variable's address was passed.
CALLS = re.compile(
    r"^(__fentry__|__stack_chk_fail|__x86_return_thunk|__SCT__preempt_schedule\w*"
    r"|preempt_schedule\w*|cpuslab__slow_\w+|cpuslab__ring_file_wake|pv_ops|memcpy|__memcpy)\b")
# An exchange with memory is locked implicitly.
LOCKED = re.compile(r"\block\b|^xchg\b.*\(|\bmfence\b")


def functions(module):
    """Name -> lines of each function hot_*, relocations included."""
    text = subprocess.run(
        ["objdump", "-dr", "--no-show-raw-insn", "-j", ".text", module],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    found, lines = {}, None
    for line in text.splitlines():
        if head := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            name = head.group(1)
            lines = []
            if name.startswith("hot_"):
                found[name[4:]] = lines
        elif lines is not None and line.strip():
            lines.append(line.split(":", 1)[1].strip()
                         if "R_X86_64" not in line else line.strip())
    return found


def faults(lines):
    previous = ""
    for line in lines:
        if "R_X86_64" in line:
            target = line.split()[-1]
            if previous.startswith("call") and not CALLS.match(target):
                yield "calls " + target
            continue
        if LOCKED.search(line):
            yield line
        previous = line


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = functions(sys.argv[1])
    bad = ["%s is missing" % name for name in sorted(OPERATIONS - set(found))]
    for name, lines in sorted(found.items()):
        wrong = list(faults(lines))
        print("%-10s %3d instructions in all%s" % (
            name, sum("R_X86_64" not in line for line in lines),
            "" if not wrong else ": " + "; ".join(wrong)))
        bad += wrong
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
