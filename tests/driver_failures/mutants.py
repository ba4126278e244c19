#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Break scenarios and the library on purpose: cpuslab-driver-failures must say so.

    mutants.py FOLDER

Each mutant is a copy of the sources below FOLDER with one piece of one file
replaced. The program that is built of it must end with status 1, and the
scenarios that did not pass must be the ones named here. The last line is
"N passed, N failed".
"""
import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ("include", "lib", "ports/sim", "tests/driver_failures")
TIMEOUT = 300

# What it breaks, file, old text, new text, the scenarios that must notice.
MUTANTS = (
    ("the usual array is large enough", "tests/driver_failures/scenarios/structures.c",
     "failures_guarded(usual_count *", "failures_guarded(FAILURES_LIMIT *",
     ["structures"]),
    ("the usual slots are shared, but by atomics",
     "tests/driver_failures/scenarios/dispatch.c",
     "	failures_point();\n	slot->requests = requests + 1;\n",
     "	slot->requests = requests + 1;\n", ["dispatch"]),
    ("the usual way allocates in time", "tests/driver_failures/scenarios/late.c",
     ".complete = usual_complete", ".start = usual_complete", ["late"]),
    ("the usual way crashes on an old CPU", "tests/driver_failures/scenarios/memory.c",
     "	++*usual_events[cpu];", "	++*usual_events[cpu + 4];",
     ["memory"]),
    ("the driver with cpuslab forgets a CPU",
     "tests/driver_failures/scenarios/memory.c",
     "	(void)cpu;\n	cpuslab_counter_add(&events, 1);",
     "	if (cpu != 4)\n		cpuslab_counter_add(&events, 1);",
     ["memory"]),
    ("the driver with cpuslab keeps an object",
     "tests/driver_failures/scenarios/variable.c",
     "	cpuslab_refcount_fini(&refcount);\n", "", ["variable"]),
    ("the script adds one CPU less", "tests/driver_failures/scenarios/walk.c",
     "{ FAILURES_ADD, 6 },", "", ["walk"]),
    ("a steering table moves more than it must", "lib/structures/steering.c",
     "	       steering->shares[target].has <= "
     "steering->shares[target].want;\n",
     "	       steering->shares[target].has < "
     "steering->shares[target].want;\n", ["balance"]),
    ("a failed add keeps its box", "lib/structures/mailbox.c",
     "	cpuslab_port_free(mailbox->prepared[cpu]);\n"
     "	mailbox->prepared[cpu] = NULL;\n}\n",
     "	mailbox->prepared[cpu] = NULL;\n}\n", ["early"]),
    ("workers are told of no CPU", "lib/structures/workers.c",
     "	.complete = workers_complete,\n", "", ["resources"]),
    ("a snapshot changes under its readers", "lib/core/cpumask.c",
     "	if (!domain->created) {\n",
     "	if (domain->created || !domain->created) {\n",
     ["update"]),
)


def copy(folder, file, old, new):
    """What is wrong with the mutant, or None."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in SOURCES:
        shutil.copytree(ROOT / source, folder / source)
    text = (folder / file).read_text()
    if text.count(old) != 1:
        return "its text is in %s %d times" % (file, text.count(old))
    (folder / file).write_text(text.replace(old, new))
    return None


def judge(folder, file, old, new, expected):
    """What is wrong, or None."""
    if wrong := copy(folder, file, old, new):
        return wrong
    program = folder / "cpuslab-driver-failures"
    built = subprocess.run(
        ["bash", folder / "tests/driver_failures/build.sh", program, folder],
        capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if built.returncode:
        return "does not compile\n" + built.stderr
    run = subprocess.run([program, "--json", "-"], capture_output=True,
                         text=True, timeout=TIMEOUT, check=False)
    found = [scenario["name"] for scenario in json.loads(run.stdout)["scenarios"]
             if not scenario["passed"]]
    if run.returncode != 1 or found != expected:
        return "status %d, found by %s" % (run.returncode, found)
    return None


def main():
    folder = pathlib.Path(sys.argv[1])
    failed = 0
    for what, *mutant in MUTANTS:
        wrong = judge(folder / "tree", *mutant)
        failed += wrong is not None
        print("%-8s %s%s" % ("MISSED" if wrong else "found", what,
                             ": " + wrong if wrong else ""), flush=True)
    shutil.rmtree(folder / "tree", ignore_errors=True)
    print("%d passed, %d failed" % (len(MUTANTS) - failed, failed))
    return 1 if failed else 0


sys.exit(main())
