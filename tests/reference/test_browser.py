#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTML reference in a browser: search, keyboard, both themes, a phone."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import pages  # noqa: E402

LIGHT, DARK = 1, 0
PHONE, WIDE = 360, 1280
# A window cannot be as narrow as a phone, a frame can.
FRAME = """<!doctype html><iframe width="%d" height="900" src="%s.html"></iframe>
<script>
onmessage = (event) => {
	const out = document.createElement("pre");
	out.id = "probe";
	out.textContent = event.data;
	document.body.append(out);
};
</script>"""
# Pages with long words, wide tables, long lines of code.
NAMES = ("index", "header-refcount", "ports-linux-user", "bench", "functions")


def luminance(rgb):
    parts = [c / 255 / 12.92 if c / 255 <= 0.04045 else
             ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


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
        cls.browser = shutil.which("chromium") or \
            shutil.which("chromium-browser")
        assert cls.browser, "no chromium here"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def probe(self, name, theme, width):
        with open(os.path.join(self.site, "frame.html"), "w",
                  encoding="utf-8") as file:
            file.write(FRAME % (width, name))
        dom = subprocess.run(
            [self.browser, "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--virtual-time-budget=10000",
             "--host-resolver-rules=MAP * ~NOTFOUND",
             "--user-data-dir=" + os.path.join(self.folder.name, "p"),
             "--blink-settings=preferredColorScheme=%d" % theme,
             "--window-size=1400,1000", "--dump-dom",
             "file://%s/frame.html" % self.site],
            capture_output=True, text=True, timeout=120, check=True).stdout
        found = re.search(r'<pre id="probe">(.*?)</pre>', dom, re.S)
        self.assertTrue(found, "the scripts did not run to their end")
        return json.loads(html.unescape(found.group(1)))

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
