# SPDX-License-Identifier: MIT
"""What the text of a comment refers to, for checks and for both writers."""

import re

WORD = re.compile(
    r"(?P<param>(?<![\w.])@\w+)"
    r"|(?P<call>\b(?:__)?(?:cpuslab|sim|DEFINE_CPUSLAB|CPUSLAB|DECLARE_CPUSLAB)"
    r"\w*\(\))"
    r"|(?P<type>\b(?:struct|enum) (?:cpuslab|sim)_\w+)"
    r"|(?P<constant>-?\bCPUSLAB_[A-Z0-9_]+(?:\b|(?=\*))\*?)"
    r"|(?P<header><cpuslab/[\w/]+\.h>|\b(?:cpuslab/)?[a-z_]+\.h\b)"
    r"|(?P<code>`[^`]+`)")
AS = re.compile(r"\b(?:as|As) ((?:__)?cpuslab_\w+)\(\)"
                r"(?: and (?:then )?((?:__)?cpuslab_\w+)\(\))?")
SECTIONS = ("Context", "Order", "Return")


class Names:
    """All names that the headers declare."""

    def __init__(self, headers):
        self.headers = headers
        self.items, self.constants, self.includes = {}, {}, {}
        for header in headers:
            if header.path.startswith(("include/", "ports/linux-user/")) or \
                    header.base not in self.includes:
                self.includes.setdefault(header.base, header)
            self.includes[header.path] = header
            for item in header.items:
                self.items.setdefault(item.name, item)
                for name in item.enumerators:
                    self.constants.setdefault(name, item)
                if item.kind in ("constant", "macro"):
                    self.constants.setdefault(item.name, item)

    def find(self, kind, word, header):
        """The item or header that a word refers to, or None."""
        if kind == "call":
            return self.items.get(word[:-2])
        if kind == "type":
            return self.items.get(word.split()[1])
        if kind == "constant":
            name = word.lstrip("-")
            if name.endswith("*"):
                names = [n for n in self.constants if n.startswith(name[:-1])]
                return self.constants[names[0]] if names else None
            return self.constants.get(name)
        if kind == "header":
            base = word.strip("<>").split("cpuslab/")[-1]
            folder = header.path.rsplit("/", 1)[0]
            return self.includes.get(folder + "/" + base,
                                     self.includes.get(base))
        return None

    def spans(self, text, header):
        """(kind, words, target): the text in pieces; kind "" is plain."""
        end = 0
        text = re.sub(r"\[[a-z]+\.[a-z.]+\] ", "", text)    # ordering tags
        for found in WORD.finditer(text):
            yield "", text[end:found.start()], None
            kind, word = found.lastgroup, found.group()
            yield kind, word, self.find(kind, word, header)
            end = found.end()
        yield "", text[end:], None

    def section(self, item, name, above=()):
        """[(function or None, text)]: its own, then what it refers to."""
        text = item.comment.sections.get(name)
        if text is None:
            return []
        if re.match(r"see above\.?$", text):
            text = item.header.comment.sections.get(name, text)
        found = [(item.name if above else None, text)]
        for match in AS.finditer(text):
            for other in filter(None, match.groups()):
                target = self.items.get(other)
                if target and target is not item and other not in above:
                    found += self.section(target, name, (*above, item.name))
        alone = AS.fullmatch(text.rstrip("."))
        if alone and not alone.group(2) and len(found) > 1:
            other, said = found[1]
            if not said.startswith("as "):
                said = "as %s(): %s" % (other, said)
            found[:2] = [(found[0][0], said)]
        return found
