# SPDX-License-Identifier: MIT
"""Plots by gnuplot, as SVG for use inside a page."""

import re
import shutil
import subprocess

# Readers with colour blindness can tell these apart.
COLOURS = ["#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b",
           "#7f7f7f", "#e377c2", "#bcbd22", "#393b79", "#000000"]
OWN = "#d62728"     # always cpuslab


def background(number):
    """Each plot has its own background, by which a test finds it."""
    return "#fafa%02x" % (0xf0 + number)


class Plot:
    """One picture: titles, axes, and lines of points."""

    def __init__(self, title, xlabel, ylabel, lines, **options):
        self.title = title
        self.xlabel, self.ylabel = xlabel, ylabel
        self.lines = [(name, points) for name, points in lines if points]
        if not options.get("ordered"):
            self.lines.sort(key=lambda line: (line[0] != "cpuslab", line[0]))
        self.log = options.get("log", "xy")     # which axes
        self.ticks = options.get("ticks")       # [(label, x)]


def quote(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', "'")


def line_style(number, name, rivals):
    colour = OWN if name == "cpuslab" else COLOURS[rivals % len(COLOURS)]
    return "lw %g lc rgb %s pt %d ps 0.7" % (
        3 if name == "cpuslab" else 2.2, quote(colour), 4 + number % 10)


def script(plot, number):
    """The input of gnuplot."""
    ticks = plot.ticks or sorted({(str(x), x) for _, points in plot.lines
                                  for x, _ in points}, key=lambda t: t[1])
    out = [
        'set terminal svg size 860,430 dynamic font "sans-serif,13" '
        'name "plot%d" background rgb %s' % (number, quote(background(number))),
        "set title %s noenhanced" % quote(plot.title),
        "set xlabel %s noenhanced" % quote(plot.xlabel),
        "set ylabel %s noenhanced" % quote(plot.ylabel),
        "set key outside right top noenhanced samplen 2 spacing 1.1",
        "set grid lc rgb '#dddddd'",
        "set border 3 lc rgb '#666666'",
        "set tics nomirror",
        "set xtics (%s)" % ", ".join(
            "%s %g" % (quote(label), x) for label, x in ticks),
        "set xrange [%g:%g]" % (ticks[0][1] * 0.8, ticks[-1][1] * 1.25),
    ]
    if plot.log:
        out.append("set logscale " + plot.log)
    drawn, rivals = [], 0
    for index, (name, points) in enumerate(plot.lines):
        out += ["$d%d << END" % index,
                "\n".join("%.9g %.9g" % point for point in points), "END"]
        drawn.append("$d%d with linespoints %s title %s" % (
            index, line_style(index, name, rivals), quote(name)))
        rivals += name != "cpuslab"
    out.append("plot " + ", \\\n ".join(drawn))
    return "\n".join(out) + "\n"


def svg(plot, number):
    """The picture, or a sentence that says why it is missing."""
    if not plot.lines:
        return "<p>Nothing was measured for this plot.</p>"
    if not shutil.which("gnuplot"):
        return "<p>No plot: gnuplot is not installed.</p>"
    done = subprocess.run(["gnuplot"], input=script(plot, number), text=True,
                          capture_output=True, check=False)
    if done.returncode or "<svg" not in done.stdout:
        return "<p>No plot: %s</p>" % done.stderr.strip().replace("<", "&lt;")
    picture = done.stdout[done.stdout.index("<svg"):]
    # Links within the picture need a name that is unique in the page.
    for name in set(re.findall(r"id=['\"](\w+)['\"]", picture)):
        new = "p%d_%s" % (number, name)
        picture = re.sub(r"(id=['\"])%s(['\"])" % name, r"\g<1>%s\2" % new,
                         picture)
        picture = picture.replace("#%s'" % name, "#%s'" % new).replace(
            '#%s"' % name, '#%s"' % new).replace("#%s)" % name, "#%s)" % new)
    return picture
