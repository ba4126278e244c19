#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measure what cpuslab and its alternatives cost.

usage: ./dev bench [--report [FILE]] [--repetitions N] [--guest FILE] [--brief]
       ./dev bench --gates | --table [--only TEXT] [--json FILE]
       ./dev bench --scale [--json FILE]
       ./dev bench --quick
       ./dev bench --benchmark_OPTION...
       ./dev bench compare OLD NEW [OPTION...]
       ./dev bench report JSON FILE

Without options, measure everything in each mode (a few minutes) and write the
results as JSON to build/bench/bench/results/.

  --report [FILE]      write a web page as well, to FILE or next to the JSON
  --repetitions N      run each benchmark N times (default: 7)
  --min-time SECONDS   and for so long each time (default: 0.01)
  --guest FILE         include FILE, lines "NAME NUMBER" that the test of the
                       kernel module printed (see bench/README.md)
  --brief              be so brief that the times are meaningless: to try out
                       the report

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

  --quick              run everything briefly to check that it works
  --benchmark_OPTION   run Google Benchmark with this option; "--help=google"
                       lists them all

  compare OLD NEW      compare two JSON files; status 1 if anything is slower;
                       "compare --help" lists its options
  report JSON FILE     write the web page for an earlier run
"""

import argparse
import json
import os
import subprocess
import sys

import compare
import gates
import machine
import report
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
                    found[words[-2]] = float(words[-1])
                except (IndexError, ValueError):
                    continue
    return found


def execute(command, environment=None):
    """Run a program; exit if it fails."""
    print("+ " + " ".join(command), file=sys.stderr, flush=True)
    status = subprocess.run(command, env=environment, check=False).returncode
    if status:
        sys.exit("run.py: %s ended with status %d" % (command[0], status))


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def google(program, out, options, environment=None):
    """Run Google Benchmark and return its JSON."""
    execute([program, "--benchmark_out=" + out,
             "--benchmark_out_format=json"] + options, environment)
    return load(out)


def measure(folder, results, options):
    """Measure everything in each mode; returns the whole document."""
    program = os.path.join(folder, "cpuslab-bench")
    brief = ["--brief"] if options.brief else []
    often = ["--benchmark_repetitions=%d" % options.repetitions,
             "--benchmark_enable_random_interleaving=true",
             "--benchmark_display_aggregates_only=true",
             "--benchmark_min_time=%g" % options.min_time] + brief
    atomic = dict(os.environ, GLIBC_TUNABLES=gates.ATOMIC)
    document = {
        "format": 1,
        "date": machine.now(),
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
    save(document, os.path.join(results, "bench.json"))
    if options.report:
        page = options.report
        if page is True:
            page = os.path.join(results, "bench.html")
        report.write(document, page)
        print("written: " + page, file=sys.stderr)


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


def main():
    if len(sys.argv) < 2 or {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return 0
    folder, arguments = sys.argv[1], sys.argv[2:]
    os.environ.setdefault("GLIBC_TUNABLES", gates.TUNABLES)
    results = os.path.join(folder, "results")
    os.makedirs(results, exist_ok=True)
    if arguments[:1] == ["compare"]:
        return compare.main(arguments[1:])
    if arguments[:1] == ["report"] and len(arguments) == 3:
        report.write(load(arguments[1]), arguments[2])
        return 0
    if {"--gates", "--table"} & set(arguments):
        return gates.main([folder] + arguments)
    if "--scale" in arguments:
        return scale.main([folder] + arguments)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--report", nargs="?", const=True)
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--guest")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--min-time", type=float, default=0.01)
    options, others = parser.parse_known_args(arguments)
    if others == ["--help=google"]:
        others = ["--help"]
    if others:
        pass_on(folder, results, others)
    everything(folder, results, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
