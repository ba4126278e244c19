#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Google Benchmark receives its own options: test_google.py PROGRAM."""

import json
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
BRIEF = "--benchmark_min_time=0.0001"


def run(*options):
    done = subprocess.run([PROGRAM, *options], capture_output=True, text=True,
                          timeout=300, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout


def as_json(*options):
    return json.loads(run("--benchmark_format=json", BRIEF, *options))


class Google(unittest.TestCase):
    def test_filter_and_json(self):
        told = as_json("--benchmark_filter=^add/cpuslab/")
        names = {b["name"].split("/")[1] for b in told["benchmarks"]}
        self.assertEqual(names, {"cpuslab"})
        self.assertIn(told["context"]["mode"], ("rseq", "atomic"))

    def test_time_is_positive_and_work_was_done(self):
        for entry in as_json("--benchmark_filter=^add/")["benchmarks"]:
            if not entry.get("error_occurred"):
                self.assertGreater(entry["real_time"], 0)
                self.assertGreater(entry["iterations"], 0)

    def test_repetitions(self):
        told = as_json("--benchmark_filter=^sum/cpuslab/limit:2/",
                       "--benchmark_repetitions=3")["benchmarks"]
        kinds = [b["run_type"] for b in told]
        self.assertEqual(kinds.count("iteration"), 3)
        self.assertIn("median", [b.get("aggregate_name") for b in told])

    def test_random_interleaving(self):
        told = as_json("--benchmark_filter=^sum/cpuslab/",
                       "--benchmark_repetitions=4",
                       "--benchmark_enable_random_interleaving=true")
        self.assertEqual(
            sum(b["run_type"] == "iteration" for b in told["benchmarks"]), 24)

    def test_a_later_option_wins_and_output_is_written(self):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            run("--benchmark_filter=^snapshot/", BRIEF,
                "--benchmark_out=" + file.name, "--benchmark_out_format=json")
            with open(file.name, encoding="utf-8") as out:
                self.assertTrue(json.load(out)["benchmarks"])

    def test_threads_are_where_they_belong(self):
        for entry in as_json("--benchmark_filter=pinned:1")["benchmarks"]:
            if not entry.get("error_occurred"):
                self.assertEqual(entry["cpus"], entry["threads"],
                                 entry["name"])

    def test_skipped_with_a_reason(self):
        skipped = [entry["error_message"] for entry in as_json(
            "--benchmark_filter=^(cache|hot-add)/", "--brief")["benchmarks"]
            if entry.get("error_occurred")]
        self.assertTrue(skipped)
        for reason in skipped:
            self.assertRegex(reason, "^skipped: .")

    def test_an_unknown_option_is_refused(self):
        done = subprocess.run([PROGRAM, "--no-such-option"],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
