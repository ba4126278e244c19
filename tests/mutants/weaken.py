# SPDX-License-Identifier: MIT
"""Mutants of the library's memory order: each ordered access made relaxed."""
import pathlib
import re

from kinds import storms
from mutant import Mutant
from tree import ROOT

ORDERED = re.compile(
    r"cpuslab_(?:load_acquire|store_release)_\w+(?=\()|cpuslab_fence\(\)")
WEAK = {"load_acquire": "load_relaxed", "store_release": "store_relaxed",
        "cpuslab_fence()": "(void)0"}


class Weakened(Mutant):
    """One ordered access, by its place in the file."""

    def __init__(self, name, file, tests, span):
        super().__init__(name, "relaxed", file, tests)
        self.span = span

    def apply(self, source):
        begin, end = self.span
        weak = source[begin:end]
        for strong, relaxed in WEAK.items():
            weak = weak.replace(strong, relaxed)
        return source[:begin] + weak + source[end:]


def function_at(source, position):
    """The name of the function around a position: the layout tells."""
    for line in reversed(source[:position].split("\n")):
        found = re.match(r"(?![\s#/{}])(?:.*?)(\w+)\(", line)
        if found:
            return found[1]
    return "?"


def in_comment(source, position):
    line = source[source.rfind("\n", 0, position) + 1:position]
    return line.lstrip().startswith(("*", "/*", "//"))


def likeliest_first(file, names):
    """Tests of the same noun, then those of everything."""
    noun = pathlib.Path(file).stem
    order = sorted(names, key=lambda name: (
        not name.startswith(noun + "/"), not name.startswith("everything/")))
    return ["model:" + name for name in order]


def weakened():
    """A mutant for each ordered access of the library."""
    mutants, names = [], storms()
    for path in sorted([*ROOT.glob("lib/*/*.[ch]"),
                        *ROOT.glob("include/cpuslab/**/*.h")]):
        file, source = str(path.relative_to(ROOT)), path.read_text()
        seen = {}
        for match in ORDERED.finditer(source):
            if "atomic" in path.name or in_comment(source, match.start()):
                continue
            name = "%s:%s:%s" % (path.stem, function_at(source, match.start()),
                                 match.group().rstrip("()"))
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name += ":%d" % seen[name]
            mutants.append(Weakened(name, file, likeliest_first(file, names),
                                    match.span()))
    return mutants
