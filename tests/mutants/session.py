# SPDX-License-Identifier: MIT
"""Runs tests on the unchanged tree and on trees with one mutant each."""
import concurrent.futures
import fcntl
import itertools
import os
import queue
import re
import tempfile
import time

from kinds import KINDS, SKIPPED
from mutant import Problem
from tree import Tree, stop

LIMIT = 900     # seconds for a test of the unchanged tree


class CannotRun(Exception):
    """A test skips itself on this machine."""


class Session:
    """An original, and trees that share its objects, at most one for a job."""

    def __init__(self, folder, jobs, tests):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lock = open(folder / "lock", "w")  # one session at a time
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.kinds = {kind_of(test) for test in tests}
        self.original = self._tree("original")
        self.numbers, self.idle = itertools.count(), queue.Queue()
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.tests, self.checks = tests, {}
        # A test that a bug kills leaves its temporary files.
        self.temporary = tempfile.TemporaryDirectory(prefix="cpuslab-mutants-")
        os.environ["TMPDIR"] = self.temporary.name

    def __enter__(self):
        return self

    def start(self):
        """Begin to run the tests on the original.

        They start before any mutant, so a mutant waits only for tests that run.
        """
        self._compile()
        self.checks = {test: self.pool.submit(self._check, test)
                       for test in self.tests}

    def __exit__(self, *error):
        if error[0]:
            stop()
        self.pool.shutdown(cancel_futures=True)
        self.temporary.cleanup()

    def _tree(self, name, original=None):
        tree = Tree(self.folder / name, original)
        for kind in self.kinds:
            kind.prepare(tree)
        return tree

    def log_path(self, name):
        return self.folder / (re.sub(r"\W+", "-", name) + ".log")

    def _log(self, name):
        return open(self.log_path(name), "w+b")

    def _compile(self):
        """Each object of the original, once; a failure is reported later."""
        units = {(unit.source, *unit.command): unit for test in self.tests
                 for unit in kind_of(test).units(self.original, name_of(test))}

        def compile_one(unit):
            try:
                self.original.object(unit, log)
            except Problem:
                pass

        with self._log("original") as log:
            list(self.pool.map(compile_one, units.values()))

    def _check(self, test):
        """Run a test of the unchanged tree; the seconds that it takes."""
        start = time.monotonic()
        with self._log("original " + test) as log:
            status = run(self.original, test, log, LIMIT)
        if status == SKIPPED:
            raise CannotRun("%s cannot run here" % test)
        if status:
            raise Problem("the unchanged tree fails %s" % test)
        return time.monotonic() - start

    def judge(self, mutant):
        """The test that finds the mutant, or None."""
        try:
            tree = self.idle.get_nowait()
        except queue.Empty:
            tree = self._tree("tree-%d" % next(self.numbers), self.original)
        try:
            with self._log(mutant.name) as log, tree.broken(mutant):
                return self._first_to_fail(tree, mutant, log)
        finally:
            self.idle.put(tree)

    def _first_to_fail(self, tree, mutant, log):
        cannot_run = None
        for test in mutant.tests:
            try:
                # A mutant may well hang; a busy machine takes longer.
                limit = 10 + 3 * self.checks[test].result()
            except CannotRun as error:
                cannot_run = error
                continue
            if not kind_of(test).may_notice(self.original, name_of(test),
                                            mutant):
                continue
            if run(tree, test, log, limit) not in (0, SKIPPED):
                return test
        if cannot_run:
            raise cannot_run
        return None


def kind_of(test):
    return KINDS[test.partition(":")[0]]


def name_of(test):
    return test.partition(":")[2]


def run(tree, test, log, limit):
    return kind_of(test).run(tree, name_of(test), log, limit)
