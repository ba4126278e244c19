#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests with musl, whose threads the library registers for rseq.

    musl.py ROOT TEST...

Builds the library and each TEST (counter/torture, say) with musl-gcc, and runs
it. The tests linux-user/registration* are run in a static and in a dynamic
program and with a library that is loaded with the program, and then plugins
are; linux-user/aborted is run by its script. Status 77 without musl-gcc.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SKIPPED = 77
LIMIT = 150  # seconds, for a program
LIBRARY = ("lib/all.c", "ports/linux-user/all.c")
TORTURE = ("tests/torture/torture.c", "tests/torture/fake.c",
           "tests/torture/filter.c", "tests/torture/step.c")
ABORTED = "linux-user/aborted"
REGISTRATION = ("linux-user/registration", "linux-user/registration_first")


def kernel_headers(folder):
    """Options with which musl-gcc finds the kernel's headers, and no others."""
    machine = subprocess.run(["gcc", "-print-multiarch"], check=True, text=True,
                             capture_output=True).stdout.strip()
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, at in (("linux", ""), ("asm-generic", ""), ("asm", machine),
                     ("ck", "")):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(pathlib.Path("/usr/include", at, name))
    for header in pathlib.Path("/usr/include").glob("ck_*.h"):
        link = folder / header.name
        if not link.is_symlink():
            link.symlink_to(header)
    return ["-idirafter", str(folder)]


class Build:
    def __init__(self, root, folder):
        self.root = pathlib.Path(root)
        self.folder = pathlib.Path(folder)
        self.command = [
            "musl-gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra",
            "-Werror", "-DCPUSLAB_DEBUG", "-D_GNU_SOURCE",
            *("-I%s" % (self.root / at) for at in (
                "include", "ports/linux-user", "lib", "tests",
                "tests/torture")),
            *kernel_headers(self.folder / "headers")]

    def make(self, name, sources, *options):
        """A program, an object or a library, of sources and objects."""
        made = self.folder / name
        subprocess.run(
            [*self.command, *options, "-o", made,
             *(self.root / source for source in sources)], check=True)
        return made

    def objects(self, sources, *options):
        """Those of each of the sources, with the options."""
        def one(source):
            name = "%s%s.o" % (source.replace("/", "-"), "".join(options))
            return self.make(name, (source,), "-c", *options)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, sources))


def run(what, *command):
    """1 if the program fails."""
    done = subprocess.run(command, timeout=LIMIT, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    result = {0: "ok", SKIPPED: "skipped"}.get(done.returncode, "FAILED")
    print("%-40s %s" % (what, result), flush=True)
    if result == "FAILED":
        print(done.stdout)
    return result == "FAILED"


def run_tests(build, tests):
    library = build.objects((*LIBRARY, *TORTURE))
    programs = build.objects(["tests/%s.c" % test for test in tests])
    failed = 0
    for test, program in zip(tests, programs):
        through = (sys.executable, build.root / "tests" / (ABORTED + ".py"),
                   build.root) if test == ABORTED else ()
        failed += run(test, *through, build.make(test.replace("/", "-"),
                                                 (program, *library), "-lrt"))
    return failed


def run_registration(build, tests):
    """Where the struct rseq of a thread is."""
    library = build.objects(LIBRARY)
    shared = build.make("libcpuslab.so", LIBRARY, "-shared", "-fPIC",
                        "-Wl,-soname,libcpuslab.so")
    loaded = (str(shared), "-Wl,-rpath," + str(build.folder))
    torture = build.objects(TORTURE)
    failed = 0
    for test, program in zip(tests, build.objects(
            ["tests/%s.c" % test for test in tests])):
        for kind, words in (("static", (*library, "-static")),
                            ("dynamic", library), ("library", loaded)):
            made = build.make("%s-%s" % (test.replace("/", "-"), kind),
                              (program, *torture), *map(str, words))
            failed += run("%s: %s" % (test, kind), made, "cpuslab")
    return failed + run_plugins(build, loaded)


def run_plugins(build, loaded):
    """@loaded: how to link the shared library."""
    host = ("tests/install/host.c",)
    whole = build.make("whole.so", ("tests/linux-user/plugin_whole.c",),
                       "-shared", "-fPIC", "-fvisibility=hidden")
    user = build.make("user.so", ("tests/linux-user/plugin_user.c",),
                      "-shared", "-fPIC", *loaded)
    return sum((
        run("registration: plugin", build.make("host", host), whole, "none"),
        run("registration: library of a plugin", build.folder / "host", user,
            "none"),
        run("registration: library of both", build.make(
            "host-of-both", host, "-Wl,--no-as-needed", *loaded), user,
            "cpuslab"),
    ))


def main():
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    if os.environ.get("CPUSLAB_VALGRIND") or not shutil.which("musl-gcc"):
        print("musl: skipped, no musl-gcc")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        build = Build(sys.argv[1], folder)
        tests = sys.argv[2:]
        failed = run_tests(build, [t for t in tests if t not in REGISTRATION])
        registration = [t for t in tests if t in REGISTRATION]
        if registration:
            failed += run_registration(build, registration)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
