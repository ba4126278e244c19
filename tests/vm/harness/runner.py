# SPDX-License-Identifier: MIT
"""Runs a scenario: builds, packs, boots, judges."""

import contextlib
import fcntl
import shutil
import threading
import traceback

from . import aarch64, kernels
from .build import Build
from .guest import Guest
from .initramfs import Initramfs
from .paths import BUILD, GUEST, BuildError, Missing
from .verdict import Verdict

TAIL = 40
SANITIZERS = ("CONFIG_KASAN", "CONFIG_KCSAN")


class Result:
    """The result of one scenario, as text."""

    def __init__(self, scenario):
        self.name = scenario.name
        self.passed = 0
        self.failures = []
        self.seconds = 0.0
        self.skipped = ""
        self.output, self.tails = [], []

    def text(self, show):
        word = "skipped: " + self.skipped if self.skipped else \
            "FAILED %4d" % len(self.failures) if self.failures else \
            "ok     %4d" % self.passed
        lines = ["%-40s %s  %4d s" % (self.name, word, self.seconds)]
        if show:
            lines += ["  | " + line for line in self.output]
        elif self.failures:
            lines += ["  | " + line for line in self.output[:-TAIL]
                      if line.startswith("not ok ")]
            lines += ["  | " + line for line in self.output[-TAIL:]]
        if self.failures:
            lines += ["  | " + line for line in self.tails]
        return "\n".join(lines)

    def fail(self, why):
        self.failures.append(why)
        if "not ok " + why not in self.output:
            self.output.append("not ok " + why)


class Runner:
    """Runs scenarios; threads may call run() at the same time."""

    def __init__(self, outside, multiplier, long, suite):
        self.outside, self.multiplier = outside, multiplier
        self.long, self.suite = long, suite
        self.lock = threading.Lock()    # one download, one build at a time
        self.kernels, self.builds = {}, {}

    def _kernel(self, arch):
        """Debian's; that of another suite may be missing."""
        try:
            return kernels.debian(arch, self.suite)
        except BuildError as error:
            if not self.suite:
                raise
            raise Missing("no download: %s"
                          % str(error).splitlines()[-1]) from error

    def _build(self, arch):
        """The kernel for a scenario, and its builds."""
        if arch not in self.builds:
            self.builds[arch] = Build(self.outside or self._kernel(arch))
        return self.builds[arch]

    def _folder(self, kernel, scenario):
        return BUILD / "run" / kernel.name / scenario.name

    def expected(self, scenario):
        """The seconds of the last run; if unknown, the timeout."""
        for path in BUILD.glob("run/*/%s/seconds" % scenario.name):
            return float(path.read_text())
        return float(scenario.timeout)

    def run(self, scenario):
        result = Result(scenario)
        if scenario.arch == "aarch64" and aarch64.why_not():
            result.skipped = aarch64.why_not()
            return result
        if self.outside and scenario.why_not(self.outside):
            result.skipped = scenario.why_not(self.outside)
            return result
        try:
            self._run(scenario, result)
        except Missing as error:
            result.skipped = str(error)
        except BuildError as error:
            result.fail("build")
            result.tails += str(error).splitlines()[:60]
        except Exception:       # a bug of one scenario must not end the others
            result.fail("the harness or the scenario has a bug")
            result.tails += traceback.format_exc().splitlines()
        return result

    def _run(self, scenario, result):
        with self.lock, exclusively():
            build = self._build(scenario.arch)
            result.skipped = scenario.why_not(build.kernel)
            if result.skipped:
                return
            folder = self._folder(build.kernel, scenario)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            initramfs = pack(scenario, build, folder)
            clock = build.clock()
        guest = Guest(scenario, build.kernel, initramfs, folder, clock,
                      self.long)
        result.seconds = guest.run(self._timeout(scenario, build.kernel))
        judge(scenario, build, guest, result)
        initramfs.unlink()
        (folder / "seconds").write_text(str(result.seconds))

    def _timeout(self, scenario, kernel):
        slow = any(kernel.has(option) for option in SANITIZERS)
        times = self.multiplier or (4 if slow else 2)
        return scenario.timeout * times * (5 if self.long else 1)


@contextlib.contextmanager
def exclusively():
    """No other process downloads or builds below build/vm/ meanwhile."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pack(scenario, build, folder):
    """Build what the guest needs, and its file system."""
    files = {"/bin/" + name: build.program(name)
             for name in scenario.programs}
    if scenario.files:
        files.update(scenario.files(build))
    libraries = aarch64.libraries if scenario.arch == "aarch64" else None
    initramfs = Initramfs()
    initramfs.base(kernels.busybox(scenario.arch), GUEST / "init")
    initramfs.copy("bin/host", GUEST / "host")
    script = scenario.script
    initramfs.add("test.sh", (GUEST / "functions.sh").read_text() + script)
    for name, path in files.items():
        if isinstance(path, str):
            initramfs.add(name, path)
        else:
            initramfs.copy(name, path, libraries)
    initramfs.write(folder / "initramfs.gz")
    return folder / "initramfs.gz"


def judge(scenario, build, guest, result):
    """Count the checks; collect what went wrong."""
    mine = {"cpuslab"} | build.modules
    verdict = Verdict(scenario, guest.folder / "console",
                      guest.folder / "report", mine)
    result.passed = len(verdict.passed)
    report = guest.folder / "report"
    if report.exists():
        result.output += report.read_text(errors="replace").splitlines()
    for why in verdict.failures:
        result.fail(why)
    if guest.timed_out:
        result.fail("it took longer than %d s" % result.seconds)
    elif not verdict.ended:
        result.fail("the guest did not reach its end")
    elif not verdict.passed and not verdict.failures:
        result.fail("no check was made")
    if result.failures:
        result.tails += tails(guest.folder)


def tails(folder):
    """The end of each log of a guest."""
    for name in ("host.log", "qemu.log", "console"):
        path = folder / name
        if path.exists():
            lines = path.read_text(errors="replace").splitlines()
            yield "---- the end of %s" % path
            yield from lines[-TAIL:]
