# SPDX-License-Identifier: MIT
"""Compare two JSON files that run.py wrote.

A result is slower if, with the given confidence, its new median exceeds the old
one by more than the threshold, and the Mann-Whitney test, where there are
enough repetitions, says that the two differ. The status is 1 if anything is
slower, and 2 if nothing could be compared.
"""

import argparse
import math
import random
import statistics

import machine
import rows as lookup

RESAMPLES = 1000


def mann_whitney(a, b):
    """The two-sided p value; exact for few samples."""
    n, m = len(a), len(b)
    u = sum((x > y) + 0.5 * (x == y) for x in a for y in b)
    u = min(u, n * m - u)
    if n * m <= 400 and len(set(a + b)) == n + m:
        return min(1.0, 2 * exact_below(int(u), n, m))
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    z = (n * m / 2 - u - 0.5) / deviation
    return min(1.0, math.erfc(max(z, 0) / math.sqrt(2)))


def exact_below(u, n, m):
    """P(U <= u) for a random order."""
    ways = [1] + [0] * (n * m)
    for k in range(1, n + 1):       # coefficients of the Gaussian binomial
        for i in range(n * m, m + k - 1, -1):
            ways[i] -= ways[i - m - k]
        for i in range(k, n * m + 1):
            ways[i] += ways[i - k]
    return sum(ways[:u + 1]) / math.comb(n + m, n)


def bootstrap(old, new, confidence):
    """The confidence interval of the ratio of the medians."""
    chance = random.Random(1)
    ratios = sorted(
        statistics.median(chance.choices(new, k=len(new))) /
        statistics.median(chance.choices(old, k=len(old)))
        for _ in range(RESAMPLES))
    out = int((1 - confidence) / 2 * RESAMPLES)
    return ratios[out], ratios[-1 - out]


class Change:
    """One line of the table."""

    def __init__(self, name, old, new, unit):
        self.name, self.old, self.new, self.unit = name, old, new, unit
        self.ratio = new / old if old else math.nan
        self.low = self.high = self.p = None    # no repetitions: not judged

    def judged(self):
        return self.low is not None

    def verdict(self, threshold, confidence):
        if not self.judged():
            return ""
        if self.p is not None and self.p > 1 - confidence:
            return "same"
        if self.low > 1 + threshold:
            return "SLOWER" if self.unit != "kB" else "LARGER"
        if self.high < 1 / (1 + threshold):
            return "better"
        return "same"


def of_samples(name, old, new, unit, confidence):
    change = Change(name, statistics.median(old), statistics.median(new), unit)
    if min(len(old), len(new)) >= 4 and min(old + new) > 0:
        change.p = mann_whitney(old, new)
        change.low, change.high = bootstrap(old, new, confidence)
    return change


def error_of(spread, count):
    """The standard error of a median, from quartiles. Neighbouring chunks are
    correlated, so they count for a quarter of their number."""
    independent = max(count / 4, 1)
    deviation = (spread["high"] - spread["low"]) / 1.349
    return 1.253 * deviation / math.sqrt(independent) / spread["median"]


def of_ratios(old, new, confidence):
    """The rows that both tables of ratios have."""
    def key(row):
        return row["group"], row["name"], row["rival"]

    def usable(table):
        return {key(row): row for row in table["rows"]
                if "ratio" in row and row["ratio"]["median"]}

    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    before, after = usable(old), usable(new)
    for name in before:
        if name not in after:
            continue
        a, b = before[name], after[name]
        change = Change("%s : %s" % name[1:], a["ratio"]["median"],
                        b["ratio"]["median"], "x")
        error = z * math.hypot(error_of(a["ratio"], a.get("chunks", 1)),
                               error_of(b["ratio"], b.get("chunks", 1)))
        change.low = change.ratio * math.exp(-error)
        change.high = change.ratio * math.exp(error)
        yield change


def of_rows(old, new, confidence):
    """Times of common bodies; kB and p99.9 for those that run once."""
    before = {(row.mode, row.name): row for row in lookup.of(old)}
    for row in lookup.of(new):
        was = before.get((row.mode, row.name))
        if not was or row.mode == "sim":
            continue
        name = "%s %s" % (row.mode, row.name)
        if row.operation == "memory":
            pairs = [("kB", "kB")]
        elif row.operation == "latency":
            pairs = [("p99.9_ns", "ns")]
        else:
            if was.times and row.times:
                yield of_samples(name, was.times, row.times, "ns", confidence)
            continue
        for counter, unit in pairs:
            if was.counters.get(counter) and row.counters.get(counter):
                yield of_samples(name, was.counters[counter],
                                 row.counters[counter], unit, confidence)


def show(changes, threshold, confidence):
    slower = 0
    print("%-62s %10s %10s    %-24s %-7s %s" % (
        "", "old", "new", "new/old [%g %%]" % (100 * confidence), "p", ""))
    for change in changes:
        verdict = change.verdict(threshold, confidence)
        slower += verdict in ("SLOWER", "LARGER")
        between = "[%.3f %.3f]" % (change.low, change.high) \
            if change.judged() else "[too few]"
        print("%-62s %10.4g %10.4g %-2s %.3f %-18s %-7s %s" % (
            change.name, change.old, change.new, change.unit, change.ratio,
            between, "" if change.p is None else "%.3g" % change.p, verdict))
    judged = sum(change.judged() for change in changes)
    print("\n%d compared, %d slower by more than %g %% with %g %% confidence"
          % (judged, slower, 100 * threshold, 100 * confidence))
    return slower, judged


def main(arguments):
    parser = argparse.ArgumentParser(
        prog="./dev bench compare", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--threshold", type=float, default=0.05, metavar="X",
                        help="tolerated slowdown (default: %(default)s)")
    parser.add_argument("--confidence", type=float, default=0.99, metavar="X",
                        help="default: %(default)s")
    parser.add_argument("--ratios", action="store_true",
                        help="compare the tables of ratios only: for results "
                        "from different machines or a busy one")
    options = parser.parse_args(arguments)
    old, new = (lookup.load(name, "table")
                for name in (options.old, options.new))
    changes = list(of_ratios(old["table"], new["table"], options.confidence))
    if not options.ratios:
        changes += of_rows(old, new, options.confidence)
    for name, document in ((options.old, old), (options.new, new)):
        for doubt in machine.doubts(document):
            print("%s: %s" % (name, doubt))
    slower, judged = show(changes, options.threshold, options.confidence)
    if not judged:
        return 2
    return 1 if slower else 0
