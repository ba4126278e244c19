#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each operation against its reference, aborted at each of its instructions.

    aborted.py ROOT PROGRAM     # aborted.c, as it was built
    aborted.py ROOT --builds    # builds it in many ways, and runs each

Tells the program where its instructions begin. A section that it never enters,
of the structures in lib/, must have the instructions of one that it did, where
the kernel has concurrency ids. The operations of rseq_ops.h are those that the
program calls.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

OPERATIONS = "ports/linux-user/cpuslab/rseq_ops.h"
CALLS = "tests/ops/portable_perform.h"
SOURCES = ("tests/linux-user/aborted.c", "lib/all.c", "ports/linux-user/all.c",
           "tests/torture/torture.c", "tests/torture/fake.c")
FLAGS = ("-std=gnu11", "-D_GNU_SOURCE", "-w", "-pthread")
INCLUDES = ("include", "ports/linux-user", "lib", "tests", "tests/torture")
COMPILERS = ("gcc", "clang")
OPTIONS = (("-O0",), ("-O1", "-fno-pie", "-no-pie"), ("-O2",),
           ("-O2", "-flto"), ("-O3", "-fPIC"))
OPTIONS_HERE = (("-O2", "-fno-pie", "-no-pie", "-mcmodel=medium"),)
BUILDS = [(compiler, *options) for compiler in COMPILERS
          for options in OPTIONS + OPTIONS_HERE]


def names(root, path, macro):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return set(re.findall(macro + r"\((\w+)\)", file.read()))


def instructions(program, objdump="objdump"):
    """{address in the file: mnemonic}"""
    listed = subprocess.run([objdump, "-d", "--no-show-raw-insn", program],
                            check=True, capture_output=True, text=True).stdout
    found = re.findall(r"^\s*([0-9a-f]+):\t(\S+)", listed, re.M)
    # An operand says whether 8 bytes are meant, or else the mnemonic.
    return {int(address, 16): name.removesuffix("q") for address, name in found}


def shape(code, start, length):
    return tuple(code[at] for at in range(start, start + length) if at in code)


def others(code, output):
    """Are the sections that are not tried like those that are? Lines that say
    so, and the answer."""
    found = [(int(start, 16), int(length), how) for start, length, how in
             re.findall(r"^section (\w+) (\d+) (\w+)$", output, re.M)]
    tried = {shape(code, *at) for *at, how in found if how == "tried"}
    rest = [at for *at, how in found if how == "other"]
    said = ["  %d sections were tried, %d others are like one of them" % (
        len(found) - len(rest), len(rest))]
    if "  not tried: " in output:
        return said, True
    unlike = [at for at in rest if shape(code, *at) not in tried]
    said += ["  has no reference: the section at %#x: %s" % (
        start, " ".join(shape(code, start, length)))
        for start, length in unlike]
    return said, not unlike


def run(program):
    """The program's exit status."""
    code = instructions(program)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("".join("%x\n" % at for at in sorted(code)))
        listing.flush()
        done = subprocess.run(
            [program], env={**os.environ,
                            "CPUSLAB_OPS_INSTRUCTIONS": listing.name},
            stdout=subprocess.PIPE, text=True, check=False)
    print("".join(line for line in done.stdout.splitlines(True)
                  if not line.startswith("section")), end="", flush=True)
    if done.returncode:
        return abs(done.returncode)
    said, alike = others(code, done.stdout)
    print("\n".join(said))
    return 0 if alike else 1


def check_names(root):
    missing = names(root, OPERATIONS, "CPUSLAB__RSEQ_NAME") - \
        names(root, CALLS, "OPS_PORT")
    for name in sorted(missing):
        print("  has no reference: %s of %s" % (name, OPERATIONS))
    return not missing


def build(root, words, program):
    """The exit status of the compiler."""
    return subprocess.run(
        [*words, *FLAGS, *("-I" + name for name in INCLUDES), *SOURCES, "-lrt",
         "-o", program], cwd=root, check=False).returncode


def build_and_run(root, words, folder):
    program = os.path.join(folder, "aborted")
    print(" ".join(words), flush=True)
    return build(root, words, program) or run(program)


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    root, what = sys.argv[1:]
    if not check_names(root):
        return 1
    if what != "--builds":
        return run(what)
    missing = {name for name, *_ in BUILDS if not shutil.which(name)}
    for name in missing:
        print("aborted: skipped, %s is not installed" % name)
    with tempfile.TemporaryDirectory() as folder:
        failed = [options for options in BUILDS if options[0] not in missing
                  and build_and_run(root, options, folder) not in (0, 77)]
    for options in failed:
        print("failed: " + " ".join(options))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
