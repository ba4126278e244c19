#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the hot paths of a driver for Windows on ARM64.

    arm64.py

clang compiles hotpath.c for aarch64-pc-windows-msvc, once with its own atomics
and once with those for Microsoft's compiler. In the code of each operation the
orders are part of loads and stores (ldar, stlr); there is no barrier, and
nothing is atomic but what is shared with an ISR, by one instruction of ARMv8.1.
"""
import re
import subprocess
import sys

import msvc

COMMITS = re.compile(r"\bstlrb?\b")
TESTS = re.compile(r"\bldarb\b")
ATOMIC = re.compile(r"\b(ldaxr|ldxr|stlxr|stxr|casp?[al]*|swp[al]*|ldadd[al]*"
                    r"|ldset[al]*|ldclr[al]*)b?\b")
BARRIER = re.compile(r"\b(dmb|dsb|isb)\b")
NEEDED = {"hot_record": r"\bclz\b"}     # not a loop over the bits
ISR = {"hot_isr_add": r"\bldaddal\b", "hot_isr_cmpstore": r"\bcasal\b"}


def functions(options):
    """The instructions of each function, by name."""
    command = [*msvc.compiler("aarch64", "windows-kernel"), *options, "-O2",
               "-std=c11", "-march=armv8.1-a", "-S", "-o", "-",
               "tests/windows/hotpath.c"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True)
    found, code = {}, None
    for line in done.stdout.splitlines():
        line = line.split("//")[0].rstrip()
        label = re.match(r"(hot_\w+):", line)
        if label:
            code = found.setdefault(label.group(1), [])
        elif line.startswith(".Lfunc_end"):
            code = None
        elif code is not None and re.match(r"\t[a-z]", line):
            code.append(line.strip())
    return found


def problems(name, code):
    text = "\n".join(code)
    if not TESTS.search(text):
        yield "the live byte is loaded without acquire"
    if name not in ISR and not COMMITS.search(text):
        yield "commits without release"
    if not re.search(NEEDED.get(name, ""), text):
        yield "without " + NEEDED[name]
    for line in code:
        if BARRIER.search(line):
            yield "a barrier: " + line
        if ATOMIC.search(line) and not re.search(ISR.get(name, r"$^"), line):
            yield "atomic: " + line
    if name in ISR and not re.search(ISR[name], text):
        yield "not by one atomic instruction"


def main():
    bad = 0
    for title, options in (("Microsoft's intrinsics", []),
                           ("clang's builtins", ["-D__clang__"])):
        found = functions(options)
        bad += len(found) < len(ISR)
        for name, code in found.items():
            wrong = list(problems(name, code))
            print("%s, %s: %d instructions, %d problems" % (
                title, name, len(code), len(wrong)))
            if wrong:
                print("\n".join([*code, *wrong]))
            bad += len(wrong)
    return bad != 0


sys.exit(main())
