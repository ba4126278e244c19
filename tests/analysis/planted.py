#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An analyser finds what is planted: in planted.c, and in planted_port.c as if
that were a file of each folder that is analysed.

    planted.py BUILD TOOL
"""

import os
import re
import sys

import analyse

HERE = os.path.relpath(os.path.dirname(os.path.abspath(__file__)), analyse.ROOT)


def planted(tool, unit, source):
    """Is all of it found, in a file that is compiled as the unit is?"""
    name = os.path.join(HERE, source)
    with open(os.path.join(analyse.ROOT, name)) as text:
        wanted = {number for number, line in enumerate(text, 1)
                  if re.search(rf"; /\*.* {tool} .*\*/$", line)}
    lines = analyse.analyse(tool, [analyse.Unit(
        name, unit.flags, unit.gcc, unit.clang, unit.cppcheck)])
    found = {int(line) for line in
             re.findall(rf"{re.escape(name)}:(\d+)", "\n".join(lines))}
    print(*lines, sep="\n")
    print(f"{tool}: {source} as {unit.name}: planted in lines "
          f"{sorted(wanted)}, found in {sorted(found)}")
    return bool(wanted) and wanted <= found


def main():
    sys.argv[1] = os.path.abspath(sys.argv[1])
    build, tool = sys.argv[1:]
    folders = {os.path.dirname(name): unit
               for name, unit in sorted(analyse.units(build).items())}
    # Which includes no header of cpuslab.
    results = [planted(tool, folders.pop("examples/load"), "planted.c")]
    results += [planted(tool, unit, "planted_port.c")
                for unit in folders.values()]
    return not all(results)


if __name__ == "__main__":
    sys.exit(main())
