#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test the goals and how builds are combined: test_gates.py PROGRAM"""

import contextlib
import io
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "bench"))
import gates        # pylint: disable=wrong-import-position

PROGRAM = sys.argv.pop(1)


def spread(median):
    return {"low": median, "median": median, "high": median}


def row(ratio, goal=1.0, **more):
    return dict({"group": "g", "name": "a", "rival": "b", "unit": "ns",
                 "goal": goal, "value": spread(1), "rival_value": spread(2),
                 "ratio": spread(ratio)}, **more)


def skipped(why="built without it"):
    return {"group": "g", "name": "a", "rival": "b", "unit": "ns",
            "goal": 1.0, "skipped": why}


def combine(*rows):
    return gates.combine([{"rows": [one]} for one in rows])


def shown(rows):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        gates.show(rows, "builds")
    return out.getvalue()


class Combine(unittest.TestCase):
    def test_the_median_of_the_builds_and_their_range(self):
        (found,) = combine(row(0.9), row(1.3), row(1.0), row(0.8))
        self.assertEqual(found["ratio"],
                         {"low": 0.8, "median": 0.95, "high": 1.3})
        self.assertEqual(found["builds"], [0.9, 1.3, 1.0, 0.8])

    def test_one_slow_build_misses_no_goal(self):
        self.assertFalse(gates.missed(combine(row(.9), row(1.3), row(.8))[0]))

    def test_most_builds_miss_it(self):
        self.assertTrue(gates.missed(combine(row(1.1), row(1.3), row(.8))[0]))

    def test_a_goal_for_a_value(self):
        self.assertTrue(gates.missed(
            {"group": "g", "name": "a", "unit": "kB", "goal": 256,
             "value": spread(257)}))

    def test_what_failed_is_above_any_goal(self):
        self.assertTrue(gates.missed(combine(row(None), row(None), row(.8))[0]))
        (found,) = combine(row(0.7), row(None), row(.8))
        self.assertEqual(found["ratio"],
                         {"low": 0.7, "median": 0.8, "high": None})
        self.assertFalse(gates.missed(found))
        self.assertIn("failed", shown([found]))

    def test_skipped_by_all_builds(self):
        rows = combine(skipped(), skipped())
        self.assertFalse(gates.missed(rows[0]))
        self.assertIn("skipped: built without it", shown(rows))
        self.assertIn("0 of 0 goals missed, 1 skipped", shown(rows))

    def test_skipped_by_one_build(self):
        (found,) = combine(skipped(), row(0.5))
        self.assertEqual(found["ratio"]["median"], 0.5)

    def test_equal_names_in_two_groups(self):
        self.assertEqual(len(combine(row(1), row(1, group="other"))), 2)

    def test_the_last_line_counts(self):
        self.assertTrue(shown(combine(row(1.2), row(1.3)) +
                              [row(0.5)]).endswith("1 of 2 goals missed\n"))


class Goals(unittest.TestCase):
    def rows(self, mode):
        environment = dict(os.environ)
        if mode == "atomic":
            environment["GLIBC_TUNABLES"] = gates.ATOMIC
        done = subprocess.run([PROGRAM, "--gates", "--brief"], check=True,
                              env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return json.loads(done.stdout)["rows"]

    def test_no_goal_is_an_absolute_time(self):
        rows = self.rows("default")
        self.assertGreater(len(rows), 20)
        for one in rows:
            self.assertIn("goal", one)
            self.assertTrue("rival" in one or one["unit"] == "kB", one)

    def test_rings_have_a_goal_against_records_made_in_place(self):
        rivals = [one["rival"] for one in self.rows("default")
                  if one["name"] == "ring-turn/cpuslab"]
        self.assertIn("ring-turn/ck_ring-spsc-in-place", rivals)
        self.assertIn("ring-turn/ck_ring-mpsc-in-place", rivals)

    def test_no_goal_for_rings_that_need_two_free_cpus(self):
        self.assertFalse([one["name"] for one in self.rows("default")
                          if one["name"].startswith(("ring-stream/",
                                                     "ring-many/"))])

    def test_atomic_mode_has_a_goal_of_its_own(self):
        names = [(one["name"], one["rival"]) for one in self.rows("atomic")
                 if "atomic mode" in one["group"]]
        self.assertEqual(names, [("add/cpuslab", "add/getcpu-atomic")])


if __name__ == "__main__":
    unittest.main()
