#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a static analyser finds in the C files of the tree.

    analyse.py BUILD gcc|clang-tidy|cppcheck [FILE...]

Each file is analysed alone, as it is compiled: those of lib/, ports/, examples/
and bench/ by meson in BUILD, those of the Windows ports by mingw-w64 and by
tests/windows/native.py, those of the Linux kernel's port by Kbuild in
BUILD/kernel, if that was built. FILE: only these. A finding is a line
FILE:LINE: TEXT. Status 1 if there is one, or if a file cannot be analysed, or if
one is neither analysed nor named here.
"""

import concurrent.futures
import glob
import json
import os
import re
import shlex
import subprocess
import sys

FOLDERS = ("lib", "ports", "examples", "bench")
# All sources as one unit; a driver for which mingw-w64 has no headers.
LEFT_OUT = re.compile(r"/all\.c$|/sample/kmdf/")
# What may not be compiled: without Kbuild; without librseq, or with it.
OPTIONAL = re.compile(r"ports/linux-kernel/|examples/scap/driver\.c$"
                      r"|bench/rival_(none|librseq)\.c$")
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KNOWN = os.path.join(HERE, "known.h")
KERNEL_KNOWN = os.path.join(HERE, "kernel.h")
MINGW = "/usr/share/mingw-w64/include"
# cppcheck cannot parse asm goto. A machine without restartable sequences has
# none, and the rest is the same.
NOT_FOR_CPPCHECK = ("__x86_64", "__amd64", "__aarch64")
# gcc's usual warnings are those of the builds.
FINDING = re.compile(r"error: |warning: .*\[(?!-W(?!analyzer))[-\w.,]+\]$")


class Unit:
    """A file, and what compilers and the preprocessor get."""

    def __init__(self, name, flags, gcc="gcc", clang=None, cppcheck=None):
        self.name, self.flags, self.gcc = name, flags, gcc
        self.clang = clang or flags
        self.cppcheck = cppcheck or [
            flag for flag in flags if flag[:2] in ("-I", "-D", "-U")
            and not any(word in flag for word in NOT_FOR_CPPCHECK)]


def files(*folders):
    return [os.path.relpath(path, ROOT) for folder in folders
            for path in glob.glob(os.path.join(ROOT, folder, "**", "*.c"),
                                  recursive=True)
            if not LEFT_OUT.search(path)]


def units(build):
    """{name: Unit}"""
    found = {unit.name: unit
             for unit in (*of_meson(build), *of_windows(), *of_kernel(build))}
    for name in files(*FOLDERS):
        if name not in found and not OPTIONAL.search(name):
            raise SystemExit(name + " is not analysed")
    return found


def of_meson(build):
    """A file that is compiled several times is analysed once, of lib/ as the
    linux-user port has it."""
    found = {}
    with open(os.path.join(build, "compile_commands.json")) as commands:
        for entry in json.load(commands):
            path = os.path.realpath(os.path.join(entry["directory"],
                                                 entry["file"]))
            name = os.path.relpath(path, ROOT)
            if name.split(os.sep)[0] in FOLDERS and name.endswith(".c") and \
                    not LEFT_OUT.search(name):
                if name not in found or "ports/linux-user" in entry["command"]:
                    found[name] = flags_of(entry)
    # By a command of its own.
    found["bench/libc_child.c"] = ["-std=gnu11", "-Iinclude",
                                   "-Iports/linux-user"]
    return [Unit(name, flags) for name, flags in found.items()]


def flags_of(entry):
    """Without the compiler, warnings, and what is written where."""
    words = shlex.split(entry["command"])[1:]
    end = words.index("-MD")
    return ["-I" + os.path.normpath(os.path.join(entry["directory"], word[2:]))
            if word.startswith("-I") else word
            for word in words[:end] if word[:2] not in ("-W", "-f")]


def of_windows():
    """The kernel port natively, the rest by mingw-w64."""
    native = ["-std=gnu11", "-DCPUSLAB_DEBUG", "-Itests/windows/shim",
              "-Iinclude", "-Ilib", "-Iports/windows-kernel"]
    system = ["-std=c11", "-D_WIN32_WINNT=0x0601",
              "-DNTDDI_VERSION=0x06010000", "-Iinclude", "-Ilib"]
    for name in files("ports/windows-kernel", "ports/windows-user"):
        if os.path.dirname(name) == "ports/windows-kernel":
            yield Unit(name, native)
            continue
        flags = [*system, "-I" + "/".join(name.split("/")[:2]),
                 "-isystem", MINGW + "/ddk"]
        yield Unit(name, flags, "x86_64-w64-mingw32-gcc",
                   # With -fms-extensions, which knows __declspec(thread), it
                   # takes headers for included twice.
                   [*flags, "--target=x86_64-w64-mingw32",
                    "-Wno-unknown-attributes", "-isystem", MINGW],
                   [*flags[1:-2], "-Itests/windows/shim", "-D_WIN32",
                    "-D_M_X64"])


def of_kernel(build):
    """As Kbuild compiled ports/linux-kernel/all.c."""
    copy = os.path.join(build, "kernel")
    made = os.path.join(copy, "ports", "linux-kernel", ".all.o.cmd")
    if not os.path.exists(made):
        return
    with open(made) as commands:
        command = commands.readline().partition(":=")[2]
    with open(os.path.join(copy, "headers")) as name:
        headers = name.read().strip()
    gcc, *words = shlex.split(command.replace(copy + os.sep, ROOT + os.sep))
    words = [re.sub(r"^(-I)?\./", r"\1%s/" % headers, word)
             for word in words[:words.index("-c")]
             if not word.startswith("-W")]
    # What clang knows too.
    clang = [word for at, word in enumerate(words)
             if word[:2] in ("-I", "-D", "-U") or word.startswith("-std")
             or "-include" in (word, words[at - 1]) or word == "-nostdinc"]
    clang += ["-fshort-wchar", "-mcmodel=kernel", "-Wno-cast-align",
              "-Wno-address-of-packed-member"]
    cppcheck = ["-Iinclude", "-Iports/linux-kernel", '-DKBUILD_MODNAME="x"',
                "-DCPUSLAB_MODULE_NAME=x", "--include=" + KERNEL_KNOWN]
    for name in (*files("ports/linux-kernel"), "examples/scap/driver.c"):
        yield Unit(name, words, gcc, clang, cppcheck)


def of_gcc(unit):
    # Per file and almost unoptimised: of what has been inlined it gives up
    # more functions as too complex, and finds less.
    return [unit.gcc, *unit.flags, *include(unit), "-Og", "-fanalyzer",
            # What is stored at an index that it does not know counts as lost.
            "-Wno-analyzer-malloc-leak",
            "-fdiagnostics-plain-output", "-c", unit.name, "-o", os.devnull]


def of_clang_tidy(unit):
    return ["clang-tidy", "--quiet", unit.name, "--", "-Wcast-align",
            "-Wno-unknown-warning-option",
            # With it, headers of Concurrency Kit declare less.
            "-U__clang_analyzer__", *unit.clang, *include(unit)]


def of_cppcheck(unit):
    return ["cppcheck", "--quiet", "--inline-suppr", "--std=c11",
            "--enable=warning,performance,portability",
            # cpuslab_assert(!"what is wrong")
            "--suppress=incorrectStringBooleanError",
            "--template={file}:{line}: warning: {message} [{id}]",
            "--include=" + predefined(unit),
            "-DCK_STACK_CONTAINER(type, member, name)=",
            "-DCK_RING_PROTOTYPE(name, type)=", *unit.cppcheck, unit.name]


TOOLS = {"gcc": of_gcc, "clang-tidy": of_clang_tidy, "cppcheck": of_cppcheck}


def include(unit):
    return ["-include", KNOWN] if is_lib(unit) else []


def is_lib(unit):
    return unit.name.startswith("lib" + os.sep)


def predefined(unit):
    """cppcheck knows no compiler's own macros."""
    return os.path.join(sys.argv[1], f"predefined-{is_lib(unit):d}.h")


def write_predefined():
    macros = subprocess.run(["gcc", "-dM", "-E", "-xc", os.devnull],
                            check=True, capture_output=True, text=True).stdout
    macros = "".join(line for line in macros.splitlines(True)
                     if not any(word in line for word in NOT_FOR_CPPCHECK))
    for name, after in ("0", ""), ("1", f'#include "{KNOWN}"\n'):
        with open(os.path.join(sys.argv[1], f"predefined-{name}.h"),
                  "w") as header:
            header.write(macros + after)


def findings(command):
    """Its lines, and whether it failed otherwise."""
    run = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    lines = {line.replace(ROOT + os.sep, "") for line in run.stdout.splitlines()
             if FINDING.search(line)}
    # Not what is wrong in headers of the system, or of the kernel.
    lines = {line for line in lines
             if not line.startswith((os.sep, "build" + os.sep))}
    if run.returncode and not lines:
        lines = {f"{shlex.join(command)}: error: {run.stdout.strip()}"}
    return lines


def analyse(tool, chosen):
    """The sorted findings of a tool in units."""
    if tool == "cppcheck":
        write_predefined()
    with concurrent.futures.ThreadPoolExecutor(
            len(os.sched_getaffinity(0))) as pool:
        results = pool.map(findings, map(TOOLS[tool], chosen))
        return sorted(set().union(*results))


def main():
    sys.argv[1] = os.path.abspath(sys.argv[1])
    build, tool, *names = sys.argv[1:]
    found = units(build)
    for name in names:
        found.setdefault(name, Unit(name, ["-std=c11"]))
    names = names or sorted(found)
    lines = analyse(tool, [found[name] for name in names])
    for line in lines:
        print(line)
    print(f"{tool}: {len(names)} files, {len(lines)} findings")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
