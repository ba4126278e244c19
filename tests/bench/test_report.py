#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of the results: what it claims, its structure, its colours, and the
options that ask for it. The results are made up."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock
from xml.etree import ElementTree

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "bench"),
                os.path.join(ROOT, "tests", "fixture")]

import browser      # noqa: E402
import figures      # noqa: E402
import headline     # noqa: E402
import machine      # noqa: E402
import plots        # noqa: E402
import report       # noqa: E402
import run          # noqa: E402
import units        # noqa: E402


def spread(median, width=0.1):
    return {"low": median * (1 - width), "median": median,
            "high": median * (1 + width)}


def row(ratio, name="add/cpuslab", rival="add/mutex", **more):
    return dict({"group": "add 1", "name": name, "rival": rival, "unit": "ns",
                 "value": spread(1.5), "rival_value": spread(1.5 / ratio),
                 "ratio": spread(ratio)}, **more)


def skipped(**more):
    return {"group": "add 1", "name": "add/cpuslab", "rival": "add/librseq",
            "unit": "ns", "skipped": "built without librseq", **more}


def failed(**more):
    nothing = dict.fromkeys(("low", "median", "high"))
    return dict(row(1, **more), ratio=nothing, rival_value=nothing)


MEMORY = {"group": "memory", "name": "memory/cpuslab, limit 4096",
          "unit": "kB", "goal": 256, "value": spread(284)}
MIXED = [row(0.1, goal=0.2), row(0.5, "stack/cpuslab", "stack/ck_stack"),
         row(2, "stack/cpuslab", "stack/malloc", goal=1),
         row(1.02, "sum/cpuslab", "sum/array"), skipped(goal=1), failed(),
         row(17, "add/cpuslab-percid", "add/cpuslab"), MEMORY]
NAMES = ("cpuslab", "mutex", "getcpu-atomic", "librseq", "thread-local",
         "spinlock", "shared-atomic", "urcu-atomic", "cpuslab-percid")


def entry(name, time, **more):
    return dict(run_name=name, name=name, run_type="iteration",
                time_unit="ns", real_time=time, **more)


def entries():
    """Nine lines that end close together, latencies, memory, a change."""
    found = [entry("add/%s/pinned:1/real_time/threads:%d" % (name, threads),
                   (1 + 0.01 * place) * threads)
             for place, name in enumerate(NAMES) for threads in (1, 2, 4)]
    found += [entry("memory/cpuslab/limit:%d/iterations:1/manual_time" % limit,
                    1, kB=limit * 10.0) for limit in (2, 64, 8192)]
    found += [entry("latency/add/changes/rate:%d/iterations:1" % rate, 1,
                    changes_per_second=rate * 0.97,
                    **{key + "_ns": 20.0 for key, _ in figures.PARTS})
              for rate in (100, 1000)]
    found.append(entry("change/add/iterations:1/manual_time", 1, p50_ns=17000,
                       p99_ns=2.6e6, **{"p99.9_ns": 3e6, "max_ns": 4e9}))
    found.append(dict(entry("add/librseq/pinned:1/real_time/threads:1", 0),
                      error_occurred=True, error_message="skipped: <none>"))
    return found[::-1]


def document(rows, **more):
    return dict({
        "date": "2026-11-30T07:18:01+00:00",
        "machine": {"cpu": "A <CPU>", "cpus": 2, "load": "0.1 before",
                    "others": 0.02},
        "table": {"rows": rows},
        "runs": {"rseq": {"context": {"optimized": "yes", "compiler": "gcc"},
                          "benchmarks": entries()}}}, **more)


def scaling():
    """As --scale writes it."""
    points = [{"threads": threads, "body": "add/" + way, "ns": spread(ns),
               **({"ratio": spread(1 / ns)} if ns > 1 else {})}
              for threads in (1, 2) for way, ns in (("cpuslab", 1),
                                                    ("mutex", 9 * threads))]
    return {"date": "2026-11-30T07:18:01+00:00", "machine": {"cpu": "x"},
            "curves": [{"name": "add", "what": "each adds",
                        "points": points}]}


class Headline(unittest.TestCase):
    def said(self, *rows):
        return " ".join([headline.sentence(rows), *headline.details(rows)])

    def test_the_median_with_its_range(self):
        self.assertEqual(headline.sentence(MIXED),
                         "cpuslab takes 1.0 times as long as the fastest "
                         "alternative, in the median of 3 operations (0.10 to "
                         "2.0).")

    def test_slow_rivals_do_not_make_it_faster(self):
        slow = [row(0.01, rival="add/slow-%d" % i) for i in range(9)]
        self.assertIn("takes 2.0 times as long",
                      headline.sentence([row(2), *slow]))

    def test_what_is_slower_and_missing(self):
        said = self.said(*MIXED)
        self.assertIn("Of 4 comparisons it is faster in 2 and slower in 1; "
                      "1 is unclear.", said)
        self.assertIn("Not counted: 1 comparison skipped (built without "
                      "librseq), 1 comparison failed.", said)
        self.assertIn("2 of 3 tested goals are missed; 1 skipped.", said)

    def test_all_are_slower(self):
        said = self.said(row(2, goal=1), row(3, goal=1))
        self.assertIn("takes 3.0 times as long", said)
        self.assertIn("faster in 0 and slower in 2; 0 are unclear.", said)
        self.assertIn("All 2 tested goals are missed.", said)

    def test_no_goal_is_missed(self):
        self.assertIn("No goal is missed, of 1 tested.",
                      self.said(row(0.5, goal=1)))

    def test_nothing_is_claimed_from_what_was_not_measured(self):
        self.assertEqual(self.said(skipped(goal=1), skipped(goal=2)),
                         "Nothing was compared: 2 comparisons skipped (built "
                         "without librseq). No goal was tested; 2 skipped.")
        self.assertTrue(self.said(failed()).startswith(
            "Nothing was compared: 1 comparison failed."))
        self.assertEqual(headline.fastest([failed(), skipped()]), [])

    def test_cpuslab_is_no_rival_of_its_own(self):
        own = row(0.01, "add/cpuslab", "add/cpuslab-keep")
        quiet = row(1, "latency/add/changes, rate 1", "latency/add/changes")
        self.assertEqual(headline.with_others([own, quiet]), [])

    def test_one_comparison(self):
        self.assertTrue(headline.sentence([row(12.3)]).startswith(
            "cpuslab takes 12 times as long as the fastest alternative, in the "
            "only operation"))

    def test_the_range_decides(self):
        """Half of the ratios lie between the quartiles."""
        for ratio, verdict in ((0.95, "unclear"), (1.05, "unclear"),
                               (0.9, "faster"), (1.2, "slower")):
            self.assertEqual(headline.verdict(row(ratio)), verdict)

    def test_the_fastest_rival_is_shown(self):
        self.assertEqual([one["rival"] for one in headline.fastest(MIXED)],
                         ["add/mutex", "stack/malloc", "sum/array"])


class Units(unittest.TestCase):
    def test_a_unit_that_fits(self):
        for value, text in ((0.7219, "0.722 ns"), (13, "13.0 ns"),
                            (999.7, "1.00 µs"), (75692, "75.7 µs"),
                            (4e6, "4.00 ms"), (2e9, "2.00 s")):
            self.assertEqual(units.time(value), text)
        self.assertEqual(units.size(284), "284 kB")
        self.assertEqual(units.size(262728), "263 MB")
        self.assertEqual(units.time(None), "failed")

    def test_round_values_are_short(self):
        for value, text in ((0.5, "0.5 ns"), (2000, "2 µs"), (1, "1 ns"),
                            (100, "100 ns"), (100000, "100 µs")):
            self.assertEqual(units.short(units.time(value)), text)
        self.assertEqual(units.short(units.times(1)), "1×")
        self.assertEqual(units.short(units.times(0.05)), "0.05×")


class Looks(unittest.TestCase):
    def test_they_never_change(self):
        """New names are appended to plots.RIVALS."""
        self.assertEqual(plots.looks("cpuslab")[0], "own")
        for name, kind in (("librseq", "c0"), ("mutex", "c2"), ("malloc", "c4"),
                           ("array", "c0"), ("stack, p99.9", "c6"),
                           ("a new rival", "c7")):
            self.assertEqual(plots.looks(name)[0], kind)

    def test_another_series_changes_none(self):
        def drawn(names):
            picture = plots.svg(plots.Plot("t", "a", units.time, [
                (name, [(1, 2), (2, 3)]) for name in names]))
            return dict(re.findall(
                r'<g class="(\w+)">(?:(?!</g>).)*>([^<]+)</text>', picture,
                re.S))

        every = {name: kind for kind, name in drawn(NAMES[:5]).items()}
        for kind, name in drawn(("mutex", "zz", "new-rival")).items():
            self.assertEqual(kind, plots.looks(name)[0])
        self.assertEqual(every["mutex"], plots.looks("mutex")[0])

    def test_names_are_escaped(self):
        self.assertIn(">a&lt;b</text>", plots.svg(plots.Plot(
            "t", "a", units.time, [("a<b", [(1, 2)])])))

    def test_each_can_be_told_without_its_colour(self):
        seen = {plots.looks(name)[1:] for name in plots.RIVALS}
        self.assertGreater(len(seen), 20)
        whole = {plots.looks(name) for name in plots.RIVALS}
        self.assertEqual(len(whole), len(plots.RIVALS))

    def test_names_do_not_lie_on_each_other(self):
        for places in ([50] * 8, [20, 21, 250, 261, 262], [12, 262],
                       [13 + i for i in range(17)]):
            out = plots.spread(places, plots.TOP, plots.BOTTOM)
            gaps = [b - a for a, b in zip(out, out[1:])]
            self.assertGreaterEqual(min(gaps), min(
                plots.LINE, 250 / (len(places) - 1)) - 0.01)
            self.assertGreaterEqual(out[0], plots.TOP - 0.01)
            self.assertLessEqual(out[-1], plots.BOTTOM + 0.01)

    def test_ticks(self):
        for low, high in ((0.5, 40), (1, 1e6), (5, 60)):
            ticks = plots.Scale(low, high, 0, 1).ticks()
            self.assertGreaterEqual(len(ticks), 3)
            self.assertTrue(low <= ticks[0] < ticks[-1] <= high)


class Colours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(report.STYLE, encoding="utf-8") as file:
            cls.style = file.read()
        light, dark, paper = (
            dict(re.findall(r"--(\w+): (#\w{6})", block))
            for block in re.findall(r":root {(.*?)}", cls.style, re.S))
        cls.themes = [light, dark, {**light, **paper}]

    def test_a_light_and_a_dark_page(self):
        light, dark, _ = self.themes
        self.assertEqual(set(light), set(dark))
        self.assertIn("@media screen and (prefers-color-scheme: dark)",
                      self.style)

    def test_contrast(self):
        for theme in self.themes:
            rgb = {name: bytes.fromhex(colour[1:])
                   for name, colour in theme.items()}
            pairs = [(name, ground) for ground in ("paper", "panel")
                     for name in ["ink", "soft", "link", "own"] +
                     ["c%d" % i for i in range(plots.COLOURS)]]
            for name, ground in pairs + [("ink", "warn")]:
                with self.subTest(paper=theme["paper"], name=name,
                                  ground=ground):
                    self.assertGreaterEqual(
                        browser.contrast(rgb[name], rgb[ground]), 4.5)

    def test_no_colour_is_outside_the_themes(self):
        rest = re.sub(r":root {.*?}", "", self.style, flags=re.S)
        self.assertEqual(re.findall(r"#[0-9a-f]{3,6}\b|rgb", rest), [])


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = report.page(document(MIXED))
        cls.body = cls.parsed(cls.source)

    @staticmethod
    def parsed(source):
        """It is XML, so that a wrong tag is found."""
        return ElementTree.fromstring(
            re.search(r"<body>.*</body>", source, re.S).group())

    def text(self, element):
        return " ".join("".join(element.itertext()).split())

    def test_the_frame(self):
        self.assertIn('<html lang="en">', self.source)
        self.assertRegex(self.source, "<title>[^<]+</title>")
        self.assertIn('name="viewport" content="width=device-width',
                      self.source)
        self.assertEqual(len(self.body.findall(".//main")), 1)
        self.assertEqual(len(self.body.findall(".//h1")), 1)

    def test_nothing_is_fetched_or_run(self):
        self.assertEqual(re.findall(
            r"(?:src|href)\s*=\s*['\"](?!#)[^'\"]*|@import|url\(|<script"
            r"|https?:|\son\w+=", self.source), [])

    def test_the_order(self):
        first = [self.text(one) for one in self.body.find("main")[:3]]
        self.assertIn("takes 1.0 times", first[1])
        headings = [self.text(one) for one in self.body.iter("h2")]
        self.assertIn("fastest alternative", headings[0])
        self.assertEqual(headings[-1], "Machine")

    def test_headings_skip_no_level(self):
        before = 0
        for one in self.body.iter():
            if re.fullmatch(r"h\d", one.tag):
                self.assertLessEqual(int(one.tag[1]), before + 1)
                before = int(one.tag[1])

    def test_contents(self):
        names = [one.get("id") for one in self.body.iter() if one.get("id")]
        self.assertEqual(len(names), len(set(names)))
        links = [one.get("href")[1:] for one in self.body.iter("a")]
        self.assertGreater(len(links), 4)
        self.assertLessEqual(set(links), set(names))

    def test_tables(self):
        boxes = self.body.findall(".//div[@class='scroll']")
        self.assertEqual(len(boxes), len(list(self.body.iter("table"))))
        for box in boxes:
            self.assertEqual(box.get("tabindex"), "0")
            self.assertEqual(box.get("aria-label"),
                             self.text(box.find("table/caption")))
            for cell in box.iter("th"):
                self.assertIn(cell.get("scope"), ("col", "row", "rowgroup"))
            columns = len(box.findall("table/thead/tr/th"))
            for line in box.findall("table/tbody/tr"):
                self.assertEqual(sum(int(cell.get("colspan", 1))
                                     for cell in line), columns)

    def plotted(self):
        found = self.body.findall(".//div[@class='plots']/figure")
        self.assertEqual(len(found), 4)
        return found

    def test_one_title_for_each_plot(self):
        titles = [self.text(figure.find("figcaption/h3"))
                  for figure in self.plotted()]
        self.assertEqual(len(titles), len(set(titles)))
        for figure, title in zip(self.plotted(), titles):
            drawn = [self.text(one) for one in figure.find("svg").iter("text")]
            self.assertNotIn(title, drawn)

    def test_each_picture_has_a_name_and_its_figures(self):
        pictures = list(self.body.iter("svg"))
        hidden = [one for one in pictures if one.get("role") != "img"]
        for one in self.plotted():
            picture = one.find("svg")
            self.assertIn(self.text(one.find("figcaption/h3")),
                          picture.get("aria-label"))
            table = one.find("details//table")
            names = [self.text(name) for name in picture.findall("g/text")]
            self.assertEqual(sorted(names), sorted(
                self.text(name) for name in table.findall("tbody/tr/th")))
        parents = {child: parent for parent in self.body.iter()
                   for child in parent}
        for one in hidden:
            while one.get("aria-hidden") != "true":
                one = parents[one]
            parent = parents[one]
            if one.get("class") != "row":
                parent = parents[parent] if parent.tag == "td" else parent
                self.assertRegex(self.text(parent), r"\d×")

    def test_each_line_has_its_name_and_marker(self):
        picture = self.plotted()[0].find("svg")
        self.assertEqual({self.text(one) for one in picture.findall("g/text")},
                         set(NAMES))
        for group in picture.findall("g"):
            self.assertEqual({one.get("d") for one in
                              group.findall("path[@class='dot']")},
                             {plots.looks(self.text(group))[2]})

    def test_whiskers(self):
        kinds = [one.get("class").split()[1] for one in self.body.iter("svg")
                 if "whisker" in one.get("class", "")]
        self.assertEqual(kinds, ["better", "unclear", "worse",  # the overview
                                 "better", "better", "worse", "unclear",
                                 "worse"])
        scale = plots.Whiskers([row(0.5)]).scale
        self.assertLess(scale.at(0.5), scale.at(1))
        self.assertIn("← cpuslab faster", self.source)

    def test_goals_in_words(self):
        said = self.text(self.body)
        for text in ("≤ 0.2× ✓ met", "≤ 1× ✗ missed", "≤ 256 kB ✗ missed",
                     "Pop and push, against malloc: 2.00×, goal ≤ 1×",
                     "skipped: built without librseq"):
            self.assertIn(text, said)

    def test_variants_are_named(self):
        rows = [row(2, "add/cpuslab-musl", "add/cpuslab-glibc", goal=1)]
        self.assertIn("Add 1 to a counter (cpuslab-musl), against "
                      "cpuslab-glibc: 2.00×", report.page(document(rows)))

    def test_banners(self):
        def shown(**more):
            body = self.parsed(report.page(document(MIXED, **more)))
            return [self.text(one) for one in
                    body.findall("main/p[@class='banner']")]

        self.assertEqual(shown(), [])
        self.assertIn("Brief run: not for quoting", shown(brief=True)[0])
        busy = {"cpu": "x", "others": 0.7}
        self.assertIn("Busy machine: not for quoting",
                      shown(machine=busy)[0])
        self.assertEqual(len(shown(brief=True, machine=busy)), 2)
        runs = {"rseq": {"context": {"optimized": "no"}, "benchmarks": []}}
        self.assertIn("without optimisation", shown(runs=runs)[0])

    def test_names_do_not_depend_on_the_rate_that_was_reached(self):
        (plot,) = [plot for _, group in figures.all_plots(document([]))
                   for plot in group if plot.title.startswith("Add, while")]
        self.assertEqual([name for name, _ in plot.lines],
                         ["100 changes/s", "1,000 changes/s"])

    def test_benchmarks_are_sorted(self):
        """They run in random order."""
        names = [self.text(one) for one in self.body.findall(
            ".//section[@aria-labelledby='figures']//th[@scope='row']")]
        self.assertEqual(names[:4], [
            "add/cpuslab/pinned:1/threads:%d" % threads
            for threads in (1, 2, 4)] + [
                "add/cpuslab-percid/pinned:1/threads:1"])
        self.assertEqual(names[-3:], ["memory/cpuslab/limit:%d" % limit
                                      for limit in (2, 64, 8192)])

    def test_text_of_the_results_is_escaped(self):
        self.assertIn("A &lt;CPU&gt;", self.source)
        self.assertIn("skipped: &lt;none&gt;", self.source)

    def test_results_that_lack_most(self):
        for rows in ([], [skipped()], [failed()], [MEMORY]):
            self.parsed(report.page(document(rows, runs={})))
        self.assertIn("Nothing was compared",
                      report.page(document([skipped()], runs={})))

    def test_other_files(self):
        curves = self.text(self.parsed(report.page(scaling())))
        self.assertIn("cpuslab takes 0.056 times as long", curves)
        self.assertIn("with 2 threads", curves)
        gates = dict(document([]), rows=MIXED,
                     builds=[{"compiler": "gcc"}, {"compiler": "clang"}])
        del gates["table"], gates["runs"]
        said = self.text(self.parsed(report.page(gates)))
        self.assertIn("lowest and highest build", said)
        self.assertIn("clang, gcc", said)


class Machine(unittest.TestCase):
    def test_cpus_that_others_used(self):
        facts = {"load": "1.0 before", "others": (10, 2, 100)}
        with mock.patch("machine.used", lambda: (16, 5, 102)):
            self.assertEqual(machine.finish(facts)["others"], 1.5)

    def test_idle_time_is_not_counted(self):
        with mock.patch("machine.read_first",
                        lambda path: "cpu 100 200 300 7 7 400 500 600 7 7"):
            self.assertEqual(machine.used()[0] * os.sysconf("SC_CLK_TCK"),
                             2100)

    def test_ours_are_not_counted(self):
        """Of this program or a child, in all of the CPUs' time."""
        before = machine.used()
        subprocess.run([sys.executable, "-c", "sum(range(10 ** 7))"],
                       check=True)
        every, ours, seconds = (b - a for a, b in zip(before, machine.used()))
        self.assertGreater(ours, 0.05)
        # The machine counts ticks.
        self.assertGreater(every + 0.1, ours)
        self.assertLess(every, seconds * os.cpu_count() + 0.1)


class Options(unittest.TestCase):
    def refused(self, *arguments):
        told = io.StringIO()
        with contextlib.redirect_stderr(told), \
                self.assertRaises(SystemExit) as end:
            run.parse(arguments)
        self.assertEqual(end.exception.code, 2)
        return told.getvalue()

    def test_quick_with_report_makes_one(self):
        mode, options, _ = run.parse(["--quick", "--report", "x.html"])
        self.assertEqual((mode, options.report, options.brief),
                         (None, "x.html", True))
        self.assertEqual(run.parse(["--quick"])[0], "quick")

    def test_nothing_is_ignored(self):
        for mode in ("--gates", "--table", "--scale",
                     "--benchmark_filter=^add/"):
            self.assertIn("--report does not go with " + mode,
                          self.refused(mode, "--report"))
        for arguments, text in (
                (("--gates", "--scale"), "choose one of --gates and --scale"),
                (("--scale", "--only", "x"), "--only does not go with"),
                (("--json", "x"), "--json does not go with measuring"),
                (("--benchmark_filter=x", "--min-time", "1"), "--min-time"),
                (("--quick", "--report", "--benchmark_filter=x"),
                 "--benchmark_filter=x does not go with --report"),
                (("--report", "/no/x.html"), "no folder for /no/x.html"),
                (("--table", "--json", "/no/x"), "no folder for /no/x"),
                (("--report", "/"), "/ is a folder"),
                (("--repetitions", "0"), "0 is not above 0"),
                (("--min-time", "nan"), "nan is not above 0"),
                (("--min-time", "inf"), "inf is not above 0"),
                (("--guest", "/no/file"), "no file /no/file"),
                (("--nonsense",), "unknown: --nonsense"),
                (("reprot", "x"), "unknown: reprot")):
            self.assertIn(text, self.refused(*arguments))

    def test_others_are_passed_on(self):
        self.assertEqual(run.parse(["--benchmark_filter=x", "--brief"])[::2],
                         ("google", ["--benchmark_filter=x"]))
        self.assertEqual(run.parse(["--help=google"])[0], "google")

    def dev(self, *arguments):
        done = subprocess.run([os.path.join(ROOT, "dev"), "bench", *arguments],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_before_anything_is_built(self):
        status, told = self.dev("--gates", "--report")
        self.assertEqual(status, 2, told)
        self.assertNotIn("ninja", told)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [os.path.join(folder, name) for name in ("a", "b", "c")]
            for name, content in zip(names[:2], ("no JSON", '{"x": 1}')):
                with open(name, "w", encoding="utf-8") as file:
                    file.write(content)
            for command in ("report", "compare"):
                for name, text in zip(names, ("is not JSON", "has no results",
                                              "No such file")):
                    status, told = self.dev(command, name, names[0])
                    self.assertEqual(status, 1)
                    self.assertIn(name, told)
                    self.assertIn(text, told)
                    self.assertNotIn("Traceback", told)

    def report_of(self, results):
        """Of a file with these: what is wrong, and the page, which exists from
        before."""
        with tempfile.TemporaryDirectory() as folder:
            names = [os.path.join(folder, name) for name in ("json", "page")]
            for name, text in zip(names, (json.dumps(results), "earlier")):
                with open(name, "w", encoding="utf-8") as file:
                    file.write(text)
            told = None
            with contextlib.redirect_stderr(io.StringIO()):
                try:
                    report.main(names)
                except SystemExit as end:
                    told = end.code
            with open(names[1], encoding="utf-8") as file:
                return told, file.read()

    def test_broken_results(self):
        """They leave the page of an earlier run as it was."""
        for broken in ({"rows": [1]}, {"curves": 5}, {"table": None},
                       {**document(MIXED), "date": "yesterday"},
                       document([row(-1)])):
            told, page = self.report_of(broken)
            self.assertIn("is not as ./dev bench writes it", told)
            self.assertEqual(page, "earlier")

    def test_what_is_not_finite_failed(self):
        for odd in (float("nan"), float("inf")):
            results = document([row(0.5), row(odd)])
            of_run = results["runs"]["rseq"]["benchmarks"]
            of_run.append(entry("add/cpuslab/threads:8", odd))
            of_run.append(entry("memory/cpuslab/limit:4", 1, kB=odd))
            told, page = self.report_of(results)
            self.assertIsNone(told)
            self.assertNotRegex(page, r">(nan|inf)\b")
            self.assertIn("1 comparison failed", page)

    def test_figures_of_guests_are_finite(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("instructions: x 1.5\ny nan\nz inf\nnothing\n")
            file.flush()
            self.assertEqual(run.guest(file.name), {"x": 1.5})


if __name__ == "__main__":
    unittest.main()
