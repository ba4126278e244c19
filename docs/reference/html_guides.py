# SPDX-License-Identifier: MIT
"""Renders the Markdown files of the project, as pages of the reference."""

import os
import re

import markdown_it
from markdown_it.token import Token

import anchors
import html_page as page
import names
import overview

FIRST = ("README.md", "docs/", "ports/", "examples/", "lib/", "bench/",
         "tests/", "CONTRIBUTING.md", "packaging/", "NEWS.md")


def load():
    """{path: text}, in the order of FIRST."""
    found = []
    for path, folders, files in os.walk(overview.ROOT):
        folders[:] = sorted(f for f in folders
                            if not f.startswith((".", "build")))
        found += [os.path.relpath(os.path.join(path, name), overview.ROOT)
                  for name in files if name.endswith(".md")]

    def order(path):
        return [n for n, first in enumerate(FIRST)
                if path.startswith(first)][0], path.count("/"), path

    return {path: overview.read(path) for path in sorted(found, key=order)}


def title(text):
    return re.search(r"^# (.*)$", text, re.M).group(1).replace("`", "")


def href(site, path, target):
    """Where a link of a guide leads; None for what the site does not have."""
    if "://" in target or target.startswith("#"):
        return target
    file, _, anchor = target.partition("#")
    file = os.path.normpath(os.path.join(os.path.dirname(path), file))
    if file in site.guides:
        return page.guide_href(file) + ("#" + anchor if anchor else "")
    if file in site.known.includes:
        return page.header_href(site.known.includes[file])
    return None


def links(site, path, children):
    """Lead to pages; and from code, where it is all of a name."""
    found, dropped, inside = [], False, 0
    for token in children:
        if token.type == "link_open":
            inside += 1
            where = href(site, path, token.attrGet("href"))
            dropped = where is None
            if not dropped:
                token.attrSet("href", where)
        if token.type == "link_close":
            inside -= 1
        if token.type in ("link_open", "link_close") and dropped:
            dropped = token.type == "link_open"
            continue
        if token.type == "code_inline" and not inside:
            word = names.WORD.fullmatch(token.content)
            where = site.target(word and site.known.find(
                word.lastgroup, token.content, site.known.headers[0]))
            if where:
                opened = Token("link_open", "a", 1, attrs={"href": where})
                found += [opened, token, Token("link_close", "a", -1)]
                continue
        found.append(token)
    return found


def records(site, path, tokens):
    """What the search finds: the text of each section."""
    heading, anchor, text = site.guides[path], "", []
    for before, token in zip([None] + tokens, tokens):
        if token.type == "heading_open" and token.attrGet("id"):
            site.record(heading, "guide", page.guide_href(path) + anchor,
                        " ".join(text))
            anchor, text = "#" + token.attrGet("id"), []
        elif token.content:
            if before and before.type == "heading_open" and anchor:
                heading = "%s: %s" % (site.guides[path], token.content)
            text.append(token.content)
    site.record(heading, "guide", page.guide_href(path) + anchor,
                " ".join(text))


def write(site, path, text):
    parser = markdown_it.MarkdownIt("commonmark", {"html": False})
    tokens = parser.enable("table").parse(text)
    headings = [(token, content.content) for token, content in
                zip(tokens, tokens[1:]) if token.type == "heading_open"]
    for (token, _), name in zip(headings, anchors.anchors(
            [heading for _, heading in headings])):
        token.attrSet("id", name)
    records(site, path, tokens)
    for token in tokens:
        if token.type == "inline":
            token.children = links(site, path, token.children)
        elif token.type == "fence" and token.info in ("c", "cpp"):
            token.type = "html_block"
            token.content = site.code(token.content, site.known.headers[0])
    body = parser.renderer.render(tokens, parser.options, {})
    site.write(page.guide_href(path), site.guides[path], body.replace(
        "<table>", '<div class="scroll"><table>').replace(
        "</table>", "</table></div>"))
