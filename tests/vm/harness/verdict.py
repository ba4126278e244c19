# SPDX-License-Identifier: MIT
"""Find checks, and trouble that the kernel reports, in a guest's output."""

import re

CHECK = re.compile(r"^(?:\[[^\]]*\])*\s*(?:[\w-]+: )?(ok|not ok) (\S.*)$")
STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
TROUBLE = re.compile(
    r"BUG[: ]|WARNING: |Oops[: ]|Kernel panic|general protection fault"
    r"|unable to handle|invalid opcode:|double fault|segfault at"
    r"|INFO: task .* blocked|rcu: INFO:|INFO: rcu|soft lockup|hard LOCKUP"
    r"|stall(?:s|ed)? (?:on|detected)|possible circular locking"
    r"|possible recursive locking|possible irq lock inversion"
    r"|inconsistent lock state|suspicious RCU usage"
    r"|sleeping function called|scheduling while atomic|unreferenced object"
    r"|refcount_t: |ODEBUG: |Out of memory: |oom-kill:|UBSAN: ")
KCSAN_END = re.compile(r"={20,}")


class Verdict:
    """The result of one guest."""

    def __init__(self, scenario, console, report, mine):
        """mine: names that attribute a data race to us."""
        self.passed, self.failures = [], []
        self.ended = False
        lines = _lines(console)
        found = list(_troubles(lines, mine))
        for line in _lines(report) + lines:
            self._line(line)
        for pattern in scenario.reports:
            if any(re.search(pattern, text) for text in found):
                self.passed.append("the kernel reports: " + pattern)
            else:
                self.failures.append("the kernel does not report: " + pattern)
        expected = tuple(scenario.reports) + tuple(scenario.allow)
        for text in found:
            if not any(re.search(pattern, text) for pattern in expected):
                self.failures.append("kernel: " + text.splitlines()[0])

    def _line(self, line):
        if line == "end":
            self.ended = True
        elif found := CHECK.match(line):
            if found.group(1) == "ok":
                self.passed.append(found.group(2))
            else:
                self.failures.append(found.group(2))


def _lines(path):
    if not path.exists():
        return []
    text = path.read_bytes().decode(errors="replace")
    return [line.strip("\r\0 ") for line in text.split("\n")]


def _troubles(lines, mine):
    """Each line that is trouble; of a data race, with its report."""
    for number, line in enumerate(lines):
        if not TROUBLE.search(line):
            continue
        text = STAMP.sub("", line)
        if "BUG: KCSAN" in line:
            block = _until_ruler(lines[number + 1:])
            if not any(name in frame for frame in _racing(block)
                       for name in mine):
                continue        # the kernel's own
            text = "\n".join([text] + block)
        yield text


def _racing(block):
    """The frame of each access: the line below "... of 8 bytes by ...:"."""
    return [below for line, below in zip(block, block[1:])
            if re.search(r" bytes by .*:$", line)]


def _until_ruler(lines):
    block = []
    for line in lines[:120]:
        if KCSAN_END.search(line):
            break
        block.append(STAMP.sub("", line))
    return block
