# SPDX-License-Identifier: MIT
"""What is wrong with the comments of the public headers."""

import re

import names

def findings(headers, words):
    """(file, line, text) of each; @words: every name that exists."""
    known = names.Names(headers)
    for header in headers:
        yield from paths(words, header)
        if header.path.startswith("ports/sim/"):
            continue    # its comments are no kernel-doc
        yield from references(known, words, header, 1, header.comment)
        for item in header.public():
            for text in item_findings(known, item):
                yield header.path, item.line, "%s: %s" % (item.name, text)
            yield from references(known, words, header, item.line,
                                  item.comment)


def item_findings(known, item):
    if item.kind == "function" and not item.documented and \
            not item.name.startswith("cpuslab_port_"):  # some have one together
        yield "has no kernel-doc comment"
    if not item.documented or item.kind not in ("function", "macro"):
        return
    if item.comment.name != item.name:
        yield "its comment begins with another name"
    if not item.comment.summary:
        yield "its comment does not say what it does"
    yield from parameters(item)
    if item.kind == "function" or item.comment.sections:
        yield from sections(known, item)


def parameters(item):
    said = list(item.comment.params)
    for name in item.params:
        if name not in said:
            yield "does not explain @" + name
    for name in said:
        if name not in item.params:
            yield "explains @%s, which it does not have" % name
    if sorted(said) == sorted(item.params) and said != item.params:
        yield "explains its parameters in another order"


def sections(known, item):
    has = item.comment.sections
    if not known.section(item, "Context") and \
            "Context" not in item.header.comment.sections:
        yield "does not state its context"
    if item.result not in ("", "void") and "Return" not in has:
        yield "does not state what it returns"
    if item.result == "void" and "Return" in has and "Order" not in has:
        yield "states what it returns, which is nothing"
    for name in names.SECTIONS:
        text = has.get(name, "")
        if text.rstrip(".") == "see above" and \
                name not in item.header.comment.sections:
            yield "%s: nothing above states it" % name
        for match in names.AS.finditer(text):
            for other in filter(None, match.groups()):
                target = known.items.get(other)
                if target and (target is item or
                               name not in target.comment.sections):
                    yield "%s: %s() does not state it" % (name, other)


def references(known, words, header, line, comment):
    for kind, word, target in known.spans(comment.text(), header):
        name = re.sub(r"^.*[ /]|^-|[<>()]", "", word)
        if kind in ("call", "type", "constant", "header") and not target and \
                not exists(words, name):
            yield header.path, line, "%s: there is no such %s" % (word, kind)


def paths(words, header):
    """Headers by their path, also in plain comments and in #include."""
    for number, line in enumerate(header.text.splitlines(), 1):
        for path, base in re.findall(r"\b(cpuslab/(?:\w+/)*(\w+\.h))\b", line):
            if base not in words:
                yield header.path, number, path + ": there is no such header"


def unlisted(headers, tasks):
    """The table in README.md leads to every header of a process."""
    listed = {base for _, bases in tasks for base in bases}
    for header in headers:
        if header.path.startswith(("include/", "ports/linux-user/")) and \
                header.base not in listed:
            yield "README.md", 1, "its table does not name " + header.base


def exists(words, name):
    if name.endswith("*"):
        return any(word.startswith(name[:-1]) for word in words)
    return name in words
