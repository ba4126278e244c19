#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is every symbol for GPL-compatible modules only documented?

    symbols.py MODULE.ko Module.symvers

Compares those that the module uses with the block after "gpl:" in
ports/linux-kernel/README.md. A name there that the module does not use is also
wrong, unless its line is for another kernel: "6.12 name ...".
"""

import pathlib
import re
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parents[2] / \
    "ports" / "linux-kernel" / "README.md"


def documented():
    """(names of any kernel, names of newer ones)"""
    block = re.search(r"^```gpl:\n(.*?)^```", README.read_text(),
                      re.M | re.S).group(1)
    always, newer = set(), set()
    for line in block.splitlines():
        first, *names = line.split()
        (newer if first[0].isdigit() else always).update(names)
    return always, newer


def taken(module, symvers):
    """What the module imports and the kernel exports for GPL only."""
    names = subprocess.run(["nm", "-u", module], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    fields = (line.split("\t")
              for line in pathlib.Path(symvers).read_text().splitlines())
    return set(names) & {f[1] for f in fields if f[3] == "EXPORT_SYMBOL_GPL"}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    always, newer = documented()
    found = taken(*sys.argv[1:])
    wrong = ["not documented: " + n for n in sorted(found - always - newer)]
    if not found & newer:
        wrong += ["not taken: " + n for n in sorted(always - found)]
    print("%d symbols for GPL-compatible modules only" % len(found))
    print("\n".join(wrong))
    sys.exit(1 if wrong or not found else 0)


if __name__ == "__main__":
    main()
