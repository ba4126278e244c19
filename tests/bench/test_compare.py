#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test the comparison of two results: test_compare.py."""

import contextlib
import io
import itertools
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "bench"))
import compare      # pylint: disable=wrong-import-position


def document(scale=1.0, ratio=1.0, memory=250):
    """A result with nine repetitions of two bodies and one row of the table."""
    entries = []
    for name, time, extra in (
            ("add/cpuslab/pinned:1/real_time/threads:1", scale, {}),
            ("add/mutex/pinned:1/real_time/threads:1", 7.0, {}),
            ("memory/cpuslab/limit:64/iterations:1/manual_time", 1.0,
             {"kB": memory})):
        for i in range(9):
            entries.append(dict(
                run_name=name, name=name, run_type="iteration",
                time_unit="ns", real_time=time * (1 + 0.004 * i),
                **{k: v + i % 2 for k, v in extra.items()}))
    spread = {"low": ratio * 0.98, "median": ratio, "high": ratio * 1.02}
    return {"table": {"rows": [{"group": "add", "name": "add/cpuslab",
                                "rival": "add/librseq", "ratio": spread,
                                "chunks": 300}]},
            "runs": {"rseq": {"context": {}, "benchmarks": entries}}}


class Compare(unittest.TestCase):
    def compare(self, old, new, *options):
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for name, content in (("old", old), ("new", new)):
                names.append(os.path.join(folder, name))
                with open(names[-1], "w", encoding="utf-8") as file:
                    json.dump(content, file)
            told = io.StringIO()
            with contextlib.redirect_stdout(told):
                status = compare.main(names + list(options))
        return status, told.getvalue()

    def test_the_same(self):
        status, told = self.compare(document(), document())
        self.assertEqual(status, 0, told)
        self.assertIn("0 slower", told)

    def test_a_slower_body(self):
        status, told = self.compare(document(), document(scale=1.2))
        self.assertEqual(status, 1, told)
        self.assertEqual(told.count("SLOWER"), 1)

    def test_a_faster_body(self):
        status, told = self.compare(document(scale=1.2), document())
        self.assertEqual(status, 0, told)
        self.assertIn("better", told)

    def test_below_the_threshold(self):
        self.assertEqual(self.compare(document(), document(scale=1.03))[0], 0)
        self.assertEqual(self.compare(document(), document(scale=1.2),
                                      "--threshold", "0.5")[0], 0)

    def test_a_worse_ratio(self):
        status, told = self.compare(document(), document(ratio=1.15))
        self.assertEqual(status, 1, told)

    def test_ratios_only(self):
        self.assertEqual(self.compare(document(), document(scale=2),
                                      "--ratios")[0], 0)
        self.assertEqual(self.compare(document(), document(ratio=1.15),
                                      "--ratios")[0], 1)

    def test_more_memory(self):
        status, told = self.compare(document(), document(memory=300))
        self.assertEqual(status, 1, told)
        self.assertIn("LARGER", told)

    def test_nothing_in_common(self):
        other = {"table": {"rows": []}, "runs": {}}
        self.assertEqual(self.compare(document(), other)[0], 2)

    def test_mann_whitney_is_exact(self):
        """Compare with all ways to divide eight numbers."""
        ranks = range(8)
        for a in ([0, 1, 2, 3], [0, 1, 3, 6], [1, 2, 5, 7]):
            b = [r for r in ranks if r not in a]

            def below(chosen):
                rest = [r for r in ranks if r not in chosen]
                u = sum(x > y for x in chosen for y in rest)
                return min(u, 16 - u)

            ways = list(itertools.combinations(ranks, 4))
            p = sum(below(w) <= below(a) for w in ways) / len(ways)
            self.assertAlmostEqual(compare.mann_whitney(a, b), min(1, p))


if __name__ == "__main__":
    unittest.main()
