#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of real results as Chromium lays it out: test_browser.py PAGE"""

import os
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "fixture"))

import browser  # noqa: E402
from browser import DARK, LIGHT, PHONE, WIDE  # noqa: E402

PAGE = sys.argv.pop(1)


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            page = os.path.join(folder, "page.html")
            with open(PAGE, encoding="utf-8") as file:
                text = file.read()
            with open(page, "w", encoding="utf-8") as file:
                file.write(text.replace(
                    "</body>", '<script src="probe.js"></script></body>'))
            shutil.copy(os.path.join(HERE, "probe.js"), folder)
            cls.phone = browser.probe(page, DARK, PHONE)
            cls.wide = browser.probe(page, LIGHT, WIDE)

    def test_the_page_is_as_wide_as_the_window(self):
        for seen, width in ((self.phone, PHONE), (self.wide, WIDE)):
            self.assertEqual(seen["width"], width)
            self.assertLessEqual(seen["overflow"], 0)

    def test_no_text_is_cut_off(self):
        self.assertEqual(self.phone["cut"], [])
        self.assertEqual(self.wide["cut"], [])

    def test_text_is_large_enough(self):
        for seen in (self.phone, self.wide):
            self.assertGreaterEqual(seen["size"], 11)

    def test_pictures_use_the_width(self):
        for seen in (self.phone, self.wide):
            self.assertGreaterEqual(len(seen["plots"]), 8)
            self.assertGreater(min(seen["plots"]), 300)
        self.assertLess(max(self.wide["plots"]), WIDE / 3)
        self.assertGreater(min(self.phone["whiskers"]), 300)
        self.assertGreater(min(self.wide["whiskers"]), 400)

    def test_the_first_picture_is_on_the_first_screen(self):
        self.assertLess(self.wide["first"], 800)

    def test_themes(self):
        for seen in (self.phone, self.wide):
            for name in ("ink", "own"):
                self.assertGreaterEqual(
                    browser.contrast(seen[name], seen["paper"]), 4.5)
        self.assertGreater(browser.luminance(self.wide["paper"]), 0.8)
        self.assertLess(browser.luminance(self.phone["paper"]), 0.05)


if __name__ == "__main__":
    unittest.main()
