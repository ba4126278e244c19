#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each event of the library is a probe that a debugger finds.

    probes.py ROOT LIBRARY PROGRAM

LIBRARY is the shared library, PROGRAM is probed.c, which uses it. First what
the file says: each probe is there once, with its arguments, without a semaphore,
and is one nop. Then gdb stops at each of them while PROGRAM runs, in both modes,
and must see the arguments that it prints. Then the port without probes. Status
77 without gdb.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# Arguments: the size in a note, "-" if it is signed, and how gdb prints one.
NAME, CPU, BYTES, RESULT = (("8", "%s", "(char *)"), ("4", "%u", ""),
                            ("8", "%lu", ""), ("-4", "%d", ""))
PROBES = {
    "admit": (NAME, NAME, CPU, BYTES),
    "release": (NAME, NAME, CPU, BYTES),
    "refuse": (NAME, NAME, CPU, BYTES, RESULT),
    "shared": (NAME, NAME, CPU, BYTES),
    "add_start": (NAME, CPU, RESULT),
    "add_complete": (NAME, CPU),
    "add_failure": (NAME, CPU),
    "remove": (NAME, CPU, RESULT),
}


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          **more).stdout


def notes(path):
    """[(provider, name, location, semaphore, arguments)] of the probes."""
    return [(provider, name, int(at, 16), int(semaphore, 16), arguments)
            for provider, name, at, semaphore, arguments in re.findall(
                r"Provider: (.*)\n\s*Name: (.*)\n"
                r"\s*Location: (\w+), Base: \w+, Semaphore: (\w+)\n"
                r"\s*Arguments: (.*)", run("readelf", "-n", path))]


def file_has(library):
    """What is wrong with the probes in a file."""
    found = notes(library)
    if sorted(name for _, name, _, _, _ in found) != sorted(PROBES):
        yield "probes: " + " ".join(name for _, name, _, _, _ in found)
        return
    for provider, name, at, semaphore, arguments in found:
        sizes = [one.split("@")[0] for one in arguments.split()]
        if provider != "cpuslab" or semaphore or \
                sizes != [size for size, _, _ in PROBES[name]]:
            yield "%s:%s %#x %s" % (provider, name, semaphore, arguments)
        code = run("objdump", "-d", "--no-show-raw-insn",
                   "--start-address=%#x" % at, "--stop-address=%#x" % (at + 1),
                   library)
        if not re.search(r"^\s*[0-9a-f]+:\s+nop\s*$", code, re.M):
            yield name + " is no nop"


def commands(output):
    """For gdb: print each probe as the program does."""
    yield from ("set pagination off", "set breakpoint pending off",
                "start >%s" % output)
    for name, arguments in PROBES.items():
        formats = " ".join(one for _, one, _ in arguments)
        values = "".join(", %s$_probe_arg%d" % (cast, i)
                         for i, (_, _, cast) in enumerate(arguments))
        yield from ("break -probe-stap cpuslab:" + name, "commands", "silent",
                    'printf "probe %s %s\\n"%s' % (name, formats, values),
                    "continue", "end")
    yield "continue"


def debug(program, environment):
    """(what the program printed, what gdb saw), or None: gdb may not trace."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script, \
            tempfile.NamedTemporaryFile("r") as printed:
        script.write("\n".join(commands(printed.name)) + "\n")
        script.flush()
        output = run("gdb", "-quiet", "-nx", "-batch", "-x", script.name,
                     program, stdin=subprocess.DEVNULL, timeout=60,
                     env=environment, stderr=None)
        lines = printed.read().splitlines()
    if "ptrace" in output:
        return None
    return (sorted(line for line in lines if line.split(" ")[0] in PROBES),
            sorted(re.findall("^probe (.*)", output, re.M)))


def fires(program, mode):
    """What gdb sees otherwise than the program."""
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    result = debug(program, os.environ | {"CPUSLAB_RSEQ": mode,
                                          "PROBED_CPU": str(cpu)})
    if result is None:
        sys.exit(77)
    printed, seen = result
    if printed == seen and len(seen) >= len(PROBES):
        return
    yield "mode %s\nprinted\n%s\nseen\n%s" % (mode, "\n".join(printed),
                                             "\n".join(seen))


def without(root):
    """A port that shall have no probes."""
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "port.o")
        run("cc", "-O1", "-DCPUSLAB_NO_SDT", "-I", root + "/include",
            "-I", root + "/ports/linux-user", "-c",
            root + "/ports/linux-user/all.c", "-o", made)
        if notes(made):
            yield "CPUSLAB_NO_SDT leaves probes"


def main():
    if len(sys.argv) != 4 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    root, library, program = sys.argv[1:]
    wrong = list(file_has(library)) + list(without(root))
    if shutil.which("gdb"):
        for mode in "10":
            wrong += fires(program, mode)
    elif not wrong:
        print("gdb is not installed")
        return 77
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
