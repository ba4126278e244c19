#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reference, from the comments of the public headers.

    generate.py check             status 1 if a comment is wrong
    generate.py man3|man7 FOLDER  man pages, in a new or empty folder
    generate.py html FOLDER       pages for a browser; needs markdown-it-py

A build names a file in a further argument of the last two, in which it finds
what the pages are made of. It owns the folder, which is then replaced.
"""

import os
import re
import shutil
import sys
import time

import check
import headers
import man
import names
import overview

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def version():
    with open(os.path.join(ROOT, "include/cpuslab/version.h"),
              encoding="utf-8") as file:
        return ".".join(re.findall(r"VERSION_(?:MAJOR|MINOR|PATCH) (\d+)",
                                   file.read()))


def date(found):
    """Of the newest header, unless the build wants another."""
    newest = max(os.path.getmtime(os.path.join(ROOT, header.path))
                 for header in found)
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", newest))
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def record_sources():
    """The set of files that are read from now on."""
    found = set()

    def hook(event, arguments):
        if event == "open" and arguments[1] in ("r", "rb"):
            found.add(os.path.abspath(arguments[0]))

    sys.addaudithook(hook)
    return found


def write_depfile(name, target, read):
    """In make's language: @target depends on what was read and is run."""
    root = os.path.abspath(ROOT) + os.sep
    run = {os.path.abspath(module.__file__) for module in sys.modules.values()
           if getattr(module, "__file__", None)}
    with open(name, "w", encoding="utf-8") as file:
        file.write("%s: %s\n" % (target, " ".join(
            path.replace(" ", "\\ ") for path in sorted(read | run)
            if path.startswith(root) and not path.endswith(".pyc"))))


def make_folder(folder, owned):
    """Empty; but what is in a folder that is not @owned is never deleted."""
    if owned:
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        sys.exit("generate.py: %s is not empty" % folder)


def main():
    sources = record_sources()
    found = headers.load(ROOT)
    if sys.argv[1:] == ["check"]:
        wrong = list(check.findings(found, headers.words(ROOT)))
        wrong += check.unlisted(found, overview.tasks())
        for finding in wrong:
            print("%s:%d: %s" % finding)
        return bool(wrong)
    if len(sys.argv) < 3 or sys.argv[1] not in ("man3", "man7", "html"):
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 2
    what, folder, *depfile = sys.argv[1:]
    known = names.Names(found)
    make_folder(folder, owned=depfile)
    if what == "html":
        try:
            import html_site  # only here: its Markdown may not be installed
        except ImportError as error:
            sys.exit("generate.py: html needs the Python package %s "
                     "(Debian: python3-markdown-it)" % error.name)
        html_site.write(known, folder, version())
    else:
        writer = {"man3": man.write_section_3,
                  "man7": overview.write_section_7}[what]
        writer(known, folder, date(found), version())
    for name in depfile:
        write_depfile(name, folder, sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
