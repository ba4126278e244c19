#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cpuslab.hpp has not inlined is shared with no other plugin or library.

    shared.py COMPILER

Another one may have a copy of cpuslab of its own, of another version, so all
has hidden visibility, but for the exception, which may be caught there.
"""

import os
import re
import subprocess
import sys
import tempfile

SHARED = re.compile(r" (?:WEAK|UNIQUE) +DEFAULT +\d+ (cpuslab::.*)")


def symbols(compiler):
    """Of what uses all of it, where nothing is inlined that need not be."""
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "layer.o")
        subprocess.run([compiler, "-std=c++17", "-O0", "-fPIC", "-Iinclude",
                        "-Iports/linux-user", "-c", "tests/cxx/layer.cc",
                        "-o", made], check=True)
        found = subprocess.run(["readelf", "-sW", made], check=True,
                               stdout=subprocess.PIPE).stdout
    return subprocess.run(["c++filt"], input=found, check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    found = symbols(sys.argv[1])
    shared = [name for name in SHARED.findall(found)
              if "::error::" not in name]
    print("\n".join(shared))
    hidden = len(re.findall(r" HIDDEN .*\bcpuslab::", found))
    print("%d symbols are hidden" % hidden)
    return 1 if shared or not hidden else 0


if __name__ == "__main__":
    sys.exit(main())
