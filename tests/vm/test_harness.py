#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does the harness notice what it should? No guest is needed for these."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
from harness import Scenario  # noqa: E402
from harness.initramfs import Initramfs  # noqa: E402
from harness.paths import GUEST  # noqa: E402
from harness.verdict import Verdict  # noqa: E402

RACE = """\
[    1.000001] ==================================================================
[    1.000002] BUG: KCSAN: data-race in one / two
[    1.000003] read to 0xffff888003b4f000 of 8 bytes by task 41 on cpu 1:
[    1.000004]  %s+0x10/0x20
[    1.000005] ==================================================================
"""


class VerdictTest(unittest.TestCase):
    def judge(self, console="", report="ok one\nend\n", **fields):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, name) for name in ("c", "r")]
            for path, text in zip(paths, (console, report)):
                path.write_text(text)
            return Verdict(Scenario(title="", **fields), *paths, {"cpuslab"})

    def test_checks(self):
        verdict = self.judge(report="ok one\r\nnot ok two: why\r\nend\r\n")
        self.assertEqual(verdict.passed, ["one"])
        self.assertEqual(verdict.failures, ["two: why"])
        self.assertTrue(verdict.ended)

    def test_no_checks(self):
        for text in ("okay\n", " not ok\n", "ok\n", "the end\n", ""):
            verdict = self.judge(report=text)
            self.assertEqual(verdict.passed + verdict.failures, [])
            self.assertFalse(verdict.ended)

    def test_checks_of_a_module(self):
        verdict = self.judge("[    4.5] ok a\n[    4.6][  T17] slab: ok b\n"
                             "[    4.7] slab: not ok c: 1 is not 2\n")
        self.assertEqual(verdict.passed, ["one", "a", "b"])
        self.assertEqual(verdict.failures, ["c: 1 is not 2"])

    def test_trouble(self):
        for text in ("WARNING: CPU: 1 PID: 2 at lib/x.c:3 f+0x1/0x2",
                     "BUG: KASAN: use-after-free in f+0x1/0x2",
                     "BUG: kernel NULL pointer dereference, address: 0",
                     "BUG: sleeping function called from invalid context",
                     "WARNING: possible circular locking dependency detected",
                     "WARNING: suspicious RCU usage",
                     "INFO: task x:12 blocked for more than 120 seconds.",
                     "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                     "watchdog: BUG: soft lockup - CPU#1 stuck for 22s!",
                     "general protection fault, probably for non-canonical",
                     "x[12]: segfault at 0 ip 0 sp 0 error 4 in x[400000]",
                     "Oops: 0000 [#1] PREEMPT SMP",
                     "Kernel panic - not syncing: x"):
            console = "[   12.345678] %s\n" % text
            self.assertTrue(self.judge(console).failures, text)
            self.assertFalse(self.judge(console, allow=(".",)).failures, text)

    def test_expected_report(self):
        console = "[    1.2] BUG: KASAN: use-after-free in f+0x1/0x2\n"
        wanted = ("KASAN: use-after-free in f",)
        self.assertFalse(self.judge(console, reports=wanted).failures)
        self.assertTrue(self.judge("", reports=wanted).failures)
        self.assertTrue(self.judge(console, reports=("double-free",)).failures)

    def test_races_of_others(self):
        self.assertTrue(self.judge(RACE % "cpuslab_sum").failures)
        self.assertFalse(self.judge(RACE % "tick_sched_do_timer").failures)

    def test_boot_is_no_trouble(self):
        console = "[ 0.1] tsc: Unable to calibrate against PIT\n" \
            "[ 0.2] smpboot: CPU 2 is now offline\n"
        self.assertFalse(self.judge(console).failures)


class InitramfsTest(unittest.TestCase):
    def test_archive(self):
        initramfs = Initramfs()
        initramfs.base("/bin/sh", GUEST / "init")
        initramfs.add("/a/b/c", "text")
        initramfs.add("/a/b/d", "more\n")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "i.gz")
            initramfs.write(path)
            names = subprocess.run(
                "gzip -dc %s | tr '\\0' '\\n' | grep -ac 070701" % path,
                shell=True, stdout=subprocess.PIPE, text=True, check=True)
        self.assertEqual(int(names.stdout), 17)


class ScenarioTest(unittest.TestCase):
    def test_unknown_field(self):
        with self.assertRaises(TypeError):
            Scenario(title="", timeuot=3)


if __name__ == "__main__":
    unittest.main()
