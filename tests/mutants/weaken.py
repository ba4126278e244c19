# SPDX-License-Identifier: MIT
"""Mutants of memory order: each ordered access of the library made relaxed.

Read-modify-writes have no relaxed form in cpuslab/atomic.h; that of
tests/memory_model/weak.h replaces them.
"""
import collections
import pathlib
import re

from kinds import storms
from mutant import COMMENT, Mutant
from orders import Table
from tree import ROOT

CALL = re.compile(
    r"\b(?:cpuslab_(?:load_acquire|store_release|exchange|cas|fetch_add)_\w+"
    r"|cpuslab_fence|cpuslab__cas16|smp_mb|smp_load_acquire|smp_store_release"
    r"|__atomic_(?!signal_)\w+)\(")
ORDER = re.compile(r"__ATOMIC_(?:ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)")
WEAK = (("cpuslab_fence()", "(void)0"),
        ("load_acquire_", "load_relaxed_"),
        ("store_release_", "store_relaxed_"),
        ("cpuslab__cas16", "weak_cas16"),
        ("cpuslab_", "weak_"))
# The line that begins a function, as .clang-format lays it out. Of a name that
# a macro makes, the argument.
FUNCTION = re.compile(
    r"#define (\w+)|(?![\s#/{}*])(?:.*\b[A-Z_]+\((\w+)\)\("
    r"|(?:.*__attribute__\(\(\w+\)\))?.*?(\w+)\()")

SOURCES = ("include/cpuslab/**/*.h", "lib/*/*.[ch]", "ports/**/*.[ch]")
MODELLED = ("include/", "lib/", "ports/sim/blocks.c", "ports/sim/copy.c")
# What defines the accesses, and a program that uses them.
NOT = ("port/atomic_", "port_atomic.h", "cas16", "/sample/")

# An ordered access, by its function and its text; span: where that is; lines:
# those of the function.
Access = collections.namedtuple("Access", "file function text span lines")


class Weakened(Mutant):
    """One ordered access, made relaxed."""

    def __init__(self, name, access, tests, excuse):
        super().__init__(name, access.text, access.file, tests)
        self.access, self.excuse = access, excuse
        self.lines = access.lines

    def apply(self, source):
        begin, end = self.access.span
        weak = source[begin:end]
        for strong, relaxed in WEAK:
            if strong in weak:
                return source[:begin] + weak.replace(strong, relaxed, 1) + \
                    source[end:]
        raise AssertionError(weak)


def call_end(source, begin):
    """Behind the parenthesis that closes the call."""
    depth = 0
    for match in re.compile(r"[()]").finditer(source, begin):
        depth += 1 if match.group() == "(" else -1
        if not depth:
            return match.end()
    return begin


def function_at(source, position):
    """The name of the function around a position."""
    name = "?"
    for line in source[:position].split("\n"):
        found = FUNCTION.match(line)
        if found:
            name = found[1] or found[2] or found[3]
    return name


def function_lines(source, position):
    """Of the function around a position."""
    begin = source.rfind("\n{", 0, position)
    end = source.find("\n}", position)
    return range(source.count("\n", 0, begin) + 1, source.count("\n", 0, end) + 2)


def blank(match):
    """White space in the place of a comment."""
    return re.sub(r"\S", " ", match.group())


def accesses_of(file, source):
    """The ordered accesses of a file, in its order."""
    seen = collections.Counter()
    source = re.sub(COMMENT, blank, source, flags=re.S)
    for match in CALL.finditer(source):
        begin, end = match.start(), call_end(source, match.start())
        text = re.sub(r"[\s\\]+", " ", source[begin:end]).replace("( ", "(")
        if text.startswith("__atomic") and not ORDER.search(text) or \
                source[:begin].endswith("#define "):
            continue
        function = function_at(source, begin)
        seen[function, text] += 1
        number = seen[function, text]
        if number > 1:
            text += " (%d)" % number
        yield Access(file, function, text, (begin, end),
                     function_lines(source, begin))


def accesses():
    """All ordered accesses, by their files."""
    files = sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)})
    for path in files:
        file = str(path.relative_to(ROOT))
        if not any(part in file for part in NOT):
            yield from accesses_of(file, path.read_text())


def likeliest_first(file, names, before):
    """The test that noticed it before, those of the noun, the slowest last."""
    noun = pathlib.Path(file).stem.split("_")[0]
    return ["model:" + name for name in sorted(names, key=lambda name: (
        name != before, not name.startswith(noun + "/"), "schedule" in name))]


def weakened(table):
    """A mutant for each ordered access that the model executes."""
    mutants, names, seen = [], storms(), collections.Counter()
    for access in accesses():
        if not access.file.startswith(MODELLED):
            continue
        name = "%s:%s:%s" % (pathlib.Path(access.file).stem, access.function,
                             access.text.partition("(")[0])
        seen[name] += 1
        if seen[name] > 1:
            name += ":%d" % seen[name]
        tests = likeliest_first(access.file, names, table.test(access))
        mutants.append(Weakened(name, access, tests, table.excuse(access)))
    return mutants


def problems(table):
    """What the table lacks, or has too much."""
    found = list(accesses())
    for access in found:
        if not table.result(access):
            yield "%s: no result for %s in %s()" % (
                access.file, access.text, access.function)
    for row in table.others(found):
        yield "%s: has no %s in %s()" % row
