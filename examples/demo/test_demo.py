#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_demo.py DEMO: short runs of the demo, in both forms."""

import json
import os
import subprocess
import sys

DEMO = sys.argv[1]
SKIP = 77
PARTS = ("machine", "real", "usual", "storm", "speed", "container")


def run(*arguments, status=0):
    done = subprocess.run([DEMO, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != status:
        print(done.stdout, done.stderr, sep="\n")
        sys.exit("%s: status %d" % (" ".join(arguments), done.returncode))
    return done.stdout


def test_json():
    report = json.loads(run("--json", "--seconds", "1"))
    assert report["result"] == "PASS" and report["failed"] == "", report
    assert all(check["ok"] for check in report["checks"])
    for part in PARTS:
        assert report[part], part
    for part in PARTS[1:]:
        assert any(check["part"] == part for check in report["checks"]), part
    real = report["real"]
    assert real["events"] == real["events_expected"] > 0
    assert real["committed_bytes"] <= real["array_bytes"]


def test_text():
    text = run("--seconds", "1", "--seed", "7")
    assert text.endswith("\ndemo: PASS\n"), text
    assert "[FAIL]" not in text
    assert "--seed" in text
    for line in text.splitlines():
        assert len(line) <= 80, line


def test_replay():
    first, second = (json.loads(run("--json", "--seconds", "0.5", "--only",
                                    "usual"))["usual"] for _ in range(2))
    assert first == second


def test_arguments():
    assert "--json" in run("--help")
    run("--seconds", "soon", status=2)
    run("--only", "nothing", status=2)
    run("more", status=2)


if os.environ.get("CPUSLAB_EMULATED"):
    print("SKIP: the demo starts programs of its own, without the emulator")
    sys.exit(SKIP)
for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(name, "ok")
