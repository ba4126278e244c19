#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hot path of each operation has no lock, no call and no system call.

    hotpath.py ROOT

Compiles one small function for each operation with each compiler that is
installed, and reads its disassembly along the path of an operation that
succeeds: from the entry to the return, with no conditional branch out of the
section taken. Then it looks at all instructions of all sections, also of those
in the library: none writes the register in which the unwinder finds a section's
descriptor. These do not depend on the C library. No operation has a probe, which
would be a nop and a note in each program that uses it. Status 77 if no compiler is
installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = """
#include <cpuslab/cache.h>
#include <cpuslab/counter.h>
#include <cpuslab/log.h>
#include <cpuslab/percid.h>
#include <cpuslab/ring.h>
#include <cpuslab/section.h>
#include <cpuslab/stack.h>
#include <cpuslab/words.h>
void hot_add(const struct cpuslab_counter *c, uint64_t v);
void hot_add(const struct cpuslab_counter *c, uint64_t v)
{ cpuslab_counter_add(c, v); }
int hot_push(const struct cpuslab_stack *s, struct cpuslab_node *n);
int hot_push(const struct cpuslab_stack *s, struct cpuslab_node *n)
{ return cpuslab_stack_push(s, n); }
int hot_pop(const struct cpuslab_stack *s, struct cpuslab_node **n);
int hot_pop(const struct cpuslab_stack *s, struct cpuslab_node **n)
{ return cpuslab_stack_pop(s, n); }
int hot_cmpstore(const struct cpuslab_percpu *r, uint64_t e, uint64_t v);
int hot_cmpstore(const struct cpuslab_percpu *r, uint64_t e, uint64_t v)
{ return cpuslab_cmpstore(r, 0, e, v); }
int hot_add_if(const struct cpuslab_percpu *r, uint64_t g, uint64_t v);
int hot_add_if(const struct cpuslab_percpu *r, uint64_t g, uint64_t v)
{ return cpuslab_add_if(r, 0, g, v); }
int hot_add_below(const struct cpuslab_percpu *r, uint64_t b, uint64_t v);
int hot_add_below(const struct cpuslab_percpu *r, uint64_t b, uint64_t v)
{ return cpuslab_add_below(r, 0, b, v); }
int hot_load(const struct cpuslab_percpu *r, uint64_t *w);
int hot_load(const struct cpuslab_percpu *r, uint64_t *w)
{ return cpuslab_load(r, 0, w); }
int hot_load_add(const struct cpuslab_percpu *r, uint64_t v, uint64_t *w);
int hot_load_add(const struct cpuslab_percpu *r, uint64_t v, uint64_t *w)
{ return cpuslab_load_add(r, 0, v, w); }
int hot_exchange(const struct cpuslab_percpu *r, uint64_t v, uint64_t *w);
int hot_exchange(const struct cpuslab_percpu *r, uint64_t v, uint64_t *w)
{ return cpuslab_exchange(r, 0, v, w); }
int hot_or(const struct cpuslab_percpu *r, uint64_t v);
int hot_or(const struct cpuslab_percpu *r, uint64_t v)
{ return cpuslab_or(r, 0, v); }
int hot_max(const struct cpuslab_percpu *r, uint64_t v);
int hot_max(const struct cpuslab_percpu *r, uint64_t v)
{ return cpuslab_max(r, 0, v); }
int hot_cmp2store(const struct cpuslab_percpu *r, uint64_t e, uint64_t v);
int hot_cmp2store(const struct cpuslab_percpu *r, uint64_t e, uint64_t v)
{ return cpuslab_cmp2store(r, 0, e, 8, e, v); }
int hot_cmpcopystore(const struct cpuslab_percpu *r, const void *d);
int hot_cmpcopystore(const struct cpuslab_percpu *r, const void *d)
{ return cpuslab_cmpcopystore(r, 0, 1, 8, d, 8, 2); }
int hot_append(const struct cpuslab_log *l, const void *d, uint32_t n);
int hot_append(const struct cpuslab_log *l, const void *d, uint32_t n)
{ return cpuslab_log_append(l, d, n); }
int hot_ring_append(const struct cpuslab_ring *r, const void *d, uint32_t n);
int hot_ring_append(const struct cpuslab_ring *r, const void *d, uint32_t n)
{ return cpuslab_ring_append(r, d, n); }
void *hot_take(struct cpuslab_cache *c);
void *hot_take(struct cpuslab_cache *c)
{ return cpuslab_cache_alloc(c); }
void hot_give(struct cpuslab_cache *c, void *o);
void hot_give(struct cpuslab_cache *c, void *o)
{ cpuslab_cache_free(c, o); }
void hot_percid_add(const struct cpuslab_percid_counter *c, uint64_t v);
void hot_percid_add(const struct cpuslab_percid_counter *c, uint64_t v)
{ cpuslab_percid_counter_add(c, v); }
int hot_percid_pop(const struct cpuslab_percid_stack *s,
		   struct cpuslab_node **n);
int hot_percid_pop(const struct cpuslab_percid_stack *s,
		   struct cpuslab_node **n)
{ return cpuslab_percid_stack_pop(s, n); }
void *hot_percid_take(struct cpuslab_percid_cache *c);
void *hot_percid_take(struct cpuslab_percid_cache *c)
{ return cpuslab_percid_cache_alloc(c); }
#define LIVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) \
	X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19)
int crowded(const struct cpuslab_percpu *r, volatile uint64_t *w);
int crowded(const struct cpuslab_percpu *r, volatile uint64_t *w)
{
#define LOADED(n) uint64_t w##n = w[n];
#define STORED(n) w[19 - n] = w##n;
	LIVE(LOADED)
	int result = cpuslab_port_add(r, 0, 1);
	LIVE(STORED)
	return result;
}
"""

# (name, compiler, disassembler, machine)
COMPILERS = (
    ("gcc", "gcc", "objdump", None),
    ("clang", "clang", "objdump", None),
    ("gcc musl", "musl-gcc", "objdump", None),
    ("gcc aarch64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump",
     "aarch64"),
)

# The most instructions from the entry to the return.
BOUND = {
    "x86_64": {"hot_add": 18, "hot_push": 26, "hot_pop": 38,
               "hot_cmpstore": 28, "hot_add_if": 28, "hot_add_below": 28,
               "hot_load": 33, "hot_load_add": 33, "hot_exchange": 33,
               "hot_or": 33, "hot_max": 33, "hot_cmp2store": 40,
               "hot_cmpcopystore": 75,
               "hot_append": 66, "hot_ring_append": 75, "hot_take": 44, "hot_give": 46,
               "hot_percid_add": 20, "hot_percid_pop": 40,
               "hot_percid_take": 46},
    "aarch64": {"hot_add": 23, "hot_push": 32, "hot_pop": 40,
                "hot_cmpstore": 32, "hot_add_if": 34, "hot_add_below": 33,
                "hot_load": 36, "hot_load_add": 36, "hot_exchange": 36,
                "hot_or": 36, "hot_max": 36, "hot_cmp2store": 38,
                "hot_cmpcopystore": 75,
                "hot_append": 56, "hot_ring_append": 66, "hot_take": 46, "hot_give": 44,
                "hot_percid_add": 26, "hot_percid_pop": 43,
                "hot_percid_take": 49},
}

FORBIDDEN = {
    "x86_64": re.compile(
        r"^(?:lock\b|call|syscall|sysenter|int\b|cmpxchg|xadd|pause"
        r"|[lms]fence|xchg\b.*\()"),
    "aarch64": re.compile(
        r"^(?:blr?\b|svc\b|ld\w*xr|st\w*xr|cas|swp|ldadd|ldset|ldclr|wfe"
        r"|d[ms]b\b|isb\b)"),
}
# What an operation that succeeds must contain: machines with weaker ordering
# than x86 have an instruction for each order. The live byte, a gate and what is
# handed out are loaded with acquire; the committing store is a release.
LIVE, DECIDES, COMMITS = r"^ldarb\b", r"^ldar\b", r"^stlr\b"
ORDER = {
    "x86_64": {},
    "aarch64": {"hot_add": (LIVE, COMMITS), "hot_push": (LIVE, COMMITS),
                "hot_pop": (LIVE, DECIDES, COMMITS),
                "hot_cmpstore": (LIVE, COMMITS),
                "hot_add_if": (LIVE, DECIDES, COMMITS),
                "hot_add_below": (LIVE, COMMITS),
                "hot_load": (LIVE, DECIDES),
                "hot_load_add": (LIVE, DECIDES, COMMITS),
                "hot_exchange": (LIVE, DECIDES, COMMITS),
                "hot_or": (LIVE, DECIDES, COMMITS),
                "hot_max": (LIVE, DECIDES, COMMITS),
                "hot_cmp2store": (LIVE, COMMITS),
                "hot_cmpcopystore": (LIVE, COMMITS),
                "hot_append": (LIVE, COMMITS),
                "hot_ring_append": (LIVE, DECIDES, COMMITS),
                "hot_take": (LIVE, DECIDES, COMMITS),
                "hot_give": (LIVE, DECIDES, COMMITS),
                "hot_percid_add": (LIVE, COMMITS),
                "hot_percid_pop": (LIVE, DECIDES, COMMITS),
                "hot_percid_take": (LIVE, DECIDES, COMMITS)},
}
# A linker may have a far branch, such as that of an abort handler, go through
# code that uses these.
OF_LINKERS = {"aarch64": re.compile(r"\b[xw]1[67]\b")}
RETURN = re.compile(r"^(?:repz |rep )?ret")
JUMP = {
    "x86_64": re.compile(r"^jmp\s+([0-9a-f]+)"),
    "aarch64": re.compile(r"^b\s+([0-9a-f]+)"),
}


# Has an instruction of a section this register as its destination?
DESCRIPTOR = {
    "x86_64": re.compile(r"^(?!cmp|test|push)(?:\S+ )?\S+\s+(?:.*,)?"
                         r"%(?:[re]cx|cx|c[lh])$"),
    "aarch64": re.compile(r"^(?!st|cmp|tst|cbn?z|tbn?z)\S+\s+"
                          r"(?:[xw]15\b|[xw]\d+, [xw]15, \[)"),
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def machine_of(compiler):
    return run(compiler, "-dumpmachine").split("-")[0]


def compile_one(root, compiler, source, made, language="gnu11"):
    subprocess.run([compiler, "-std=" + language, "-O2", "-c", source, "-o", made,
                    "-I", os.path.join(root, "include"),
                    "-I", os.path.join(root, "ports", "linux-user")],
                   check=True)


def sections(root, folder, compiler, objdump):
    """The instructions of each section, after disassemble()."""
    port = os.path.join(folder, "port.o")
    compile_one(root, compiler, os.path.join(root, "ports/linux-user/all.c"),
                port)
    whole = os.path.join(folder, "whole")
    run(objdump.replace("objdump", "ld"), "--entry=0", "-o", whole, port,
        os.path.join(folder, "hot.o"), "--unresolved-symbols=ignore-all")
    code = {}
    for line in run(objdump, "-d", "--no-show-raw-insn", "-j", ".text",
                    whole).splitlines():
        if found := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            code[int(found.group(1), 16)] = found.group(2).strip()
    data = b"".join(
        bytes.fromhex("".join(line[1:].split("  ")[0].split()[1:5]))
        for line in run(objdump, "-s", "-j", "__rseq_cs", whole).splitlines()
        if re.match(r" [0-9a-f]+ ", line))
    for at in range(0, len(data), 32):
        start, size = (int.from_bytes(data[at + i:at + i + 8], "little")
                       for i in (8, 16))
        yield [code[address] for address in range(start, start + size)
               if address in code]


def disassemble(root, folder, compiler, objdump, text=SOURCE, suffix=".c",
                language="gnu11"):
    """{function: [(address, instruction)]}"""
    source = os.path.join(folder, "hot" + suffix)
    made = os.path.join(folder, "hot.o")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    compile_one(root, compiler, source, made, language)
    if ".note.stapsdt" in run(objdump, "-h", made):
        sys.exit("  an operation has a probe")
    functions, current = {}, None
    for line in run(objdump, "-d", "--no-show-raw-insn", "-j", ".text",
                    made).splitlines():
        if found := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            current = functions.setdefault(found.group(1), [])
        elif found := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
            current.append((int(found.group(1), 16),
                            found.group(2).strip()))
    return functions


def hot_path(code, machine):
    """The instructions from the entry to the return, jumps followed.

    A conditional branch out of the section is not taken; the copying loop of
    an append on aarch64 runs once.
    """
    index = {address: i for i, (address, _) in enumerate(code)}
    path, seen, at = [], set(), 0
    while at < len(code) and at not in seen:
        seen.add(at)
        text = code[at][1]
        path.append(text)
        if RETURN.match(text):
            return path, True
        jump = JUMP[machine].match(text)
        if jump:
            target = int(jump.group(1), 16)
            if target not in index:
                return path, False
            # The end of a loop: leave it.
            at = index[target] if index[target] not in seen else at + 1
        else:
            at += 1
    return path, False


def in_order(path, wanted):
    """Are the instructions there, in this order?"""
    at = iter(path)
    return all(any(re.match(one, text) for text in at) for one in wanted)


def check_readme(root, functions):
    """The README shows the add as it is: gcc's, but for the operands."""
    def name(line):
        return re.sub(r"(?<=^add|^mov)q$", "", line.split()[0])

    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        shown = re.search(r"^```\n(lea .*?)^```", file.read(), re.M | re.S)
    wanted = [name(line) for line in shown.group(1).splitlines()] \
        if shown else []
    path = [name(text) for text in hot_path(functions["hot_add"], "x86_64")[0]]
    begin = path.index("lea") if "lea" in path else 0
    if wanted and path[begin:begin + len(wanted)] == wanted:
        return 0
    print("  README.md shows another add: " + " ".join(wanted) +
          "\n  it is: " + " ".join(path))
    return 1


def check(name, machine, functions):
    broken = 0
    for function, bound in BOUND[machine].items():
        path, returns = hot_path(functions[function], machine)
        found = [t for t in path if FORBIDDEN[machine].match(t)]
        problem = None
        if found:
            problem = "has " + found[0]
        elif not returns:
            problem = "does not return"
        elif not in_order(path, ORDER[machine].get(function, ())):
            problem = "lacks an acquire or a release"
        elif len(path) > bound:
            problem = "has more than %d instructions" % bound
        print("  %-12s %-13s %3d instructions%s" % (
            name, function, len(path), ": " + problem if problem else ""))
        if problem:
            print("\n".join("    " + text for text in path))
            broken += 1
    return broken


def check_sections(name, machine, found):
    found = list(found)
    broken = [text for code in found for text in code
              if DESCRIPTOR[machine].match(text)]
    print("  %-12s %d sections, %d instructions" % (
        name, len(found), sum(map(len, found))))
    for text in broken:
        print("    loses the descriptor: " + text)
    if len(found) < len(BOUND[machine]) or not all(found):
        print("    the sections are not found")
        return 1
    return len(broken)


def check_linkers(name, machine, code):
    """Does nothing live in a linker's registers across a section?"""
    kept = [text for _, text in code
            if machine in OF_LINKERS and OF_LINKERS[machine].search(text)]
    for text in kept:
        print("  %-12s a far branch would lose %s" % (name, text))
    return len(kept)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    asked = broken = 0
    for name, compiler, objdump, machine in COMPILERS:
        if not shutil.which(compiler) or not shutil.which(objdump):
            print("  %-12s is not there" % name)
            continue
        machine = machine or machine_of(compiler)
        if machine not in BOUND:
            print("  %-12s for %s: has no rseq operations" % (name, machine))
            continue
        with tempfile.TemporaryDirectory() as folder:
            functions = disassemble(sys.argv[1], folder, compiler, objdump)
            if "musl" not in name:
                broken += check_sections(name, machine, sections(
                    sys.argv[1], folder, compiler, objdump))
        asked += 1
        broken += check(name, machine, functions)
        broken += check_linkers(name, machine, functions["crowded"])
        if name == "gcc" and machine == "x86_64":
            broken += check_readme(sys.argv[1], functions)
    return 1 if broken else 0 if asked else 77


if __name__ == "__main__":
    sys.exit(main())
