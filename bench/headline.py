# SPDX-License-Identifier: MIT
"""What a run found, in sentences: nothing that was skipped or failed counts."""

import statistics

import gates

FASTER, SLOWER, UNCLEAR = "faster", "slower", "unclear"


def way(name):
    """"add/librseq, limit 2": "librseq, limit 2"."""
    return name.split("/", 1)[-1]


def operation(row):
    return row["name"].split("/", 1)[0]


def with_others(rows):
    """The rows that compare cpuslab with other code, not with itself."""
    return [row for row in rows
            if "rival" in row and operation(row) != "latency" and
            not way(row["rival"]).startswith("cpuslab")]


def measured(rows):
    return [row for row in rows
            if "skipped" not in row and all(row["ratio"].values())]


def verdict(row):
    """Slower, if the lower end of the range is above 1 as well."""
    if row["ratio"]["low"] > 1:
        return SLOWER
    return FASTER if row["ratio"]["high"] < 1 else UNCLEAR


def fastest(rows):
    """Of each operation, the comparison with the rival that does best."""
    found = {}
    for row in measured(with_others(rows)):
        key = row["group"], operation(row)
        if key not in found or \
                row["ratio"]["median"] > found[key]["ratio"]["median"]:
            found[key] = row
    return list(found.values())


def count(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


def not_measured(rows):
    """"3 comparisons skipped (why), 1 comparison failed", or ""."""
    others = with_others(rows)
    why = [row["skipped"] for row in others if "skipped" in row]
    failed = len(others) - len(why) - len(measured(others))
    parts = []
    if why:
        parts.append("%s skipped (%s)" % (count(len(why), "comparison"),
                                          "; ".join(sorted(set(why)))))
    if failed:
        parts.append("%s failed" % count(failed, "comparison"))
    return ", ".join(parts)


def rough(ratio):
    """Two significant digits: more would not be true the next time."""
    return "%#.2g" % ratio if ratio < 9.95 else "%.0f" % ratio


def sentence(rows):
    """The headline. Each operation counts once, with its fastest rival: the
    median of all comparisons would fall with each slow rival that is added."""
    ratios = [row["ratio"]["median"] for row in fastest(rows)]
    if not ratios:
        return "Nothing was compared%s." % (
            ": " + not_measured(rows) if not_measured(rows) else "")
    text = "cpuslab takes %s times as long as the fastest alternative" % \
        rough(statistics.median(ratios))
    if len(ratios) == 1:
        return text + ", in the only operation compared."
    return text + ", in the median of %d operations (%s to %s)." % (
        len(ratios), rough(min(ratios)), rough(max(ratios)))


def details(rows):
    """How many comparisons went which way, and what is missing."""
    verdicts = [verdict(row) for row in measured(with_others(rows))]
    if verdicts:
        yield "Of %s it is faster in %d and slower in %d; %d %s unclear." % (
            count(len(verdicts), "comparison"),
            *map(verdicts.count, (FASTER, SLOWER, UNCLEAR)),
            "is" if verdicts.count(UNCLEAR) == 1 else "are")
        if not_measured(rows):
            yield "Not counted: %s." % not_measured(rows)
    yield goals(rows)[0]


def slower(rows):
    """The comparisons that cpuslab loses, the worst first."""
    found = [row for row in measured(with_others(rows))
             if verdict(row) == SLOWER]
    return sorted(found, key=lambda row: -row["ratio"]["median"])


def goals(rows):
    """A sentence about the goals, and the rows that miss theirs."""
    tested = [row for row in rows if "goal" in row and "skipped" not in row]
    skipped = sum("goal" in row and "skipped" in row for row in rows)
    missed = [row for row in tested if gates.missed(row)]
    if not tested:
        text = "No goal was tested"
    elif not missed:
        text = "No goal is missed, of %d tested" % len(tested)
    elif len(missed) == len(tested):
        text = "All %d tested goals are missed" % len(tested)
    else:
        text = "%d of %d tested goals %s missed" % (
            len(missed), len(tested), "is" if len(missed) == 1 else "are")
    return text + ("; %d skipped." % skipped if skipped else "."), missed
