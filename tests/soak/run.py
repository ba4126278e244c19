#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long run that shows that nothing leaks, drifts or is lost.

In this system: one process in rseq mode and one in atomic mode take turns, in
rounds of some seconds. In every round all structures are used at once, while
the CPUs that the process may use change, threads begin, end and are cancelled,
signals interrupt operations, children are forked, plugins come and go, and
memory is refused. At the end of a round each total must be exact. At the end of
all rounds each process must hold no more memory, mappings, files and threads
than after it had warmed up.

In a guest: the same programs, while the CPUs really go offline and return, and
a kernel module which uses all structures as well.

An interrupt (Ctrl-C) ends both, and shows what was done until then.

Results are in build/soak/user.json and build/soak/guest.json. The last line is
"N passed, N failed".
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "soak"
GUEST = [ROOT / "tests/vm/run.py", "--show", "soak"]
MODES = {"rseq": {}, "atomic": {"CPUSLAB_RSEQ": "0"}}
PROGRESS = 30           # seconds between two lines
LEAST = 8               # rounds that can be judged: LEVEL_LEAST
CONTROLLERS = {"memory", "cpuset"}
MEMORY = 256 << 20      # bytes that both processes and their children may use
HELD = ("rss_kb", "mappings", "files", "threads")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DONE = ("steps", "changes", "cpu_sets", "forks", "cancelled", "plugins",
        "jumps", "refusals")


# ---- control groups ---------------------------------------------------------

def delegates(group):
    """How many of the controllers the children of a group have (version 2)."""
    words = (group / "cgroup.subtree_control").read_text().split()
    return len(CONTROLLERS & set(words))


def group_parents(own, root="/sys/fs/cgroup"):
    """Where to make groups. own: the groups in which this process is.

    In version 2 a group with processes has no children with controllers, so
    these are made in the nearest of its ancestors that has the most.
    """
    for line in own.splitlines():
        _, names, path = line.split(":", 2)
        for controller in CONTROLLERS & set(names.split(",")):
            yield pathlib.Path(root, controller, path.lstrip("/"))
        group = pathlib.Path(root, path.lstrip("/"))
        if not names:
            found = [one for one in (group, *group.parents)
                     if (one / "cgroup.subtree_control").exists()]
            yield from sorted(found, key=delegates, reverse=True)[:1]


class Groups:
    """Control groups of this run: made and removed by it, where it may."""

    def __init__(self):
        mems = pathlib.Path("/sys/fs/cgroup/cpuset/cpuset.mems")
        self.values = {     # of both versions, in the order of writing
            "memory.limit_in_bytes": str(MEMORY),
            "memory.max": str(MEMORY),
            "cpuset.mems": mems.read_text().strip() if mems.exists() else "",
            "cpuset.cpus": ",".join(map(str, sorted(os.sched_getaffinity(0)))),
        }
        self.made = []

    def __enter__(self):
        own = pathlib.Path("/proc/self/cgroup")
        for parent in group_parents(own.read_text() if own.exists() else ""):
            try:
                self.make(parent / ("cpuslab-soak-%d" % os.getpid()))
            except OSError as error:
                print("user: no control group: %s" % error)
        return self

    def make(self, path):
        path.mkdir()
        try:
            for name, value in self.values.items():
                if value and (path / name).exists():
                    (path / name).write_text(value)
        except OSError:
            path.rmdir()
            raise
        self.made.append(path)

    def file(self, name):
        """The path of a file of one of them, or None."""
        return next((str(path / name) for path in self.made
                     if (path / name).exists()), None)

    def peak(self):
        """The most bytes that were in use, or None."""
        path = self.file("memory.peak") or \
            self.file("memory.max_usage_in_bytes")
        return int(pathlib.Path(path).read_text()) if path else None

    def enter(self, process):
        for path in self.made:
            (path / "cgroup.procs").write_text(str(process.pid))

    def __exit__(self, *_):
        for path in self.made:
            for _ in range(50):
                try:
                    path.rmdir()
                    break
                except OSError:     # a process is about to end
                    time.sleep(0.1)


# ---- results ----------------------------------------------------------------

class Mode:
    """What the process of a mode has printed so far."""

    def __init__(self, name):
        self.name = name
        self.first = self.last = None   # rounds
        self.levels = []
        self.rest = []                  # lines: what went wrong, among others

    def read(self, line):
        """True: the line ends a round."""
        if not line.startswith("{"):
            self.rest.append(line.rstrip("\n"))
            return False
        values = json.loads(line)
        if "level" in values:
            self.levels.append(values)
            return False
        self.first = self.first or values
        self.last = values
        return True

    def held(self, name):
        """After the warm-up, or the first round; and after the last one."""
        for level in self.levels:
            if level["level"] == name:
                return level["begin"], level["end"]
        return self.first[name], self.last[name]

    def rounds(self):
        return self.last["round"] if self.last else 0

    def progress(self):
        if not self.last:
            return self.name + ": no round yet"
        return "%s: %d rounds, %d steps, %d kB, %d mappings" % (
            self.name, self.last["round"], self.last["steps"],
            self.last["rss_kb"], self.last["mappings"])

    def checks(self):
        """(what, passed, why)"""
        ended = bool(self.rest) and self.rest[-1].endswith(": ok")
        why = " | ".join(self.rest[-2:]) if not ended else ""
        yield "every total of every round is exact", \
            bool(self.levels) or ended, why
        for level in self.levels:
            yield level["level"] + " stays level", level["flat"], \
                "at most %d early, at least %d late, tolerance %d" % (
                    level["early"], level["late"], level["tolerance"])

    def result(self):
        return {"mode": self.name, "first": self.first, "last": self.last,
                "levels": self.levels, "output": self.rest}


def table(modes):
    """One column for each mode that has done a round."""
    modes = [mode for mode in modes if mode.last]
    if not modes:
        return
    rows = [("rounds", [mode.rounds() for mode in modes])]
    rows += [(name, [mode.last[name] for mode in modes]) for name in DONE]
    for name in HELD:
        rows.append((name + ", begin and end", [
            "%d %d" % mode.held(name) for mode in modes]))
    print("%-24s" % "" + "".join("%20s" % mode.name for mode in modes))
    for name, values in rows:
        print("%-24s" % name + "".join("%20s" % value for value in values))


def conclude(where, modes, checks, **more):
    """Print and store; how many checks passed, and which failed.

    checks: (what, passed, why)
    """
    table(modes)
    for what, passed, why in checks:
        print("%-6s %s: %s%s" % ("ok" if passed else "FAILED", where, what,
                                 "" if passed else ": " + why))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / (where + ".json")).write_text(json.dumps(
        {**more, "modes": [mode.result() for mode in modes],
         "checks": checks}, indent=1) + "\n")
    return sum(passed for _, passed, _ in checks), \
        ["%s: %s" % (where, what) for what, passed, _ in checks if not passed]


def show(where, begin, seconds, text):
    print("%s: %d of %d s; %s" % (where, time.monotonic() - begin, seconds,
                                  text), flush=True)


# ---- in this system ---------------------------------------------------------

def end_group(process):
    """A process and its children, if they have not ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def start(mode, options, cpuset):   # the file, or None
    length = min(20, options.seconds / 24)
    environment = {**os.environ, **MODES[mode], "CPUSLAB_SOAK_TURNS": "1",
                   "CPUSLAB_SOAK_ROUND": str(length),
                   "CPUSLAB_TORTURE_SEED": str(options.seed)}
    if cpuset:
        environment["CPUSLAB_SOAK_CPUSET"] = cpuset
    return subprocess.Popen([options.program, options.plugin], text=True,
                            env=environment, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True)


def turn(mode, process):
    """One round; False if the process has ended."""
    try:
        process.stdin.write("\n")
        process.stdin.flush()
    except OSError:
        pass
    for line in process.stdout:
        if mode.read(line):
            return True
    return False


def take_turns(modes, processes, seconds):
    begin, shown = time.monotonic(), -PROGRESS
    while time.monotonic() - begin < seconds or modes[-1].rounds() < LEAST:
        for mode, process in zip(modes, processes):
            if not turn(mode, process):
                return
        if time.monotonic() - shown >= PROGRESS:
            shown = time.monotonic()
            show("user", begin, seconds,
                 "; ".join(mode.progress() for mode in modes))


def end(modes, processes):
    for mode, process in zip(modes, processes):
        with contextlib.suppress(OSError):
            process.stdin.close()
        for line in process.stdout:
            mode.read(line)
        if process.wait():
            mode.rest.append("status %d" % process.returncode)


def run_user(options, modes):
    processes = []
    with Groups() as groups:
        limited = groups.file("memory.max") or \
            groups.file("memory.limit_in_bytes")
        cpuset = groups.file("cpuset.cpus")
        print("user: %s memory limit, %s cpuset" % (
            "a" if limited else "no", "a" if cpuset else "no"), flush=True)
        try:
            for mode in modes:
                processes.append(start(mode.name, options, cpuset))
                groups.enter(processes[-1])
            take_turns(modes, processes, options.seconds)
            end(modes, processes)
        finally:        # if interrupted; the groups can be removed then
            for process in processes:
                end_group(process)
        peak = groups.peak()
    checks = [(mode.name + ": " + what, passed, why) for mode in modes
              for what, passed, why in mode.checks()]
    return conclude("user", modes, checks, seconds=options.seconds,
                    seed=options.seed,
                    memory_limit=MEMORY if limited else None,
                    memory_peak=peak, cpuset=bool(cpuset))


# ---- in a guest -------------------------------------------------------------

class Report:
    """What a guest has printed so far: lines of its programs, and checks."""

    def __init__(self, modes):
        self.modes = {mode.name: mode for mode in modes}
        self.file = None
        self.part = ""          # of a line
        for earlier in self.paths():
            earlier.unlink()

    @staticmethod
    def paths():
        return (ROOT / "build/vm/run").glob("*/soak/report")

    def read(self):
        """What is new in the report."""
        for path in self.paths():
            self.file = self.file or \
                path.open(encoding="utf-8", errors="replace")
        lines = (self.part + (self.file.read() if self.file else "")
                 ).split("\n")
        self.part = lines.pop()
        for line in lines:
            if line.startswith("{"):
                self.modes[json.loads(line)["mode"]].read(line)
            elif "failed: " in line:    # of which mode, it does not say
                next(iter(self.modes.values())).read(line)


def guest_checks(lines, status):
    """What the guest has printed, as (what, passed, why)."""
    checks = [(line[7:], True, "") for line in lines
              if line.startswith("  | ok ")]
    for line in lines:
        if line.startswith("failed: soak: "):
            what, _, why = line[14:].partition(": ")
            checks.append((what, False, why))
    if status and all(passed for _, passed, _ in checks):
        checks.append(("it runs to its end", False,
                       "see build/soak/guest.log"))
    return checks


def guest_says(lines):
    """What its programs and its kernel have printed, but for numbers."""
    return [line for line in lines
            if re.match(r"  \| (?!ok |\{)(?=.*[a-z])", line)]


def run_guest(options, modes):
    environment = {**os.environ,
                   "CPUSLAB_SOAK_SECONDS": str(int(options.seconds)),
                   "CPUSLAB_TORTURE_SEED": str(options.seed)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    report, begin = Report(modes), time.monotonic()
    with (RESULTS / "guest.log").open("w+", encoding="utf-8") as log, \
            subprocess.Popen(GUEST, env=environment, stdout=log,
                             stderr=subprocess.STDOUT,
                             start_new_session=True) as guest:
        try:
            while guest.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    guest.wait(PROGRESS)
                report.read()
                show("guest", begin, options.seconds,
                     "; ".join(mode.progress() for mode in modes))
        finally:
            end_group(guest)
            report.read()
        log.seek(0)
        lines = log.read().splitlines()
    checks = guest_checks(lines, guest.returncode)
    if guest.returncode:
        print(*guest_says(lines), sep="\n")
    return conclude("guest", modes, checks, seconds=options.seconds,
                    seed=options.seed)


# ---- all --------------------------------------------------------------------

def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev soak", description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hours", nargs="?", type=float, default=1,
                        metavar="HOURS", help="for each part (default: 1)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--user", action="store_true",
                      help="only in this system")
    only.add_argument("--guest", action="store_true", help="only in a guest")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30),
                        help="of the random choices (default: another one)")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--program", default="build/torture/tests/soak/soak",
                        help=argparse.SUPPRESS)
    parser.add_argument(
        "--plugin", help=argparse.SUPPRESS,
        default="build/torture/tests/linux-user/libplugin_whole.so")
    options = parser.parse_args()
    if not 0 < options.hours < math.inf:
        parser.error("HOURS must be a positive number")
    options.seconds = options.hours * 3600
    return options


class Interrupted(Exception):
    """By a signal; its number, and then what has failed before."""


def interrupt(number, _):
    for other in SIGNALS:   # what is ours ends, whatever follows
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def run_part(where, run, options):
    modes = [Mode(name) for name in MODES]
    try:
        return run(options, modes)
    except Interrupted as why:
        print("%s: interrupted; %s" % (
            where, "; ".join(mode.progress() for mode in modes)))
        table(modes)
        raise Interrupted(*why.args, *(
            "%s: %s" % (where, line) for mode in modes for line in mode.rest
            if "failed: " in line)) from why


def run_parts(options):
    passed, failed, status = 0, [], 0
    try:
        for where, run in ("user", run_user), ("guest", run_guest):
            if not (options.user or options.guest) or getattr(options, where):
                more, why = run_part(where, run, options)
                passed += more
                failed += why
    except Interrupted as why:
        status = 128 + why.args[0]
        failed += why.args[1:]
    for what in failed:
        print("failed: " + what)
    print("%d passed, %d failed%s" % (passed, len(failed),
                                      ", interrupted" if status else ""))
    return status or (1 if failed else 0)


def main():
    options = arguments()
    if options.check:       # the arguments are right
        return 0
    os.chdir(ROOT)
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)
    print("seed %d" % options.seed, flush=True)
    return run_parts(options)


if __name__ == "__main__":
    sys.exit(main())
