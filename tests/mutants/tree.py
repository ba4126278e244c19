# SPDX-License-Identifier: MIT
"""Copies of the sources, what is built of them, and how it is run."""
import collections
import contextlib
import functools
import hashlib
import os
import pathlib
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
        self.path, self.original, self.broken_file = path, original, None
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
        self.broken_file = mutant.file
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
        if self.original and not self.original.concerns(name, self.broken_file):
            return self.original.objects / (name + ".o")
        target = self.objects / (name + ".o")
        if not target.exists() and self.execute(
                [*unit.command, "-MMD", "-c", unit.source, "-o", target], log,
                COMPILE_LIMIT):
            raise Problem("%s does not compile" % unit.source)
        return target

    @functools.lru_cache(maxsize=None)
    def concerns(self, name, file):
        """Was the object made with this file?"""
        made_of = self.objects / (name + ".d")
        return not made_of.exists() or file in {
            os.path.normpath(word) for word in made_of.read_text().split()}

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
