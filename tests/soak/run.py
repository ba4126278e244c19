#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long run that shows that nothing leaks, drifts or is lost.

In this system: one process in rseq mode and one in atomic mode take turns of
some seconds each. In every turn all structures are used at once, while the CPUs
that the process may use change, threads begin, end and are cancelled, signals
interrupt operations, children are forked, plugins come and go, and memory is
refused. At the end of a turn each total must be exact. At the end of all of
them each process must hold no more memory, mappings, files and threads than
after it had warmed up.

In a guest: the same programs, while the CPUs really go offline and return, and
a kernel module which uses all structures as well.

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
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "soak"
MODES = {"rseq": {}, "atomic": {"CPUSLAB_RSEQ": "0"}}
PROGRESS = 30           # seconds between two lines
LEAST = 8               # rounds that can be judged: LEVEL_LEAST
MEMORY = 256 << 20      # bytes that both processes and their children may use
HELD = ("rss_kb", "mappings", "files", "threads")
DONE = ("steps", "changes", "cpu_sets", "forks", "cancelled", "plugins",
        "jumps", "refusals")


# ---- control groups ---------------------------------------------------------

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
        for parent in self.parents():
            try:
                self.make(parent / ("cpuslab-soak-%d" % os.getpid()))
            except OSError as error:
                print("user: no control group: %s" % error)
        return self

    def parents(self):
        """The groups in which this process is, of memory and of cpusets."""
        groups = pathlib.Path("/proc/self/cgroup")
        for line in groups.read_text().splitlines() if groups.exists() else ():
            _, controllers, path = line.split(":", 2)
            for controller in {"memory", "cpuset"} & \
                    set(controllers.split(",")):
                yield pathlib.Path("/sys/fs/cgroup", controller,
                                   path.lstrip("/"))
            unified = pathlib.Path("/sys/fs/cgroup", path.lstrip("/"))
            if not controllers and \
                    (unified / "cgroup.subtree_control").exists():
                yield unified

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
    """One column for each mode."""
    rows = [("rounds", [mode.rounds() for mode in modes])]
    rows += [(name, [mode.last[name] for mode in modes]) for name in DONE]
    for name in HELD:
        rows.append((name + ", begin and end", [
            " ".join("%d %d" % (level["begin"], level["end"])
                     for level in mode.levels if level["level"] == name)
            for mode in modes]))
    print("%-24s" % "" + "".join("%20s" % mode.name for mode in modes))
    for name, values in rows:
        print("%-24s" % name + "".join("%20s" % value for value in values))


def conclude(where, modes, checks, **more):
    """Print and store; how many checks passed, and which failed.

    checks: (what, passed, why)
    """
    if all(mode.last for mode in modes):
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
    begin = shown = time.monotonic()
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


def run_user(options):
    modes = [Mode(name) for name in MODES]
    with Groups() as groups:
        limited = groups.file("memory.max") or \
            groups.file("memory.limit_in_bytes")
        cpuset = groups.file("cpuset.cpus")
        print("user: %s memory limit, %s cpuset" % (
            "a" if limited else "no", "a" if cpuset else "no"))
        processes = [start(mode.name, options, cpuset) for mode in modes]
        try:
            for process in processes:
                groups.enter(process)
            take_turns(modes, processes, options.seconds)
            end(modes, processes)
        finally:        # if interrupted; the groups can be removed then
            for process in processes:
                end_group(process)
    checks = [(mode.name + ": " + what, passed, why) for mode in modes
              for what, passed, why in mode.checks()]
    return conclude("user", modes, checks, seconds=options.seconds,
                    seed=options.seed,
                    memory_limit=MEMORY if limited else None,
                    cpuset=bool(cpuset))


# ---- in a guest -------------------------------------------------------------

class Report:
    """What a guest has printed so far: lines of its programs, and checks."""

    def __init__(self, modes):
        self.modes = {mode.name: mode for mode in modes}
        self.file = None
        self.part = ""          # of a line

    def read(self, since):
        """What is new in the report, if that was begun since then."""
        for path in (ROOT / "build/vm/run").glob("*/soak/report"):
            if not self.file and path.stat().st_mtime >= since:
                self.file = path.open(encoding="utf-8", errors="replace")
        lines = (self.part + (self.file.read() if self.file else "")
                 ).split("\n")
        self.part = lines.pop()
        for line in lines:
            if line.startswith("{"):
                self.modes[json.loads(line)["mode"]].read(line)


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


def run_guest(options):
    modes = [Mode(name) for name in MODES]
    environment = {**os.environ,
                   "CPUSLAB_SOAK_SECONDS": str(int(options.seconds)),
                   "CPUSLAB_TORTURE_SEED": str(options.seed)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    report, since, begin = Report(modes), time.time(), time.monotonic()
    with (RESULTS / "guest.log").open("w+", encoding="utf-8") as log, \
            subprocess.Popen([ROOT / "tests/vm/run.py", "--show", "soak"],
                             env=environment, stdout=log,
                             stderr=subprocess.STDOUT,
                             start_new_session=True) as guest:
        try:
            while guest.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    guest.wait(PROGRESS)
                report.read(since)
                show("guest", begin, options.seconds,
                     "; ".join(mode.progress() for mode in modes))
        finally:
            end_group(guest)
        log.seek(0)
        checks = guest_checks(log.read().splitlines(), guest.returncode)
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


def main():
    options = arguments()
    if options.check:       # the arguments are right
        return 0
    os.chdir(ROOT)
    for number in signal.SIGTERM, signal.SIGHUP:    # what is ours ends
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(1))
    print("seed %d" % options.seed, flush=True)
    passed, failed = 0, []
    for wanted, other, run in ((options.user, options.guest, run_user),
                               (options.guest, options.user, run_guest)):
        if wanted or not other:
            more, why = run(options)
            passed += more
            failed += why
    for what in failed:
        print("failed: " + what)
    print("%d passed, %d failed" % (passed, len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
