#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The names of all public structs and constants, for ffi.c.

    names.py FILE   written: FFI_STRUCTS(X) and FFI_CONSTANTS(X), each of which
                    has X(NAME) for each of them
"""

import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
sys.path.append(os.path.join(ROOT, "docs/reference"))
import headers  # noqa: E402

STRUCT = re.compile(r"struct\b[^;({]*(\([^)]*\)[^;({]*)?\{")
NUMBER = re.compile(r"#\s*define \w+[\s\\]+[-(\d]")


def items():
    """Of the headers for programs: not of ports, nor of kernels."""
    for header in headers.load(ROOT):
        if re.match(r"include/|ports/linux-user/", header.path) and \
                header.base not in ("port.h", "pinned.h"):
            yield from header.public()


def main():
    structs, constants = [], []
    for item in items():
        constants += item.enumerators
        if item.kind == "constant" and NUMBER.match(item.code):
            constants.append(item.name)
        elif item.kind == "type" and STRUCT.match(item.code):
            structs.append(item.name)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for macro, names in (("FFI_STRUCTS", structs),
                             ("FFI_CONSTANTS", constants)):
            file.write("#define %s(X) %s\n" % (macro, " ".join(
                "\\\n\tX(%s)" % name for name in names)))


if __name__ == "__main__":
    main()
