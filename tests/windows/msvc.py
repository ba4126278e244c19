#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Would Microsoft's compiler accept it? clang checks the syntax.

    msvc.py

clang parses lib/, include/ and the Windows ports for an MSVC target, with
mingw's headers. The preprocessed source is then searched for constructs that
clang accepts there and Microsoft's compiler does not, and for functions that a
driver must not call, which Microsoft's CodeQL query wdk-deprecated-api finds.
"""
import re
import subprocess
import sys

MINGW = "/usr/share/mingw-w64/include"
CLANG = ["clang", "--target=x86_64-pc-windows-msvc", "-fms-compatibility",
         "-fms-extensions", "-std=c11", "-Wall", "-Wextra", "-Wpedantic",
         "-Wno-language-extension-token", "-Werror", "-Iinclude", "-Ilib",
         "-isystem", "tests/windows/msvc", "-isystem", MINGW,
         "-D_WIN32_WINNT=0x0601"]
KERNEL = ["-Iports/windows-kernel", "-isystem", MINGW + "/ddk", "-include",
          "tests/windows/msvc/before.h"]
WINDOWS_7 = "-DNTDDI_VERSION=0x06010000"
WINDOWS_10_2004 = "-DNTDDI_VERSION=0x0A000008"
BUILDS = (
    ("windows-kernel", [*KERNEL, WINDOWS_7]),
    ("windows-kernel", [*KERNEL, WINDOWS_10_2004]),
    # clang's own header first, because mingw's undefine __attribute__.
    ("windows-user", ["-Iports/windows-user", "-Iports/windows-kernel",
                      WINDOWS_7, "-ffreestanding", "-include", "x86intrin.h"]),
)
# Not requests.c: mingw's headers lack what it writes.
SAMPLE = ("statistics.c", "driver.c", "pnp.c", "kmdf/driver.c")
GNU = re.compile(r"__attribute__|__builtin_|__sync_|__atomic_|__extension__"
                 r"|__int128|__asm__|\basm\b|__typeof__|\btypeof\b")
DEPRECATED = re.compile(r"\bExAllocatePool(WithTag|WithQuota|WithQuotaTag"
                        r"|WithTagPriority)?\b")
OURS = re.compile(r"^(include|lib|ports)/")


def refused_in(source, options):
    """Our lines with a construct of gcc and clang, or a deprecated function."""
    done = subprocess.run([*CLANG, *options, "-E", source], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    name, number = "", 0
    for line in done.stdout.splitlines():
        marker = re.match(r'# (\d+) "(.*?)"', line)
        if marker:
            number, name = int(marker.group(1)) - 1, marker.group(2)
            continue
        number += 1
        name = name[2:] if name.startswith("./") else name
        # The library's own offsetof is the compiler's.
        line = line.replace("__builtin_offsetof", "")
        if OURS.match(name) and (
                found := GNU.search(line) or DEPRECATED.search(line)):
            yield "%s:%d: %s" % (name, number, found.group())


def main():
    bad = 0
    for port, options in BUILDS:
        for source in ("lib/all.c", "ports/%s/all.c" % port):
            print(port, source, flush=True)
            bad += subprocess.run([*CLANG, *options, "-fsyntax-only",
                                   source]).returncode != 0
            for line in refused_in(source, options):
                print(line)
                bad += 1
    for name in SAMPLE:
        print("sample", name, flush=True)
        bad += subprocess.run(
            [*CLANG, *KERNEL, WINDOWS_7,
             "-fsyntax-only", "ports/windows-kernel/sample/" + name]
        ).returncode != 0
    return bad != 0


sys.exit(main())
