#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is every public function annotated for Microsoft's static analysis?

    sal.py

For Windows each public function has the highest IRQL of its callers, and each
pointer among its parameters what happens to that which it points to; one that
changes the IRQL says so. Elsewhere the preprocessed headers contain no
annotation at all.
"""
import pathlib
import re
import subprocess
import sys

import msvc

# Names that survive the preprocessor, in the place of the real header.
WORDS = ("_In_", "_In_opt_", "_Inout_", "_Inout_opt_", "_Out_", "_Out_opt_",
         "_Outptr_result_maybenull_", "_Pre_notnull_", "_Must_inspect_result_")
STUB = "".join("#undef %s\n#define %s SAL%s\n" % (word, word, word)
               for word in WORDS) + """
#undef _IRQL_requires_max_
#undef _IRQL_requires_min_
#undef _IRQL_requires_
#undef _IRQL_raises_
#undef _IRQL_saves_
#undef _IRQL_restores_
#undef _At_
#undef _When_
#define _IRQL_requires_max_(irql) SAL_IRQL_
#define _IRQL_requires_min_(irql) SAL_IRQL_
#define _IRQL_requires_(irql) SAL_IRQL_
#define _IRQL_raises_(irql) SAL_RAISES_
#define _IRQL_saves_ SAL_SAVES_
#define _IRQL_restores_ SAL_RESTORES_
#define _IRQL_saves_global_(kind, param) SAL_SAVES_
#define _IRQL_restores_global_(kind, param) SAL_RESTORES_
#define _At_(target, annotation) annotation
#define _When_(condition, annotation) annotation
"""
# They return at another IRQL than they were called at.
CHANGES = {
    **dict.fromkeys(("cpuslab_pin", "cpuslab_read_enter",
                     "cpuslab_cpumask_get"), ("SAL_RAISES_", "SAL_SAVES_")),
    **dict.fromkeys(("cpuslab_unpin", "cpuslab_read_exit",
                     "cpuslab_cpumask_put"), ("SAL_IRQL_", "SAL_RESTORES_")),
}
PUBLIC = re.compile(r"\b((?:__)?cpuslab_(?!_|port_)\w+)\(")
# Between a declaration and the one before it.
BEGIN = re.compile(r"[;{}]")
INTERNAL = ("port.h", "atomic.h")   # for ports


def names(port):
    """Of the public functions that the headers declare."""
    found = set()
    for header in msvc.headers(port):
        path = pathlib.Path("include", header)
        if not path.exists():
            path = pathlib.Path("ports", port, header)
        if path.name in INTERNAL or path.parent.name == "port":
            continue
        for declared in re.finditer(
                r"^(?:CPUSLAB_\w+\s+)*CPUSLAB_(?:API|INLINE)\b[^;{}()]*?"
                + PUBLIC.pattern, path.read_text(), re.M):
            found.add(declared.group(1))
    return found


def preprocessed(command, source):
    done = subprocess.run([*command, "-E", "-P", "-"], input=source, check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    # What Microsoft's compiler shall not warn of.
    return re.sub(r"^#.*$|__pragma\((?:[^()]|\([^()]*\))*\)", "", done.stdout,
                  flags=re.M)


def closing(text, at):
    """Where the parenthesis before @at is closed."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return at - 1


def parameters(text):
    """Split at the commas that are in no parenthesis."""
    depth, begin = 0, 0
    for at, char in enumerate(text + ","):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and not depth:
            yield text[begin:at].strip()
            begin = at + 1


def declarations(text):
    """(name, what stands before it, its parameters)"""
    for match in PUBLIC.finditer(text):
        before = BEGIN.split(text[max(0, match.start() - 400):match.start()])[-1]
        # Not a call: a type precedes the name.
        if re.search(r"[\w*]\s*$", before) and "return" not in before and \
                not re.search(r"[=(,!&|]", before):
            end = closing(text, match.end())
            yield match.group(1), before, text[match.end():end]


def missing(port):
    """What the headers of a Windows port leave without annotation."""
    command = [*msvc.compiler("x86_64", port), "-std=c11", "-x", "c"]
    first = "#include <specstrings.h>\n" + STUB
    text = preprocessed(command, first + msvc.include(msvc.headers(port)))
    wanted = names(port)
    seen = set()
    for name, before, arguments in declarations(text):
        if name not in wanted:
            continue
        seen.add(name)
        if port == "windows-kernel" and "SAL_IRQL_" not in before:
            yield name + ": no IRQL"
        if port == "windows-kernel":
            for word in CHANGES.get(name, ()):
                if word not in before + arguments:
                    yield "%s: no %s" % (name, word)
        for argument in parameters(arguments):
            if "*" in argument and "(*" not in argument and \
                    "SAL_" not in argument:
                yield "%s: %s" % (name, argument)
    for name in sorted(wanted - seen):
        yield name + ": not declared"
    print("%s: %d public functions" % (port, len(seen)), flush=True)


def left_over(port):
    """Annotations that are left where there is no static analysis."""
    command = ["gcc", "-Iinclude", "-Iports/" + port, "-x", "c"]
    text = preprocessed(command, msvc.include(
        header for header in msvc.headers("windows-user")
        if pathlib.Path("include", header).exists()
        and "interlocked" not in header))
    own = re.findall(r"#define (CPUSLAB_\w+)",
                     pathlib.Path("include/cpuslab/port/sal.h").read_text())
    left = re.compile(r"\b(_(?:In|Out|Inout|Outptr|Pre|Must|IRQL)_\w*|%s)\b"
                      % "|".join(own))
    for word in sorted(set(left.findall(text))):
        yield "%s: %s" % (port, word)


def main():
    wrong = [*missing("windows-kernel"), *missing("windows-user"),
             *left_over("linux-user"), *left_over("sim")]
    print("\n".join(wrong))
    return bool(wrong)


sys.exit(main())
