#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Break the Windows kernel port on purpose and see that the script notices.

    mutants.py FOLDER [NAME...]

The changed port is built natively, against the shim, and the script that shall
find it is run on the simulated system. A mutant that it does not find, whose
text is no longer there, or that does not compile, is a failure of this program.
At the end: "N passed, N failed".
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import native  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = ["-w", "-O0", "-DCPUSLAB_DEBUG"]
TRIES = 6     # what only a race shows
TIMEOUT = 10  # seconds for a script; a mutant may well hang
ALL = 90      # for all of them


class Mutant:
    def __init__(self, name, why):
        self.name, self.why = name, why
        self.file, self.script, self.old, self.new = None, "", "", ""


def parse(path):
    mutants, part = [], None
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("== "):
            mutants.append(Mutant(*line[3:].strip().split(": ", 1)))
            part = None
        elif mutants and line.startswith("file: "):
            mutants[-1].file = line[6:].strip()
        elif mutants and line.startswith("found by: "):
            mutants[-1].script = line[10:].strip()
        elif mutants and line.rstrip() in ("<<<", ">>>", "---"):
            part = {"<<<": "old", "---": "new", ">>>": None}[line.rstrip()]
        elif part:
            setattr(mutants[-1], part, getattr(mutants[-1], part) + line)
    return mutants


def run(program, log, timeout, *script):
    """Did it pass?"""
    try:
        done = subprocess.run([str(program), *script], stdout=log,
                              stderr=subprocess.STDOUT, timeout=timeout)
        return not done.returncode
    except subprocess.TimeoutExpired:
        log.write(b"no end within %d s\n" % timeout)
        return False


def mutate(mutant, tree):
    """None, or what is wrong."""
    shutil.rmtree(tree, ignore_errors=True)
    for part in ("include", "lib", "ports/windows-kernel", "tests"):
        shutil.copytree(ROOT / part, tree / part)
    target = tree / mutant.file
    text = target.read_text()
    if text.count(mutant.old) != 1:
        return "found %d times in %s" % (text.count(mutant.old), mutant.file)
    target.write_text(text.replace(mutant.old, mutant.new))
    return None


def build(mutant, tree, original):
    """The program, or None. What the mutant leaves alone is there already."""
    port, users, rest = native.sources(tree)
    kept = native.objects_of(rest, original)
    if mutant.file.endswith(".h"):
        port += users
    else:
        kept += native.objects_of(users, original)
    objects = native.compile_all(tree, port, tree, OPTIONS)
    program = tree / "native"
    if objects and native.link(kept + objects, program, OPTIONS):
        return program
    return None


def try_mutant(mutant, out):
    """(mutant, found, what is wrong or None)"""
    tree = out / mutant.name
    problem = mutate(mutant, tree)
    program = None if problem else build(mutant, tree, out / "original")
    found = False
    if not problem and not program:
        problem = "does not compile"
    with open(out / (mutant.name + ".log"), "wb") as log:
        for _ in range(TRIES):
            if not problem and not found:
                found = not run(program, log, TIMEOUT, mutant.script)
    shutil.rmtree(tree, ignore_errors=True)
    return mutant, found, problem


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    mutants = [m for m in parse(ROOT / "tests" / "windows" / "mutants.txt")
               if not sys.argv[2:] or m.name in sys.argv[2:]]
    original = out / "original"
    program = native.build(ROOT, original, OPTIONS)
    with open(out / "original.log", "wb") as log:
        if not program or not run(program, log, ALL):
            print("the unchanged port fails: see %s/original.log" % out)
            return 1
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for mutant, found, problem in pool.map(
                lambda m: try_mutant(m, out), mutants):
            good = found and not problem
            bad += not good
            print("%-24s %s" % (mutant.name, "found" if good else
                                "NOT FOUND: " + (problem or mutant.why)),
                  flush=True)
    print("%d passed, %d failed" % (len(mutants) - bad, bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
