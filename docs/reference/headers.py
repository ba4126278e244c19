# SPDX-License-Identifier: MIT
"""Reads the public headers: what is declared, and the comments before it.

A parser of our own, because kernel-doc and Doxygen know neither "Order:" nor
"Context, Order, Return: as X()" nor the annotations of a prototype.
"""

import os
import re

PIECE = re.compile(
    r'(?P<comment>/\*.*?\*/)'
    r'|(?P<line>^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*)'
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|.', re.S | re.M)
# Around and in a prototype: linkage, static analysis, attributes.
ANNOTATION = re.compile(
    r"\b(?:CPUSLAB_[A-Z_]+|CPUSLAB__NT_\w+|_[A-Z]\w*_|extern)\b"
    r"(?:\s*\([^()]*\))?")
SECTION = re.compile(r"((?:Parameters|Context|Order|Return|Synchronization)"
                     r"(?:, (?:Context|Order|Return))*)(?::\s*|$)(.*)")
TITLE = re.compile(r"(?:(?:struct|enum) )?(\w+)(?:\(\))? - (.*)")


class Comment:
    """A comment in parts: title, body, parameters, sections."""

    def __init__(self, text):
        self.name, self.summary = None, ""
        self.body = []      # see blocks()
        self.params = {}    # name: text
        self.sections = {}  # "Context": text; "Synchronization": blocks
        lines = [re.sub(r"^\s*\*(?: |(?=\t)|$)", "", line) for line in
                 re.sub(r"^/\*+ ?|\s*\*/$", "", text).splitlines()]
        self._read([line.rstrip() for line in lines])

    def _read(self, lines):
        while lines and not lines[0]:
            lines.pop(0)
        if lines and (found := TITLE.match(lines[0])):
            self.name, self.summary = found.groups()
            lines.pop(0)
            while lines and lines[0] and lines[0][0] not in "@\t" and \
                    not SECTION.match(lines[0]):
                self.summary += " " + lines.pop(0)
            self.summary = self.summary.rstrip(".")
        body = []
        while lines:
            line = lines.pop(0)
            if found := re.match(r"@(\w+):\s*(.*)", line):
                self.params[found.group(1)] = _rest(found.group(2), lines)
            elif line.startswith("Synchronization"):
                self.sections["Synchronization"] = blocks(
                    ([found.group(2)] if (found := SECTION.match(line)) else [])
                    + lines)
                lines = []
            elif found := SECTION.match(line):
                text = _rest(found.group(2), lines)
                for name in found.group(1).split(", "):
                    self.sections[name] = text
            else:
                body.append(line)
        self.body = blocks(body)

    def text(self):
        """All of it that is prose, for references and for the search."""
        found = [self.summary]
        for content in (self.body, *self.params.values(),
                        *self.sections.values()):
            if isinstance(content, str):
                found.append(content)
            else:
                found += [text for _, text in content]
        return "\n".join(found)


def _rest(text, lines):
    """Continue a parameter or section to its end."""
    while lines and lines[0] and lines[0][0] in " \t":
        text += " " + lines.pop(0).strip()
    return text.strip()


def blocks(lines):
    """("para" or "item", text) or ("pre", lines as they are)."""
    found, kind, current = [], None, []

    def end():
        while current and not current[-1]:
            current.pop()
        if current:
            text = "\n".join(current) if kind == "pre" else " ".join(
                line.strip() for line in current)
            found.append((kind, text))
        current.clear()

    for line in lines:
        indented = line[:1] == "\t" or line[:2] == "  "
        item = re.match(r" *- (.*)", line)
        if kind == "pre" and (indented or not line):
            current.append(line)
        elif not line:
            end()
            kind = None
        elif item:
            end()
            kind = "item"
            current.append(item.group(1))
        elif kind == "item" and indented:
            current.append(line)
        else:
            new = "pre" if indented else "para"
            if kind != new:
                end()
            kind = new
            current.append(line)
    end()
    return found


class Item:
    """A declaration with the comment before it."""

    def __init__(self, header, kind, name, code, line, comment):
        self.header, self.kind, self.name = header, kind, name
        self.code, self.line = code, line
        self.documented = bool(comment and comment.startswith("/**"))
        self.comment = Comment(comment or "")
        self.result, self.params = "", []   # of a function
        self.enumerators = {}               # name: its comment
        self.prototype = code

    def public(self):
        """The port's interface is public to authors of ports only."""
        private = "_" if self.header.base == "port.h" else "_|port_|PORT_"
        return bool(re.match(r"(__)?(cpuslab|sim|CPUSLAB)_(?!%s)|"
                             r"(DEFINE|DECLARE)_CPUSLAB" % private, self.name))


class Header:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.include = re.search(r"cpuslab/[\w/]+\.h$", path).group()
        self.base = os.path.basename(path)
        self.comment, self.brief, self.items = Comment(""), "", []
        self.sync = None
        self._read(text)

    def _read(self, text):
        text = re.sub(r"^CPUSLAB_(BEGIN|END)$", "", text, flags=re.M)
        for comment, code, line in chunks(text):
            if not code:
                self._free(Comment(comment))
                continue
            item = declaration(self, code, line, comment)
            if not item and comment:
                self._free(Comment(comment))
            if item and item.name not in (i.name for i in self.items):
                self.items.append(item)

    def _free(self, comment):
        """A comment that belongs to no declaration."""
        if "Synchronization" in comment.sections:
            self.sync = comment.sections["Synchronization"] + comment.body
        kind, text = comment.body[0] if comment.body else ("", "")
        found = re.match(r"%s - (.*?\.)(?= |$)(.*)" %
                         re.escape(self.base), text)
        if kind == "para" and found:
            self.brief = found.group(1)[:-1]
            rest = found.group(2).strip()
            self.comment = comment
            comment.body[:1] = [("para", rest)] if rest else []

    def public(self):
        return [item for item in self.items if item.public()]

    def functions(self):
        """What has a page of its own."""
        return [item for item in self.public() if item.documented and
                item.kind != "type"]

    def types(self):
        return [item for item in self.public() if item not in
                self.functions()]


def chunks(text):
    """(comment, code, line): code with the comment right before it."""
    comment, code, line, depth, number = None, "", 0, 0, 1
    for found in PIECE.finditer(text):
        piece, at = found.group(), number
        number += piece.count("\n")
        if found.group("comment") and not code.strip():
            if comment:
                yield comment, "", line
            comment, code, line = piece, "", at
        elif found.group("line") and not code.strip():
            yield comment, piece, at
            comment, code = None, ""
        elif piece == "\n" and not code.strip():
            if comment and text[found.start() - 1] == "\n":
                yield comment, "", line
                comment = None
        else:
            if not code.strip():
                line = at
            code += piece
            depth += (piece in ("{", "(")) - (piece in ("}", ")"))
            body = piece == "}" and not plain_record(code)
            if depth == 0 and (piece == ";" or body):
                yield comment, code.strip(), line
                comment, code = None, ""
    if comment:
        yield comment, "", line


def bare(code):
    return re.sub(r"/\*.*?\*/", " ", code, flags=re.S)


def plain_record(code):
    """Without comments and alignment; empty for a function."""
    code = re.sub(r"CPUSLAB_ALIGNED\(\d+\)", "", bare(code))
    return code if "(" not in code.split("{")[0] else ""


def declaration(header, code, line, comment):
    if code.lstrip().startswith("#"):
        return macro(header, code, line, comment)
    plain = bare(code)
    if found := re.match(r"(?:typedef\s+)?(struct|enum|union)\s+(\w*)\s*\{",
                         plain_record(code)):
        return record(header, found, code, line, comment)
    if code.startswith("typedef"):
        name = re.search(r"(\w+)\s*(?:\([^()]*\))?;$", plain)
        return Item(header, "type", name.group(1), code, line, comment)
    if "(" in plain and not re.match(r"CPUSLAB_STATIC_ASSERT|DECLARE_", plain):
        return function(header, plain, line, comment)
    if found := re.search(r"\bextern [\w ]*?(\w+);$", plain):
        return Item(header, "variable", found.group(1),
                    code.replace("CPUSLAB_API ", ""), line, comment)
    return None


def macro(header, code, line, comment):
    found = re.match(r"\s*#\s*define (\w+)(\(([^()]*)\))?[ \t]*(\S?)", code)
    if not found or re.search(r"_H$", found.group(1)):
        return None
    item = Item(header, "macro" if found.group(2) else "constant",
                found.group(1), code, line, comment)
    if found.group(2):
        item.params = [name.strip() for name in found.group(3).split(",")]
    item.prototype = found.group(1) + (found.group(2) or "")
    return item


def record(header, found, code, line, comment):
    names = re.findall(r"^\s*(\w+)(?: = [^,]*)?,?[ \t]*(?:/\*(.*?)\*/)?$",
                       code[code.index("{") + 1:], re.M)
    name = found.group(2)
    item = Item(header, "type", name, code, line, comment)
    if found.group(1) == "enum":
        item.enumerators = {n: " ".join(t.split()) for n, t in names
                            if re.match(r"[A-Z]", n)}
        item.name = name or next(iter(item.enumerators), "")
    return item


def function(header, plain, line, comment):
    head = plain.split("{")[0].rstrip(" ;\n\t")
    head = " ".join(ANNOTATION.sub("", head).split()).replace("( ", "(")
    found = re.match(r"(.*?)\b(\w+) ?\((.*)\)$", head)
    if not found:
        return None
    item = Item(header, "function", found.group(2), plain, line, comment)
    item.result = found.group(1).strip()
    item.arguments = [a.strip() for a in re.split(r",(?![^()]*\))",
                                                 found.group(3))]
    if item.arguments == ["void"]:
        item.arguments = []
    for argument in item.arguments:
        name = re.search(r"\(\*(\w+)\)|(\w+)(?:\[\w*\])?$", argument)
        if name:
            item.params.append(name.group(1) or name.group(2))
    item.arguments = item.arguments or ["void"]
    return item


def load(root):
    """All headers with something public, those of include/ first."""
    found = []
    for folder in ("include", *("ports/" + port for port in (
            "linux-user", "linux-kernel", "windows-kernel", "windows-user",
            "sim"))):
        path = os.path.join(root, folder, "cpuslab")
        for name in sorted(os.listdir(path) if os.path.isdir(path) else ()):
            if name.endswith(".h"):
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    header = Header("%s/cpuslab/%s" % (folder, name),
                                    file.read())
                if header.brief and not re.match(r"port_|rseq_|nt\.h", name) \
                        and (header.public() or name == "cpuslab.h"):
                    found.append(header)
    return found


def words(root):
    """All names in the code of the project's headers, and the headers'."""
    found = set()
    for top in ("include", "lib", "ports"):
        for path, _, names in os.walk(os.path.join(root, top)):
            for name in (n for n in names if n.endswith(".h")):
                found.add(name)
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    found.update(re.findall(r"\w+", bare(file.read())))
    return found
