#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each mistake in the comment of a public function is found, and no other.

Also what the parser makes of a header, and the writer of man pages of that.
"""

import os
import re
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../docs/reference"))

import check  # noqa: E402
import headers  # noqa: E402
import man  # noqa: E402
import names  # noqa: E402

HEAD = """/*
 * thing.h - a thing. More of it.
 *
 *\ta diagram
 *
 * - an item that
 *   goes on
 *
 * Order: of the file.
 */
#ifndef CPUSLAB_THING_H
#define CPUSLAB_THING_H

#define CPUSLAB_THING_MAX 8u /* of these */

/* What a thing is. */
struct cpuslab_thing {
\tint (*call)(void *arg) CPUSLAB_NOEXCEPT;
\tint field; /* W init */
};

/* A comment of nothing. */

/* One as well. */
/* What a thing can be. */
enum cpuslab_thing_kind {
\tCPUSLAB_THING_RED = 1, /* as blood */
\tCPUSLAB_EBLUE = 2,     /* as the sky */
};

/* The first one. */
CPUSLAB_API extern const struct cpuslab_thing cpuslab_thing_one;

"""
GOOD = """/**
 * cpuslab_thing_get() - take a thing
 * of @thing.
 * @thing: a struct cpuslab_thing; see
 *         CPUSLAB_THING_MAX.
 * @count: how many.
 *
 * More words, see thing.h and cpuslab_thing_put(), CPUSLAB_THING_* and
 * CPUSLAB_OTHER_*.
 *
 * Context: any,
 *          really.
 * Order:   see above.
 * Return:  CPUSLAB_OK; -CPUSLAB_EBLUE.
 */
CPUSLAB_NODISCARD CPUSLAB_INLINE CPUSLAB_HIGH int
cpuslab_thing_get(CPUSLAB_IN const struct cpuslab_thing *thing,
\t\t  uint32_t count)
{
\tif (thing) {
\t\treturn 0;
\t}
\treturn (int)count;
}

/**
 * cpuslab_thing_put() - give it back.
 * @thing: a thing.
 *
 * Context: as cpuslab_thing_get().
 */
CPUSLAB_API void cpuslab_thing_put(struct cpuslab_thing *thing);

int cpuslab__thing_private(void);

/* Synchronization: none. */
"""
WORDS = {"CPUSLAB_OK", "CPUSLAB_OTHER_X"}

# What is replaced in GOOD, by what, and what the finding says.
MISTAKES = (
    ("/**\n * cpuslab_thing_put", "/*\n * cpuslab_thing_put", "no kernel-doc"),
    (" * @count: how many.\n", "", "does not explain @count"),
    (" * @count:", " * @number: of it.\n * @count:", "explains @number"),
    (" * @thing: a thing.\n *\n", " *\n", "does not explain @thing"),
    ("any,\n *          really.", "see above.",
     "Context: nothing above states it"),
    (" * Context: as cpuslab_thing_get().\n", "", "does not state its context"),
    (" * Return:  CPUSLAB_OK; -CPUSLAB_EBLUE.\n", "",
     "does not state what it returns"),
    ("put() - give it back.", "put() - .", "does not say what it does"),
    ("CPUSLAB_OTHER_*", "CPUSLAB_ANOTHER_*", "there is no such constant"),
    ("Context: as cpuslab_thing_get().", "Context: any.\n * Return:  nothing.",
     "returns, which is nothing"),
    ("Context: as cpuslab_thing_get()", "Context: any.\n * Order: as "
     "cpuslab_thing_put()", "Order: cpuslab_thing_put() does not state it"),
    ("cpuslab_thing_get() - take", "cpuslab_thing_take() - take",
     "begins with another name"),
    ("see thing.h", "see thong.h", "thong.h: there is no such header"),
    ("{\n\tif (thing)", "{\t/* see <cpuslab/thong.h> */\n\tif (thing)",
     "cpuslab/thong.h: there is no such header"),
    ("and cpuslab_thing_put(),", "and cpuslab_thing_drop(),",
     "cpuslab_thing_drop(): there is no such call"),
    ("CPUSLAB_THING_*", "CPUSLAB_THONG_*", "there is no such constant"),
    ("a struct cpuslab_thing;", "a struct cpuslab_thong;",
     "there is no such type"),
)


def header(text):
    return headers.Header("include/cpuslab/thing.h", HEAD + text)


def findings(text):
    return [text for _, _, text in check.findings([header(text)], WORDS)]


class Check(unittest.TestCase):
    def test_good(self):
        self.assertEqual(findings(GOOD), [])

    def test_mistakes(self):
        for old, new, says in MISTAKES:
            with self.subTest(new=new):
                self.assertIn(old, GOOD)
                found = findings(GOOD.replace(old, new))
                self.assertTrue([f for f in found if says in f], found)
                self.assertLessEqual(len(found), 2, found)

    def test_order_of_parameters(self):
        swapped = GOOD.replace(" * @count: how many.\n", "").replace(
            " * @thing: a struct", " * @count: how many.\n * @thing: a struct")
        self.assertIn("another order", findings(swapped)[0])


    def test_unlisted(self):
        both = [header(GOOD)], [("a thing", ["thing.h"])]
        self.assertEqual(list(check.unlisted(*both)), [])
        self.assertEqual(len(list(check.unlisted(both[0], []))), 1)


class Parser(unittest.TestCase):
    def test_header(self):
        found = header(GOOD)
        self.assertEqual(found.brief, "a thing")
        self.assertEqual(found.comment.body, [
            ("para", "More of it."), ("pre", "\ta diagram"),
            ("item", "an item that goes on")])
        self.assertEqual([i.name for i in found.functions()],
                         ["cpuslab_thing_get", "cpuslab_thing_put"])
        self.assertEqual([i.name for i in found.types()],
                         ["CPUSLAB_THING_MAX", "cpuslab_thing",
                          "cpuslab_thing_kind", "cpuslab_thing_one"])
        kind, one = found.types()[2:]
        self.assertEqual(kind.comment.body, [("para", "What a thing can be.")])
        self.assertEqual(kind.enumerators, {
            "CPUSLAB_THING_RED": "as blood",
            "CPUSLAB_EBLUE": "as the sky"})
        self.assertEqual(one.comment.body, [("para", "The first one.")])
        lines = (HEAD + GOOD).splitlines()
        for item in found.public():
            self.assertIn(item.code.split("\n")[0], lines[item.line - 1])
        self.assertEqual(found.sync, [("para", "none.")])

    def test_where_comments_are(self):
        for before, after in (("", "\n#include <a.h>\n"),
                              ("", "/* Another. */\n"),
                              ("#ifndef A\n#define A\n", "#include <a.h>\n")):
            found = headers.Header("include/cpuslab/a.h", (
                "%s/*\n * a.h - b.\n * Words\n *\tcode\n * words\n */\n%s" %
                (before, after)))
            self.assertEqual(found.brief, "b")
            self.assertEqual(found.comment.body, [
                ("para", "Words"), ("pre", "\tcode"), ("para", "words")])

    def test_function(self):
        found = header(GOOD).functions()[0]
        self.assertEqual(found.result, "int")
        self.assertEqual(found.arguments, [
            "const struct cpuslab_thing *thing", "uint32_t count"])
        self.assertEqual(found.comment.summary, "take a thing of @thing")
        self.assertEqual(found.comment.sections["Context"], "any, really.")

    def test_callback(self):
        found = header("""/** cpuslab_x() - y. */
CPUSLAB_API int cpuslab_x(void (*done)(int a, int b) CPUSLAB_NOEXCEPT, int c);
""").functions()[0]
        self.assertEqual(found.arguments, ["void (*done)(int a, int b)",
                                           "int c"])
        self.assertEqual(found.params, ["done", "c"])


class Man(unittest.TestCase):
    def page(self, number):
        known = names.Names([header(GOOD)])
        return man.function_page(known, known.headers[0].functions()[number],
                                 "2000-01-01", "1.2.3")

    def test_page(self):
        page = self.page(0)
        for line in (
                '.TH cpuslab_thing_get 3 2000-01-01 "cpuslab 1.2.3" "cpuslab"',
                "cpuslab_thing_get \\- take a thing of thing",
                ".B #include <cpuslab/thing.h>",
                "\\fBint cpuslab_thing_get(const struct cpuslab_thing "
                "*\\fIthing\\fB, uint32_t \\fIcount\\fB);\\fP",
                "a \\fI\\%struct cpuslab_thing\\fP; see "
                "\\fB\\%CPUSLAB_THING_MAX\\fP.",
                "see \\fI\\%<cpuslab/thing.h>\\fP",
                ".SH CONTEXT\nAny, really.",
                '.SH "MEMORY ORDER"\nOf the file.',
                ".SH SYNCHRONIZATION\nnone.",
                ".BR \\%cpuslab_thing_put (3) ,"):
            with self.subTest(line=line):
                self.assertIn(line, page)
        self.assertNotIn("CPUSLAB_IN", page)
        self.assertNotIn("ERRORS", page)    # RETURN VALUE says when

    def test_context_of_another(self):
        self.assertIn("As \\fB\\%cpuslab_thing_get\\fP(3): any, really.",
                      self.page(1))

    def test_header_page(self):
        known = names.Names([header(GOOD)])
        page = man.header_page(known, known.headers[0], "d", "v")
        self.assertIn("cpuslab_thing.h, cpuslab_thing, cpuslab_thing_kind "
                      "\\- a thing", page)
        self.assertIn("struct cpuslab_thing {", page)
        self.assertIn(man.LEGEND, page)
        known = names.Names([headers.Header(
            "include/cpuslab/thing.h", HEAD.replace("W init", "of it"))])
        plain = man.header_page(known, known.headers[0], "d", "v")
        self.assertNotIn(man.LEGEND, plain)
        self.assertIn(".TP\n.BR cpuslab_thing_put (3)\nGive it back.", page)

    def test_long_prototype(self):
        found = header("""/** cpuslab_x() - y. */
CPUSLAB_API const struct cpuslab_thing_table *cpuslab_thing_of_long_name(
\tuint32_t number, const struct cpuslab_thing_of_long_name *of_long_name);
""").functions()[0]
        rows = [row.replace("\\fI", "").replace("\\fB", "").replace(
            "\\fP", "") for row in man.prototype(found)]
        self.assertEqual(rows, [
            "const struct cpuslab_thing_table *cpuslab_thing_of_long_name(",
            "        uint32_t number,",
            "        const struct cpuslab_thing_of_long_name *of_long_name);"])

    def test_long_callback(self):
        found = header("""/** cpuslab_x() - y. */
CPUSLAB_API int cpuslab_thing_of_a_rather_long_name(struct cpuslab_thing *thing,
	void (*each)(void *arg, uint32_t cpu, const void *data, uint32_t bytes),
\tvoid *arg);
""").functions()[0]
        rows = [re.sub(r"\\f[BIP]", "", row) for row in man.prototype(found)]
        self.assertEqual(rows, [
            "int cpuslab_thing_of_a_rather_long_name(",
            "        struct cpuslab_thing *thing,",
            "        void (*each)(void *arg, uint32_t cpu, const void *data,",
            "                     uint32_t bytes),",
            "        void *arg);"])

    def test_library(self):
        for name, linked in ("thing.h", True), ("ring_map.h", False):
            known = names.Names([headers.Header("include/cpuslab/" + name,
                                                HEAD + GOOD)])
            page = man.header_page(known, known.headers[0], "d", "v")
            self.assertEqual(".SH LIBRARY" in page, linked)

    def test_files(self):
        known = names.Names([header(GOOD), headers.Header(
            "include/cpuslab/cpuslab.h", "/* cpuslab.h - all. */\n")])
        with tempfile.TemporaryDirectory() as folder:
            man.write_section_3(known, folder, "d", "v")
            with open(os.path.join(folder, "cpuslab_thing.3"),
                      encoding="utf-8") as file:
                self.assertEqual(file.read(), ".so man3/cpuslab_thing.h.3\n")
            self.assertEqual(sorted(os.listdir(folder)), [
                "cpuslab_thing.3", "cpuslab_thing.h.3", "cpuslab_thing_get.3",
                "cpuslab_thing_kind.3", "cpuslab_thing_put.3"])


if __name__ == "__main__":
    unittest.main()
