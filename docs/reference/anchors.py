# SPDX-License-Identifier: MIT
"""The names that GitHub gives to the headings of a page."""

import re


def anchors(headings):
    """In the same order; a heading that comes again gets a number."""
    found, seen = [], {}
    for heading in headings:
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen[name] = seen.get(name, -1) + 1
        found.append("%s-%d" % (name, seen[name]) if seen[name] else name)
    return found


def headings(text):
    """Those of a Markdown file."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    return re.findall(r"^#+ (.*)$", text, re.M)
