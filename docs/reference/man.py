# SPDX-License-Identifier: MIT
"""Writes man pages: one for each function, one for each header."""

import os
import re
import textwrap

import names

PORTS = ("include/", "ports/linux-user/")
# In include/, but for kernels, or for authors of ports.
OTHERS = ("pinned.h", "port.h")
TITLES = (("Context", "CONTEXT"), ("Order", "MEMORY ORDER"),
          ("Return", "RETURN VALUE"))
LEGEND = "In the comment of a field, W precedes what writes it, and R what reads it."


def has_page(header):
    return header.path.startswith(PORTS) and header.base not in OTHERS


def page_of(target):
    """The name of the page that describes a header or an item, or None."""
    header = getattr(target, "header", target)
    if not has_page(header):
        return None
    if target is not header and (target in header.functions() or (
            target.kind == "type" and target.name.startswith("cpuslab_"))):
        return target.name
    return "cpuslab_" + header.base


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def unbroken(name):
    """A name that is not hyphenated."""
    return "\\%" + escape(name)


def protect(line):
    return "\\&" + line if line[:1] in (".", "'") else line


class Page:
    def __init__(self, known, header, name, about, date, version, number=3):
        self.known, self.header, self.name = known, header, name
        self.also = []
        self.out = ['.TH %s %s %s "cpuslab %s" "cpuslab"' % (
            escape(name), number, date, version), ".ad l"]
        self.section("NAME")
        self.raw(about)

    def raw(self, text):
        self.out += [protect(line) for line in textwrap.wrap(
            text, 78, break_long_words=False, break_on_hyphens=False)]

    def section(self, title):
        self.out.append('.SH "%s"' % title if " " in title else ".SH " + title)

    def inline(self, text):
        found = []
        for kind, word, target in self.known.spans(text, self.header):
            found.append(self.span(kind, word, target))
        return "".join(found)

    def span(self, kind, word, target):
        if kind == "param":
            return "\\fI%s\\fP" % word[1:]
        if kind == "call":
            page = page_of(target) if target else None
            if page and page != self.name:
                self.refer(page)
                return "\\fB%s\\fP(3)" % unbroken(word[:-2])
            return "\\fB%s\\fP()" % unbroken(word[:-2])
        if kind in ("type", "constant", "header", "code"):
            if kind == "header" and target and page_of(target):
                self.refer(page_of(target))
                word = "<%s>" % target.include
            font = {"header": "I", "type": "I"}.get(kind, "B")
            return "\\f%s%s\\fP" % (font, unbroken(word.strip("`")))
        return re.sub(r"(?<!\w)-(?=\w)", "\\\\-", word.replace("\\", "\\e"))

    def refer(self, page):
        if page != self.name and page not in self.also:
            self.also.append(page)

    def text(self, text):
        self.raw(self.inline(text))

    def pre(self, text):
        """Lines as they are, which fit into 80 columns."""
        lines = textwrap.dedent(text.expandtabs(8)).splitlines()
        indent = min(4, 73 - max(map(len, lines)))
        self.paragraph()
        self.out += [".in %+dn" % indent, ".EX"]
        self.out += [protect(escape(line)) for line in lines]
        self.out += [".EE", ".in"]

    def paragraph(self):
        if not self.out[-1].startswith(".SH"):
            self.out.append(".PP")

    def blocks(self, content):
        for kind, text in content:
            if kind == "pre":
                self.pre(text)
            elif kind == "item":
                self.out.append(".IP \\(bu 3")
                self.text(text)
            else:
                self.paragraph()
                self.text(text)

    def term(self, term, text):
        self.out += [".TP", term]
        self.text(text)

    def see_also(self, *pages):
        for page in pages:
            self.refer(page)
        self.section("SEE ALSO")
        also = sorted(self.also)
        if self.name != "cpuslab":
            also.append("cpuslab")
        self.out += [".BR %s (%s)%s" % (
            unbroken(page), "7" if page == "cpuslab" else "3",
            "" if page == also[-1] else " ,") for page in also]

    def finish(self):
        return "\n".join(self.out) + "\n"


def prototype(item):
    """In the form of Linux's man pages, at most 72 columns."""
    if item.kind != "function":
        return [".B " + escape(re.sub(r"\s+", " ", item.prototype))]
    start = "%s%s%s(" % (item.result, "" if item.result[-1:] == "*" else " ",
                         item.name)
    arguments = [folded(argument, 62) for argument in item.arguments]
    room = max(len(line) for lines in arguments for line in lines)
    beside = len(start) + room <= 71
    rows = [start] if beside else [start, " " * min(8, 70 - room)]
    indent = " " * len(rows[-1])
    for number, (argument, *rest) in enumerate(arguments):
        glue = ", " if number else ""
        if number and (len(arguments[number - 1]) > 1 or
                       len(rows[-1] + glue + argument) > 71):
            rows[-1] += ","
            rows.append(indent + argument)
        else:
            rows[-1] += glue + argument
        rows += [indent + line for line in rest]
    rows[-1] += ");"
    return font_lines(rows, item)


def folded(argument, width):
    """The lines of an argument, of which a callback has some."""
    first, *rest = argument.split(", ")
    lines, indent = [first], " " * (argument.rfind("(") + 1)
    for part in rest:
        if len(lines[-1] + ", " + part) > width:
            lines[-1] += ","
            lines.append(indent + part)
        else:
            lines[-1] += ", " + part
    return lines


def font_lines(rows, item):
    """Bold, with the parameters' names in italics."""
    found = []
    for row in rows:
        row = escape(row)
        for name in item.params:
            row = re.sub(r"\b%s\b(?=[,)\[]|$)" % name,
                         r"\\fI%s\\fB" % name, row)
        found.append("\\fB%s\\fP" % row)
    return found


def synopsis(page, header, items):
    if header.base not in ("ring_map.h", "ring_event.h"):
        page.section("LIBRARY")
        page.raw("cpuslab (\\fIlibcpuslab\\fP, \\fI\\-lcpuslab\\fP; "
                 "\\fIpkg\\-config \\-\\-cflags \\-\\-libs cpuslab\\fP)")
    page.section("SYNOPSIS")
    page.out += [".nf", ".B #include <%s>" % header.include]
    for item in items:
        page.out += [".PP"] if item is items[0] or len(items) == 1 else []
        page.out += prototype(item)
    page.out.append(".fi")


def function_page(known, item, date, version):
    header, comment = item.header, item.comment
    page = Page(known, header, item.name, "%s \\- %s" % (
        item.name, re.sub(r"@", "", comment.summary)), date, version)
    synopsis(page, header, [item])
    page.section("DESCRIPTION")
    page.text(sentence(comment.summary))
    for name, text in comment.params.items():
        page.term(".I " + name, text)
    page.blocks(comment.body)
    for name, title in TITLES:
        texts = known.section(item, name)
        if not texts and name == "Context" and \
                name in header.comment.sections:
            texts = [(None, header.comment.sections[name])]
        if texts:
            page.section(title)
        for number, (other, text) in enumerate(texts):
            if number:
                page.out.append(".PP")
            page.text(("%s(): " % other if other and number else "") +
                      sentence(text))
    synchronization(page, header)
    page.see_also("cpuslab_" + header.base)
    return page.finish()


def sentence(text):
    text = text[:1].upper() + text[1:] if re.match(r"[a-z]+\b(?![_(]|\.\w)", text) \
        else text
    return text if text[-1:] in ".?!:" or not text else text + "."


def synchronization(page, header):
    sync = header.sync or header.comment.sections.get("Synchronization")
    if sync:
        page.section("SYNCHRONIZATION")
        page.blocks(sync)


def has_legend(items):
    return any(re.search(r"/\*[^/]*\bW(, R)? [a-z]", i.code) for i in items)


def header_page(known, header, date, version):
    types = [i for i in header.types() if i.kind == "type" or
             i.comment.text().strip() or i.kind == "constant"]
    listed = ["cpuslab_" + header.base] + [
        i.name for i in types if page_of(i) == i.name]
    page = Page(known, header, "cpuslab_" + header.base, "%s \\- %s" % (
        ", ".join(listed), header.brief), date, version)
    synopsis(page, header, header.functions())
    page.section("DESCRIPTION")
    page.text(sentence(header.brief))
    page.blocks(header.comment.body)
    for name, title in TITLES:
        if name in header.comment.sections:
            page.section(title)
            page.text(sentence(header.comment.sections[name]))
    if header.functions():
        page.section("FUNCTIONS")
        for item in header.functions():
            page.refer(item.name)
            page.out += [".TP", ".BR %s (3)" % escape(item.name)]
            page.text(sentence(item.comment.summary))
    if types:
        page.section("TYPES AND CONSTANTS")
        if has_legend(types):
            page.text(LEGEND)
        for item in types:
            declaration(page, item)
    synchronization(page, header)
    page.see_also()
    return page.finish()


def declaration(page, item):
    comment = item.comment
    if comment.summary:
        page.paragraph()
        page.text(sentence(comment.summary))
    page.blocks(comment.body)
    for name, text in comment.params.items():
        page.term(".I " + name, text)
    page.pre(item.code)


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def write_section_3(known, folder, date, version):
    for header in filter(has_page, known.headers):
        if header.base == "cpuslab.h":
            continue
        page = "cpuslab_" + header.base
        write(folder, page + ".3", header_page(known, header, date, version))
        for item in header.functions():
            write(folder, item.name + ".3",
                  function_page(known, item, date, version))
        for item in header.types():
            if page_of(item) == item.name:
                write(folder, item.name + ".3", ".so man3/%s.3\n" % page)
