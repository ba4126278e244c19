#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the hot paths of a driver in its disassembly.

    hotpath.py FILE.sys FUNCTION...

None of the functions takes a lock: they have no locked instruction, and only
call what reads the IRQL and the processor. Calls of cpuslab__slow_add() and the
like are allowed: an operation without a block makes them, and a structure that
is full or empty. A log copies its record. What is shared with an ISR (hot_isr_*)
is written by one interlocked instruction. Pinned code changes the IRQL once
(hot_packet).
"""
import os
import re
import subprocess
import sys

OBJDUMP = os.environ.get("OBJDUMP", "x86_64-w64-mingw32-objdump")
ALLOWED = {"__imp_KeGetCurrentIrql", "__imp_KfRaiseIrql",
           "__imp_KeGetCurrentProcessorNumberEx", "__imp_KeLowerIrql"}
SLOW = re.compile(r"cpuslab__(\w+_)?slow_\w+|cpuslab__approx_show")
COPIES = {"hot_append": {"memcpy", "__imp_memcpy"},
          "hot_isr_add": {"cpuslab_remote"}, "hot_isr_cmpstore": {"cpuslab_remote"}}
INTERLOCKED = {"hot_isr_add": r"lock (x?add|inc)",
               "hot_isr_cmpstore": r"lock cmpxchg"}
CALLED = {"hot_packet": {"KfRaiseIrql": 1, "KeLowerIrql": 1}}
LOCKED = re.compile(r"\block\b|\bxchg[bwlq]?\b|\bcmpxchg|\bxadd|fence\b")
TRANSFER = re.compile(r"\b(callq?|j[a-z]+)\b")
TARGET = re.compile(r"<([\w.]+)(\+0x[0-9a-f]+)?>")


def function(path, name):
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn",
                           "--disassemble=" + name, path], check=True,
                          stdout=subprocess.PIPE,
                          universal_newlines=True).stdout
    if "<%s>:" % name not in text:
        return []
    text = text[text.index("<%s>:" % name):]
    return text.split("\n\n", 1)[0].splitlines()[1:]


def problems(name, lines):
    allowed = ALLOWED | {name} | COPIES.get(name, set())
    if not lines:
        yield "no such function"
    for line in lines:
        code = line.split("\t", 1)[-1]
        if LOCKED.search(code) and not re.match(r"\s*xchg\s+%ax,%ax", code):
            if not re.search(INTERLOCKED.get(name, r"$^"), code):
                yield "locks: " + code
        if not TRANSFER.search(code):
            continue
        target = TARGET.search(code)
        if not target:
            # By a register: what was loaded into it is checked below.
            if not re.search(r"\*%", code):
                yield "calls what cannot be seen: " + code
        elif target.group(1) not in allowed and \
                not SLOW.fullmatch(target.group(1)):
            yield "leaves: " + code
    for called, times in CALLED.get(name, {}).items():
        # Loaded into a register, it could be called more than once.
        direct = [line for line in lines
                  if re.search(r"\b(call|jmp)q?\b.*<__imp_%s>" % called, line)]
        named = [line for line in lines if "__imp_" + called in line]
        if len(direct) != times or len(named) != times:
            yield "%s: called %d times, named %d times" % (
                called, len(direct), len(named))
    for line in lines:
        loaded = re.search(r"\bmovq?\b.*<(__imp_\w+)>", line)
        if loaded and loaded.group(1) not in allowed:
            yield "loads: " + line


def main():
    bad = 0
    for name in sys.argv[2:]:
        lines = function(sys.argv[1], name)
        found = list(problems(name, lines))
        print("\n".join(["%s:" % name] + lines))
        print("%s: %d instructions, %d problems" % (name, len(lines),
                                                    len(found)))
        print("\n".join(found))
        bad += len(found)
    return bad != 0 or len(sys.argv) < 3


sys.exit(main())
