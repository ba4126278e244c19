#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build the scripts, the simulated system and the driver as a Linux program.

    native.py TREE OUT [COMPILER-OPTION...]
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

SYSTEM = ("processors", "one_group", "pool", "objects", "adds", "dpcs",
          "debug", "available", "host_posix")
OPTIONS = ["-std=gnu11", "-O1", "-g", "-pthread", "-Wall", "-Wextra",
           "-Wshadow", "-Wstrict-prototypes", "-Wcast-qual"]


def sources(tree):
    """(the port, what includes its headers, other sources)"""
    tests = tree / "tests" / "windows"
    rest = [tests / (name + ".c") for name in (
        "native", "script", "script_calls", "script_faults", "script_packets",
        "script_rebalance", "script_structures")]
    rest += [tests / "fake_nt" / (name + ".c") for name in SYSTEM]
    users = [tests / (name + ".c") for name in (
        "tester", "hammer", "packets", "threads", "calls",
        "operations", "paged")]
    users += [tree / "tests" / "port_conformance" / "conformance.c",
              tree / "tests" / "portable" / "all.c", tree / "lib" / "all.c"]
    return [tree / "ports" / "windows-kernel" / "all.c"], users, rest


def objects_of(names, out):
    return [str(out / ("%s-%s.o" % (n.parent.name, n.stem))) for n in names]


def include(tree):
    return ["-I%s" % (tree / d) for d in (
        "tests/windows/shim", "include", "ports/windows-kernel", "tests",
        "tests/windows", "lib")]


def compile_all(tree, names, out, options):
    """The objects, or None after errors of the compiler."""
    objects = objects_of(names, out)

    def compile_one(name, target):
        return subprocess.run(
            [os.environ.get("CC", "clang"), *OPTIONS, *options,
             *include(tree), "-c", str(name), "-o", target]).returncode

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        if any(pool.map(compile_one, names, objects)):
            return None
    return objects


def link(objects, program, options):
    return not subprocess.run(
        [os.environ.get("CC", "clang"), *OPTIONS, *options, *objects,
         "-o", str(program)]).returncode


def build(tree, out, options):
    """The program, or None."""
    out.mkdir(parents=True, exist_ok=True)
    objects = compile_all(tree, sum(sources(tree), []), out, options)
    program = out / "native"
    if objects and link(objects, program, options):
        return program
    return None


if __name__ == "__main__":
    sys.exit(not build(pathlib.Path(sys.argv[1]).resolve(),
                       pathlib.Path(sys.argv[2]), sys.argv[3:]))
