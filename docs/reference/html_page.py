# SPDX-License-Identifier: MIT
"""The frame of each HTML page, and the links between them."""

import html
import os
import re

GROUPS = (
    ("include/", "Headers"),
    ("ports/linux-user/", "Linux processes"),
    ("ports/linux-kernel/", "Linux kernel"),
    ("ports/windows-kernel/", "Windows kernel"),
    ("ports/sim/", "Simulator"),
)
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%(title)s</title>
<link rel="stylesheet" href="style.css">
<script src="search.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<a class="home" href="index.html">cpuslab <small>%(version)s</small></a>
<form role="search" hidden>
<input type="search" placeholder="Search  ( / )" aria-label="Search"
 autocomplete="off" spellcheck="false" role="combobox" aria-expanded="false"
 aria-controls="results" aria-autocomplete="list">
</form>
<a class="pages" href="#pages">Pages</a>
</header>
<div id="found" hidden>
<p role="status"></p>
<ol id="results" role="listbox" aria-label="Results"></ol>
</div>
<div class="columns">
<main id="main" tabindex="-1">
%(body)s
</main>
<nav id="pages" aria-label="Pages">
%(nav)s
</nav>
</div>
</body>
</html>
"""


def escape(text):
    return html.escape(text, quote=False)


def header_href(header):
    """include/cpuslab/slab.h: slab.html; ports/sim/...: sim-sim.html."""
    port = re.match(r"ports/([\w-]+)/", header.path)
    return "%s%s.html" % (port.group(1) + "-" if port else "header-",
                          header.base[:-2])


def item_href(item):
    return "%s#%s" % (header_href(item.header), item.name)


def guide_href(path):
    """docs/promises.md: docs-promises.html; lib/README.md: lib.html."""
    path = re.sub(r"(.)/README\.md$", r"\1.md", path)
    return path[:-3].replace("/", "-").lower() + ".html"


class Site:
    def __init__(self, known, guides, folder, version):
        self.known, self.guides = known, guides   # {path: title}
        self.folder, self.version = folder, version
        self.records = []   # [title, kind, href, text] for the search

    def record(self, title, kind, href, text):
        self.records.append([title, kind, href, " ".join(text.split())])

    def links(self, entries, current):
        found = []
        for href, text in entries:
            mark = ' aria-current="page"' if href == current else ""
            found.append('<li><a href="%s"%s>%s</a></li>' % (
                href, mark, escape(text)))
        return "<ul>\n%s\n</ul>" % "\n".join(found)

    def nav(self, current):
        parts = [self.links([("index.html", "By task"),
                             ("functions.html", "A to Z")], current)]
        for prefix, title in GROUPS:
            entries = [(header_href(h), h.base) for h in self.known.headers
                       if h.path.startswith(prefix)]
            parts.append("<h2>%s</h2>\n%s" % (
                title, self.links(entries, current)))
        entries = [(guide_href(p), t) for p, t in self.guides.items()]
        parts.append("<h2>Guides</h2>\n" + self.links(entries, current))
        return "\n".join(parts)

    def write(self, href, title, body):
        if href != "index.html":
            title += " - cpuslab"
        with open(os.path.join(self.folder, href), "w",
                  encoding="utf-8") as file:
            file.write(FRAME % {
                "title": escape(title), "version": self.version,
                "nav": self.nav(href), "body": body})

    def target(self, target):
        """The link to a header or an item, or None."""
        if target is None:
            return None
        header = getattr(target, "header", target)
        if target is header:
            return header_href(header)
        return item_href(target) if target in header.public() else None

    def inline(self, text, header):
        return "".join(self.span(*span) for span in
                       self.known.spans(text, header))

    def span(self, kind, word, target):
        if not kind:
            return escape(word)
        if kind == "param":
            return "<var>%s</var>" % word[1:]
        code = "<code>%s</code>" % escape(word.strip("`"))
        href = self.target(target)
        return '<a href="%s">%s</a>' % (href, code) if href else code

    def code(self, text, header):
        """Source, with links from the names that it uses."""
        def link(found):
            name = found.group()
            target = self.known.items.get(name) or \
                self.known.constants.get(name)
            href = self.target(target)
            own = target and re.search(r"\b%s\b[^;{]*[({]|define %s\b" % (
                name, name), text.split("\n")[0]) and target.header is header
            return name if not href or own else '<a href="%s">%s</a>' % (
                href, name)

        parts = re.split(r"(/\*.*?\*/)", text.expandtabs(8), flags=re.S)
        return "<pre><code>%s</code></pre>" % "".join(
            "<i>%s</i>" % escape(part) if part.startswith("/*") else
            re.sub(r"\b_*[A-Za-z]\w+\b", link, escape(part)) for part in parts)
