# SPDX-License-Identifier: MIT
"""Writes cpuslab(7): what there is, by task, and what all calls share."""

import os
import re

import man

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def tasks():
    """[(what one needs, [header...])]: the table in README.md."""
    head = "| you need | header | example |\n|---|---|---|\n"
    table = read("README.md").split(head)[1]
    rows = [row.strip("| ").split(" | ") for row in
            table.split("\n\n")[0].splitlines()]
    return [(need, re.findall(r"`([\w/]+\.h)`", names))
            for need, names, *_ in rows]


def write_section_7(known, folder, date, version):
    general = next(h for h in known.headers if h.base == "cpuslab.h")
    page = man.Page(known, general, "cpuslab",
                    "cpuslab \\- data of which each CPU has its own copy",
                    date, version, 7)
    man.synopsis(page, general, [])
    page.section("DESCRIPTION")
    page.text(read("README.md").split("\n\n")[1].replace("\n", " "))
    page.section("HEADERS BY TASK")
    for need, headers in tasks():
        pages = ["cpuslab_" + h for h in headers
                 if known.includes[h] is not general
                 and man.has_page(known.includes[h])]
        for header in pages:
            page.refer(header)
        if pages:
            page.paragraph()
            page.text(need[:1].upper() + need[1:] + ":")
            page.out.append(".RS 4")
            page.raw(", ".join("\\fB%s\\fP(3)" % man.unbroken(p) for p in pages))
            page.out.append(".RE")
    page.section("TERMS, FAILURES AND CALLBACKS")
    page.blocks(general.comment.body)
    page.section("RESULTS")
    for name in ("cpuslab_result", "cpuslab_error"):
        man.declaration(page, known.items[name])
    page.section("EXAMPLES")
    page.pre(re.sub(r"/\* SPDX.*?\*/\n", "", read("examples/hello.c")))
    page.see_also()
    man.write(folder, "cpuslab.7", page.finish())
