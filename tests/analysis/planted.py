#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An analyser finds what is planted in planted.c.

    planted.py BUILD TOOL
"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLANTED = "tests/analysis/planted.c"


def main():
    build, tool = sys.argv[1:]
    with open(os.path.join(HERE, "planted.c")) as source:
        wanted = {number for number, line in enumerate(source, 1)
                  if re.search(rf"; /\*.* {tool} .*\*/$", line)}
    output = subprocess.run([os.path.join(HERE, "analyse.py"), build, tool,
                             PLANTED], stdout=subprocess.PIPE, text=True).stdout
    found = {int(line) for line in
             re.findall(rf"{re.escape(PLANTED)}:(\d+)", output)}
    print(output, end="")
    print(f"{tool}: planted in lines {sorted(wanted)}, "
          f"found in {sorted(found)}")
    return not wanted or not wanted <= found


if __name__ == "__main__":
    sys.exit(main())
