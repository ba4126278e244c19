# SPDX-License-Identifier: MIT
"""How figures and names are written: in the unit that fits."""

import re

TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns"))
SIZES = ((1e6, "GB"), (1e3, "MB"), (1, "kB"))


def digits(value):
    """Three significant digits."""
    return "{:,.0f}".format(value) if abs(value) >= 100 else \
        ("%#.3g" % value).rstrip(".")


def short(text):
    """Without zeros at the end, for round values."""
    return re.sub(r"\.0+(?!\d)|(\.\d*?)0+(?!\d)", r"\1", text)


def number(value):
    """A count, or three significant digits."""
    if value is None:
        return "failed"
    return "{:,d}".format(int(value)) if value == int(value) else digits(value)


def scaled(value, units):
    """In the largest unit that leaves 1 or more, when it is rounded."""
    if value is None:
        return "failed"
    rounded = float("%.3g" % value)
    factor, name = next((unit for unit in units if abs(rounded) >= unit[0]),
                        units[-1])
    return "%s %s" % (digits(value / factor), name)


def time(nanoseconds):
    return scaled(nanoseconds, TIMES)


def size(kilobytes):
    return scaled(kilobytes, SIZES)


def of(unit):
    """How a figure in this unit is written."""
    return {"ns": time, "kB": size}.get(unit, number)


def times(ratio):
    return "failed" if ratio is None else digits(ratio) + "×"


def begin(text):
    """With a capital, as a heading begins."""
    return text[:1].upper() + text[1:]
