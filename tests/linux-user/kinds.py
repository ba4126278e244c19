#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a process may do to itself, and what came of it: a table.

Run the tests that kinds.txt names, in a build folder, and print a table in
Markdown: the kind, the case, what the first version did, what happens now.
The exit status is 1 if a test failed.
"""
import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = {"OK": "passes", "SKIP": "cannot run here"}


def kinds():
    """(kind, case, before, test) of each line."""
    for line in (HERE / "kinds.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def run(build, tests):
    """{test: (result, seconds)}"""
    subprocess.run(["meson", "test", "-C", build, "--no-rebuild", *tests],
                   stdout=subprocess.DEVNULL, check=False)
    log = pathlib.Path(build) / "meson-logs" / "testlog.json"
    results = {}
    for line in log.read_text().splitlines():
        one = json.loads(line)
        name = one["name"].rpartition(" ")[2]
        results[name] = (one["result"], one["duration"])
    return results


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", help="a build folder with tests, up to date")
    build = parser.parse_args().build
    rows = list(kinds())
    results = run(build, sorted({row[3] for row in rows}))
    print("| kind | case | first version | now | test | seconds |")
    print("|---|---|---|---|---|---|")
    bad = False
    for kind, case, before, test in rows:
        result, seconds = results.get(test, ("MISSING", 0))
        bad |= result not in RESULTS
        print("| %s | %s | %s | %s | `%s` | %.1f |" % (
            kind, case, before, RESULTS.get(result, result), test, seconds))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
