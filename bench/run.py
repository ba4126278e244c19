#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure what cpuslab and its alternatives cost.

usage: ./dev bench [--report [FILE]] [--repetitions N] [--min-time SECONDS]
                   [--guest FILE] [--brief]
       ./dev bench --gates | --table [--only TEXT] [--json FILE] [--brief]
       ./dev bench --scale [--json FILE] [--brief]
       ./dev bench --quick [--report [FILE]]
       ./dev bench --benchmark_OPTION... [--brief]
       ./dev bench compare OLD NEW [OPTION...]
       ./dev bench report JSON FILE

Without options, measure everything in each mode (a few minutes) and write the
results as JSON to build/bench/bench/results/bench.json.

  --report [FILE]      write a web page as well, to FILE or next to the JSON
  --repetitions N      run each benchmark N times (default: 7)
  --min-time SECONDS   and for so long each time (default: 0.01)
  --guest FILE         include FILE, lines "NAME NUMBER" that the test of the
                       kernel module printed (see bench/README.md)
  --brief              be so brief that the times are meaningless, which the
                       page then says

  --gates              measure the ratios that have a goal, with eight builds
                       (gcc and clang, -O2 and -O3, two alignments; a few
                       minutes), and print the medians of the builds; status
                       1 if one misses its goal; JSON in build/gates.json
  --table              print all ratios, measured with one build; status 0
  --only TEXT          print only the rows whose name contains TEXT
  --json FILE          write the table, or the curves, to FILE

  --scale              print how times grow from one thread to as many as there
                       are CPUs, as ratios; the JSON file that it names is
                       what you can send to others

  --quick              run everything briefly to check that it works; with
                       --report the same as --brief --report
  --benchmark_OPTION   run Google Benchmark with this option; "--help=google"
                       lists them all

  compare OLD NEW      compare two JSON files; status 1 if anything is slower;
                       "compare --help" lists its options
  report JSON FILE     write the web page for an earlier run, or for the file of
                       --gates, --table or --scale
"""

import argparse
import json
import math
import os
import subprocess
import sys

import compare
import gates
import headline
import machine
import report
import rows
import scale

OPERATIONS = ("^(add|add_if|cmpstore|stack|append|append-fresh|snapshot|cache|"
              "histogram|refcount|approx|steering|mailbox|workers|ping-pong|"
              "clients|pass|sums|ring-append|ring-turn|ring-stream|ring-many)/")


def guest(path):
    """{name: value} from lines that end with a name and a number."""
    found = {}
    if path:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                words = line.replace("instructions:", "").split()
                try:
                    value = float(words[-1])
                    if math.isfinite(value):
                        found[words[-2]] = value
                except (IndexError, ValueError):
                    continue
    return found


def execute(command, environment=None):
    """Run a program; exit if it fails."""
    print("+ " + " ".join(command), file=sys.stderr, flush=True)
    status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        sys.exit("run.py: %s ended with status %d" % (command[0], status))


def google(program, out, options, environment=None):
    """Run Google Benchmark and return its JSON."""
    execute([program, "--benchmark_out=" + out,
             "--benchmark_out_format=json"] + options, environment)
    return rows.load(out)


def measure(folder, results, options):
    """Measure everything in each mode; returns the whole document."""
    program = os.path.join(folder, "cpuslab-bench")
    brief = ["--brief"] if options.brief else []
    repetitions = options.repetitions or (4 if options.brief else 7)
    min_time = options.min_time or (0.0002 if options.brief else 0.01)
    often = ["--benchmark_repetitions=%d" % repetitions,
             "--benchmark_enable_random_interleaving=true",
             "--benchmark_display_aggregates_only=true",
             "--benchmark_min_time=%g" % min_time] + brief
    atomic = dict(os.environ, GLIBC_TUNABLES=gates.ATOMIC)
    document = {
        "format": 1,
        "date": machine.now(),
        "brief": options.brief,
        "repetitions": repetitions,
        "min_time": min_time,
        "machine": machine.describe(),
        "guest": guest(options.guest),
        "runs": {},
    }
    document["table"] = gates.measure(folder, ["--table"] + brief)
    runs = document["runs"]
    runs["rseq"] = google(program, os.path.join(results, "rseq.json"), often)
    mode = runs["rseq"]["context"].get("mode")
    if mode == "atomic":    # this machine has no other mode
        runs["atomic"] = runs.pop("rseq")
    else:
        runs["atomic"] = google(
            program, os.path.join(results, "atomic.json"),
            often + ["--benchmark_filter=" + OPERATIONS], atomic)
    sim = os.path.join(folder, "cpuslab-bench-sim")
    if os.path.exists(sim):
        runs["sim"] = google(sim, os.path.join(results, "sim.json"),
                             ["--benchmark_min_time=0.001"])
    machine.finish(document["machine"])
    return document


def save(document, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    print("written: " + path, file=sys.stderr)


def everything(folder, results, options):
    document = measure(folder, results, options)
    found = document["table"]["rows"]
    for text in (*machine.doubts(document), headline.sentence(found),
                 *headline.details(found)):
        print(text)
    save(document, os.path.join(results, "bench.json"))
    if options.report:
        page = options.report
        if page is True:
            page = os.path.join(results, "bench.html")
        report.write(document, page)


def pass_on(folder, results, arguments):
    """Let the program do it, and have it write JSON."""
    program = os.path.join(folder, "cpuslab-bench")
    has_out = any(a.startswith("--benchmark_out=") for a in arguments)
    if not has_out and "--quick" not in arguments:
        arguments = arguments + [
            "--benchmark_out=" + os.path.join(results, "google.json"),
            "--benchmark_out_format=json"]
    sim = os.path.join(folder, "cpuslab-bench-sim")
    if "--quick" in arguments and os.path.exists(sim):
        execute([sim, "--quick"])
    sys.stdout.flush()
    os.execv(program, [program] + arguments)


MODES = ("gates", "table", "scale", "quick")
# Which options go with a mode; None is to measure everything.
GO_WITH = {
    None: {"report", "brief", "guest", "repetitions", "min_time"},
    "gates": {"only", "json", "brief"},
    "table": {"only", "json", "brief"},
    "scale": {"json", "brief"},
    "quick": {"report"},
    "google": {"brief"},
}


def positive(kind):
    def read(text):
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError("%s is not above 0" % text)
        return value
    return read


def parse(arguments):
    """The mode, its options, and those of Google Benchmark. Nothing that was
    asked for is silently left out."""
    parser = argparse.ArgumentParser(
        prog="./dev bench", add_help=False, allow_abbrev=False,
        usage="./dev bench [OPTION...]; ./dev bench --help lists them")
    for mode in MODES:
        parser.add_argument("--" + mode, action="store_true")
    parser.add_argument("--report", nargs="?", const=True)
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--guest")
    parser.add_argument("--repetitions", type=positive(int))
    parser.add_argument("--min-time", type=positive(float))
    parser.add_argument("--only")
    parser.add_argument("--json")
    options, others = parser.parse_known_args(arguments)
    for other in others:
        if not other.startswith("--benchmark_") and other != "--help=google":
            parser.error("unknown: " + other)
    modes = [mode for mode in MODES if getattr(options, mode)]
    if len(modes) > 1:
        parser.error("choose one of --" + " and --".join(modes))
    mode = modes[0] if modes else "google" if others else None
    given = {name for name, value in vars(options).items()
             if value not in (None, False)} - set(MODES)
    named = "--" + mode if mode in MODES else \
        others[0] if others else "measuring everything"
    for name in sorted(given - GO_WITH[mode]):
        parser.error("--%s does not go with %s%s" % (
            name.replace("_", "-"), named,
            "; see \"report\" in --help" if name == "report" else ""))
    if others and mode in ("gates", "table", "scale"):
        parser.error("%s does not go with %s" % (others[0], named))
    for path in (options.report, options.json):
        if isinstance(path, str) and \
                not os.path.isdir(os.path.dirname(path) or "."):
            parser.error("no folder for " + path)
        if isinstance(path, str) and os.path.isdir(path):
            parser.error("%s is a folder, not a file" % path)
    if options.guest and not os.path.isfile(options.guest):
        parser.error("no file " + options.guest)
    if mode == "quick" and options.report:
        if others:
            parser.error("%s does not go with --report" % others[0])
        mode, options.brief = None, True
    return mode, options, others


def main():
    """The first argument is the folder of the build, or "--check": are the
    others right?"""
    folder, arguments = (sys.argv + ["--help"])[1], sys.argv[2:]
    if arguments[:1] == ["compare"]:
        return compare.main(arguments[1:])
    if arguments[:1] == ["report"]:
        return report.main(arguments[1:])
    if {"-h", "--help"} & set([folder] + arguments):
        print(__doc__)
        return 0
    mode, options, others = parse(arguments)
    if folder == "--check":
        return 0
    os.environ.setdefault("GLIBC_TUNABLES", gates.TUNABLES)
    results = os.path.join(folder, "results")
    os.makedirs(results, exist_ok=True)
    if mode in ("gates", "table"):
        return gates.main([folder] + arguments)
    if mode == "scale":
        return scale.main([folder] + arguments)
    if mode is None:
        everything(folder, results, options)
        return 0
    if others == ["--help=google"]:
        others = ["--help"]
    return pass_on(folder, results, others + [
        "--" + name for name in ("quick", "brief") if getattr(options, name)])


if __name__ == "__main__":
    sys.exit(main())
