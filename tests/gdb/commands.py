#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the gdb script shows is what the program finds out by itself.

    commands.py SCRIPT LIBRARY PROGRAM WHOLE PLUGIN

PROGRAM is program.c with the shared library LIBRARY, WHOLE the same with the
library compiled in, PLUGIN has another copy. Each prints commands and what gdb
must show. They are given to gdb while the program runs, in the middle of a
release, and for a core. Status 77 without gdb or without two CPUs.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

NO_DEBUG = "no debug information of the library"
# Each of them is in the middle of a release, before and after the one store
# that makes sums take a CPU's counts from another place.
RELEASE = ("cpuslab__summary_publish", "cpuslab__batch_start")


def gdb(commands, environment, *arguments):
    """[what each command printed], or status 77."""
    words = ["gdb", "-quiet", "-nx", "-batch"]
    for command in ("set pagination off", "set print frame-info location",
                    *commands):
        words += ["-ex", "echo \\n@\\n", "-ex", command]
    output = subprocess.run(
        words + list(arguments), stdin=subprocess.DEVNULL, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        env=environment).stdout.decode(errors="replace")
    if "ptrace: Operation not permitted" in output:
        print("gdb may not trace: " + output)
        sys.exit(77)
    return output.split("\n@\n")[-len(commands):]


def is_shown(command, wanted, output):
    """Is @wanted a line, or a part of one in the output of a command?"""
    if command.startswith("print "):
        return re.fullmatch(r"\$\d+ = " + re.escape(wanted), output.strip())
    return any(re.search(r"(?:^|\s)" + re.escape(wanted) + r"(?:$|,)", line)
               for line in output.splitlines())


def compare(what, lines, outputs):
    """How many commands show something else."""
    wrong = 0
    if not lines or len(lines) != len(outputs):
        print("%s: %d lines, %d results" % (what, len(lines), len(outputs)))
        return 1
    for line, output in zip(lines, outputs):
        command, wanted = line.split(" => ")
        if not is_shown(command, wanted, output):
            print("%s: %s\n  wanted: %s\n  shown: %s" % (
                what, command, wanted, output.strip()))
            wrong += 1
    return wrong


def phases(text):
    """The lines of both stops."""
    lines = text.splitlines()
    at = [i for i, line in enumerate(lines)
          if line.startswith("print stack")][1]
    return lines[:at], lines[at:]


def check(script, program, mode, environment, plugin):
    """How many commands show something else."""
    cpus = [str(cpu) for cpu in sorted(os.sched_getaffinity(0))[:2]]
    arguments = [*cpus, mode] + ([plugin] if plugin else [])
    planned = phases(subprocess.run(
        [program, *arguments], check=True, capture_output=True, text=True,
        env=environment).stdout)
    commands = [[line.split(" => ")[0] for line in lines]
                for lines in planned]
    sums = ["print counter", "print histogram", "cpuslab slab counter"]
    with tempfile.TemporaryDirectory() as folder:
        core, printed = folder + "/core", folder + "/printed"
        outputs = gdb(
            ["set confirm off", "source " + script,
             "set follow-fork-mode child", "break program_stopped",
             "run %s >%s" % (" ".join(arguments), printed),
             *commands[0],
             *("tbreak %s if $_streq(slab->name, \"some slab\")" % function
               for function in RELEASE),
             "continue", *sums, "continue", *sums, "continue",
             *commands[1], "gcore " + core],
            environment, program)
        with open(printed, encoding="utf-8") as file:
            lines = phases(file.read())
        from_core = gdb(["source " + script, *commands[1]], environment,
                        program, core)[1:]
    before = outputs[5:5 + len(lines[0])]
    after = outputs[-1 - len(lines[1]):-1]
    between = outputs[5 + len(lines[0]) + len(RELEASE):-1 - len(lines[1])]
    what = "%s %s %s" % (os.path.basename(program), mode, " ".join(
        sorted(set(environment.items()) - set(os.environ.items()))[0]))
    wanted = [line for line in lines[0]
              if line.startswith(("print counter =>", "print histogram =>"))]
    wanted.append("cpuslab slab counter => cpu %s: dead" % cpus[1])
    return (compare(what, lines[0], before)
            + compare(what + " publishing", wanted, between[1:4])
            + compare(what + " published", wanted, between[5:8])
            + compare(what + " after", lines[1], after)
            + compare(what + " core", lines[1], from_core))


def says_why(script, library, program):
    """Without debug information the script says so."""
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "stripped.so")
        subprocess.run(["objcopy", "--strip-debug", library, stripped],
                       check=True)
        shown = gdb(["source " + script,
                     "set environment LD_PRELOAD " + stripped,
                     "break program_stopped", "run 0 0 parent >/dev/null",
                     "print counter", "cpuslab sum counter",
                     "cpuslab slab default"],
                    os.environ, program)
    wrong = [one for one in shown[4:] if NO_DEBUG not in one]
    print("".join(wrong), end="")
    return len(wrong)


# (what is stored, the command, what it shows)
DAMAGE = (
    (("slab->chunks[0][1].type.name = 0",), "cpuslab slab slab",
     "  of 8 bytes\n"),
    (("slab->name[0] = '\\n'", "slab->name[1] = 0x1b", "slab->name[2] = 0"),
     "cpuslab slab slab", "slab \\n\\x1b at 0x"),
    (("slab->release_deferred = 1", "slab->deferred_by[0] = 0xff",
      "slab->deferred_by[1] = '\\n'", "slab->deferred_by[2] = 0"),
     "cpuslab slab slab", "  deferred_by \\xff\\n\n"),
    (("domain->refusal.error = -16", "domain->refusal.client[0] = 0xc3",
      "domain->refusal.client[1] = 0xa4"),
     "cpuslab domain domain", "was refused by \\xe4: -16"),
    (("slab->state[0] = 7",), "cpuslab slab slab", "cpu 0: unknown 7"),
    (("domain->state[0] = 7",), "cpuslab domain domain", "cpu 0: unknown 7"),
    (("counter.handle.offset = ~0",), "cpuslab sum counter",
     "its copies are not readable"),
    (("slab->summary = 1",), "print $cpuslab_sum(counter)",
     "cpuslab: Cannot access memory"),
    (("slab->listed.next = &slab->listed",), "cpuslab slabs",
     "a list that does not end"),
)


def shows_damage(script, program):
    """Names that are not ASCII where that is all that can be shown, and damage:
    a message, and no exception of Python."""
    commands = ["source " + script, "break program_stopped",
                "run 0 0 parent >/dev/null"]
    for stores, command, _ in DAMAGE:
        commands += ["set var " + store for store in stores] + [command]
    shown = gdb(commands, os.environ | {"LC_ALL": "C"}, program)
    wrong = 0
    for _, command, wanted in DAMAGE:
        at = commands.index(command)
        commands[at] = None
        if wanted not in shown[at] or "Python" in shown[at]:
            print("%s: %s\n  wanted: %s" % (command, shown[at], wanted))
            wrong += 1
    return wrong


def main():
    if len(sys.argv) != 6 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    script, library, program, whole, plugin = sys.argv[1:]
    if not shutil.which("gdb"):
        print("gdb is not installed")
        return 77
    if len(os.sched_getaffinity(0)) < 2:
        print("there is one CPU only")
        return 77
    wrong = says_why(script, library, program)
    wrong += shows_damage(script, program)
    for rseq, mode, which, other in (
            ("1", "parent", program, plugin), ("0", "parent", whole, None),
            ("1", "child", whole, None)):
        wrong += check(script, which, mode,
                       os.environ | {"CPUSLAB_RSEQ": rseq}, other)
    return 1 if wrong else 0


sys.exit(main())
