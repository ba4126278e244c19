#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTML reference: whole pages, links that lead somewhere, an index."""

import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../docs/reference")]

import headers  # noqa: E402
import html_guides  # noqa: E402
import html_page  # noqa: E402
import names  # noqa: E402
import pages  # noqa: E402

BAD = """<!doctype html><html><body><h1 id="a">x</h1><p id="a"></p>
<a href="#b">b</a> <a href="none.html">n</a> <a href="bad.html#a">a</a>
<div></body></html>"""


GUIDE = """# A

[b](../b.md#c) [x](none.c), [s](../ports/sim/cpuslab/sim.h) <w>

`cpuslab_add()` y [`cpuslab_add()`](../b.md) z

## Two words

last

```c
cpuslab_add(h);
```
"""


class Html(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        pages.generate(cls.folder.name)
        cls.pages = pages.read(cls.folder.name)
        name = os.path.join(cls.folder.name, "search-index.js")
        with open(name, encoding="utf-8") as file:
            text = file.read()
        cls.records = json.loads(text[text.index("(") + 1:text.rindex(")")])
        cls.headers = headers.load(os.path.join(HERE, "../.."))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_links(self):
        self.assertEqual(pages.dead(self.pages), [])
        self.assertGreater(sum(len(p.links) for p in self.pages.values()),
                           2000)

    def test_pages_are_whole(self):
        for name, page in self.pages.items():
            with self.subTest(name=name):
                self.assertEqual(page.wrong, [])
                for tag in ("h1", "main", "nav", "header"):
                    self.assertEqual(page.tags.count(tag), 1, tag)

    def test_each_page_is_reached(self):
        self.assertEqual(pages.reached(self.pages), set(self.pages))

    def test_nothing_is_fetched(self):
        for page in self.pages.values():
            self.assertEqual(set(page.files), {"style.css", "search.js"})
        for name in ("style.css", "search.js"):
            path = os.path.join(self.folder.name, name)
            with open(path, encoding="utf-8") as file:
                self.assertNotRegex(file.read(), r"://|@import|url\(")

    def test_each_name_is_there(self):
        titles = {title for title, _, _, _ in self.records}
        for header in self.headers:
            page = self.pages[html_page.header_href(header)]
            for item in header.public():
                self.assertIn(item.name, page.ids)
                self.assertIn(item.name, titles)

    def test_each_record_leads_somewhere(self):
        for title, _, link, _ in self.records:
            self.assertFalse(pages.is_dead(self.pages, "", link), title)
        kinds = {kind for _, kind, _, _ in self.records}
        self.assertLessEqual({"function", "type", "constant", "option",
                              "header", "guide", "macro"}, kinds)


class Guides(unittest.TestCase):
    def test_links(self):
        known = names.Names(headers.load(os.path.join(HERE, "../..")))
        with tempfile.TemporaryDirectory() as folder:
            site = html_page.Site(known, {"a/README.md": "A", "b.md": "B"},
                                  folder, "1")
            html_guides.write(site, "a/README.md", GUIDE)
            with open(os.path.join(folder, "a.html"),
                      encoding="utf-8") as file:
                text = file.read()
        for part in (
                '<a href="b.html#c">b</a> x, '
                '<a href="sim-sim.html">s</a>',
                '<a href="header-ops.html#cpuslab_add">'
                '<code>cpuslab_add()</code></a> y',
                '<a href="b.html"><code>cpuslab_add()</code></a> z',
                '<h2 id="two-words">', "&lt;w&gt;",
                '<a href="header-ops.html#cpuslab_add">cpuslab_add</a>(h);'):
            self.assertIn(part, text)
        self.assertEqual([record[:3] for record in site.records], [
            ["A", "guide", "a.html"],
            ["A: A", "guide", "a.html#a"],
            ["A: Two words", "guide", "a.html#two-words"]])
        self.assertEqual(site.records[2][3], "Two words last cpuslab_add(h);")


class Checks(unittest.TestCase):
    def test_what_is_wrong_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "bad.html"), "w",
                      encoding="utf-8") as file:
                file.write(BAD)
            found = pages.read(folder)
        self.assertEqual(pages.dead(found), ["bad.html: #b",
                                             "bad.html: none.html"])
        self.assertIn("two elements are #a", found["bad.html"].wrong)
        self.assertIn("</body> ends something else", found["bad.html"].wrong)
        self.assertEqual(pages.reached(found, "bad.html"), {"bad.html"})


if __name__ == "__main__":
    unittest.main()
