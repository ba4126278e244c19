#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of CONTRIBUTING.md that a program can check.

    rules.py --list         the names of the rules
    rules.py [RULE...]      check these, or all; status 1 if one is broken

Each finding is one line, FILE:LINE: text. A line that begins with "note" is a
warning and breaks nothing.
"""

import os
import re
import sys

import prose

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "../../docs/reference"))
import anchors  # noqa: E402

FOLDERS = ("include", "lib", "ports", "bench", "examples", "tests", "docs",
           "packaging", ".ci")
C = (".c", ".h", ".cc", ".hpp")
CODE = C + (".S", ".py", ".sh", ".map", ".build", ".css", ".js")
PORTABLE = ("include" + os.sep, "lib" + os.sep)
# Of lib/, from the bottom up.
LAYERS = ("base", "core", "structures")
# Folders of tests/ that are not named after a noun of the library.
MACHINERY = ("abi", "analysis", "bench", "coverage", "cxx", "driver_failures",
             "everything", "examples", "ffi", "fixture", "fuzz", "gdb",
             "install", "lint", "linux-user",
             "memory_model", "models", "mutants", "port_conformance",
             "portable", "readme", "reference", "run", "soak", "torture", "valgrind",
             "vm", "windows")
# Logs of changes, and what their latest entry says of its version.
CHANGES = {
    "NEWS.md": r"^## ([\d.]+)",
    os.path.join("packaging", "debian", "changelog"): r"^\w+ \(([\d.]+)\)",
    os.path.join("packaging", "debian", "libcpuslab0.symbols"):
        r"^\| libcpuslab0 \(>= ([\d.]+)\)",
}
MAX_FILE = 600
MAX_FUNCTION = 60
WARN_FUNCTION = 40

SYSTEM_NAME = re.compile(
    r"\b(_WIN32|_WIN64|WIN32|__linux__|__linux|linux|__unix__|__APPLE__"
    r"|__FreeBSD__|__KERNEL__|_MSC_VER|_KERNEL_MODE|__MINGW32__|__GLIBC__"
    r"|_GNU_SOURCE|_POSIX_C_SOURCE)\b")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|TB" r"D|HA" r"CK)\b")
LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
TAG = re.compile(r"\[([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)\]")


def files():
    """All files of the project, in order; none that a build made."""
    found = [f for f in os.listdir(".") if os.path.isfile(f)]
    for folder in FOLDERS:
        for path, folders, names in os.walk(folder):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            found += [os.path.join(path, n) for n in names]
    return sorted(found)


def read(name):
    with open(name, encoding="utf-8") as file:
        return file.read()


def parts(text):
    """Two texts of the same shape: the code only, and the comments only."""
    pattern = re.compile(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
        re.S)
    code, comments, end = [], [], 0

    def blank(piece):
        return re.sub(r"[^\n]", " ", piece)

    for match in pattern.finditer(text):
        between, piece = text[end:match.start()], match.group()
        is_comment = piece.startswith("/")
        code += [between, blank(piece) if is_comment else piece]
        comments += [blank(between), piece if is_comment else blank(piece)]
        end = match.end()
    return "".join(code) + text[end:], "".join(comments) + blank(text[end:])


def lines(text):
    return enumerate(text.splitlines(), 1)


def c_files(*where):
    return [f for f in files() if f.endswith(C) and f.startswith(where or "")]


def rule_portable():
    """lib/ and include/ name no system and include no system's header."""
    own = re.compile(r"<cpuslab/(port/)?\w+\.h(pp)?>|\"(\.\./)?(\w+/)?\w+\.[ch]\"")
    compilers = re.compile(r"<intrin\.h>")     # not a system's
    freestanding = re.compile(r"<(exception|type_traits|utility)>")
    for name in c_files(*PORTABLE):
        code, _ = parts(read(name))
        for number, line in lines(code):
            if found := SYSTEM_NAME.search(line):
                yield name, number, "names a system: " + found.group()
            include = re.match(r"\s*#\s*include\s*(<[^>]*>|\"[^\"]*\")", line)
            if include and not own.match(include.group(1)) and not (
                    compilers.match(include.group(1)) and
                    name.startswith(os.path.join("include", "cpuslab", "port"))
                    or freestanding.match(include.group(1)) and
                    name.endswith(".hpp")):
                yield name, number, "includes " + include.group(1)


def rule_layers():
    """A file of lib/ includes its own folder's files and those of lower ones."""
    for name in c_files("lib" + os.sep):
        folder = os.path.basename(os.path.dirname(name))
        if folder == "lib":
            continue    # all.c
        if folder not in LAYERS:
            yield name, 1, "lies in none of " + ", ".join(LAYERS)
            continue
        code, _ = parts(read(name))
        for number, line in lines(code):
            found = re.match(r"\s*#\s*include\s*\"(?:\.\./(\w+)/)?[\w.]+\"", line)
            if found and found.group(1) and \
                    found.group(1) not in LAYERS[:LAYERS.index(folder)]:
                yield name, number, "includes a higher layer: " + line.strip()


def rule_basenames():
    """A private header is not called as a public one is."""
    public = {os.path.basename(f) for f in c_files("include")
              if f.endswith(".h")}
    for name in c_files():
        if name.endswith(".h") and os.path.basename(name) in public and \
                not re.match(r"include|ports/[\w-]+/cpuslab/", name):
            yield name, 1, "has the name of a public header"


def rule_test_folders():
    """A folder of tests/ is named after what it tests, or is machinery."""
    nouns = {os.path.splitext(os.path.basename(f))[0]
             for f in c_files("include", "lib")}
    for name in files():
        parts_of = name.split(os.sep)
        if parts_of[0] != "tests":
            continue
        if len(parts_of) == 2:
            if name.endswith(C):
                yield name, 1, "lies in no folder"
        elif parts_of[1] not in nouns | set(MACHINERY):
            yield name, 1, "its folder is no noun of the library"
        elif parts_of[1] in nouns and len(parts_of) == 3 and not re.match(
                r"(unit|torture|portable|model|fuzz|bench)(_\w+)?\.\w+$",
                parts_of[2]):
            yield name, 1, "is not named after its kind of test"


def version():
    """The version that include/cpuslab/version.h states, or None."""
    header = os.path.join("include", "cpuslab", "version.h")
    text = read(header) if os.path.exists(header) else ""
    numbers = [re.search(r"^#define CPUSLAB_VERSION_%s (\d+)$" % part, text,
                         re.M) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(n.group(1) for n in numbers) if all(numbers) else None


def rule_version():
    """The version stands in version.h only; logs of changes begin with it."""
    current = version()
    if not current:
        yield os.path.join("include", "cpuslab", "version.h"), 1, \
            "does not state the version"
        return
    for name in files():
        text = read(name)
        if name in CHANGES:
            first = re.search(CHANGES[name], text, re.M)
            if not first or first.group(1) != current:
                yield name, 1, "does not begin with " + current
            continue
        for number, line in lines(text):
            if re.search(r"(?<![\d.])%s(?!\.?\d)" % re.escape(current), line):
                yield name, number, "states the version: use version.h"


def rule_links():
    """What a page links to exists."""
    for name in files():
        if not name.endswith(".md"):
            continue
        for number, line in lines(read(name)):
            for target, anchor in LINK.findall(line):
                path = os.path.join(os.path.dirname(name), target) \
                    if target else name
                if "://" not in target and not (
                        os.path.exists(path) and anchor[1:] in anchors_of(path)):
                    yield name, number, "links to %s, which does not exist" % \
                        (target + anchor)


def anchors_of(path):
    """Of a page, and the empty one of each file."""
    found = anchors.anchors(anchors.headings(read(path))) \
        if path.endswith(".md") else []
    return ["", *found]


def above(name):
    """The README.md to which a page belongs."""
    folder = os.path.dirname(name)
    if os.path.basename(name) == "README.md":
        folder = os.path.dirname(folder)
    while folder and not os.path.exists(os.path.join(folder, "README.md")):
        folder = os.path.dirname(folder)
    return os.path.join(folder, "README.md")


def rule_pages():
    """A page's third line leads up; "Next:" leads from README.md to all."""
    pages = [name for name in files() if name.endswith(".md")]
    following = {}
    for name in pages:
        here = os.path.dirname(name)
        text = read(name)
        up = re.match(r"#[^\n]*\n\nUp: \[[^]]+\]\(([^)]+)\)\.", text)
        if name != "README.md" and (not up or os.path.normpath(
                os.path.join(here, up.group(1))) != above(name)):
            yield name, 3, "does not lead up to " + above(name)
        for _, target in re.findall(r"\bNext: \[([^]]+)\]\(([^)]+)\)", text):
            following[name] = os.path.normpath(os.path.join(here, target))
    page = "README.md"
    while page in pages:
        pages.remove(page)
        page = following.get(page)
    for name in pages:
        yield name, 1, 'no "Next:" leads here'


def rule_prose():
    """Plain English: none of the words in prose.py."""
    for name in files():
        if not name.startswith(os.path.join("tests", "lint") + os.sep):
            for number, text in prose.findings(name, read(name)):
                yield name, number, text


def rule_comment_columns():
    """A comment ends at column 80; clang-format sees to code only."""
    for name in c_files():
        for number, columns in prose.wide_comments(read(name)):
            yield name, number, "%d columns" % columns


def rule_licence():
    """Every file that is code says its licence."""
    for name in files():
        script = name in ("dev", os.path.join(".ci", "run"))
        if script or name.endswith(CODE):
            if not any("SPDX-License-Identifier: MIT" in line
                       for _, line in list(lines(read(name)))[:3]):
                yield name, 1, "no SPDX line at its top"


def rule_tags():
    """Each ordering tag in a comment has a partner."""
    seen = {}
    for name in c_files("include", "lib", "ports", "bench", "examples"):
        _, comments = parts(read(name))
        for number, line in lines(comments):
            for tag in TAG.findall(line):
                seen.setdefault(tag, []).append((name, number))
    for tag, places in sorted(seen.items()):
        if len(places) < 2:
            yield (*places[0], "[%s] has no partner" % tag)


def functions(text):
    """(line, name, length) of each function: { and } stand alone in column 0."""
    code, _ = parts(text)
    start = None
    before = ""
    for number, line in lines(code):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start and \
                re.match(r"(class|template)\b", before):
            start, before = None, ""    # a class, whose methods are indented
        elif line.startswith("}") and start:
            name = re.search(r"(\w+)\s*\((?!.*=)", before)
            yield start, name.group(1) if name else "?", number - start - 1
            start, before = None, ""
        elif not start:
            before = line if line[:1].strip() else before


def rule_function_length():
    """A function has at most 60 lines; beyond 40 is worth a note."""
    for name in c_files():
        for number, function, length in functions(read(name)):
            if length > MAX_FUNCTION:
                yield name, number, "%s() has %d lines" % (function, length)
            elif length > WARN_FUNCTION:
                print("note: %s:%d: %s() has %d lines" %
                      (name, number, function, length))


def rule_file_length():
    """A file has at most 600 lines."""
    for name in files():
        if name.endswith(CODE) or name == "dev":
            length = read(name).count("\n")
            if length > MAX_FILE:
                yield name, length, "has %d lines" % length


def rule_listed():
    """meson.build and all.c know every source of their folder."""
    for name in c_files():
        folder, base = os.path.split(name)
        stem, ending = os.path.splitext(base)
        build = os.path.join(folder, "meson.build")
        quoted = (base, stem)
        if os.path.basename(folder) == "cpuslab":   # headers
            folder = os.path.dirname(folder)
            build = os.path.join(folder, "meson.build")
            if not os.path.exists(build) or (
                    folder != "include" and "_headers" not in read(build)):
                continue    # nobody installs them from here
            quoted = ("cpuslab/" + base,)
        elif ending != ".c" or base == "all.c":
            continue
        unit = os.path.join(folder, "all.c")
        kbuild = os.path.join(folder, "Kbuild")
        if os.path.exists(kbuild):
            both = read(kbuild) + (read(unit) if os.path.exists(unit) else "")
            if not re.search(r"\b%s\.[co]\b" % re.escape(stem), both):
                yield kbuild, 1, "does not name " + base
            continue
        above = os.path.join(os.path.dirname(folder), "meson.build")
        if not os.path.exists(build) and not re.match(
                r"tests/\w+/(unit|torture)(_\w+)?\.c$", name):
            continue
        texts = [read(b) for b in (build, above) if os.path.exists(b)]
        quoted += (os.path.basename(folder) + "/" + stem,)
        if not any("'%s'" % word in text for word in quoted for text in texts):
            yield name, 1, "is in no meson.build"
        if ending == ".c" and os.path.exists(unit):
            if '#include "%s"' % base not in read(unit):
                yield unit, 1, "does not include " + base


def rule_exports():
    """cpuslab.ko exports every public function."""
    path = os.path.join("ports", "linux-kernel", "exports.c")
    exported = set(re.findall(r"EXPORT_SYMBOL_GPL\((\w+)\)", read(path)))
    for name in c_files("include"):
        code, _ = parts(read(name))
        for found in re.finditer(
                r"CPUSLAB_API\s[^;{(]*?\b(cpuslab_\w+)\s*\(", code):
            public = not found.group(1).startswith("cpuslab_port_") and \
                "#" not in found.group()
            if public and found.group(1) not in exported:
                yield path, 1, "does not export " + found.group(1)


def rule_callbacks():
    """The type of a user's callback is CPUSLAB_NOEXCEPT."""
    for name in c_files("include", "ports"):
        folder, base = os.path.split(name)
        if os.path.basename(folder) != "cpuslab" or base == "sim.h" or \
                re.match(r"port(_\w+)?\.h$", base):
            continue    # what ports implement, and the simulator
        code, _ = parts(read(name))
        for found in re.finditer(r"\(\*\w+\)\(([^()]*)\)\s*(\w*)", code):
            if found.group(2) != "CPUSLAB_NOEXCEPT":
                yield name, code.count("\n", 0, found.start()) + 1, \
                    "a callback without CPUSLAB_NOEXCEPT"


def rule_unfinished():
    """No marks of unfinished work."""
    for name in files():
        if name.endswith(CODE + (".md", ".txt")) or name == "dev":
            for number, line in lines(read(name)):
                if found := UNFINISHED.search(line):
                    yield name, number, "unfinished: " + found.group()


def rule_guards():
    """A header's guard ends with its name, and no other header has it.

    A header that is included several times says "No guard:".
    """
    # Ports replace each other, so that the same header can have the same guard.
    seen = {}
    for name in c_files():
        if not name.endswith(".h") or "\n * No guard: " in read(name):
            continue
        base = os.path.basename(name)[:-2].upper().replace("-", "_")
        found = re.search(r"^#ifndef (\w+)\n#define (\w+)$", read(name), re.M)
        if not found or found.group(1) != found.group(2):
            yield name, 1, "has no guard"
            continue
        guard = found.group(1)
        if not re.match(r"(\w+_)?%s_H$" % base, guard):
            yield name, 1, "its guard does not end with %s_H" % base
        other = seen.setdefault(guard, name)
        if other != name and not name.startswith("ports" + os.sep):
            yield name, 1, "its guard is also that of " + other


def rule_whitespace():
    """No space at the end of a line, one newline at the end of a file."""
    for name in files():
        if not name.endswith(CODE + (".md", ".txt")) and name != "dev":
            continue
        text = read(name)
        for number, line in lines(text):
            if line != line.rstrip():
                yield name, number, "space at the end of the line"
        if not text.endswith("\n") or text.endswith("\n\n"):
            yield name, text.count("\n"), "must end with one newline"


RULES = {name[len("rule_"):].replace("_", "-"): rule
         for name, rule in list(globals().items()) if name.startswith("rule_")}


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(RULES))
        return 0
    broken = 0
    for name in sys.argv[1:]:
        if name not in RULES:
            sys.exit("rules.py: no rule '%s'; there are: %s" %
                     (name, " ".join(RULES)))
    for name in sys.argv[1:] or RULES:
        found = list(RULES[name]())
        for file, number, text in found:
            print("%s:%d: %s" % (file, number, text))
        if found:
            broken = 1
    return broken


if __name__ == "__main__":
    sys.exit(main())
