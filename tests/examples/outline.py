# SPDX-License-Identifier: MIT
"""Read the server's page for people, and check what a browser forgives."""

import html.parser

VOID = {"meta", "link"}


class Wrong(Exception):
    """The page is not well-formed, or a reader would miss something."""


class Outline(html.parser.HTMLParser):
    """heading, refresh, links, and cells: {a row's header: its cells}."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.fragments = [], set(), set()
        self.links, self.cells, self.columns = [], {}, []
        self.heading, self.refresh, self.language = "", None, None
        self.title, self.bars, self.row = "", 0, None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if len(found) != len(attrs):
            raise Wrong("an attribute twice: %s" % attrs)
        if tag in ("script", "img", "iframe") or "src" in found:
            raise Wrong("it loads or runs something: %s" % tag)
        if tag not in VOID:
            self.open.append(tag)
        if found.get("id") in self.ids:
            raise Wrong("an id twice: %s" % found["id"])
        self.ids |= {found["id"]} if "id" in found else set()
        getattr(self, "start_" + tag, lambda found: None)(found)

    def start_html(self, found):
        self.language = found["lang"]

    def start_meta(self, found):
        if found.get("http-equiv") == "refresh":
            self.refresh = found["content"]

    def start_link(self, found):
        if found["href"] != "data:,":
            raise Wrong("it loads something: %s" % found)

    def start_a(self, found):
        if found["href"].startswith("#"):
            self.fragments.add(found["href"][1:])
        else:
            self.links.append(found["href"])

    def start_tr(self, _):
        self.row = []

    def start_th(self, found):
        self.row.append("")
        if found["scope"] != ("col" if "thead" in self.open else "row"):
            raise Wrong("scope: %s" % found)

    def start_td(self, _):
        self.row.append("")

    def start_i(self, found):
        """A bar repeats the number before it."""
        if found["aria-hidden"] != "true":
            raise Wrong("a bar is read aloud")
        self.bars += 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise Wrong("not nested: %s" % tag)
        if tag == "tr" and "thead" in self.open:
            self.columns = self.row
        elif tag == "tr":
            if self.row[0] in self.cells:
                raise Wrong("a row twice: %s" % self.row)
            self.cells[self.row[0]] = self.row[1:]

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.row[-1] += data
        elif self.open and self.open[-1] == "h1":
            self.heading += data
        elif self.open and self.open[-1] == "title":
            self.title += data

    def sum(self):
        """What the rows have together, without the total."""
        return sum(int(cells[-1].replace(",", ""))
                   for name, cells in self.cells.items()
                   if name != "Total" and cells[-1] != "no copy")


def of(text):
    if not text.startswith("<!DOCTYPE html>\n"):
        raise Wrong("no DOCTYPE")
    found = Outline()
    found.feed(text)
    found.close()
    if found.open:
        raise Wrong("open: %s" % found.open)
    if not found.title or not found.heading or found.language != "en":
        raise Wrong("no title, heading or language")
    if found.fragments - found.ids:
        raise Wrong("links to nothing: %s" % (found.fragments - found.ids))
    if found.columns != ["CPU", "Worker", "Connections", "Requests"]:
        raise Wrong("columns: %s" % found.columns)
    numbers = [cells[-1] for name, cells in found.cells.items()
               if name != "Total"]
    if found.bars != sum(n not in ("0", "no copy") for n in numbers):
        raise Wrong("not a bar for each number")
    return found
