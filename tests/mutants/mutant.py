# SPDX-License-Identifier: MIT
"""Deliberate bugs and the files that describe them; see README.md."""
import re
import shlex

BLOCK = re.compile(
    r"^== (?P<name>\S+): (?P<why>[^\n]+)\n"
    r"file: (?P<file>[^\n]+)\n"
    r"(?P<tests>(?:tests: [^\n]+\n)+)"
    r"<<<\n(?P<old>.*?)^---\n(?P<new>.*?)^>>>\n", re.M | re.S)
COMMENT = r"/\*(?:(?!\*/).)*\*/"


class Problem(Exception):
    """Why a mutant or a test cannot be judged."""


class Mutant:
    """A bug: text of one file, and what replaces it."""

    lines = ()      # of the file, if only objects with code of them are broken
    excuse = None   # why no test has to notice it

    def __init__(self, name, why, file, tests):
        self.name, self.why, self.file, self.tests = name, why, file, tests

    def apply(self, source):
        """The source with the bug in it."""
        raise NotImplementedError


class TextMutant(Mutant):
    """A mutant as a file describes it."""

    def __init__(self, name, why, file, tests, old, new):
        super().__init__(name, why, file,
                         shlex.split(tests.replace("tests: ", "")))
        self.old, self.new = old, new

    def apply(self, source):
        found = list(any_layout(self.old).finditer(source))
        if len(found) != 1:
            raise Problem("its text is in %s %d times"
                          % (self.file, len(found)))
        begin, end = found[0].span()
        return source[:begin] + self.new + source[end:]


def any_layout(text):
    """A pattern of these lines, whatever their white space and comments."""
    code = re.sub(COMMENT, " ", text, flags=re.S)
    words = map(re.escape, re.findall(r"\w+|[^\w\s]", code))
    return re.compile(r"[ \t]*(?<!\w)%s(?!\w)[ \t]*\n?"
                      % (r"(?:\s|%s)*" % COMMENT).join(words), re.S)


def read(path):
    """The mutants of a file."""
    text = path.read_text()
    mutants = [TextMutant(**m.groupdict()) for m in BLOCK.finditer(text)]
    names = [mutant.name for mutant in mutants]
    for name in re.findall(r"^== ([^\s:]*)", text, re.M):
        if names[:1] != [name]:
            raise SystemExit("%s: cannot read mutant '%s'" % (path, name))
        names.pop(0)
    return mutants
