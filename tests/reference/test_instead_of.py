#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each block of docs/instead-of.md and of docs/cxx.md compiles.

A block that includes what this system does not have is skipped, which is said.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
COMPILERS = {
    "c": ["gcc", "-std=gnu11", "-x", "c"],
    "cpp": ["g++", "-std=c++17", "-x", "c++"],
}
COMMON = ["-O2", "-Wall", "-Wextra", "-Werror", "-Iinclude",
          "-Iports/linux-user", "-DALLOW_EXPERIMENTAL_API",
          *("-I" + path for path in glob.glob("/usr/include/**/dpdk",
                                              recursive=True)),
          "-c", "-", "-o", os.devnull]

MAIN = """
int main(void)
{
	hit();
	hit();
	return hits_read() != 2;
}
"""


def blocks():
    """[(heading, language, code)]"""
    text = ""
    for name in ("docs/instead-of.md", "docs/cxx.md"):
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            text += file.read()
    found, heading = [], ""
    for match in re.finditer(r"^## ([^\n]*)$|^```(\w+)\n(.*?)^```$", text,
                             re.M | re.S):
        if match.group(1):
            heading = match.group(1)
        else:
            found.append((heading, match.group(2), match.group(3)))
    return found


def run(language, options, code):
    return subprocess.run(COMPILERS[language] + options, input=code, text=True,
                          cwd=ROOT, capture_output=True)


def missing(language, code):
    """What it includes and this system lacks, or None."""
    for name in re.findall(r"#include <([^>]+)>", code):
        probe = "#if !__has_include(<%s>)\n#error\n#endif\n" % name
        if run(language, COMMON, probe).returncode:
            return name
    return None


class Blocks(unittest.TestCase):
    def test_compile(self):
        own = others = 0
        for heading, language, code in blocks():
            with self.subTest(heading=heading, code=code.split("\n")[0]):
                if lacks := missing(language, code):
                    self.assertNotIn("cpuslab/", lacks)
                    print("%s: skipped, no <%s>" % (heading, lacks),
                          file=sys.stderr)
                    continue
                done = run(language, COMMON, code)
                self.assertEqual(done.returncode, 0, done.stderr)
                own += "<cpuslab/" in code
                others += "<cpuslab/" not in code
        self.assertGreaterEqual(own, 10)
        self.assertGreaterEqual(others, 3)

    def test_a_mistake_is_found(self):
        code = [c for _, _, c in blocks() if "cpuslab_counter_add(&hits" in c][0]
        code = code.replace("cpuslab_counter_add(&hits, 1)",
                            "cpuslab_counter_add(1)")
        self.assertNotEqual(run("c", COMMON, code).returncode, 0)

    def test_thread_counts(self):
        """Both ways to count instead of ++ on a thread-local number."""
        both = [c for h, _, c in blocks() if h == "`__thread`"]
        self.assertEqual(len(both), 2)
        for code in both:
            with self.subTest(code=code.split("\n")[0]), \
                    tempfile.TemporaryDirectory() as folder:
                program = os.path.join(folder, "program")
                own = ["-O0", "lib/all.c", "ports/linux-user/all.c"] \
                    if "<cpuslab/" in code else []
                done = run("c", COMMON[:-4] + own +
                           ["-", "-o", program, "-pthread"], code + MAIN)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(subprocess.run([program]).returncode, 0)


if __name__ == "__main__":
    unittest.main()
