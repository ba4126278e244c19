# SPDX-License-Identifier: MIT
"""Read the JSON that run.py writes."""

import json
import re
import statistics
import sys

# What Google Benchmark appends to a name.
SUFFIXES = re.compile(r"/(iterations:\d+|manual_time|real_time|repeats:\d+)")


class Row:
    """All repetitions of one body with its arguments."""

    def __init__(self, mode, name):
        self.mode = mode
        self.name = name            # "add/cpuslab/pinned:1/threads:2"
        words = name.split("/")
        self.operation, self.way = words[0], words[1]
        self.scene = ""             # the third word of the body's name
        self.args = {}
        for word in words[2:]:
            if ":" in word:
                key, value = word.rsplit(":", 1)
                self.args[key] = int(value)
            else:
                self.scene = word
        self.threads = self.args.get("threads", 1)
        self.times = []             # ns, of one operation of one thread
        self.counters = {}          # {name: [value, ...]}
        self.label = ""
        self.why = ""               # skipped

    def time(self):
        return statistics.median(self.times) if self.times else None

    def counter(self, name):
        values = self.counters.get(name)
        return statistics.median(values) if values else None

    def once(self):
        """Does it have counters only, and no meaningful time?"""
        return self.operation in ("memory", "latency")


NOT_COUNTERS = {
    "name", "family_index", "per_family_instance_index", "run_name",
    "run_type", "repetitions", "repetition_index", "threads", "iterations",
    "real_time", "cpu_time", "time_unit", "label", "error_occurred",
    "error_message"}
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def load(path, *keys):
    """The document in a JSON file, which has one of @keys; or the end. What is
    not finite, as Google Benchmark may write it, is null: it failed."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file, parse_constant=lambda name: None)
    except OSError as error:
        sys.exit("bench: %s: %s" % (path, error.strerror))
    except ValueError as error:
        sys.exit("bench: %s is not JSON: %s" % (path, error))
    if keys and (not isinstance(document, dict) or
                 not set(keys) & set(document)):
        sys.exit("bench: %s has no results: no %s in it" % (
            path, " or ".join(keys)))
    return document


def of_run(mode, run):
    """The rows of one run, sorted: it may have been in random order."""
    rows = {}
    for entry in run["benchmarks"]:
        if entry.get("run_type") != "iteration":
            continue
        name = SUFFIXES.sub("", entry["run_name"])
        row = rows.setdefault(name, Row(mode, name))
        if entry.get("error_occurred") or entry["real_time"] is None:
            row.why = entry.get("error_message", "failed")
            continue
        # Google Benchmark divides by the work of all threads.
        row.times.append(entry["real_time"] * UNITS[entry["time_unit"]] *
                         row.threads)
        row.label = entry.get("label", "")
        for key, value in entry.items():
            if key not in NOT_COUNTERS and value is not None:
                row.counters.setdefault(key, []).append(value)
    return sorted(rows.values(), key=lambda row: (
        row.operation, row.way, row.scene, sorted(row.args.items())))


def of(document):
    """All rows of a document."""
    return [row for mode, run in document.get("runs", {}).items()
            for row in of_run(mode, run)]


def series(rows, key, value, **wanted):
    """[(way, [(x, y), ...])]: x is the argument @key, y is value(row)."""
    found = {}
    for row in rows:
        if any(getattr(row, name, row.args.get(name)) != one
               for name, one in wanted.items()):
            continue
        x = row.threads if key == "threads" else row.args.get(key)
        y = value(row)
        if x is not None and y is not None:
            found.setdefault(row.way, []).append((x, y))
    return [(way, sorted(points)) for way, points in found.items()]
