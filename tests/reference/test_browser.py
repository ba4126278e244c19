#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTML reference in a browser: search, keyboard, both themes, a phone."""

import os
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "fixture")]

import pages  # noqa: E402
from browser import (DARK, LIGHT, PHONE, WIDE, contrast,  # noqa: E402
                     luminance, probe)

# Pages with long words, wide tables, long lines of code.
NAMES = ("index", "header-refcount", "ports-linux-user", "bench", "functions")


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.site = os.path.join(cls.folder.name, "html")
        pages.generate(cls.site)
        shutil.copy(os.path.join(HERE, "probe.js"), cls.site)
        for name in NAMES:
            with open(os.path.join(cls.site, name + ".html"), "r+",
                      encoding="utf-8") as file:
                text = file.read().replace(
                    "</head>", '<script src="probe.js" defer></script></head>')
                file.seek(0)
                file.write(text)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def probe(self, name, theme, width):
        return probe(os.path.join(self.site, name + ".html"), theme, width)

    def test_search(self):
        seen = self.probe("index", LIGHT, WIDE)
        found = seen["found"]
        for query, first in (
                ("cpuslab_counter_add()", "cpuslab_counter_add"),
                ("counter add", "cpuslab_counter_add"),
                ("ENOMEM", "CPUSLAB_ENOMEM"), ("-Dport", "-Dport"),
                ("hotplug config", "cpuslab_hotplug_config"),
                ("splitmix64", "cpuslab_steering_hash")):
            self.assertEqual(found[query][0], first)
        self.assertIn("Linux kernel", found["percpu_ref"][0])
        self.assertEqual(found["zzzz"], [])

    def test_keyboard(self):
        seen = self.probe("header-refcount", LIGHT, WIDE)
        self.assertTrue(seen["focused"] and seen["hiddenAtFirst"])
        self.assertTrue(seen["hiddenAfterEscape"] and seen["active"])
        self.assertEqual(seen["expanded"], "true")
        self.assertEqual(seen["first"],
                         "header-counter.html#cpuslab_counter_add")
        self.assertEqual(len({seen["first"], seen["second"], seen["last"]}), 3)

    def test_themes(self):
        papers = {}
        for theme in (LIGHT, DARK):
            seen = self.probe("header-refcount", theme, WIDE)
            papers[theme] = luminance(seen["paper"])
            for name in ("ink", "soft", "link"):
                for ground in ("paper", "panel"):
                    with self.subTest(theme=theme, name=name, ground=ground):
                        self.assertGreaterEqual(
                            contrast(seen[name], seen[ground]), 4.5)
        self.assertGreater(papers[LIGHT], 0.8)
        self.assertLess(papers[DARK], 0.05)

    def test_widths(self):
        for name in NAMES:
            for width in (PHONE, WIDE):
                with self.subTest(name=name, width=width):
                    seen = self.probe(name, LIGHT, width)
                    self.assertEqual(seen["width"], width)
                    self.assertLessEqual(seen["overflow"], 0)
                    self.assertLess(seen["lines"], 48)


if __name__ == "__main__":
    unittest.main()
