# SPDX-License-Identifier: MIT
"""Makes the HTML reference for a test, and reads its pages."""

import html.parser
import os
import subprocess
import sys

GENERATE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../docs/reference/generate.py")
VOID = {"meta", "link", "input", "br", "hr", "img"}


def generate(folder):
    subprocess.run([sys.executable, "-B", GENERATE, "html", folder],
                   check=True)


class Page(html.parser.HTMLParser):
    """Its names, its links, and what is wrong with it."""

    def __init__(self, folder, name):
        super().__init__()
        self.ids, self.links, self.files, self.wrong = [], [], [], []
        self.tags, self.open = [], []
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            self.feed(file.read())
        self.close()
        self.wrong += ["<%s> is not closed" % tag for tag in self.open]

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            if found["id"] in self.ids:
                self.wrong.append("two elements are #" + found["id"])
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif "src" in found or "href" in found:
            self.files.append(found.get("src", found.get("href")))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append("</%s> ends something else" % tag)


def read(folder):
    return {name: Page(folder, name) for name in os.listdir(folder)
            if name.endswith(".html")}


def is_dead(found, page, link):
    """Does a link from @page lead nowhere? @found: of read()."""
    if "://" in link:
        return False
    name, _, anchor = link.partition("#")
    target = found.get(name or page)
    return target is None or (anchor and anchor not in target.ids)


def dead(found):
    return ["%s: %s" % (name, link) for name, page in sorted(found.items())
            for link in page.links if is_dead(found, name, link)]


def reached(found, start="index.html"):
    """Names of the pages to which links lead from the first one."""
    seen, new = {start}, [start]
    while new:
        links = {link.partition("#")[0] for link in found[new.pop()].links}
        more = (links & set(found)) - seen
        seen |= more
        new += more
    return seen
