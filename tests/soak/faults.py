#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The soak program must fail if each round loses something, and say what; a
guest that does not run is a failure; and an interrupt ends all, is no failure,
and hides none.

The last line is "N passed, N failed".
"""

import glob
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from run import group_parents, guest_checks, guest_says  # noqa: E402

PROGRAM = "build/torture/tests/soak/soak"
LOST = {
    "": r"^soak: ok$",
    "add": r"failed: (process_done|sum >= done).*SEED=\d",
    "memory": r'"level": "rss_kb".*"flat": false',
    "mapping": r'"level": "mappings".*"flat": false',
    "file": r'"level": "files".*"flat": false',
    "thread": r'"level": "threads".*"flat": false',
}


# In place of a guest: one that goes on for an hour.
GUEST = """
import pathlib, sys
sys.path.insert(0, "tests/soak")
sys.dont_write_bytecode = True
import run
run.PROGRESS, run.ROOT = 0.1, pathlib.Path(sys.argv.pop())
run.RESULTS = run.ROOT / "build"
run.GUEST = ["sh", "-c", "sleep 3600 & echo $! >build/sleep; "
             "cat build/round >build/vm/run/x/soak/report; wait"]
sys.exit(run.main())
"""
ROUND = '{"mode": "rseq", "round": 7, "steps": 9, "changes": 9, ' \
    '"cpu_sets": 9, "forks": 9, "cancelled": 9, "plugins": 9, "jumps": 9, ' \
    '"refusals": 9, "rss_kb": 9, "mappings": 9, "files": 9, "threads": 9}'


# In place of the program: one that fails, and one that interrupts when the
# other has been waited for.
FAILS = """#!/bin/sh
case $CPUSLAB_RSEQ in
0) cat >/dev/null; kill -INT $PPID; exec sleep 60 ;;
esac
echo "soak: failed: sum >= done, CPUSLAB_TORTURE_SEED=1"
exit 1
"""
NEVER = "(?!)"  # matches nothing


def notices(fault, text):
    environment = {**os.environ, "CPUSLAB_TORTURE_SECONDS": "3"}
    if fault:
        environment["CPUSLAB_SOAK_FAULT"] = fault
    done = subprocess.run([PROGRAM], env=environment, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    right = done.returncode == (1 if fault else 0) and \
        re.search(text, done.stdout, re.M)
    return says("each round loses: " + (fault or "nothing"), right,
                done.stdout)


def says(what, right, output=""):
    print("%-40s %s" % (what, "ok" if right else "FAILED\n" + output))
    return bool(right)


def notices_no_guest():
    """One that does not begin, and one that ends early."""
    said = [["failed: no check was made"], ["  | ok  a", "Traceback"]]
    right = [[passed for _, passed, _ in guest_checks(lines, 1)]
             for lines in said] == [[False], [True, False]]
    return says("no guest", right)


def says_why_a_guest_failed():
    lines = ["soak FAILED 1", "  | ok a", "  | " + ROUND, "  | 11408 458172",
             "  | failed: sum >= done (x.c:1), CPUSLAB_TORTURE_SEED=1",
             "failed: soak: a"]
    return says("why a guest failed", guest_says(lines) == lines[4:5])


def finds_groups():
    """In version 1, and below the nearest that has both, or the most."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, words in (("", "cpu memory"), ("a", "cpuset memory pids"),
                            ("a/b", "memory"), ("a/b/c", ""), ("d", "")):
            (root / path).mkdir(exist_ok=True)
            (root / path / "cgroup.subtree_control").write_text(words + "\n")
        found = [list(group_parents(own, root)) for own in (
            "0::/a/b/c\n", "0::/d\n", "4:memory:/x\n3:cpu,cpuset:/\n0::/e\n")]
        right = found == [[root / "a"], [root], [
            root / "memory/x", root / "cpuset", root]]
    return says("where groups are made", right, str(found))


def interrupt(command, first):
    """When it has printed a line like the first; its status and output."""
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        output = ""
        for line in process.stdout:
            output += line
            if re.search(first, line):
                process.send_signal(signal.SIGINT)
        status = process.wait()
    groups = glob.glob("/sys/fs/cgroup/**/cpuslab-soak-%d" % process.pid,
                       recursive=True)
    return status, output + "".join(groups)


def is_interrupted(what, status, output):
    return says(what, status == 130 and "Traceback" not in output and re.search(
        r"^rounds +\d.*\n(.*\n)+0 passed, 0 failed, interrupted\n\Z",
        output, re.M), output)


def ends_user():
    return is_interrupted("an interrupt", *interrupt(
        [sys.executable, "tests/soak/run.py", "0.01", "--user",
         "--program", PROGRAM], r"^user: .*; rseq: [1-9]"))


def loses_no_failure():
    """The process of one mode has failed when the other interrupts the run."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "fails")
        program.write_text(FAILS)
        program.chmod(0o700)
        status, output = interrupt(
            [sys.executable, "tests/soak/run.py", "0.01", "--user",
             "--program", program], NEVER)
    return says("an interrupt after a failure", status == 130 and re.search(
        r"^failed: user: soak: failed: sum >= done.*SEED=1\n"
        r"0 passed, 1 failed, interrupted\n\Z", output, re.M), output)


def ends(process):
    """Soon; whether or not process 1 waits for it."""
    for _ in range(100):
        try:
            stat = pathlib.Path("/proc", process, "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if ") Z " in stat:
            return True
        time.sleep(0.1)
    return False


def ends_guest():
    with tempfile.TemporaryDirectory() as root:
        report = pathlib.Path(root, "build/vm/run/x/soak/report")
        report.parent.mkdir(parents=True)
        pathlib.Path(root, "build/round").write_text(ROUND + "\n")
        status, output = interrupt(
            [sys.executable, "-c", GUEST, "--guest", root],
            r"^guest: .*; rseq: 7 rounds")
        child = pathlib.Path(root, "build/sleep").read_text().strip()
    if not ends(child):
        output += "its guest goes on"
    return is_interrupted("an interrupt while a guest runs", status, output)


def main():
    # Python leaves it ignored, as a shell's background jobs have it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    others = (notices_no_guest, says_why_a_guest_failed, finds_groups,
              ends_user, ends_guest, loses_no_failure)
    failed = ["lost: " + (fault or "nothing") for fault, text in LOST.items()
              if not notices(fault, text)]
    failed += [test.__name__ for test in others if not test()]
    for what in failed:
        print("failed: " + what)
    print("%d passed, %d failed" % (len(LOST) + len(others) - len(failed),
                                    len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
