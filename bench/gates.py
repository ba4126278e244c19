# SPDX-License-Identifier: MIT
"""The table of ratios: measured by one build, or by several and combined.

A build is compiled with its own compiler, optimisation and alignment. The
time of a short loop depends on where it lies in memory, so a goal is for the
median of the builds.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys

import machine

# jemalloc is loaded with dlopen() and needs more static TLS than the default.
TUNABLES = "glibc.rtld.optional_static_tls=16384"
ATOMIC = "glibc.pthread.rseq=0:" + TUNABLES
# The row that a process in atomic mode adds.
ATOMIC_ROW = "add/cpuslab"


def run(program, options, mode=None):
    """What one process of one build prints."""
    environment = dict(os.environ)
    if mode == "atomic":
        environment["GLIBC_TUNABLES"] = ATOMIC
    command = [program] + options
    print("+ " + " ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                          check=False)
    if done.returncode:
        sys.exit("gates.py: %s ended with status %d" %
                 (program, done.returncode))
    document = json.loads(done.stdout)
    document["compiler"] = document["compiler"].strip()
    return document


def measure(folder, options, only=None):
    """The table of one build, with the row of atomic mode."""
    program = os.path.join(folder, "cpuslab-bench")
    document = run(program, options + (["--only", only] if only else []))
    if document["mode"] == "rseq" and (not only or only in ATOMIC_ROW):
        document["rows"] += run(program, options + ["--only", ATOMIC_ROW],
                                "atomic")["rows"]
    return document


def key(row):
    return row["group"], row["name"], row.get("rival")


def figure(row):
    """What the goal is for; infinite if it failed."""
    spread = row["ratio" if row.get("rival") else "value"]
    return math.inf if spread["median"] is None else spread["median"]


def middle(rows, name):
    """The median of the builds, the lowest and the highest."""
    medians = sorted(math.inf if row[name]["median"] is None
                     else row[name]["median"] for row in rows)
    spread = {"low": medians[0], "median": statistics.median(medians),
              "high": medians[-1]}
    return {k: v if math.isfinite(v) else None for k, v in spread.items()}


def combine(tables):
    """One row for each that any of the builds has, in their order; "builds" are
    the medians that its median is of."""
    found = {}
    for row in (row for table in tables for row in table["rows"]):
        found.setdefault(key(row), []).append(row)
    combined = []
    for rows in found.values():
        measured = [row for row in rows if "skipped" not in row]
        if not measured:
            combined.append(rows[0])
            continue
        row = {name: measured[0][name] for name in
               ("group", "name", "unit", "rival", "goal")
               if name in measured[0]}
        for name in ("value", "rival_value", "ratio"):
            if name in measured[0]:
                row[name] = middle(measured, name)
        row["builds"] = [one["ratio" if "rival" in row else "value"]["median"]
                         for one in measured]
        combined.append(row)
    return combined


def missed(row):
    return "skipped" not in row and "goal" in row and \
        figure(row) > row["goal"]


def summary(rows):
    goals = [row for row in rows if "goal" in row]
    skipped = sum("skipped" in row for row in goals)
    text = "%d of %d goals missed" % (sum(map(missed, goals)),
                                      len(goals) - skipped)
    return text + (", %d skipped" % skipped if skipped else "")


def number(value):
    """Three significant digits."""
    if value is None:
        return "failed"
    return "%.*f" % (2 if value < 10 else 1 if value < 100 else 0, value)


def ratio(spread):
    if spread["median"] is None:
        return "failed"
    digits = 5 if spread["median"] < 0.01 else 3
    return "%.*f [%s]" % (digits, spread["median"], " ".join(
        "failed" if spread[end] is None else "%.*f" % (digits, spread[end])
        for end in ("low", "high")))


def goal(row):
    if "goal" not in row:
        return ""
    return "<= %g %s" % (row["goal"], "x" if "rival" in row else row["unit"])


def show(rows, ends):
    """Print the table; @ends says whose range is in brackets."""
    head = ("", "median", "", "against", "median", "ratio [%s]" % ends, "goal",
            "")
    form = "%-41s %7s %-2s  %-36s %7s  %-24s %-10s %s"
    print((form % head).rstrip())
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            print("\n" + group)
        if "skipped" in row:
            print((form % (
                row["name"], "", "", row.get("rival", ""), "",
                "skipped: " + row["skipped"], goal(row), "")).rstrip())
            continue
        print((form % (
            row["name"], number(row["value"]["median"]), row["unit"],
            row.get("rival", ""),
            number(row["rival_value"]["median"]) if "rival" in row else "",
            ratio(row["ratio"]) if "rival" in row else "", goal(row),
            ("MISS" if missed(row) else "pass") if "goal" in row else "")
            ).rstrip())
    print("\n" + summary(rows))


def builds(folders, tables):
    """[{"name", "compiler", "librseq"}, ...]"""
    return [{"name": os.path.basename(os.path.dirname(folder)),
             "compiler": table["compiler"], "librseq": table["librseq"]}
            for folder, table in zip(folders, tables)]


def show_builds(found):
    for compiler in sorted({build["compiler"] for build in found}):
        print("%s: %s" % (compiler, ", ".join(
            build["name"] for build in found
            if build["compiler"] == compiler)))
    if any(build["librseq"] != "yes" for build in found):
        print("built without librseq: rows against it are skipped")


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--gates", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--json")
    parser.add_argument("--brief", action="store_true")
    options = parser.parse_args(arguments)
    wanted = ["--gates" if options.gates else "--table"]
    if options.brief:
        wanted.append("--brief")
    os.environ.setdefault("GLIBC_TUNABLES", TUNABLES)
    facts = machine.describe()
    tables = [measure(folder, wanted, options.only)
              for folder in options.folders]
    rows = combine(tables) if len(tables) > 1 else tables[0]["rows"]
    document = {"format": 1, "date": machine.now(), "brief": options.brief,
                "machine": machine.finish(facts),
                "builds": builds(options.folders, tables), "rows": rows}
    machine.show(facts)
    for doubt in machine.doubts(document):
        print(doubt)
    show_builds(document["builds"])
    print()
    show(rows, "quartiles" if len(tables) == 1 else "builds")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
        print("written: " + options.json, file=sys.stderr)
    return 1 if options.gates and any(map(missed, rows)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
