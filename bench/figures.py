# SPDX-License-Identifier: MIT
"""Which plots are made of the results."""

import plots
import rows as lookup
import units


def per_thread(rows, what, operation, mode, pinned):
    return plots.Plot(
        "%s, %s%s" % (what, "a CPU for each thread" if pinned
                      else "threads not pinned",
                      "" if mode == "rseq" else ", atomic mode"),
        "Time of one operation of one thread, by the number of threads",
        units.time, lookup.series(
            rows, "threads", lookup.Row.time, mode=mode, operation=operation,
            pinned=pinned))


def threads(rows):
    return [per_thread(rows, what, operation, mode, pinned)
            for mode, pins in (("rseq", (1, 0)), ("atomic", (1,)))
            for operation, what in (("add", "Add"), ("stack", "Pop and push"))
            for pinned in pins]


def limits(rows):
    def counter(name):
        return lambda row: row.counter(name)

    memory = [row for row in rows if row.operation == "memory"]
    about = "%s, by the number of possible CPUs; two are in use"
    return [plots.Plot(title, about % "Time", units.time, lookup.series(
        rows, "limit", lookup.Row.time, mode="rseq", operation=operation))
            for title, operation in (
                ("Allocate an object of 64 bytes", "alloc"),
                ("Create a slab and its first object", "create+alloc"),
                ("Sum a counter", "sum"))] + [
        plots.Plot("Memory of 1000 objects of 64 bytes",
                   about % "Growth of RSS and page tables", units.size,
                   lookup.series(memory, "limit", counter("kB"))),
        plots.Plot("Mappings of 1000 objects", about % "Mappings",
                   units.number,
                   lookup.series(memory, "limit", counter("mappings")))]


PARTS = [("p10", .1), ("p50", .5), ("p90", .9), ("p99", .99),
         ("p99.9", .999), ("p99.99", .9999)]
RATES = {0: "no CPU changes", 1000000: "max changes/s"}
SCENES = {"failures": "failed adds", "growth": "growth"}


def scene(row):
    """A name that is the same in each run, whatever rate it reached."""
    rate = row.args.get("rate", 0)
    return SCENES.get(row.scene) or RATES.get(rate) or \
        "%s changes/s" % units.number(rate)


def distribution(rows, way, title):
    lines = [(scene(row), [(1 / (1 - part), row.counter(key + "_ns"))
                           for key, part in PARTS])
             for row in rows if row.operation == "latency" and row.way == way]
    return plots.Plot(title, "Time, by percentile", units.time, lines,
                      ticks=[(key, 1 / (1 - part)) for key, part in PARTS])


def against_rate(rows):
    lines = {}
    for row in rows:
        if row.operation == "latency" and row.scene == "changes" and \
                row.args.get("rate"):
            for key in ("p50", "p99", "p99.9"):
                lines.setdefault("%s, %s" % (row.way, key), []).append(
                    (row.args["rate"], row.counter(key + "_ns")))
    return plots.Plot(
        "While CPUs are removed and added",
        "Time, by the number of changes that are tried in a second",
        units.time, [(name, sorted(points)) for name, points in lines.items()],
        ticks=[("100", 100), ("1,000", 1000), ("10,000", 10000),
               ("max", 1000000)])


def curves(document):
    """What ./dev bench --scale measured."""
    for curve in document.get("curves", ()):
        lines = {}
        for point in curve["points"]:
            if "ns" in point:
                name = point["body"].removeprefix(curve["name"] + "/")
                lines.setdefault(name, []).append(
                    (point["threads"], point["ns"]["median"]))
        yield plots.Plot(units.begin(curve["name"]),
                         units.begin(curve["what"]) +
                         ": time, by the number of threads", units.time,
                         lines.items())


def all_plots(document):
    """[(heading, [Plot, ...])], without those that have no line."""
    rows = lookup.of(document)
    groups = [
        ("More threads", threads(rows) + list(curves(document))),
        ("More possible CPUs", limits(rows)),
        ("CPUs that change", [
            distribution(rows, "add", "Add, while another CPU changes"),
            distribution(rows, "stack",
                         "Pop and push, while another CPU changes"),
            against_rate(rows)])]
    return [(heading, [plot for plot in group if plot.lines])
            for heading, group in groups
            if any(plot.lines for plot in group)]
