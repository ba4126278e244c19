# SPDX-License-Identifier: MIT
"""Write the results as one web page, without references to the outside."""

import html
import statistics

import gates
import plots
import rows as lookup

STYLE = """
body { font: 15px/1.5 sans-serif; color: #222; max-width: 62em;
       margin: 2em auto; padding: 0 1em; background: #fff; }
h1 { font-size: 1.7em; margin-bottom: 0; }
h2 { font-size: 1.25em; margin-top: 2.2em; border-bottom: 1px solid #ccc; }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; }
th, td { text-align: left; padding: 2px 10px 2px 0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr + tr td { border-top: 1px solid #eee; }
.pass { color: #17691f; } .MISS { color: #b00; font-weight: bold; }
figure { margin: 1em 0; } td.group { font-weight: bold; padding-top: 8px; }
svg { width: 100%; height: auto; }
p.note { color: #555; font-size: 13px; }
"""


def number(value):
    """Three significant digits."""
    if value is None:
        return "failed"
    if abs(value) >= 100:
        return "{:,.0f}".format(value)
    return "%.3g" % value


def cells(values, tag="td"):
    out = []
    for value in values:
        kind = ""
        if isinstance(value, tuple):        # (class, text)
            kind, value = value
        out.append("<%s%s>%s</%s>" % (
            tag, ' class="%s"' % kind if kind else "",
            html.escape(str(value)), tag))
    return "<tr>%s</tr>" % "".join(out)


def table(head, body):
    return "<table><thead>%s</thead><tbody>%s</tbody></table>" % (
        cells(head, "th"), "\n".join(cells(row) for row in body))


def ratios(result):
    """The table of ratios and goals."""
    body, group = [], None
    for row in result["rows"]:
        if row["group"] != group:
            group = row["group"]
            body.append([("group", group), "", "", "", "", "", ""])
        verdict = ""
        if "skipped" in row:
            body.append([row["name"], "", row.get("rival", ""), "",
                         "skipped: " + row["skipped"], gates.goal(row), ""])
            continue
        if "goal" in row:
            verdict = "MISS" if gates.missed(row) else "pass"
        rival = row.get("rival_value")
        body.append([
            row["name"],
            ("n", "%s %s" % (number(row["value"]["median"]), row["unit"])),
            row.get("rival", ""),
            ("n", number(rival["median"]) if rival else ""),
            ("n", gates.ratio(row["ratio"]) if rival else ""),
            gates.goal(row), (verdict, verdict)])
    return table(["", ("n", "median"), "against", ("n", "median"),
                  ("n", "ratio [quartiles]"), "goal", ""], body)


def per_thread(rows, operation, mode, pinned, title):
    return plots.Plot(
        title, "threads (%s)" % ("each pinned to a CPU of its own"
                                 if pinned else "not pinned"),
        "ns for one operation of one thread",
        lookup.series(rows, "threads", lookup.Row.time, mode=mode,
                      operation=operation, pinned=pinned))


def against_limit(rows, operation, title):
    return plots.Plot(
        title, "limit: possible CPUs; two are in use", "ns",
        lookup.series(rows, "limit", lookup.Row.time, mode="rseq",
                      operation=operation))


PARTS = [("p10", .1), ("p50", .5), ("p90", .9), ("p99", .99),
         ("p99.9", .999), ("p99.99", .9999)]


def distribution(rows, way):
    """Lines of ns against percentiles."""
    lines = []
    for row in rows:
        if row.operation != "latency" or row.way != way or row.why:
            continue
        name = row.scene
        rate = row.args.get("rate", 0)
        if name == "changes" and not rate:
            name = "quiet"
        else:
            name += " %s/s" % number(row.counter("changes_per_second") or 0)
        points = [(1 / (1 - part), row.counter(key + "_ns"))
                  for key, part in PARTS]
        lines.append((name, [p for p in points if p[1]]))
    return plots.Plot(
        "Time of one %s while CPUs change" %
        ("add" if way == "add" else "pop and push"),
        "percentile", "ns", sorted(lines), ordered=True,
        ticks=[(key, 1 / (1 - part)) for key, part in PARTS])


def against_rate(rows):
    lines = {}
    for row in rows:
        if row.operation == "latency" and row.scene == "changes" and \
                row.args.get("rate"):
            for key in ("p50_ns", "p99_ns", "p99.9_ns"):
                y = row.counter(key)
                if y:
                    lines.setdefault("%s, %s" % (row.way, key[:-3]),
                                     []).append((row.args["rate"], y))
    return plots.Plot(
        "Operations against the rate of changes",
        "requested removals and additions a second", "ns",
        [(name, sorted(points)) for name, points in lines.items()],
        ticks=[("100", 100), ("1000", 1000), ("10 000", 10000),
               ("as fast as possible", 1000000)])


def all_plots(rows):
    def counter(name):
        return lambda row: row.counter(name) or None

    memory = [row for row in rows if row.operation == "memory"]
    out = []
    for mode in ("rseq", "atomic"):
        for operation, what in (("add", "Add"), ("stack", "Pop and push")):
            for pinned in (1, 0):
                plot = per_thread(rows, operation, mode, pinned,
                                  "%s, %s mode" % (what, mode))
                if plot.lines and (mode == "rseq" or pinned):
                    out.append(plot)
    out += [
        against_limit(rows, "alloc", "Allocation of a 64-byte object with "
                      "initial contents"),
        against_limit(rows, "create+alloc",
                      "Creation of a slab, with its first object"),
        against_limit(rows, "sum", "Sum of a counter"),
        plots.Plot("Memory of 1000 objects of 64 bytes, page tables included",
                   "limit: possible CPUs; two are in use", "kB",
                   lookup.series(memory, "limit", counter("kB"))),
        plots.Plot("Mappings of 1000 objects", "limit", "mappings",
                   lookup.series(memory, "limit", counter("mappings"))),
        distribution(rows, "add"),
        distribution(rows, "stack"),
        against_rate(rows),
    ]
    return out


def changes(rows):
    body = []
    for row in rows:
        if row.operation == "change" and row.times:
            body.append([row.name] + [
                ("n", number((row.counter(key) or 0) / 1000))
                for key in ("p50_ns", "p99_ns", "p99.9_ns", "max_ns")])
    return table(["µs", ("n", "p50"), ("n", "p99"), ("n", "p99.9"),
                  ("n", "max")], body)


def simulated(rows):
    body = [[row.name, ("n", number(row.counter("steps"))),
             ("n", number(row.time()))]
            for row in rows if row.mode == "sim" and row.times]
    return table(["", ("n", "steps"), ("n", "ns, simulator included")], body)


def everything(rows):
    body = []
    for row in rows:
        if row.why or row.once():
            note = row.why or ", ".join(
                "%s %s" % (key, number(row.counter(key)))
                for key in row.counters) or row.label
            body.append([row.mode, row.name, ("n", ""), ("n", ""), note])
        elif row.times:
            quartiles = statistics.quantiles(row.times, n=4) \
                if len(row.times) > 1 else row.times * 3
            body.append([row.mode, row.name, ("n", number(row.time())),
                         ("n", "%s – %s" % (number(quartiles[0]),
                                            number(quartiles[2]))), ""])
    return table(["mode", "", ("n", "ns"), ("n", "quartiles"), ""], body)


def facts(document):
    context = next(iter(document["runs"].values()))["context"]
    found = dict(document["machine"])
    found["compiler"] = context.get("compiler", "unknown")
    found["librseq"] = "compared" if context.get("librseq") == "yes" else \
        "not built in; rows against it are missing"
    found["modes"] = ", ".join(document["runs"])
    if context.get("optimized") != "yes":
        found["warning"] = "built without optimisation: times are meaningless"
    return table(["", ""], [[key, value] for key, value in found.items()])


def in_guest(document):
    if not document.get("guest"):
        return ("<p>Not measured in this run: see bench/README.md, “In the "
                "guests”.</p>")
    figures = document["guest"]
    base = figures.get("this_cpu_add")
    return table(["", ("n", "instructions"), ("n", "× this_cpu_add")],
                 [[name, ("n", "%.2f" % value),
                   ("n", "%.2f" % (value / base) if base else "")]
                  for name, value in figures.items()])


def page(document):
    rows = lookup.of(document)
    result = document["table"]
    parts = [
        "<h1>cpuslab: what it costs</h1>",
        "<p>%s</p>" % html.escape(document["date"]), facts(document),
        "<h2>Ratios and goals</h2>",
        "<p>%s by this build; “./dev bench --gates” measures with eight. "
        "Compare ratios, and only within one run: each is the median of the "
        "ratios of neighbouring chunks.</p>" % gates.summary(result["rows"]),
        ratios(result),
        "<h2>Plots</h2>"]
    for index, plot in enumerate(all_plots(rows)):
        parts.append("<figure>%s</figure>" % plots.svg(plot, index))
    parts += ["<h2>Adding and removing a CPU</h2>", changes(rows),
              "<h2>Simulated CPUs</h2>",
              '<p class="note">Steps are counted, so they are exact. The '
              "times include the simulator and all assertions.</p>",
              simulated(rows),
              "<h2>In the guests</h2>", in_guest(document),
              "<h2>Every figure</h2>", everything(rows)]
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            "<title>cpuslab: what it costs</title><style>%s</style></head>"
            "<body>\n%s\n</body></html>\n" % (STYLE, "\n".join(parts)))


def write(document, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(page(document))
