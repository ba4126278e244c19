# SPDX-License-Identifier: MIT
"""Write results as one web page: what was found first, the machine last. It
refers to nothing outside, and has no script."""

import argparse
import datetime
import html
import os
import statistics
import sys

import figures
import gates
import headline
import machine
import plots
import rows as lookup
import units

STYLE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "report.css")
WHAT = {
    "add": "Add 1 to a counter", "stack": "Pop and push",
    "cmpstore": "Compare and store", "append": "Append to a log",
    "append-fresh": "Append to a new log", "snapshot": "Read the set of CPUs",
    "cache": "Allocate and free 64 bytes", "mailbox": "Send and receive",
    "workers": "Give work to another CPU",
    "ping-pong": "Give work and wait for it",
    "steering": "Look up a target", "refcount": "Get and put a reference",
    "ring-append": "Append a record", "ring-turn": "Append and consume",
    "ring-stream": "Records from thread to thread",
    "ring-many": "Records from all threads to one",
    "alloc": "Allocate an object", "create+alloc": "Create a slab",
    "sum": "Sum a counter",
    "pass": "Allocate here, free there", "sums": "Sum while others add",
}
HOW = ("Each line: cpuslab's time in units of the other's. The dot is the "
       "median, the whisker ends at the %s. Left of 1×, and filled, cpuslab "
       "is faster; right of it, and hollow, it is slower; a whisker across 1× "
       "is unclear.")
FACTS = {
    "cpu": "CPU", "cpus": "CPUs", "smt": "SMT", "libc": "C library",
    "possible": "possible CPUs", "nodes": "NUMA nodes",
    "quota": "quota of the cgroup", "others": "CPUs that others used",
    "min_time": "seconds each",
}


def escape(value):
    return html.escape(str(value))


def cell(value, tag="td"):
    """A text, or a pair: its class and itself."""
    kind, content = value if isinstance(value, tuple) else ("", value)
    return "<%s%s>%s</%s>" % (
        tag, ' class="%s"' % kind if kind else "",
        content if isinstance(content, plots.Svg) else escape(content),
        tag.split()[0])


def lines(rows):
    """The rows of a table; the first cell of each is its heading."""
    return "\n".join("<tr>%s%s</tr>" % (
        cell(row[0], 'th scope="row"'), "".join(map(cell, row[1:])))
                     for row in rows)


def table(caption, head, groups):
    """A table that scrolls in a box of its own. The groups of rows have a
    heading each, or there is one without."""
    body = "".join("<tbody>%s%s</tbody>" % (
        '<tr><th scope="rowgroup" class="group" colspan="%d">%s</th></tr>\n' %
        (len(head), escape(units.begin(name))) if name else "", lines(rows))
                   for name, rows in groups.items())
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="%s">'
        "<table><caption>%s</caption>\n<thead><tr>%s</tr></thead>\n%s"
        "</table></div>" % (
            escape(caption), escape(caption),
            "".join(cell(value, 'th scope="col"') for value in head), body))


def paragraph(text, kind=""):
    return "<p%s>%s</p>" % (' class="%s"' % kind if kind else "",
                            escape(text))


# ---- what was found ----

def against(row):
    """"Append a record", "ck_ring-spsc"."""
    name = WHAT.get(headline.operation(row),
                    units.begin(headline.operation(row)))
    variant = headline.way(row["name"])
    if variant.split(",")[0] != "cpuslab":
        name += " (%s)" % variant
    if "atomic mode" in row["group"]:
        name += ", in atomic mode"
    return name, headline.way(row["rival"])


def between(row):
    return "%s–%s" % (units.digits(row["ratio"]["low"]),
                      units.digits(row["ratio"]["high"]))


def ruler(whiskers):
    """Below the whiskers: what lies left and right of 1."""
    one = whiskers.scale.at(1)
    ticks = [(whiskers.scale.at(value), units.short(units.times(value)))
             for value in whiskers.scale.ticks()]
    return (
        '<div class="row" aria-hidden="true"><span></span>'
        '<svg class="ruler">%s<text x="%.2f%%" dx="-8" y="36" '
        'text-anchor="end">← cpuslab faster</text>'
        '<text x="%.2f%%" dx="8" y="36">slower →</text></svg></div>' % (
            "".join('<text x="%.2f%%" y="14" text-anchor="middle">%s</text>' %
                    tick for tick in ticks if 4 < tick[0] < 96), one, one))


def overview(rows, ends):
    """The picture at the top: the fastest rival of each operation."""
    found = sorted(headline.fastest(rows),
                   key=lambda row: row["ratio"]["median"])
    if not found:
        return ""
    bare = [{"ratio": row["ratio"]} for row in found]   # without goals
    whiskers = plots.Whiskers(bare)
    items = [
        '<li class="row"><span>%s <small>against %s</small></span>'
        '<span class="n">%s <small>%s</small></span>%s</li>' % (
            *map(escape, against(row)), units.times(row["ratio"]["median"]),
            headline.verdict(row), whiskers.svg(one))
        for row, one in zip(found, bare)]
    return (
        '<figure id="overview"><figcaption><h2>Each operation against its '
        "fastest alternative</h2><p>%s</p></figcaption>"
        "<ul>%s</ul>%s</figure>" % (HOW % ends, "\n".join(items),
                                    ruler(whiskers)))


def listed(intro, found):
    return "<div><p>%s</p><ul>%s</ul></div>" % (intro, "".join(
        "<li>%s</li>" % escape(text) for text in found))


def miss(row):
    if "rival" in row:
        name, found = "%s, against %s" % against(row), row["ratio"]["median"]
        found = units.times(found)
    else:
        name = row["name"]
        found = units.of(row["unit"])(row["value"]["median"])
    return "%s: %s, goal %s" % (name, found, goal(row))


def findings(rows):
    """What is slower, and which goals are missed."""
    text, missed = headline.goals(rows)
    slower = headline.slower(rows)
    return '<div class="two">%s%s</div>' % (
        listed("Slower in %d of %d comparisons%s" % (
            len(slower), len(headline.measured(headline.with_others(rows))),
            ":" if slower else "."), [
                "%s, against %s: %s" % (
                    *against(row), units.times(row["ratio"]["median"]))
                for row in slower]),
        listed(text[:-1] + (":" if missed else "."), map(miss, missed)))


# ---- ratios ----

def goal(row):
    if "goal" not in row:
        return ""
    return "≤ %g%s" % (row["goal"],
                       "×" if "rival" in row else " " + row["unit"])


def rival(row):
    """Without its operation, if that is the same."""
    name = row.get("rival", "")
    return headline.way(name) if \
        name.startswith(headline.operation(row) + "/") else name


def ratio_cells(row, whiskers):
    """A row of the table of ratios."""
    start = [row["name"], rival(row)]
    if "skipped" in row:
        return start + [("n", ""), "skipped: " + row["skipped"], goal(row),
                        ("n", ""), ("n", "")]
    write = units.of(row["unit"])
    if "rival" not in row:
        ratio, other, picture = "", "", ""
    else:
        other, picture = write(row["rival_value"]["median"]), ""
        ratio = units.times(row["ratio"]["median"])
        if all(row["ratio"].values()):
            ratio += " (%s)" % between(row)
            picture = whiskers.svg(row)
    verdict = ("", goal(row))
    if "goal" in row:
        verdict = ("missed", goal(row) + " ✗ missed") if gates.missed(row) \
            else ("", goal(row) + " ✓ met")
    return start + [("n", ratio), ("picture", picture), verdict,
                    ("n", write(row["value"]["median"])), ("n", other)]


def ratios(rows, ends):
    whiskers = plots.Whiskers(headline.measured(
        row for row in rows if "rival" in row))
    groups = {}
    for row in rows:
        groups.setdefault(row["group"], []).append(ratio_cells(row, whiskers))
    return table("Ratios of cpuslab's time to the other's", [
        "", "against", ("n", "ratio (%s)" % ends), "faster | slower", "goal",
        ("n", "cpuslab"), ("n", "the other")], groups)


# ---- plots ----

def figures_of(plot):
    """A plot as a table."""
    xs = [x for _, x in plot.ticks]
    return table(plot.title, [""] + [("n", label) for label, _ in plot.ticks],
                 {"": [[name] + [("n", plot.write(dict(points)[x])
                                  if x in dict(points) else "") for x in xs]
                       for name, points in plot.lines]})


def figure(plot):
    return ("<figure><figcaption><h3>%s</h3><p>%s. Lower is better.</p>"
            "</figcaption>%s<details><summary>As a table</summary>%s"
            "</details></figure>" % (
                escape(plot.title), escape(plot.about), plots.svg(plot),
                figures_of(plot)))


# ---- tables ----

def changes(rows):
    body = [[row.name] + [("n", units.time(row.counter(key)))
                          for key in ("p50_ns", "p99_ns", "p99.9_ns",
                                      "max_ns")]
            for row in rows if row.operation == "change" and row.times]
    return body and table("Time to add a CPU, and to remove it", [
        "", ("n", "p50"), ("n", "p99"), ("n", "p99.9"), ("n", "maximum")],
        {"": body})


def simulated(rows):
    body = [[row.name, ("n", units.number(row.counter("steps"))),
             ("n", units.time(row.time()))]
            for row in rows if row.mode == "sim" and row.times]
    return body and paragraph(
        "Steps are counted, so they are exact. The times include the "
        "simulator and all assertions.") + table(
            "Limits to 65534, on simulated CPUs", [
                "", ("n", "steps"), ("n", "time")], {"": body})


def in_guest(figures):
    if not figures:
        return ""
    base = figures.get("this_cpu_add")
    return table("Instructions in a Linux kernel", [
        "", ("n", "instructions"), ("n", "this_cpu_add")],
        {"": [[name, ("n", "%.2f" % value),
               ("n", units.times(value / base) if base else "")]
              for name, value in figures.items()]})


def everything(rows):
    groups = {}
    for row in rows:
        if row.why or row.once():
            note = row.why or ", ".join(
                "%s %s" % (key, units.number(row.counter(key)))
                for key in row.counters) or row.label
            groups.setdefault(row.operation, []).append(
                [row.name, row.mode, ("n", ""), ("n", ""), note])
        elif row.times:
            low, _, high = statistics.quantiles(row.times, n=4) \
                if len(row.times) > 1 else row.times * 3
            groups.setdefault(row.operation, []).append(
                [row.name, row.mode, ("n", units.time(row.time())),
                 ("n", "%s to %s" % (units.time(low), units.time(high))), ""])
    return groups and "<details><summary>%s</summary>%s</details>" % (
        headline.count(sum(map(len, groups.values())), "benchmark"), table(
            "Every benchmark", ["", "mode", ("n", "median"),
                                ("n", "quartiles"), ""], groups))


# ---- the machine ----

def facts(document):
    found = dict(document["machine"])
    sources = [run["context"] for run in document.get("runs", {}).values()]
    sources += document.get("builds", [])
    sources += [document, document.get("table", {})]
    for name in ("version", "compiler", "librseq", "repetitions", "min_time"):
        values = {str(source[name]) for source in sources if name in source}
        if values:
            found[name] = ", ".join(sorted(values))
    return table("The machine and the build", ["", ""], {"": [
        [FACTS.get(key, key), value] for key, value in found.items()]})


def banners(document):
    """What makes the figures doubtful."""
    yield from machine.doubts(document)
    if any(run["context"].get("optimized") == "no"
           for run in document.get("runs", {}).values()):
        yield "Built without optimisation: the times mean nothing."


def date(document):
    when = datetime.datetime.fromisoformat(document["date"])
    return when.strftime("%d %B %Y, %H:%M %Z").lstrip("0")


def sections(document, ends):
    """(id, heading, HTML), of which those without content are left out."""
    rows = lookup.of(document)
    table_rows = rows_of(document)
    if table_rows:
        yield "findings", "Slower, and goals missed", findings(table_rows)
        yield "ratios", "All ratios and goals", paragraph(
            "Compare ratios, and only within one run: each is the median of "
            "the ratios of neighbouring chunks. A dashed bar is a goal. "
            "%s." % ("By one build; ./dev bench --gates measures with eight"
                     if "builds" not in document else
                     "By %d builds" % len(document["builds"])),
            "soft") + ratios(table_rows, ends)
    for heading, group in figures.all_plots(document):
        yield heading.lower().replace(" ", "-"), heading, \
            '<div class="plots">%s</div>' % "\n".join(map(figure, group))
    yield "changes", "Adding and removing a CPU", changes(rows)
    yield "simulated", "Simulated CPUs", simulated(rows)
    yield "guests", "In the guests", in_guest(document.get("guest"))
    yield "figures", "Every figure", everything(rows)
    yield "machine", "Machine", facts(document)


def rows_of(document):
    """The rows of the table, in a file of any of the three kinds; those of
    --scale are the points with the most threads."""
    rows = list(document.get("table", document).get("rows", []))
    for curve in document.get("curves", ()):
        own, *rivals = [point for point in curve["points"]
                        if point["threads"] == most_threads(document)]
        for rival in rivals:
            row = {"group": curve["name"], "name": own["body"],
                   "rival": rival["body"], "unit": "ns"}
            why = own.get("skipped") or rival.get("skipped")
            row.update({"skipped": why} if why else {
                "value": own["ns"], "rival_value": rival["ns"],
                "ratio": rival["ratio"]})
            rows.append(row)
    return rows


def most_threads(document):
    return max((point["threads"] for curve in document.get("curves", ())
                for point in curve["points"]), default=0)


def page(document):
    rows = rows_of(document)
    ends = "lowest and highest build" if len(document.get("builds", ())) > 1 \
        else "quartiles"
    found = [section for section in sections(document, ends) if section[2]]
    parts = ['<p class="banner" role="note">%s</p>' % escape(text)
             for text in banners(document)]
    parts.append("<h1>cpuslab: what it costs</h1>")
    if rows:
        parts.append(paragraph(headline.sentence(rows), "headline"))
        parts.append(paragraph(" ".join(headline.details(rows))))
    parts.append(paragraph("Measured on %s%s." % (
        date(document), ", with " + headline.count(
            most_threads(document), "thread") if "curves" in document else ""),
                           "soft"))
    parts.append(overview(rows, ends))
    parts.append('<nav aria-label="Contents"><ul>%s</ul></nav>' % "".join(
        '<li><a href="#%s">%s</a></li>' % section[:2] for section in found))
    parts += ['<section aria-labelledby="%s"><h2 id="%s">%s</h2>\n%s</section>'
              % (name, name, escape(heading), content)
              for name, heading, content in found]
    with open(STYLE, encoding="utf-8") as file:
        style = file.read()
    return ('<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, '
            'initial-scale=1">\n<title>cpuslab: what it costs</title>\n'
            "<style>\n%s</style></head>\n<body><main>\n%s\n</main></body>"
            "</html>\n" % (style, "\n".join(parts)))


def write(document, path):
    text = page(document)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        sys.exit("bench: %s: %s" % (path, error.strerror))
    print("written: " + path, file=sys.stderr)


def main(arguments):
    """Of a file that an earlier run wrote."""
    parser = argparse.ArgumentParser(
        prog="./dev bench report", description="Write the web page for the "
        "results of ./dev bench, --gates, --table or --scale.")
    parser.add_argument("json", metavar="JSON")
    parser.add_argument("page", metavar="FILE")
    options = parser.parse_args(arguments)
    document = lookup.load(options.json, "table", "rows", "curves")
    try:
        write(document, options.page)
    except (ArithmeticError, AttributeError, LookupError, TypeError,
            ValueError) as error:
        sys.exit("bench: %s is not as ./dev bench writes it: %r" % (
            options.json, error))
    return 0
