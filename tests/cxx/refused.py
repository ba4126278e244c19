#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not compile with cpuslab.hpp does not, and the message says why.

    refused.py COMPILER

Each case is compiled with -Werror as C++17. All of them as they are right, by a
change of a word, compile together: so it is the mistake that is refused.
"""

import re
import subprocess
import sys

SOURCE = """
#include <cpuslab/cpuslab.hpp>
struct good : cpuslab::type {
	static constexpr const char *name = "good";
	static constexpr uint32_t counters = 1;
	cpuslab_word hits;
	cpuslab_word slots[2];
	uint32_t small;
};
struct other : cpuslab::type {
	static constexpr const char *name = "other";
	cpuslab_word hits;
};
"""

DELETED = r"deleted (\w+ )*(function|constructor)|implicitly deleted"
CONVERT = r"(could not|cannot) convert|no viable conversion|no matching member"

# What is declared, and what a function does with it.
CASE = """
namespace case_%d
{
%s
void use(cpuslab::domain &domain, cpuslab::slab &slab, cpuslab::stack &stack,
	 cpuslab::percpu<good> &percpu);
void use(cpuslab::domain &domain, cpuslab::slab &slab, cpuslab::stack &stack,
	 cpuslab::percpu<good> &percpu)
{
	uint64_t word = 0;
	(void)domain, (void)slab, (void)stack, (void)percpu, (void)word;
	%s
}
}
"""

CALLBACK = """struct one : cpuslab::type {
	static constexpr const char *name = "one";
	cpuslab_word hits;
	static int %s(%s, uint32_t, void *) %s { return 0; }
};
--
cpuslab::percpu<one> it(slab);"""
OBJECT = """struct one%s {
	%s static constexpr const char *name = %s;
	%s hits;
	%s
};
--
cpuslab::percpu<one> it(slab);"""

LAMBDA = """struct described : cpuslab::type {
	static constexpr const char *name = "good";
	static constexpr auto drain =
		[](good &, good &, uint32_t, void *) %s { return 0; };
};
--
cpuslab::percpu<good, described> it(slab);"""

# What is wrong; the code; the code as it is right; what gcc or clang says.
CASES = (
    ("copying a slab", "cpuslab::slab it(slab);",
     "cpuslab::slab it(std::move(slab));",
     DELETED),
    ("assigning an object", "cpuslab::percpu<good> it(slab); it = percpu;",
     "cpuslab::percpu<good> it(slab); it = std::move(percpu);",
     DELETED),
    ("moving a stack", "cpuslab::stack it(std::move(stack));",
     "cpuslab::stack it(slab);", DELETED),
    ("copying a read section",
     "cpuslab::read_section a; cpuslab::read_section b(a);",
     "cpuslab::read_section a; cpuslab::read_section b;",
     DELETED),
    ("the pointer of a temporary",
     "cpuslab::counter it(cpuslab::slab{domain});",
     "cpuslab::counter it(slab);",
     DELETED),
    ("the copies of a temporary",
     "for (auto entry : cpuslab::percpu<good>(slab).copies()) (void)entry;",
     "for (auto entry : percpu.copies()) (void)entry;",
     DELETED),
    ("arguments of another init", "cpuslab::histogram it(slab);",
     "cpuslab::histogram it(slab, 2u, 16u);",
     r"no matching (function|constructor)"),
    ("an error that is ignored", "slab.error();", "if (slab.error()) return;",
     r"nodiscard"),
    ("a load that is ignored", "percpu.load(&good::hits, word);",
     "if (percpu.load(&good::hits, word)) return;", r"nodiscard"),
    ("a read section without a name", "cpuslab::read_section();",
     "cpuslab::read_section a;", r"nodiscard"),
    ("a member of another object", "percpu.add(&other::hits, 1);",
     "percpu.add(&good::hits, 1);",
     CONVERT),
    ("an offset, as in C", "percpu.add(0, 1);", "percpu.add(&good::hits, 1);",
     r"ambiguous|" + DELETED),
    ("no member", "percpu.add(nullptr, 1);", "percpu.add(&good::hits, 1);",
     DELETED),
    ("a member that is no word", "percpu.add(&good::small, 1);",
     "percpu.add(&good::hits, 1);",
     CONVERT),
    ("the offset of what is no word",
     "cpuslab_max(percpu, cpuslab::offset(&good::small), 1);",
     "cpuslab_max(percpu, cpuslab::offset(&good::hits), 1);",
     r"cpuslab: operations are on words of 64 bits"),
    ("a whole array", "percpu.add(&good::slots, 1);",
     "percpu.add({&good::slots, 0}, 1);",
     CONVERT),
    ("a constructor that may throw",
     CALLBACK % ("construct", "one &", ""),
     CALLBACK % ("construct", "one &", "noexcept"),
     r"cpuslab: construct must be noexcept"),
    ("a drain that may throw",
     CALLBACK % ("drain", "one &, one &", ""),
     CALLBACK % ("drain", "one &, one &", "noexcept"),
     r"cpuslab: drain must be noexcept"),
    ("a lambda that may throw", LAMBDA % "", LAMBDA % "noexcept",
     r"cpuslab: drain must be noexcept"),
    ("a drain with other arguments",
     CALLBACK % ("drain", "one &", "noexcept"),
     CALLBACK % ("drain", "one &, one &", "noexcept"),
     r"no matching function|too many arguments"),
    ("an object that is not described",
     OBJECT % ("", "", '"one"', "cpuslab_word", ""),
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word", ""),
     r"derives from cpuslab::type"),
    ("an object without a name",
     OBJECT % (" : cpuslab::type", "", "nullptr", "cpuslab_word", ""),
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word", ""),
     r"cpuslab: a type has a name"),
    ("an object without a word of 64 bits",
     OBJECT % (" : cpuslab::type", "", '"one"', "uint32_t", ""),
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word", ""),
     r"cpuslab: operations are on words of 64 bits"),
    ("an object that is not trivially copyable",
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word", "~one() {}"),
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word", ""),
     r"must be trivially copyable"),
    ("an object without standard layout",
     OBJECT % (" : cpuslab::type", "private: cpuslab_word a; public:", '"one"',
               "cpuslab_word", ""),
     OBJECT % (" : cpuslab::type", "public: cpuslab_word a; public:", '"one"',
               "cpuslab_word", ""),
     r"must have standard layout"),
    ("more counters than words",
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word",
               "static constexpr uint32_t counters = 2;"),
     OBJECT % (" : cpuslab::type", "", '"one"', "cpuslab_word",
               "static constexpr uint32_t counters = 1;"),
     r"fewer words than counters"),
    ("a type that ends before its object",
     "cpuslab::percpu<good> it(slab, cpuslab_type{});",
     "static const cpuslab_type type{}; cpuslab::percpu<good> it(slab, type);",
     DELETED),
)


def source(codes):
    text = SOURCE
    for number, code in enumerate(codes):
        declared, _, body = code.rpartition("--")
        text += CASE % (number, declared, body)
    return text


def errors(compiler, *codes):
    """The lines with an error, or none."""
    done = subprocess.run(
        [compiler, "-std=c++17", "-Wall", "-Wextra", "-Werror", "-Iinclude",
         "-Iports/linux-user", "-fsyntax-only", "-x", "c++", "-"],
        input=source(codes), stderr=subprocess.PIPE, text=True, check=False)
    found = [line for line in done.stderr.splitlines() if "error:" in line]
    return "\n".join(found or ["error"]) if done.returncode else ""


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    said = errors(sys.argv[1], *(right for _, _, right, _ in CASES))
    broken = bool(said)
    print("as they are right: " + (said or "compile"))
    for name, wrong, _, why in CASES:
        said = errors(sys.argv[1], wrong)
        refused = re.search(why, said)
        broken |= not refused
        print("%s: %s" % (name, refused.group() if refused else
                          said or "compiles"))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
