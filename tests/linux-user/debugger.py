#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debugger steps over operations and through them.

    debugger.py PROGRAM

A step interrupts the thread, so it aborts a restartable section; the operation
must end all the same. PROGRAM is debugged.c. Status 77 without gdb.
"""

import os
import shutil
import subprocess
import sys
import tempfile

SECONDS = 60

BEGIN = """
set pagination off
set can-use-hw-watchpoints 0
break main
run
while debugged_done < 1
next
end
"""
WAYS = {
    "next": "while debugged_done < 2\nnext\nend\n",
    "step": "while debugged_done < 2\nstep\nend\n",
    "watch": "watch debugged_done\ncontinue\n",
}
END = "print debugged_done\nkill\n"


def debug(program, commands):
    """What gdb prints."""
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(BEGIN + commands + END)
        script.flush()
        try:
            return subprocess.run(
                ["gdb", "-quiet", "-nx", "-batch", "-x", script.name, program],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False,
                timeout=SECONDS).stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            return "does not end"


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    if not shutil.which("gdb"):
        print("gdb is not installed")
        return 77
    # What is pushed on one CPU is not popped on another.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    broken = 0
    for name, commands in WAYS.items():
        output = debug(sys.argv[1], commands)
        if "ptrace" in output:
            print("gdb may not trace: " + output)
            return 77
        fine = "\n$1 = 2\n" in output
        print("  %-6s %s" % (name, "ends" if fine else "fails\n" + output))
        broken += not fine
    return 1 if broken else 0


sys.exit(main())
