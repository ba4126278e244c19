# SPDX-License-Identifier: MIT
"""Parse a page of OpenMetrics text, and check every rule of the
format that such a page can break."""

import re

SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{([^{}]*)\})? (\S+)', re.I)
LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"', re.I)
ENDINGS = {"counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",),
           "histogram": ("_bucket", "_count", "_sum", "_created")}


class Wrong(Exception):
    """The page breaks a rule."""


def parse(text):
    """(name, labels as a sorted tuple) -> number; raises Wrong."""
    lines = text.split("\n")
    if lines[-2:] != ["# EOF", ""] or "# EOF" in lines[:-2]:
        raise Wrong("it must end with one # EOF")
    samples, kinds, family = {}, {}, None
    for line in lines[:-2]:
        if line.startswith("# "):
            family = _announce(line, kinds, family)
        else:
            name, labels, value = _sample(line, kinds, family)
            if (name, labels) in samples:
                raise Wrong("twice: " + line)
            samples[name, labels] = value
    for name, kind in kinds.items():
        if kind == "histogram":
            _histogram(name, samples)
    return samples


def _announce(line, kinds, family):
    words = line.split(" ", 3)
    if len(words) < 4 or words[1] not in ("TYPE", "HELP", "UNIT"):
        raise Wrong("no metadata: " + line)
    name = words[2]
    if name != family:
        if name in kinds or words[1] != "TYPE":
            raise Wrong("not in one piece: " + line)
        if words[3] not in ENDINGS:
            raise Wrong("type: " + line)
        kinds[name] = words[3]
    elif words[1] == "UNIT" and not name.endswith("_" + words[3]):
        raise Wrong("unit is not in the name: " + line)
    return name


def _sample(line, kinds, family):
    match = SAMPLE.fullmatch(line)
    if not match or family is None:
        raise Wrong("no sample: " + line)
    name, labels, value = match.groups()
    if name not in [family + end for end in ENDINGS[kinds[family]]]:
        raise Wrong("not of %s: %s" % (family, line))
    found = LABEL.findall(labels or "")
    if ",".join('%s="%s"' % label for label in found) != (labels or ""):
        raise Wrong("labels: " + line)
    number = float(value)
    if kinds[family] != "gauge" and number < 0:
        raise Wrong("negative: " + line)
    return name, tuple(sorted(found)), number


def _histogram(name, samples):
    buckets = [(float(dict(labels)["le"]), value)
               for (sample, labels), value in samples.items()
               if sample == name + "_bucket"]
    if buckets != sorted(buckets) or buckets[-1][0] != float("inf"):
        raise Wrong("%s: bounds out of order, or no +Inf" % name)
    if [v for _, v in buckets] != sorted(v for _, v in buckets):
        raise Wrong("%s: buckets are not cumulative" % name)
    if buckets[-1][1] != samples[name + "_count", ()]:
        raise Wrong("%s: _count is not the last bucket" % name)
    if (name + "_sum", ()) not in samples:
        raise Wrong("%s: no _sum" % name)
