#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example server's page for people in Chromium: on a phone and on a wide
screen, light and dark.

    browser.py SERVER PARTS
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "fixture"))

from browser import (DARK, LIGHT, NARROW, PHONE, WIDE,  # noqa: E402
                     browsing, contrast, dump, luminance, probe)
from client import PATIENCE, Client, page  # noqa: E402

SERVER = PARTS = None
# Colours, what sticks out, how the bars and the CPUs' numbers are laid out.
PROBE = """<script>
"use strict";
const all = (selector) => [...document.querySelectorAll(selector)];
const colour = (selector, property) => getComputedStyle(
	document.querySelector(selector))[property].match(/[\\d.]+/g).map(Number);
const edge = document.documentElement.clientWidth;
parent.postMessage(JSON.stringify({
	width: innerWidth,
	overflow: document.documentElement.scrollWidth - edge,
	outside: all("body *").filter((e) => {
		const box = e.getBoundingClientRect();
		return box.left < 0 || box.right > edge + 0.5;
	}).map((e) => e.outerHTML),
	paper: colour("body", "backgroundColor"),
	ink: colour("body", "color"),
	soft: colour(".none", "color"),
	head: colour("thead th", "color"),
	link: colour("nav a", "color"),
	bar: colour(".share i", "backgroundColor"),
	bars: all(".share i").map((e) => e.getBoundingClientRect().width),
	numbers: all("tbody th:not([colspan])").map((e) => {
		const range = document.createRange();
		range.selectNodeContents(e);
		return range.getClientRects().length;
	}),
}), "*");
</script></body>"""


class Browser(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([SERVER, "--port=0"], text=True,
                                        stdout=subprocess.PIPE)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        line = self.process.stdout.readline()
        self.address = re.search(r"http://\S+", line).group(0)
        self.port = int(re.search(r":(\d+)/", line).group(1))

    def metric(self, name):
        found = re.search(r"(?m)^cpuslab_server_%s (\d+)$" % name,
                          page(self.port, "/metrics").text)
        return int(found.group(1))

    def test_forms(self):
        """A browser shows / as a table, for which it asks for nothing else
        in 10 s, and /metrics as text."""
        self.assertIn("<table>", dump(self.address))
        self.assertEqual(self.metric("requests_total"), 1)
        self.assertIn("cpuslab_server_requests_total 2\n",
                      dump(self.address + "metrics"))

    def test_live(self):
        """The browser asks again, and we ask whether it did."""
        asked = 0
        with browsing(self.address + "live"):
            end = time.monotonic() + PATIENCE
            while self.metric("requests_total") - asked < 3:
                self.assertLess(time.monotonic(), end)
                asked += 1
                time.sleep(0.2)

    def pages(self):
        """Of this machine after some requests, and of an odd one."""
        with Client(self.port) as client:
            for _ in range(100):
                client.ask()
            yield client.ask("/", "text/html").text
        yield subprocess.run([PARTS, "--page"], capture_output=True,
                             check=True, text=True).stdout

    def test_looks(self):
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "page.html")
            for odd, text in enumerate(self.pages()):
                if not odd:     # has no worker that is parked
                    text = text.replace("<td>runs", '<td class="none">runs')
                with open(name, "w", encoding="utf-8") as file:
                    file.write(text.replace("</body>", PROBE))
                for theme in (LIGHT, DARK):
                    for width in (NARROW, PHONE, WIDE):
                        with self.subTest(odd=odd, theme=theme, width=width):
                            self.look(probe(name, theme, width), odd, theme,
                                      width)

    def look(self, seen, odd, theme, width):
        self.assertEqual(seen["width"], width)
        self.assertLessEqual(seen["overflow"], 0)
        self.assertEqual(seen["outside"], [])
        for name in ("ink", "soft", "head", "link"):
            self.assertGreaterEqual(contrast(seen[name], seen["paper"]), 4.5)
        self.assertGreaterEqual(contrast(seen["bar"], seen["paper"]), 3)
        if theme == LIGHT:
            self.assertGreater(luminance(seen["paper"]), 0.8)
        else:
            self.assertLess(luminance(seen["paper"]), 0.05)
        self.assertEqual(set(seen["numbers"]), {1})
        if odd:     # two that are nearly nothing, the highest, half of that
            low, lower, highest, half = seen["bars"]
            self.assertEqual((low, lower), (1, 1))
            self.assertAlmostEqual(half / highest, 0.5, 2)
            self.assertGreater(highest, width / 5)


if __name__ == "__main__":
    SERVER, PARTS = sys.argv[1:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
