#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the small examples, and compare what they print.

    programs.py FOLDER          the folder of the built programs
    programs.py --list          their names
"""

import pathlib
import re
import subprocess
import sys

SECONDS = 60

# What each prints: a regular expression for the whole output.
PROGRAMS = {
    "container_ids": r"400000 events\n",
    "cpu_changes": r"a queue for each CPU\n0 queues\n",
    "event_log": r"1000 and 1000 events\n",
    "event_ring": r"100000 events, 0 lost\n",
    # A quarter of the flows for the new queue; then those of the first one.
    "flow_steering": r"a fourth queue: 2[45] % of the flows moved\n"
                     r"without the first: 2[3-7] %\n",
    "free_list": r"each in one list\n",
    "from_cxx": r"2 hits, 1005 bytes, 1000 at most\n",
    "in_flight": r"0 wrong readings, 0 in flight at the end\n",
    "last_requests": r"1000 requests, last (1000|0)\n",
    "latency": r"reads: 1000 requests, mean 500, p50 503, p99 991, max 1007 ns\n"
               r"reads and writes: 2000 requests, mean 250502, p50 1007, "
               r"p99 983039, max 1015807 ns\n",
    "library": r"2 lines\n",
    "message_box": r"undelivered: 1\nall received\n",
    "object_cache": r"cached\n",
    # A thread that moves begins in the middle of another CPU's hundred.
    "own_type": r"100000 events, one in (99|100|101) sampled\n",
    "rate_limit": r"1000 admitted, 3000 refused in all\n"
                  r"1000 admitted, 6000 refused in all\n",
    "refcounted": r"no longer used\n4000 requests\n",
    "statistics": r"(?s)name requests\ndomain server\n.*\nobjects 1\n.*\n"
                  r'\{"name":"requests","domain":"server",.*\}\n'
                  r"requests of server: 1 objects, \d+ bytes on \d+ CPUs\n"
                  r"# TYPE cpuslab info\n.*\n"
                  r'cpuslab_slab_objects{domain="server",slab="requests",id="2"}'
                  r" 1\n.*\n# EOF\n",
    "thread_pool": r"10000 requests handled\n",
}


def wrong(program):
    """What is wrong with a program, or None."""
    try:
        ran = subprocess.run([program], capture_output=True, text=True,
                             timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if ran.returncode:
        return f"exit status {ran.returncode}\n{ran.stdout}{ran.stderr}"
    if not re.fullmatch(PROGRAMS[program.name], ran.stdout):
        return "it printed\n" + ran.stdout
    return None


def unlisted():
    """Sources of programs that are not in the table."""
    here = pathlib.Path(__file__).resolve().parents[2] / "examples"
    found = {path.stem for path in here.glob("*.c*")} - {"hello"}
    return sorted(found ^ PROGRAMS.keys())


def main(words):
    if words == ["--list"]:
        print("\n".join(PROGRAMS))
        return 0
    failed = len(unlisted())
    for name in unlisted():
        print(f"{name}: in the folder or in the table, not in both")
    for name in PROGRAMS:
        what = wrong(pathlib.Path(words[0], name))
        print(f"{name}: {what or 'ok'}")
        failed += bool(what)
    print(f"{len(PROGRAMS) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
