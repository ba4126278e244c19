# SPDX-License-Identifier: MIT
"""tests/memory_model/orders.md: which test notices that an access is relaxed.

A row has the file, the function, the access and the result: a test, with the
case and the seed that showed it; or why none can, which is written by hand.
"""
import re

from tree import ROOT

PATH = ROOT / "tests" / "memory_model" / "orders.md"
ROW = re.compile(r"\| `([^`]+)` `([^`]+)` \| `([^`]+)` \| (.*) \|$")
HEAD = "| where | access | noticed by |\n|---|---|---|\n"
TEST = re.compile(r"`([\w/]+)`")


def key_of(access):
    return access.file, access.function, access.text


def evidence(log):
    """The case that failed, as cmocka prints it, and the seed."""
    case = re.findall(r"^\[ RUN      \] (.*)$", log, re.M)[-1:]
    seed = re.findall(r"(?:SIM_SEED=|seed )(\d+)", log)[-1:]
    return "".join(": " + name for name in case) + \
        "".join(", seed " + number for number in seed)


class Table:
    """The page: text, and rows by their access."""

    def __init__(self, path=PATH):
        self.path = path
        self.text, _, rows = path.read_text().partition(HEAD)
        self.rows = {match.groups()[:3]: match[4] for match in
                     map(ROW.match, rows.splitlines()) if match}

    def result(self, access):
        return self.rows.get(key_of(access), "")

    def test(self, access):
        """The test that notices it, or None."""
        found = TEST.match(self.result(access))
        return found[1] if found else None

    def excuse(self, access):
        """Why no test notices it, or None."""
        return None if self.test(access) else self.result(access) or None

    def note(self, access, test, log):
        """A run has shown that this test notices it; None: that none does."""
        if test:
            name = test.partition(":")[2]
            self.rows[key_of(access)] = "`%s`%s" % (name, evidence(log))
        elif self.test(access):
            del self.rows[key_of(access)]

    def others(self, found):
        """Rows of accesses that are not among these."""
        return set(self.rows) - set(map(key_of, found))

    def write(self, found):
        """The rows of these accesses, in their order."""
        lines = ["| `%s` `%s` | `%s` | %s |\n" % (*key_of(access),
                                                 self.result(access))
                 for access in found if self.result(access)]
        self.path.write_text(self.text + HEAD + "".join(lines))
