#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a static analyser finds in the C files of a build.

    analyse.py BUILD gcc|clang-tidy|cppcheck [FILE...]

Each file of lib/, ports/ and examples/ that meson compiles in BUILD is
analysed alone, as it is compiled there, or only FILEs are. A finding is a line
FILE:LINE: TEXT. Status 1 if there is one, or if a file cannot be analysed.
"""

import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

FOLDERS = ("lib", "ports", "examples")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KNOWN = os.path.join(HERE, "known.h")
# cppcheck cannot parse asm goto. A machine without restartable sequences has
# none, and the rest is the same.
NOT_FOR_CPPCHECK = ("__x86_64", "__amd64", "__aarch64")
# gcc's usual warnings are those of the builds.
FINDING = re.compile(r"error: |warning: .*\[(?!-W(?!analyzer))[-\w.,]+\]$")


def units(build):
    """The files, with what the preprocessor gets. A file that is compiled
    several times is analysed once, of lib/ as the linux-user port has it."""
    found = {}
    with open(os.path.join(build, "compile_commands.json")) as commands:
        for entry in json.load(commands):
            path = os.path.realpath(os.path.join(entry["directory"],
                                                 entry["file"]))
            name = os.path.relpath(path, ROOT)
            if name.split(os.sep)[0] in FOLDERS and name.endswith(".c"):
                if name not in found or "ports/linux-user" in entry["command"]:
                    found[name] = flags_of(entry)
    return found


def flags_of(entry):
    """Without the compiler, warnings, and what is written where."""
    words = shlex.split(entry["command"])[1:]
    end = words.index("-MD")
    return ["-I" + os.path.normpath(os.path.join(entry["directory"], word[2:]))
            if word.startswith("-I") else word
            for word in words[:end] if word[:2] not in ("-W", "-f")]


def of_gcc(name, flags):
    # Per file and almost unoptimised: of what has been inlined it gives up
    # more functions as too complex, and finds less.
    return ["gcc", *flags, *include(name), "-Og", "-fanalyzer",
            # What is stored at an index that it does not know counts as lost.
            "-Wno-analyzer-malloc-leak",
            "-fdiagnostics-plain-output", "-c", name, "-o", os.devnull]


def of_clang_tidy(name, flags):
    return ["clang-tidy", "--quiet", name, "--", *flags, "-Wcast-align",
            "-Wno-unknown-warning-option", *include(name)]


def of_cppcheck(name, flags):
    flags = [flag for flag in flags if flag[:2] in ("-I", "-D", "-U")]
    return ["cppcheck", "--quiet", "--inline-suppr", "--std=c11",
            "--enable=warning,performance,portability",
            # cpuslab_assert(!"what is wrong")
            "--suppress=incorrectStringBooleanError",
            "--template={file}:{line}: warning: {message} [{id}]",
            "--include=" + predefined(name),
            "-DCK_STACK_CONTAINER(type, member, name)=", *flags, name]


def include(name):
    return ["-include", KNOWN] if is_lib(name) else []


def is_lib(name):
    return name.startswith("lib" + os.sep)


def predefined(name):
    """cppcheck takes one header, and knows no compiler's own macros."""
    return os.path.join(sys.argv[1], f"predefined-{is_lib(name):d}.h")


def write_predefined():
    macros = subprocess.run(["gcc", "-dM", "-E", "-xc", os.devnull],
                            check=True, capture_output=True, text=True).stdout
    macros = "".join(line for line in macros.splitlines(True)
                     if not any(word in line for word in NOT_FOR_CPPCHECK))
    for name, after in ("", ""), ("lib/", f'#include "{KNOWN}"\n'):
        with open(predefined(name), "w") as header:
            header.write(macros + after)


def findings(command):
    """Its lines, and whether it failed otherwise."""
    run = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    lines = {line.replace(ROOT + os.sep, "") for line in run.stdout.splitlines()
             if FINDING.search(line)}
    # Not what is wrong in headers of the system.
    lines = {line for line in lines if not line.startswith(os.sep)}
    if run.returncode and not lines:
        lines = {f"{shlex.join(command)}: error: {run.stdout.strip()}"}
    return lines


def main():
    sys.argv[1] = os.path.abspath(sys.argv[1])
    build, tool, *names = sys.argv[1:]
    command = {"gcc": of_gcc, "clang-tidy": of_clang_tidy,
               "cppcheck": of_cppcheck}[tool]
    if tool == "cppcheck":
        write_predefined()
    found = units(build)
    for name in names:
        found.setdefault(name, ["-std=c11"])
    names = names or sorted(found)
    with concurrent.futures.ThreadPoolExecutor(
            len(os.sched_getaffinity(0))) as pool:
        results = pool.map(findings,
                           [command(name, found[name]) for name in names])
        lines = sorted(set().union(*results))
    for line in lines:
        print(line)
    print(f"{tool}: {len(names)} files, {len(lines)} findings")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
