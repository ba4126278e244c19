#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Break the kernel port on purpose and see that a scenario notices.

    mutants.py [NAME...]

mutants.txt has the format of tests/mutants/mutants.txt; its tests are names of
scenarios, which run in a copy of the tree until one fails a check. All use the
same copy, in which only what a mutant touches is compiled again.
"""

import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VM = ROOT / "build" / "vm"
TREE = VM / "mutants"
PARTS = ("include", "lib", "ports", "tests", "examples")


def shared():
    """What the library's mutants have in common with these."""
    loader = importlib.machinery.SourceFileLoader(
        "mutants", str(ROOT / "tests" / "mutants" / "run"))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("mutants", loader))
    loader.exec_module(module)
    return module


def mutate(mutant):
    """Make the copy fresh and break it; None, or what is wrong."""
    for part in PARTS:
        shutil.rmtree(TREE / part, ignore_errors=True)
        shutil.copytree(ROOT / part, TREE / part)
    target = TREE / mutant.file
    text = target.read_text()
    if text.count(mutant.old) != 1:
        return "found %d times in %s" % (text.count(mutant.old), mutant.file)
    target.write_text(text.replace(mutant.old, mutant.new))
    return None


def failed(scenario, log):
    """Did a check of it fail? An error if it could not even be made."""
    done = subprocess.run([TREE / "tests" / "vm" / "run.py", scenario],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    log.write(done.stdout)
    broken = re.search(r"not ok (build|the harness.*)", done.stdout)
    return done.returncode != 0, broken and broken.group(0)


def try_mutant(mutant):
    """(the scenario that noticed or None, an error or None)"""
    error = mutate(mutant)
    if error:
        return None, error
    log = TREE / "build" / (mutant.name + ".log")
    with open(log, "w", encoding="utf-8") as file:
        for scenario in mutant.tests:
            noticed, error = failed(scenario, file)
            if noticed or error:
                break
    return (scenario if noticed and not error else None), error


def prepare():
    (TREE / "build" / "vm").mkdir(parents=True, exist_ok=True)
    kernel = TREE / "build" / "vm" / "kernel"
    if not kernel.exists():
        kernel.symlink_to(VM / "kernel")


def main():
    run = shared()
    mutants = [m for m in run.parse(HERE / "mutants.txt")
               if not sys.argv[1:] or m.name in sys.argv[1:]]
    passed = 0
    prepare()
    for mutant in mutants:
        passed += run.report(mutant, *try_mutant(mutant))
    print("%d passed, %d failed" % (passed, len(mutants) - passed))
    return 0 if passed == len(mutants) and passed else 1


if __name__ == "__main__":
    sys.exit(main())
