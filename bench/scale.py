# SPDX-License-Identifier: MIT
"""What operations cost when more and more threads do them at once."""

import argparse
import json
import os
import sys

import gates
import machine


def median(point, name):
    if name not in point:
        return "-"
    value = point[name]["median"]
    return "%.*f" % (2 if value >= 0.1 else 4, value)


def cells(words):
    return "  ".join("%-19s" % word for word in words).rstrip()


def show(curve):
    """Times in units of that of one thread; then cpuslab's, which is the first
    body, in units of each rival's."""
    points = curve["points"]
    bodies = list(dict.fromkeys(point["body"] for point in points))
    print("\n%s: %s" % (curve["name"], curve["what"]))
    print(cells(["threads"] + bodies + ["/ " + body for body in bodies[1:]]))
    for threads in dict.fromkeys(point["threads"] for point in points):
        row = {point["body"]: point for point in points
               if point["threads"] == threads}
        print(cells([str(threads)] +
                    [median(row[body], "scaling") for body in bodies] +
                    [median(row[body], "ratio") for body in bodies[1:]]))
    for body in bodies:
        why = {point["skipped"] for point in points
               if point["body"] == body and "skipped" in point}
        for reason in sorted(why):
            print("  %s: not at each point: %s" % (body, reason))


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("folder")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--brief", action="store_true")
    options = parser.parse_args(arguments)
    os.environ.setdefault("GLIBC_TUNABLES", gates.TUNABLES)
    facts = machine.describe()
    document = {"format": 1, "kind": "cpuslab scale", "date": machine.now(),
                "brief": options.brief, "machine": facts,
                "cpus": machine.cpus()}
    document.update(gates.run(
        os.path.join(options.folder, "cpuslab-bench"),
        ["--scale"] + (["--brief"] if options.brief else [])))
    machine.finish(facts)
    machine.show(facts)
    for doubt in machine.doubts(document):
        print(doubt)
    for curve in document["curves"]:
        show(curve)
    path = options.json or os.path.join(options.folder, "results",
                                        "scale.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    print("\nwritten: %s; it names no user and no host" % path)
    return 0
