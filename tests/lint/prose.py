# SPDX-License-Identifier: MIT
"""What is prose in a file, and the words that CONTRIBUTING.md rules out.

prose(NAME, TEXT) gives a text of the same shape in which all but the prose is
blank, so that positions are those of the file. Prose is a comment, a string, a
here-document, and all of a page except for `code`.
"""

import io
import os
import re
import tokenize

C = (".c", ".h", ".cc", ".S")
PAGES = (".md", ".txt")
BUILD = ("meson.build", "meson_options.txt", "Kbuild", "dkms.conf")

# Between two words there is white space with at most one end of a line.
GAP = r"(?:[ \t]+|[ \t]*\n[ \t]*)"


def words(*patterns):
    return re.compile("|".join(r"\b(?:%s)\b" % p.replace(" ", GAP)
                               for p in patterns), re.I)


# NAME: (what is found, what to write instead). The name is for EXCEPTED.
PATTERNS = {
    "actor": (words("who", "whoever", "whom", "he", "him", "his"),
              "name the actor, or write 'it'"),
    "too": (re.compile(r",%stoo(?=\s*(?:[.,;:!?)*\"]|$|\Z))" % GAP, re.I | re.M),
            "also"),
    "therefore": (re.compile(r",?%stherefore(?=\s*(?:[.;:]|\Z))" % GAP, re.I),
                  "so"),
    "ever": (words("for ever"), "forever, or without end"),
    "last": (words("at last"), "finally"),
    "beside": (words("beside"), "next to, or against"),
    "not": (words("there (?:is|are|was) not"), "does not exist"),
    "had": (words("(?:can|could|to|cannot) be had"), "is available"),
    "want": (words("for want of"), "for lack of"),
    "hands": (words("in (?:his|her|its|their|your) hands?"), "holds"),
    "let": (words("lets? in"), "admit"),
    "anew": (words("anew"), "again, or restart"),
    "way": (words("under way"), "in progress"),
    "state": (words("gone", "told", "visitors?", "orphans?", "shelters?"),
              "offline, logged, unannounced, undelivered"),
    "processor": (words("processors?"), "CPU"),
}

# A person may be a "who": only these words may come before it.
PEOPLE = re.compile(
    r"\b(?:people|person|persons|anyone|anybody|everyone|somebody|someone|"
    r"(?:user|reader|engineer|author|developer|administrator|maintainer|"
    r"writer|porter|reviewer|contributor)s?),?\s+$", re.I)

# (pattern, where the name of the file begins, what the line has or None)
EXCEPTED = (
    # Windows says processor, and so do the files that speak of it.
    ("processor", "ports/windows-", None),
    ("processor", "tests/windows/", None),
    ("processor", "tests/mutants/windows", None),
    ("processor", "", r"Windows|KeNumberProcessors|GUID_DEVICE_PROCESSOR"),
    # Each of these begins with a sentence of Microsoft's.
    ("processor", "tests/driver_failures/", None),
)

QUOTED = re.compile(r"\\?\"[^\"\\\n]*(?:\n[^\"\\\n]*){0,2}\\?\"|“[^”]*”")


def blank(piece):
    return re.sub(r"[^\n]", " ", piece)


def keep(text, spans):
    """@text with everything blank except for @spans of it."""
    out, end = [], 0
    for start, stop in spans:
        out += [blank(text[end:start]), text[start:stop]]
        end = stop
    return "".join(out) + blank(text[end:])


def c_spans(text):
    for match in re.finditer(
            r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
            text, re.S):
        if match.group()[0] == "/":
            yield match.span()
        elif match.group()[0] == '"':
            yield match.start() + 1, match.end() - 1


def python_spans(text):
    starts = [0]
    for line in text.splitlines(True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        if token.type == tokenize.STRING:
            quote = re.match(r"\w*(\"{3}|'{3}|\"|')", token.string)
            yield start + quote.end(), end - len(quote.group(1))
        elif token.type == tokenize.COMMENT or \
                tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield start, end


def shell_spans(text):
    pattern = re.compile(
        r"<<-?\s*['\"]?(?P<end>\w+)['\"]?[^\n]*\n(?P<here>.*?)^\s*(?P=end)$"
        r"|(?<![^\s;(])#[^\n]*|\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.", re.S | re.M)
    for match in pattern.finditer(text):
        if match.group("here") is not None:
            yield match.span("here")
        elif match.group()[0] == "#":
            yield match.span()
        elif match.group()[0] != "\\":
            yield match.start() + 1, match.end() - 1


def page_spans(text):
    end = 0
    for match in re.finditer(r"`[^`\n]+`|\]\([^)\n]*\)", text):
        yield end, match.start()
        end = match.end()
    yield end, len(text)


def is_shell(name, text):
    return name.endswith((".sh", ".mk", ".cmake", ".build")) or \
        os.path.basename(name) in BUILD or \
        re.match(r"#!\S*(?:/| )(?:ba)?sh\b|# shellcheck shell=", text)


def prose(name, text):
    """None for a file of another kind."""
    if name.endswith(C):
        found = keep(text, c_spans(text))
        # A line of a comment begins with a star, one of a string ends in \n.
        found = re.sub(r"^([ \t]*) \*(?=[ \t\n/])", r"\1  ", found, flags=re.M)
        return found.replace("\\n", "  ").replace("\\t", "  ")
    if name.endswith(".py") or text.startswith("#!/usr/bin/env python3"):
        found = keep(text, python_spans(text))
    elif name.endswith(PAGES) and os.path.basename(name) not in BUILD:
        return keep(text, page_spans(text))
    elif is_shell(name, text):
        found = keep(text, shell_spans(text))
    else:
        return None
    return re.sub(r"^([ \t]*)#", r"\1 ", found, flags=re.M)


def excepted(pattern, name, line):
    return any(pattern == p and name.startswith(where) and
               (not what or re.search(what, line))
               for p, where, what in EXCEPTED)


def findings(name, text):
    """(line, text) of each word that is ruled out."""
    found = prose(name, text)
    if found is None:
        return
    quotations = [m.span() for m in QUOTED.finditer(found)]
    source = text.splitlines()
    for pattern, (regex, better) in PATTERNS.items():
        for match in regex.finditer(found):
            number = found.count("\n", 0, match.start()) + 1
            quoted = any(a < match.start() < b for a, b in quotations)
            person = pattern == "actor" and \
                PEOPLE.search(found[max(0, match.start() - 40):match.start()])
            if (pattern == "processor" and quoted) or person or \
                    excepted(pattern, name, source[number - 1]):
                continue
            yield number, "'%s' (%s): %s" % (
                " ".join(match.group().split()), pattern, better)


def wide_comments(text):
    """(line, columns) of each line that a comment makes too wide."""
    commented = keep(text, [s for s in c_spans(text) if text[s[0]] == "/"])
    for number, line in enumerate(commented.splitlines(), 1):
        whole = text.splitlines()[number - 1].expandtabs(8)
        if len(whole) > 80 and line.strip():
            yield number, len(whole)
