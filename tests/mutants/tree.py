# SPDX-License-Identifier: MIT
"""Copies of the sources, what is built of them, and how it is run."""
import collections
import contextlib
import functools
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

from mutant import Problem

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("include", "lib", "ports", "tests", "examples")
COMPILE_LIMIT = 120     # seconds

# A source, by its path from the root, and the compiler with its options.
Unit = collections.namedtuple("Unit", "source command")

running, stopping = set(), threading.Event()


class Tree:
    """A copy of the sources in which one file can be broken at a time.

    Objects that the broken file does not concern are the original's.
    """

    def __init__(self, path, original=None):
        self.path, self.original = path, original
        self.broken_file, self.broken_lines = None, ()
        self.objects = path / "objects"
        for part in (*PARTS, "objects"):
            shutil.rmtree(path / part, ignore_errors=True)
        for part in PARTS:
            shutil.copytree((original.path if original else ROOT) / part,
                            path / part,
                            copy_function=os.link if original else shutil.copy2,
                            ignore=shutil.ignore_patterns("__pycache__"))
        self.objects.mkdir()

    @contextlib.contextmanager
    def broken(self, mutant):
        """The tree has this bug meanwhile."""
        target = self.path / mutant.file
        try:
            bad = mutant.apply(target.read_text())
        except OSError as error:
            raise Problem("no file " + mutant.file) from error
        target.unlink()     # a link to the original
        target.write_text(bad)
        self.broken_file, self.broken_lines = mutant.file, mutant.lines
        try:
            yield
        finally:
            target.unlink()
            os.link(self.original.path / mutant.file, target)
            shutil.rmtree(self.objects)
            self.objects.mkdir()

    def glob(self, *patterns):
        """Paths from the tree's root."""
        return [str(path.relative_to(self.path)) for pattern in patterns
                for path in sorted(self.path.glob(pattern))]

    def object(self, unit, log):
        """Compile the unit where that is necessary; the path of its object."""
        digest = hashlib.sha256("\0".join(unit.command).encode()).hexdigest()
        name = unit.source.replace("/", "-") + "-" + digest[:8]
        if self.original and not self.original.concerns(
                name, self.broken_file, self.broken_lines):
            return self.original.objects / (name + ".o")
        target = self.objects / (name + ".o")
        if not target.exists() and self.execute(
                [*unit.command, "-MMD", "-c", unit.source, "-o", target], log,
                COMPILE_LIMIT):
            raise Problem("%s does not compile" % unit.source)
        return target

    def concerns(self, name, file, lines):
        """Was the object made with this file; with code of these lines?"""
        made_of = self.objects / (name + ".d")
        return not made_of.exists() or (file in self._files(made_of) and (
            not lines or not self._lines(name, os.path.basename(file))
            .isdisjoint(lines)))

    @functools.lru_cache(maxsize=None)
    def _files(self, made_of):
        return {os.path.normpath(word) for word in made_of.read_text().split()}

    @functools.lru_cache(maxsize=None)
    def _lines(self, name, file):
        """Of files with this name; an inline function that is not used in
        the object has none."""
        text = subprocess.run(
            ["objdump", "--dwarf=decodedline", self.objects / (name + ".o")],
            check=True, text=True, capture_output=True).stdout
        return {int(line) for line in re.findall(
            r"^\S*\b%s +(\d+) " % re.escape(file), text, re.M)}

    def execute(self, command, log, limit, environment=None):
        """The exit status; 124 after limit seconds."""
        if stopping.is_set():
            raise Problem("stopped")
        process = subprocess.Popen(
            [str(word) for word in command], cwd=self.path, stdout=log,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})}, start_new_session=True)
        running.add(process)
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            log.write(b"no end within %d s\n" % limit)
            return 124
        finally:
            kill(process)
            process.wait()
            running.discard(process)


def kill(process):
    """Kill it and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def stop():
    """Kill what runs; nothing more can be started."""
    stopping.set()
    for process in list(running):
        kill(process)
