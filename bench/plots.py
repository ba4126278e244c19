# SPDX-License-Identifier: MIT
"""Pictures as SVG. Colours are classes, which report.css defines for a light
and a dark page; markers, dashes and the names at the lines say the same."""

import html
import itertools
import math
import zlib

import units

# A rival's place decides on its looks: append only, so that they never change.
RIVALS = (
    "librseq", "getcpu-atomic", "mutex", "thread-local", "spinlock",
    "shared-atomic", "urcu-atomic", "rseq-cpu-id-atomic", "getcpu-ck_pr",
    "cpuslab-keep", "cpuslab-percid", "cpuslab-percid-plain", "malloc",
    "jemalloc", "ck_ring", "ck_stack", "array", "cpuslab-mlockall",
    "cpuslab-mlockall-user", "cpuslab-mlockall-change", "librseq-cow",
    "cpuslab-all-in-use", "loop-all-in-use", "atomic", "urcu", "mutex-queue",
    "no CPU changes", "100 changes/s", "1,000 changes/s", "10,000 changes/s",
    "max changes/s", "failed adds", "growth", "add, p50",
    "add, p99", "add, p99.9", "stack, p50", "stack, p99", "stack, p99.9",
    "add/cpuslab",
)
COLOURS = 8
DASHES = ("", "7 3", "2 3", "8 3 2 3")
MARKERS = (
    "M-4-4h8v8h-8z", "M0-5L5 4H-5z", "M0-6L5 0 0 6-5 0z", "M0 5L5-4H-5z",
    "M-4-5L0-1 4-5 5-4 1 0 5 4 4 5 0 1-4 5-5 4-1 0-5-4z",
    "M-1.5-5h3v3.5H5v3H1.5V5h-3V1.5H-5v-3h3.5z", "M-6-2h12v4h-12z",
)
CIRCLE = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"     # always cpuslab

WIDTH, HEIGHT = 380, 290
TOP, BOTTOM, LEFT = 12, 262, 58
LINE = 15       # between two names


def rank(name):
    """cpuslab, then the known names in their order, then the others."""
    return (name != "cpuslab", name not in RIVALS,
            RIVALS.index(name) if name in RIVALS else 0, name)


class Svg(str):
    """Markup, which is not escaped."""


def looks(name):
    """(class, dashes, marker) of a series, the same in each plot and run."""
    if name == "cpuslab":
        return "own", "", CIRCLE
    place = RIVALS.index(name) if name in RIVALS else \
        zlib.crc32(name.encode())
    return ("c%d" % (place % COLOURS),
            DASHES[place // COLOURS % len(DASHES)],
            MARKERS[place % len(MARKERS)])


class Scale:
    """A logarithmic axis, onto [start, end]; it spans @least at least, so that
    small differences look small."""

    def __init__(self, low, high, start, end, least=2):
        more = math.sqrt(max(1, least * low / high))
        low, high = low / more, high * more
        self.low, self.high = low, high
        self.start, self.end = start, end

    def at(self, value):
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        """Round values: powers of ten, with 2 and 5 if those are few."""
        found = []
        for steps in ((1,), (1, 2, 5)):
            exponents = range(math.floor(math.log10(self.low)),
                              math.ceil(math.log10(self.high)) + 1)
            found = [step * 10.0 ** e for e in exponents for step in steps
                     if self.low <= step * 10.0 ** e <= self.high]
            if len(found) >= 3:
                break
        return found


class Plot:
    """One picture: what it shows, and lines of points; both axes are
    logarithmic, so a point at 0 is left out."""

    def __init__(self, title, about, write, lines, ticks=None):
        self.title, self.about = title, about
        self.write = write      # a value of y, with its unit
        self.lines = [(name, [(x, y) for x, y in points if x and y])
                      for name, points in lines]
        self.lines = sorted((line for line in self.lines if line[1]),
                            key=lambda line: rank(line[0]))
        xs = sorted({x for _, points in self.lines for x, _ in points})
        self.ticks = ticks or [(units.number(x), x) for x in xs]


def spread(places, low, high):
    """Move places, which are sorted, until LINE lies between neighbours."""
    step = min(LINE, (high - low) / max(len(places) - 1, 1))
    out = []
    for place in places:
        out.append(max(place, low, out[-1] + step if out else low))
    limit = high
    for index in reversed(range(len(out))):
        out[index] = min(out[index], limit)
        limit = out[index] - step
    return out


def text(x, y, content, anchor="start"):
    return '<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>' % (
        x, y, anchor, html.escape(content))


def axes(plot, xs, ys):
    out = []
    for value in ys.ticks():
        y = ys.at(value)
        out.append('<path class="grid" d="M%d %.1fH%.1f"/>' %
                   (LEFT, y, xs.end))
        out.append(text(LEFT - 8, y + 4, units.short(plot.write(value)),
                        "end"))
    free = WIDTH
    for label, value in reversed(plot.ticks):
        x, half = xs.at(value), 3.8 * len(label)
        if x + half > free:
            continue
        free = x - half - 6
        out.append('<path class="axis" d="M%.1f %dv5"/>' % (x, BOTTOM))
        out.append(text(x, BOTTOM + 19, label, "middle"))
    out.append('<path class="axis" d="M%d %dH%.1f"/>' % (LEFT, BOTTOM, xs.end))
    return out


def series(name, points, xs, ys, label):
    """A line, its markers and, at @label, its name."""
    kind, dashes, marker = looks(name)
    places = [(xs.at(x), ys.at(y)) for x, y in points]
    end = places[-1]
    out = ['<g class="%s">' % kind]
    out.append('<path class="lead" d="M%.1f %.1fL%.1f %.1f"/>' %
               (*end, xs.end + 13, label))
    out.append('<path class="line" d="M%s"%s/>' % (
        "L".join("%.1f %.1f" % place for place in places),
        ' stroke-dasharray="%s"' % dashes if dashes else ""))
    out += ['<path class="dot" transform="translate(%.1f %.1f)" d="%s"/>' %
            (*place, marker) for place in places]
    out.append('<path class="dot" transform="translate(%.1f %.1f)" d="%s"/>' %
               (xs.end + 18, label, marker))
    out.append(text(xs.end + 27, label + 4, name))
    return out + ["</g>"]


def svg(plot):
    """The picture of a plot that has lines."""
    values = [y for _, points in plot.lines for _, y in points]
    widest = max(len(name) for name, _ in plot.lines)
    right = WIDTH - 40 - 7.3 * widest
    places = [value for _, value in plot.ticks]
    xs = Scale(min(places), max(places), LEFT + 14, right)
    ys = Scale(min(values) / 1.2, max(values) * 1.2, BOTTOM, TOP, 20)
    out = ['<svg viewBox="0 0 %d %d" role="img" aria-label="%s">' % (
        WIDTH, HEIGHT, html.escape(
            "%s: %s. The figures are in the table below." % (
                plot.title, ", ".join(name for name, _ in plot.lines))))]
    out += axes(plot, xs, ys)
    by_end = sorted(plot.lines, key=lambda line: ys.at(line[1][-1][1]))
    labels = spread([ys.at(points[-1][1]) for _, points in by_end],
                    TOP, BOTTOM)
    drawn = [series(name, points, xs, ys, label)
             for (name, points), label in zip(by_end, labels)]
    # cpuslab is drawn last, so that nothing hides it.
    drawn.sort(key=lambda lines: 'class="own"' in lines[0])
    out += itertools.chain.from_iterable(drawn)
    out.append("</svg>")
    return Svg("\n".join(out))


class Whiskers:
    """Ratios as a dot and a whisker each, on one scale around 1. Positions are
    percentages, so that each picture fills its cell."""

    def __init__(self, rows):
        ends = [row["ratio"][end] for row in rows for end in ("low", "high")]
        ends += [row["goal"] for row in rows if "goal" in row]
        self.scale = Scale(min(ends + [0.5]), max(ends + [2]), 3, 97)

    def svg(self, row):
        low, median, high = (self.scale.at(row["ratio"][end])
                             for end in ("low", "median", "high"))
        one = self.scale.at(1)
        out = ['<svg class="whisker %s" aria-hidden="true">' %
               ("worse" if low > one else
                "better" if high < one else "unclear"),
               '<rect class="half" x="%.2f%%" width="%.2f%%" height="100%%"/>'
               % (one, 100 - one),
               '<line class="one" x1="%.2f%%" x2="%.2f%%" y1="0" y2="100%%"/>'
               % (one, one)]
        if "goal" in row:
            goal = self.scale.at(row["goal"])
            out.append('<line class="goal" x1="%.2f%%" x2="%.2f%%" y1="15%%" '
                       'y2="85%%"/>' % (goal, goal))
        out += ['<line class="range" x1="%.2f%%" x2="%.2f%%" y1="50%%" '
                'y2="50%%"/>' % (low, high),
                '<circle cx="%.2f%%" cy="50%%" r="5"/>' % median, "</svg>"]
        return Svg("".join(out))
