#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each man page that a man page names is there."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

GENERATE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../docs/reference/generate.py")


def plain(text):
    """Without fonts and marks against breaks."""
    return re.sub(r"\\f[BIPR]|\\%|\\&", "", text).replace("\\-", "-")


def references(text):
    """The files that a page names: "NAME(3)", or ".BR NAME (3)"."""
    return {"%s.%s" % found for found in
            re.findall(r"([\w.-]+) ?\(([37])\)", plain(text))}


class Man(unittest.TestCase):
    def test_what_is_in_a_folder_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            note = os.path.join(folder, "note")
            with open(note, "w", encoding="utf-8") as file:
                file.write("mine")
            done = subprocess.run(
                [sys.executable, "-B", GENERATE, "man3", folder],
                stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("is not empty", done.stderr)
            self.assertEqual(os.listdir(folder), ["note"])

    def test_references(self):
        pages = {}
        with tempfile.TemporaryDirectory() as folder:
            for section in ("man3", "man7"):
                path = os.path.join(folder, section)
                subprocess.run([sys.executable, "-B", GENERATE, section, path],
                               check=True)
                for name in os.listdir(path):
                    with open(os.path.join(path, name),
                              encoding="utf-8") as file:
                        pages[name] = file.read()
        found = 0
        for name, text in pages.items():
            with self.subTest(page=name):
                self.assertEqual(references(text) - set(pages), set())
                found += len(references(text))
        self.assertGreater(found, 1000)

    def test_what_is_a_reference(self):
        self.assertEqual(
            references(".BR \\%a_b.h (3) ,\nas \\fB\\%c\\fP(3), \\fBd\\fP()\n"),
            {"a_b.h.3", "c.3"})


if __name__ == "__main__":
    unittest.main()
