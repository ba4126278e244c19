#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Would Microsoft's compiler accept it? clang checks in its place.

    msvc.py

clang parses lib/ and the Windows ports in C, and the public headers in C and
C++, for x86-64 and ARM64, with mingw's headers and with warnings that come
close to level 4. The preprocessed source is then searched for constructs that
clang accepts there and Microsoft's compiler does not, and for functions that a
driver must not call, which Microsoft's CodeQL query wdk-deprecated-api finds.
"""
import pathlib
import re
import subprocess
import sys

MINGW = "/usr/share/mingw-w64/include"
# Not __clang__, so that the headers take Microsoft's intrinsics.
CLANG = ["clang", "-U__clang__", "-fms-compatibility", "-fms-extensions",
         "-ffreestanding", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
         "-Wimplicit-int-conversion", "-Wshorten-64-to-32",
         "-Wunreachable-code", "-Wno-language-extension-token", "-Werror",
         "-Iinclude", "-Ilib", "-isystem", "tests/windows/msvc",
         "-isystem", MINGW, "-D_WIN32_WINNT=0x0601"]
WINDOWS_7 = "-DNTDDI_VERSION=0x06010000"
WINDOWS_10_2004 = "-DNTDDI_VERSION=0x0A000008"
# Of headers also what would be a warning in a driver's own code.
STRICT = ["-Wconversion", "-Wsign-conversion", "-Wzero-length-array",
          "-Wgnu-anonymous-struct", "-Wnested-anon-types"]
TARGETS = {
    # clang's own header first, because mingw's undefine __attribute__.
    "x86_64": {"windows-user": ["-include", "x86intrin.h"],
               "windows-kernel": []},
    "aarch64": {"windows-user": ["-D__aarch64__"],
                "windows-kernel": ["-D__aarch64__", "-D_M_ARM"]},
}
PORTS = {
    "windows-kernel": ["-Iports/windows-kernel", "-isystem", MINGW + "/ddk",
                       "-include", "tests/windows/msvc/before.h"],
    "windows-user": ["-Iports/windows-user", "-Iports/windows-kernel"],
}
# Not requests.c: mingw's headers lack what it writes.
SAMPLE = ("statistics.c", "driver.c", "pnp.c", "kmdf/driver.c")
LAYER = "tests/cxx/layer.cc"
LANGUAGES = {"c11": "c", "c17": "c", "c++17": "c++", "c++20": "c++"}
ALONE = {("x86_64", "windows-kernel", "c++20"),
         ("aarch64", "windows-user", "c11")}
PARTS = re.compile(     # of port.h, which includes them
    r"/(port_inline|ops_none|section_\w+|directory|atomic_builtin)\.h$")
GNU = re.compile(r"__attribute__|__builtin_|__sync_|__atomic_|__extension__"
                 r"|__int128|__asm__|\basm\b|__typeof__|\btypeof\b")
DEPRECATED = re.compile(r"\bExAllocatePool(WithTag|WithQuota|WithQuotaTag"
                        r"|WithTagPriority)?\b")
OURS = re.compile(r"^(include|lib|ports)/")


def compiler(target, port, system=WINDOWS_7):
    return [*CLANG, "--target=%s-pc-windows-msvc" % target, *PORTS[port],
            *TARGETS[target][port], system]


def headers(port):
    """The public headers of a port, as a program includes them."""
    for folder in ("include/cpuslab", "include/cpuslab/port",
                   "ports/%s/cpuslab" % port):
        for path in sorted(pathlib.Path(folder).glob("*.h")):
            if not PARTS.search(str(path)) and \
                    (port, path.name) != ("windows-user", "pinned.h"):
                yield str(path).split("/", 2 if "ports/" in folder else 1)[-1]


def accepts(command, source):
    """The number of failures: 0 or 1."""
    return subprocess.run([*command, "-fsyntax-only", "-"], input=source,
                          universal_newlines=True, check=False).returncode != 0


def include(names):
    return "".join("#include <%s>\n" % name for name in names)


def check_headers(target, port):
    """All of them in each version of the languages; some alone and twice."""
    command = [*compiler(target, port), *STRICT]
    names = list(headers(port))
    bad = 0
    for version, language in LANGUAGES.items():
        mode = [*command, "-std=" + version, "-x", language]
        print(target, port, version, len(names), "headers", flush=True)
        bad += accepts(mode, include(names))
        if (target, port, version) in ALONE:
            bad += sum(accepts(mode, include([name, name]) + "struct some;\n")
                       for name in names)
    return bad


def check_layer(target, port):
    """cpuslab.hpp, with as much of the library of C++ as it needs."""
    bad = 0
    for version, exceptions in (
            ("c++17", ["-fexceptions", "-fcxx-exceptions"]), ("c++20", [])):
        command = [*compiler(target, port), *STRICT, *exceptions,
                   "-isystem", "tests/windows/msvc/cxx",
                   "-std=" + version, "-x", "c++"]
        print(target, port, version, LAYER, flush=True)
        bad += subprocess.run([*command, "-fsyntax-only", LAYER],
                              check=False).returncode != 0
        for line in refused_in(command, LAYER):
            print(line)
            bad += 1
    return bad


def refused_in(command, source):
    """Our lines with a construct of gcc and clang, or a deprecated function."""
    done = subprocess.run([*command, "-E", source], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    name, number = "", 0
    for line in done.stdout.splitlines():
        marker = re.match(r'# (\d+) "(.*?)"', line)
        if marker:
            number, name = int(marker.group(1)) - 1, marker.group(2)
            continue
        number += 1
        name = name[2:] if name.startswith("./") else name
        # The compiler's offsetof, and mingw's YieldProcessor() for ARM64.
        line = line.replace("__builtin_offsetof", "")
        line = re.sub(r'__asm__ __volatile__\("dmb ishst[^;]*', "", line)
        if OURS.match(name) and (
                found := GNU.search(line) or DEPRECATED.search(line)):
            yield "%s:%d: %s" % (name, number, found.group())


def check_source(command, source):
    print(source, command[-1], flush=True)
    bad = subprocess.run([*command, "-std=c11", "-fsyntax-only", source],
                         check=False).returncode != 0
    for line in refused_in([*command, "-std=c11"], source):
        print(line)
        bad += 1
    return bad


def check_port(target, port):
    sources = ["lib/all.c", "ports/%s/all.c" % port]
    if port == "windows-kernel":
        bad = check_source(compiler(target, port, WINDOWS_10_2004), sources[1])
        sources += ["ports/windows-kernel/sample/" + name for name in SAMPLE]
    else:
        bad = 0
    return bad + sum(check_source(compiler(target, port), source)
                     for source in sources)


def main():
    bad = 0
    for target in TARGETS:
        for port in PORTS:
            print(target, port, flush=True)
            bad += check_port(target, port) + check_headers(target, port)
            bad += check_layer(target, port)
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
