#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Test the curves and their file: test_scale.py FOLDER, which has the program"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "bench"))
import scale        # pylint: disable=wrong-import-position

FOLDER = sys.argv.pop(1)
CURVES = ["add", "stack", "cache", "pass", "sums", "hot-add"]


class Scale(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile(suffix=".json") as file, \
                contextlib.redirect_stdout(io.StringIO()) as out:
            scale.main([FOLDER, "--scale", "--brief", "--json", file.name])
            with open(file.name, encoding="utf-8") as written:
                cls.text = written.read()
        cls.out = out.getvalue()
        cls.document = json.loads(cls.text)
        cls.points = [point for curve in cls.document["curves"]
                      for point in curve["points"]]

    def test_it_says_where_it_comes_from(self):
        for name in ("format", "kind", "date", "machine", "cpus", "mode",
                     "compiler", "librseq", "version"):
            self.assertIn(name, self.document)
        self.assertEqual(len(self.document["cpus"]),
                         self.document["machine"]["cpus"])

    def test_all_curves(self):
        self.assertEqual([curve["name"] for curve in self.document["curves"]],
                         CURVES)
        for name in CURVES:
            self.assertIn("\n%s: " % name, self.out)

    def test_from_one_thread_to_all_cpus(self):
        for curve in self.document["curves"]:
            counts = {point["threads"] for point in curve["points"]}
            self.assertEqual(min(counts), 1)
            self.assertEqual(max(counts), self.document["machine"]["cpus"])

    def test_each_point_has_figures_or_a_reason(self):
        measured = 0
        for point in self.points:
            if "skipped" in point:
                self.assertTrue(point["skipped"])
                continue
            measured += 1
            for name in ("ns", "scaling"):
                self.assertGreater(point[name]["median"], 0)
            if point["threads"] == 1:
                self.assertEqual(point["scaling"]["median"], 1)
        self.assertGreater(measured, len(CURVES))

    def test_ratios_are_those_of_cpuslab_to_a_rival(self):
        for curve in self.document["curves"]:
            self.assertTrue(curve["points"][0]["body"].endswith("/cpuslab"))
            for point in curve["points"]:
                if point["body"] == curve["points"][0]["body"]:
                    self.assertNotIn("ratio", point)

    def test_it_names_no_host(self):
        self.assertNotIn('"%s"' % os.uname().nodename, self.text)
        self.assertNotIn(os.path.expanduser("~/"), self.text)


if __name__ == "__main__":
    unittest.main()
