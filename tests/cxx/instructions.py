#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An operation in C++ is the same instructions as in C.

    instructions.py ROOT

Compiles each operation of cpuslab.hpp and its twin in C with each pair of
compilers that is installed, and compares their disassembly, slow path and all.
Status 77 if no pair is installed.
"""

import os
import re
import shutil
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../linux-user"))
import hotpath  # noqa: E402

# (C, C++, disassembler)
COMPILERS = (("gcc", "g++", "objdump"),
             ("clang", "clang++", "objdump"),
             ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++",
              "aarch64-linux-gnu-objdump"))

PERCPU = ("const struct cpuslab_percpu *p", "const cpuslab::percpu<twin> &p")
COUNTER = ("const struct cpuslab_counter *c", "const cpuslab::counter &c")
OLD = ("uint64_t *old", "uint64_t &old")

# Name: arguments; what follows them; the body in C, and in C++.
TWINS = {
    "counter_add": (COUNTER, ("uint64_t v",) * 2,
                    "cpuslab_counter_add(c, v)", "c.add(v)"),
    "named_add": (("void",) * 2, None,
                  "cpuslab_counter_add(&named, 1)", "named.add(1)"),
    "counter_sum": (COUNTER, None,
                    "(int)cpuslab_counter_sum(c)",
                    "static_cast<int>(c.sum())"),
    "add": (PERCPU, ("uint64_t v",) * 2,
            "cpuslab_add(p, 8, v)", "p.add(&twin::second, v)"),
    "add_element": (PERCPU, ("size_t n",) * 2,
                    "cpuslab_add(p, element(16, n), 1)",
                    "p.add({&twin::all, n}, 1)"),
    "add_below": (PERCPU, ("uint64_t v",) * 2,
                  "cpuslab_add_below(p, 8, v, 1)",
                  "p.add_below(&twin::second, v, 1)"),
    "load": (PERCPU, OLD,
             "cpuslab_load(p, 8, old)", "p.load(&twin::second, old)"),
    "load_add": (PERCPU, OLD,
                 "cpuslab_load_add(p, 8, 3, old)",
                 "p.load_add(&twin::second, 3, old)"),
    "exchange": (PERCPU, OLD,
                 "cpuslab_exchange(p, 8, 3, old)",
                 "p.exchange(&twin::second, 3, old)"),
    "cmpstore": (PERCPU, ("uint64_t v",) * 2,
                 "cpuslab_cmpstore(p, 8, 0, v)",
                 "p.cmpstore(&twin::second, 0, v)"),
    "max": (PERCPU, ("uint64_t v",) * 2,
            "cpuslab_max(p, 8, v)",
            "cpuslab_max(p, cpuslab::offset(&twin::second), v)"),
    "push": (("const struct cpuslab_stack *s", "const cpuslab::stack &s"),
             ("struct cpuslab_node *n",) * 2,
             "cpuslab_stack_push(s, n)", "cpuslab_stack_push(s, n)"),
}

HEAD = ("""#include <cpuslab/cpuslab.h>
static inline size_t element(size_t array, size_t n) { return array + n * 8; }
static struct cpuslab_counter named = CPUSLAB_COUNTER_INIT("named");
""", """#include <cpuslab/cpuslab.hpp>
struct twin : cpuslab::type {
	static constexpr const char *name = "twin";
	static constexpr uint32_t counters = 6;
	cpuslab_word first, second, all[4];
};
static cpuslab::counter named{"named"};
""")


def source(language):
    """In C (0) or C++ (1)."""
    text = HEAD[language]
    for name, (first, more, *bodies) in TWINS.items():
        arguments = first[language] + (", " + more[language] if more else "")
        text += '%sint hot_%s(%s)\n{ return %s; }\n' % (
            'extern "C" ' if language else "", name, arguments,
            bodies[language])
    return text


def plain(code):
    """Without addresses: jumps as distances, no names of what is referred to."""
    begin = code[0][0] if code else 0
    return [re.sub(r"\b([0-9a-f]+) <[^>]*>",
                   lambda at: "+%d" % (int(at.group(1), 16) - begin), text)
            for _, text in code
            if not re.match(r"(nop|data16|cs nop|xchg +%ax,%ax)", text)]


def differences(folder, root, c, cxx, objdump):
    """Prints what differs; the number of such operations."""
    ours = [hotpath.disassemble(root, folder, *of) for of in (
        (c, objdump, source(0), ".c", "gnu11"),
        (cxx, objdump, source(1), ".cc", "gnu++17"))]
    broken = 0
    for name in TWINS:
        codes = [plain(functions["hot_" + name]) for functions in ours]
        same = codes[0] == codes[1] and codes[0]
        print("  %-24s %-12s %3d instructions%s" % (
            cxx, name, len(codes[1]), "" if same else ", in C:"))
        if not same:
            print("\n".join("    %-40s%s" % pair for pair in zip(
                *(code + [""] * (max(map(len, codes)) - len(code))
                  for code in codes))))
            broken += 1
    return broken


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    asked = broken = 0
    for compilers in COMPILERS:
        if not all(map(shutil.which, compilers)):
            print("  %-24s is not there" % compilers[1])
            continue
        asked += 1
        with tempfile.TemporaryDirectory() as folder:
            broken += differences(folder, sys.argv[1], *compilers)
    return 1 if broken else 0 if asked else 77


if __name__ == "__main__":
    sys.exit(main())
