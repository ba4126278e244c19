#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The blocks of code in all Markdown pages.

An indented block is commands for a shell; anything else is fenced, with its
language. table.py says which are not run here, and why.

blocks.py check                 each block is run or excused, each excuse needed
blocks.py list                  the blocks of commands that are run: ID PAGE
blocks.py commands ID           one of them, as a script
blocks.py print PAGE LANGUAGE N the Nth block of that language
blocks.py packages PAGE         what its commands take for granted
"""

import pathlib
import re
import sys

import table

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Block:
    def __init__(self, page, line, language, text):
        self.page, self.line, self.language = page, line, language
        self.text = text

    def __str__(self):
        return "%s:%d" % (self.page, self.line)


def _lines(page):
    """(number, line, language): language is None outside of blocks."""
    fence, indented, last = None, False, ""
    text = (ROOT / page).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*```(.*)", line)
        if mark:
            fence = None if fence is not None else mark.group(1)
            yield number, line, None
        elif fence is not None:
            yield number, line, fence
        else:
            indented = (line.startswith("    ") and indented or
                        not last and bool(re.match(r"    \S", line)))
            yield number, line[4:], "sh" if indented else None
        last = line


def blocks_of(page):
    found, open_block = [], None
    for number, line, language in _lines(page):
        if language is None:
            open_block = None
        elif open_block is None:
            open_block = Block(page, number, language, line + "\n")
            found.append(open_block)
        else:
            open_block.text += line + "\n"
    return found


def all_blocks():
    pages = sorted(str(path.relative_to(ROOT)) for top in ROOT.iterdir()
                   if top.name != "build"
                   for path in [top, *top.rglob("*.md")]
                   if path.suffix == ".md")
    return [block for page in pages for block in blocks_of(page)]


def excuse(block):
    """The entry of table.NOT_RUN for it, or None."""
    for page, start in table.NOT_RUN:
        if page == block.page and block.text.startswith(start):
            return page, start
    return None


def commands():
    return [block for block in all_blocks()
            if block.language == "sh" and not excuse(block)]


def as_run(block):
    """Its text, with what replaces commands that take too long."""
    text = block.text
    for (page, line), instead in table.INSTEAD.items():
        if page == block.page:
            text = text.replace(line, instead)
    return text


def check():
    bad, used = [], set()
    for block in all_blocks():
        used.add(excuse(block))
        known = ["", "sh"] + table.TESTED.get(block.page, "").split()
        if block.language not in known and not excuse(block):
            bad.append("%s: no test compiles this '%s'"
                       % (block, block.language))
    for entry in set(table.NOT_RUN) - used:
        bad.append("%s: no block begins with '%s'" % entry)
    for page, line in table.INSTEAD:
        if not any(line in block.text for block in blocks_of(page)):
            bad.append("%s: no block has '%s'" % (page, line))
    return bad


def main():
    verb, *arguments = sys.argv[1:] or ["check"]
    if verb == "check":
        bad = check()
        print("\n".join(bad) or "%d blocks" % len(all_blocks()))
        return bool(bad)
    if verb == "list":
        for number, block in enumerate(commands()):
            print(number, block)
    elif verb == "commands":
        print(as_run(commands()[int(arguments[0])]), end="")
    elif verb == "packages":
        print(table.PACKAGES.get(arguments[0], ""))
    elif verb == "print":
        page, language, number = arguments
        print([block for block in blocks_of(page)
               if block.language == language][int(number)].text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
