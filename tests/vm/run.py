#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run tests in guests.

Each scenario of tests/vm/scenarios/ boots one guest, which runs a script, has
the host plug CPUs in and out, and prints a line for each check. The output of
a guest is in build/vm/run/KERNEL/SCENARIO/: report, console, host.log.

At the end each failed check has a line "failed: SCENARIO: NAME: WHY"; the last
line is "N passed, N failed". tests/vm/README.md explains the rest.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from harness import kernels, runner, scenario  # noqa: E402
from harness.paths import BuildError  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO",
                        help="only these; a part of a name is enough")
    parser.add_argument("--list", action="store_true",
                        help="name the scenarios and what they show")
    parser.add_argument("--full", action="store_true",
                        help="also those of the tier full")
    parser.add_argument("--long", action="store_true",
                        help="also the long ones; and all run longer")
    parser.add_argument("--kernel", metavar="BZIMAGE[:HEADERS]",
                        help="run on this kernel instead of Debian's; HEADERS "
                        "is\na prepared build tree, for modules")
    parser.add_argument("--debian", metavar="SUITE", default="",
                        help="run on the cloud kernel of this suite of "
                        "Debian, or on\nanother one: trixie, trixie/rt")
    parser.add_argument("--fetch", action="store_true",
                        help="only fetch the kernel, and name it")
    parser.add_argument("--jobs", type=int, metavar="N",
                        default=max(1, min(os.cpu_count() or 1, 8)),
                        help="guests at a time (default: %(default)s)")
    parser.add_argument("--timeout-multiplier", type=float, default=0,
                        metavar="X", help="of all timeouts (default: 2; 4 on "
                        "kernels with a sanitizer)")
    parser.add_argument("--show", action="store_true",
                        help="print what each guest reported, even if all "
                        "checks passed")
    return parser.parse_args()


def choose(options):
    """The scenarios to run."""
    known = scenario.load()
    if not options.scenarios:
        tiers = ["default"]
        tiers += ["full"] * options.full + ["full", "long"] * options.long
        return [s for s in known.values() if s.tier in tiers]
    chosen = []
    for word in options.scenarios:
        found = [known[word]] if word in known else \
            [s for name, s in known.items() if word in name]
        if not found:
            raise SystemExit("no scenario '%s'; there are: %s"
                             % (word, " ".join(known)))
        chosen += [s for s in found if s not in chosen]
    return chosen


def show_list():
    for name, one in scenario.load().items():
        tier = "" if one.tier == "default" else " (%s)" % one.tier
        print("%-24s %s%s" % (name, one.title, tier))


def run_all(options, chosen):
    """Run them, some at a time; how many passed, and which failed."""
    outside = (kernels.outside(options.kernel, options.debian)
               if options.kernel else None)
    team = runner.Runner(outside, options.timeout_multiplier, options.long,
                         options.debian)
    lock = threading.Lock()
    passed, failures = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # The slow ones first, so that none runs alone at the end.
        chosen = sorted(chosen, key=lambda s: -team.expected(s))
        for future in concurrent.futures.as_completed(
                [pool.submit(team.run, one) for one in chosen]):
            result = future.result()
            with lock:
                print(result.text(options.show) + "\n", end="", flush=True)
            passed += result.passed
            failures += ["%s: %s" % (result.name, why)
                         for why in result.failures]
    return passed, failures


def fetch(suite):
    try:
        print(kernels.debian("x86_64", suite).name)
    except BuildError as error:
        print(error)
        return 1
    return 0


def main():
    options = arguments()
    if options.list:
        show_list()
        return 0
    if options.fetch:
        return fetch(options.debian)
    passed, failures = run_all(options, choose(options))
    if not passed and not failures:
        failures = ["no check was made"]
    for why in failures:
        print("failed: " + why)
    print("%d passed, %d failed" % (passed, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
