#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule finds a bad sample, and nothing in a good one.

A sample is a small tree: {file: text}. A rule without a bad sample fails, since
a rule that cannot fail is useless.
"""

import contextlib
import io
import os
import tempfile
import unittest

import prose
import rules

SPDX = "/* SPDX-License-Identifier: MIT */\n"


def header(guard, body=""):
    return SPDX + "#ifndef %s\n#define %s\n%s#endif\n" % (guard, guard, body)


def version(*numbers):
    return header("CPUSLAB_VERSION_H", "".join(
        "#define CPUSLAB_VERSION_%s %d\n" % pair
        for pair in zip(("MAJOR", "MINOR", "PATCH"), numbers)))


def function(length):
    return SPDX + "int f(void)\n{\n" + "\tg();\n" * length + "}\n"


EXPORTS = os.path.join("ports", "linux-kernel", "exports.c")

# RULE: [(bad tree, good tree)...]; the good tree differs in what is wrong only.
SAMPLES = {
    "portable": [
        ({"lib/base/a.c": "#ifdef __linux__\n#endif\n"},
         {"lib/base/a.c": "/* __linux__ */\n"}),
        ({"lib/core/a.c": "#include <stdio.h>\n"},
         {"lib/core/a.c": "#include \"../base/b.h\"\n"}),
        ({"include/cpuslab/a.h": "#include <sys/types.h>\n"},
         {"include/cpuslab/a.h": "#include <cpuslab/port/b.h>\n"}),
        ({"include/cpuslab/a.h": "#include <intrin.h>\n"},
         {"include/cpuslab/port/a.h": "#include <intrin.h>\n"}),
        ({"include/cpuslab/a.hpp": "#include <thread>\n"},
         {"include/cpuslab/a.hpp": "#include <utility>\n"}),
    ],
    "layers": [
        ({"lib/base/a.c": "#include \"../core/b.h\"\n"},
         {"lib/core/a.c": "#include \"../base/b.h\"\n"}),
        ({"lib/core/a.c": "#include \"../structures/b.h\"\n"},
         {"lib/structures/a.c": "#include \"../core/b.h\"\n"}),
        ({"lib/other/a.c": ""}, {"lib/all.c": "#include \"base/a.c\"\n"}),
    ],
    "basenames": [
        ({"include/cpuslab/slab.h": "", "lib/core/slab.h": ""},
         {"include/cpuslab/slab.h": "", "lib/core/slab_internal.h": ""}),
    ],
    "test-folders": [
        ({"lib/core/slab.c": "", "tests/slabs/unit.c": ""},
         {"lib/core/slab.c": "", "tests/slab/unit.c": ""}),
        ({"lib/core/slab.c": "", "tests/slab/slab.c": ""},
         {"lib/core/slab.c": "", "tests/slab/torture_growth.c": ""}),
        ({"tests/unit.c": ""}, {"tests/README.md": ""}),
    ],
    "version": [
        ({"include/cpuslab/version.h": version(1, 22, 3),
          "dkms.conf": "PACKAGE_VERSION=1.22.3\n"},
         {"include/cpuslab/version.h": version(1, 22, 3),
          "dkms.conf": "PACKAGE_VERSION=$(include/version.sh)\n"}),
        ({"include/cpuslab/version.h": version(1, 22, 3),
          "NEWS.md": "## 1.22.2\n"},
         {"include/cpuslab/version.h": version(1, 22, 3),
          "NEWS.md": "## 1.22.3, unreleased\n\n## 1.22.2\n"}),
        ({"include/cpuslab/version.h": version(1, 22, 3),
          "packaging/debian/changelog": "a (1.22.2) b; c\n"},
         {"include/cpuslab/version.h": version(1, 22, 3),
          "packaging/debian/changelog": "a (1.22.3) b; c\n\na (1.22.2) b\n"}),
        ({"include/cpuslab/version.h": header("CPUSLAB_VERSION_H")},
         {"include/cpuslab/version.h": version(1, 22, 3)}),
    ],
    "links": [
        ({"README.md": "# A\n# A\n[a](#a-2)\n"},
         {"README.md": "# A\n# A\n[a](#a-1)\n"}),
        ({"README.md": "[a](a.md#b)\n", "a.md": "```\n# b\n```\n# `C`, d\n"},
         {"README.md": "[a](a.md#c-d)\n", "a.md": "# `C`, d\n"}),
        ({"README.md": "[a](docs/b.md)\n", "docs/a.md": ""},
         {"README.md": "[a](docs/a.md), [b](https://b/c.md)\n",
          "docs/a.md": "[c](../README.md)\n"}),
    ],
    "pages": [
        ({"README.md": "# A\n\nNext: [b](b.md).\n", "b.md": "# B\n\nNo.\n"},
         {"README.md": "# A\n\nNext: [b](b.md).\n",
          "b.md": "# B\n\nUp: [a](README.md).\n"}),
        ({"README.md": "# A\n\nNext: [b](docs/e/README.md).\n",
          "docs/README.md": "# D\n\nUp: [a](../README.md).\n",
          "docs/e/README.md": "# E\n\nUp: [a](../README.md).\n"},
         {"README.md": "# A\n\nNext: [b](docs/e/README.md).\n",
          "docs/README.md": "# D\n\nUp: [a](../README.md).\n",
          "docs/e/README.md": "# E\n\nUp: [a](../README.md). "
                           "Next: [d](../README.md).\n"}),
    ],
    "prose": [
        ({"README.md": "A CPU whose number is not known, too.\n"},
         {"README.md": "A CPU whose number is not known is one, too few.\n"}),
    ],
    "comment-columns": [
        ({"lib/base/a.c": "\t/* %s */\n" % ("x" * 67)},
         {"lib/base/a.c": "\t/* %s */\n" % ("x" * 66)}),
    ],
    "licence": [
        ({"lib/base/a.c": "int a;\n"}, {"lib/base/a.c": SPDX + "int a;\n"}),
        ({"dev": "#!/bin/sh\n"},
         {"dev": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n"}),
    ],
    "tags": [
        ({"lib/base/a.c": "/* [a.b] pairs with nothing. */\n"},
         {"lib/base/a.c": "/* [a.b] pairs with b(). */\n/* [a.b] */\n"}),
    ],
    "function-length": [
        ({"lib/base/a.c": function(61)}, {"lib/base/a.c": function(60)}),
        ({"bench/a.cc": function(61)},
         {"bench/a.cc": function(61).replace("int f(void)", "class f")}),
    ],
    "file-length": [
        ({"lib/base/a.c": "\n" * 601}, {"lib/base/a.c": "\n" * 600}),
    ],
    "listed": [
        ({"ports/a/meson.build": "files('b.c')\n", "ports/a/c.c": ""},
         {"ports/a/meson.build": "files('c.c')\n", "ports/a/c.c": ""}),
        ({"ports/a/all.c": "", "ports/a/meson.build": "files('c.c')\n",
          "ports/a/c.c": ""},
         {"ports/a/all.c": "#include \"c.c\"\n",
          "ports/a/meson.build": "files('c.c')\n", "ports/a/c.c": ""}),
        ({"ports/a/Kbuild": "a-y := b.o\n", "ports/a/c.c": ""},
         {"ports/a/Kbuild": "a-y := c.o\n", "ports/a/c.c": ""}),
        ({"tests/meson.build": "", "tests/a/unit_b.c": ""},
         {"tests/meson.build": "'a/unit_b'\n", "tests/a/unit_b.c": ""}),
        ({"include/meson.build": "files('cpuslab/b.h')\n",
          "include/cpuslab/a.h": ""},
         {"include/meson.build": "files('cpuslab/a.h')\n",
          "include/cpuslab/a.h": ""}),
    ],
    "exports": [
        ({EXPORTS: "", "include/cpuslab/a.h":
          "CPUSLAB_API int cpuslab_a(void);\n"},
         {EXPORTS: "EXPORT_SYMBOL_GPL(cpuslab_a);\n", "include/cpuslab/a.h":
          "CPUSLAB_API int cpuslab_a(void);\n"}),
    ],
    "callbacks": [
        ({"include/cpuslab/a.h": "void (*f)(int a);\n"},
         {"include/cpuslab/a.h": "void (*f)(int a,\n int b) CPUSLAB_NOEXCEPT;\n",
          "include/cpuslab/port.h": "void (*f)(int a);\n"}),
    ],
    "unfinished": [
        ({"lib/base/a.c": "/* TO" "DO: all */\n"},
         {"lib/base/a.c": "/* to do: all */\n"}),
    ],
    "guards": [
        ({"lib/base/a.h": "int a;\n"}, {"lib/base/a.h": header("BASE_A_H")}),
        ({"lib/base/a.h": header("BASE_B_H")},
         {"lib/base/a.h": header("A_H")}),
        ({"lib/base/a.h": header("A_H"), "lib/core/a.h": header("A_H")},
         {"lib/base/a.h": header("A_H"), "lib/core/a.h": header("CORE_A_H")}),
    ],
    "whitespace": [
        ({"lib/base/a.c": "int a; \n"}, {"lib/base/a.c": "int a;\n"}),
        ({"lib/base/a.c": "int a;\n\n"}, {"lib/base/a.c": "int a;\n"}),
        ({"README.md": "no end"}, {"README.md": "an end\n"}),
    ],
}

# PATTERN of prose.py: (found, not found); each as a line of a page.
WORDS = {
    "actor": ("Who comes later finds his block.",
              "A CPU whose block is new, and a reader who knows it."),
    "too": ("It is right, too.", "It is one, too many."),
    "therefore": ("It is right, therefore.", "It is therefore right."),
    "ever": ("It waits for\never.", "It waits forever."),
    "last": ("It ends at last.", "At least one ends last."),
    "beside": ("It lies beside the other.", "It lies besides."),
    "not": ("A CPU that there is not.", "There is no CPU."),
    "had": ("No thread can be had.", "It had no thread."),
    "want": ("It fails for want of memory.", "It fails for lack of memory."),
    "hands": ("It has two in its hands.", "It hands two on."),
    "let": ("It is let in there.", "It lets inputs pass."),
    "anew": ("It begins anew.", "It begins a new one."),
    "way": ("An add is under way.", "An add is on its way."),
    "state": ("That CPU is gone.", "That CPU is offline."),
    "processor": ("Each processor has one.",
                  "Windows has \"each\nprocessor\" instead."),
}

# What is prose: (file, text, whether it is found).
PLACES = (
    ("a.c", "int x; /* it is let\n\t * in */\n", True),
    ("a.c", "int x; // it is let in\n", True),
    ("a.c", "puts(\"it is let in\\n\");\n", True),
    ("a.c", "int who = 'a' + his;\n", False),
    ("a.py", "x = 1  # it is let in\n", True),
    ("a.py", "\"\"\"It is let\nin.\"\"\"\n", True),
    ("a.py", "who = his\n", False),
    ("a.sh", "x=1 # it is let in\n", True),
    ("a.sh", "# it is let\n# in\n", True),
    ("a.sh", "echo 'it is let in'\n", True),
    ("a.sh", "cat <<-END\n\tit is let in\n\tEND\n", True),
    ("a.sh", "who | wc -l\n", False),
    ("dev", "#!/bin/bash\n# it is let in\n", True),
    ("meson.build", "x = 1 # it is let in\n", True),
    ("a.md", "It is `let in` here.\n", False),
    ("a.txt", "== a-bug: it is let in\n", True),
    ("ports/windows-user/a.c", "/* each processor */\n", False),
    ("ports/windows-user/a.c", "/* it is let in */\n", True),
)


def found(rule, tree):
    """What a rule finds in a tree of its own."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in tree.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return list(rules.RULES[rule]())
        finally:
            os.chdir(before)


class Rules(unittest.TestCase):
    def test_each_has_a_sample(self):
        self.assertEqual(set(SAMPLES), set(rules.RULES))
        self.assertEqual(set(WORDS), set(prose.PATTERNS))

    def test_samples(self):
        for rule, pairs in SAMPLES.items():
            for bad, good in pairs:
                with self.subTest(rule=rule, tree=bad):
                    self.assertEqual(len(found(rule, bad)), 1)
                with self.subTest(rule=rule, tree=good):
                    self.assertEqual(found(rule, good), [])

    def test_words(self):
        for pattern, (bad, good) in WORDS.items():
            with self.subTest(pattern=pattern):
                kinds = [text for _, text in prose.findings("a.md", bad)]
                self.assertTrue(kinds)
                self.assertTrue(all("(%s)" % pattern in k for k in kinds))
                self.assertEqual(list(prose.findings("a.md", good)), [])

    def test_places(self):
        for name, text, is_prose in PLACES:
            with self.subTest(name=name, text=text):
                self.assertEqual(bool(list(prose.findings(name, text))),
                                 is_prose)

    def test_line(self):
        lines = [n for n, _ in prose.findings("a.c", "\n\n/* a\n * anew */\n")]
        self.assertEqual(lines, [4])


if __name__ == "__main__":
    unittest.main()
