#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page as a browser shows it: test_report.py RESULTS.json

Chromium, headless and without a network, renders the page. What it shows is
read from its document, and from the picture: each plot has a background colour
of its own, which says where it is; there must be lines in it.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "bench"))
import plots        # pylint: disable=wrong-import-position
import report       # pylint: disable=wrong-import-position
import rows         # pylint: disable=wrong-import-position

RESULTS = sys.argv.pop(1)
WIDTH, HEIGHT = 640, 9000


def unfiltered(kind, line, above, step):
    """One line of a PNG, as it was before it was filtered."""
    line = bytearray(line)
    if kind == 2:
        return bytearray((a + b) & 255 for a, b in zip(line, above))
    for i in range(len(line) if kind else 0):
        left = line[i - step] if i >= step else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + above[i]) // 2) & 255
        else:
            corner = above[i - step] if i >= step else 0
            guess = left + above[i] - corner
            near = [abs(guess - x) for x in (left, above[i], corner)]
            best = (left, above[i], corner)[near.index(min(near))]
            line[i] = (line[i] + best) & 255
    return line


def pixels(path):
    """Lines of a PNG with 8 bits for each of three or four channels."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += size + 12
    assert depth == 8 and colours in (2, 6), (depth, colours)
    step = 3 if colours == 2 else 4
    raw, size = zlib.decompress(packed), width * step
    above, lines = bytearray(size), []
    for y in range(height):
        start = y * (size + 1)
        above = unfiltered(raw[start], raw[start + 1:start + 1 + size], above,
                           step)
        lines.append([bytes(above[i:i + 3])
                      for i in range(0, size, step)])
    return lines


def rgb(colour):
    return bytes.fromhex(colour[1:])


def near(a, b):
    return all(abs(x - y) < 40 for x, y in zip(a, b))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        page = os.path.join(cls.folder.name, "page.html")
        picture = os.path.join(cls.folder.name, "page.png")
        with open(RESULTS, encoding="utf-8") as file:
            document = json.load(file)
        report.write(document, page)
        with open(page, encoding="utf-8") as file:
            cls.source = file.read()
        cls.plots = report.all_plots(rows.of(document))
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        assert browser, "no chromium here"
        common = [browser, "--headless", "--no-sandbox", "--disable-gpu",
                  "--disable-dev-shm-usage", "--hide-scrollbars",
                  "--host-resolver-rules=MAP * ~NOTFOUND",
                  "--user-data-dir=" + os.path.join(cls.folder.name, "p"),
                  "--window-size=%d,%d" % (WIDTH, HEIGHT)]
        cls.dom = subprocess.run(
            common + ["--dump-dom", "file://" + page], capture_output=True,
            text=True, timeout=120, check=True).stdout
        subprocess.run(common + ["--screenshot=" + picture, "file://" + page],
                       capture_output=True, timeout=120, check=True)
        cls.lines = pixels(picture)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_nothing_is_fetched(self):
        outside = re.findall(
            r"(?:src|href)\s*=\s*['\"](?!#)[^'\"]*|@import|<script",
            self.source)
        self.assertEqual(outside, [])

    def test_the_document_says_what_was_measured(self):
        for text in ("cpuslab: what it costs", "Ratios and goals",
                     "add/getcpu-atomic", "cpu", "kernel", "compiler",
                     "Adding and removing a CPU", "change/add",
                     "Every figure"):
            self.assertIn(text, self.dom)

    def test_no_two_elements_have_one_name(self):
        names = re.findall(r"\sid=['\"]([^'\"]+)['\"]", self.dom)
        self.assertEqual(len(names), len(set(names)))

    def test_each_plot_is_drawn(self):
        self.assertGreaterEqual(len(self.plots), 8)
        self.assertEqual(self.dom.count("<svg"), len(self.plots))
        for number, plot in enumerate(self.plots):
            self.assertIn(plot.title, self.dom)
            with self.subTest(plot.title):
                self.look(number, plot)

    def look(self, number, plot):
        """Its area is there, is large, and its lines go through it."""
        ground = rgb(plots.background(number))
        found = [(y, line) for y, line in enumerate(self.lines)
                 if line.count(ground) > WIDTH / 10]
        self.assertGreater(len(found), 150, "the plot is not in the picture")
        colours, rivals = set(), 0
        for name, _ in plot.lines:
            own = name == "cpuslab"
            colours.add(plots.OWN if own else
                        plots.COLOURS[rivals % len(plots.COLOURS)])
            rivals += not own
        columns = {colour: set() for colour in colours}
        known = {}      # which colour's each pixel is
        for _, line in found:
            for x, pixel in enumerate(line):
                if pixel not in known:
                    known[pixel] = [c for c in colours if near(pixel, rgb(c))]
                for colour in known[pixel]:
                    columns[colour].add(x)
        # In the legend at least; elsewhere it can be behind another.
        for colour in colours:
            self.assertGreater(len(columns[colour]), 1, "no " + colour)
        drawn = set.union(*columns.values())
        self.assertGreater(len(drawn), WIDTH / 8)
        # Something is drawn to the left of the legend as well.
        self.assertLess(min(drawn), WIDTH / 2)


if __name__ == "__main__":
    unittest.main()
