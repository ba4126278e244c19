# SPDX-License-Identifier: MIT
"""What a reader of figures has to know of the machine."""

import datetime
import os
import platform
import time

BUSY = 0.2      # CPUs that others use: the figures are doubtful
TOPOLOGY = "/sys/devices/system/cpu/cpu%d/topology/"


def read_first(path, key=None):
    """The first line of a file, or the value of "key : value" in it; or ""."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if key is None:
                    return line.strip()
                if line.startswith(key):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def cpus():
    """Where each CPU is that the program may use, in the order of use."""
    return [{"cpu": cpu,
             "core": read_first(TOPOLOGY % cpu + "core_id"),
             "package": read_first(TOPOLOGY % cpu + "physical_package_id"),
             "siblings": read_first(TOPOLOGY % cpu + "thread_siblings_list")}
            for cpu in sorted(os.sched_getaffinity(0))]


def smt():
    """Do CPUs that the program may use share a core?"""
    places = cpus()
    if not all(place["siblings"] for place in places):
        return "unknown"
    cores = {(place["package"], place["core"]) for place in places}
    found = "%d CPUs on %d cores" % (len(places), len(cores))
    if "hypervisor" in read_first("/proc/cpuinfo", "flags").split():
        found += ", as the hypervisor says"
    return found


def now():
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def load():
    return "%.1f" % os.getloadavg()[0]


def used():
    """Seconds of CPU time that all programs and the hypervisor's other guests
    have used, those that this program and its children have, and the time."""
    # user, nice, system, idle, iowait, irq, softirq, steal
    ticks = [int(word) for word in read_first("/proc/stat").split()[1:9]]
    return (sum(ticks[:3] + ticks[5:]) / os.sysconf("SC_CLK_TCK"),
            sum(os.times()[:4]), time.monotonic())


def describe():
    return {
        "cpu": read_first("/proc/cpuinfo", "model name") or
               platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "smt": smt(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "possible": read_first("/sys/devices/system/cpu/possible"),
        "nodes": read_first("/sys/devices/system/node/online") or "unknown",
        "quota": read_first("/sys/fs/cgroup/cpu.max") or "unknown",
        "governor": read_first(
            "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or
            "unknown",
        "load": load() + " before",
        "others": used(),
    }


def finish(facts):
    """Add what is known at the end: "others" is how many CPUs were used in the
    meantime, but not by this program."""
    facts["load"] += ", %s after" % load()
    all_of_them, ours, seconds = (
        end - start for start, end in zip(facts["others"], used()))
    facts["others"] = round(max(all_of_them - ours, 0) / seconds, 2)
    return facts


def doubts(document):
    """Why the figures are not for quoting."""
    if document.get("brief"):
        yield "Brief run: not for quoting. Each time was measured too briefly."
    others = document.get("machine", {}).get("others", 0)
    if others >= BUSY:
        yield ("Busy machine: not for quoting. During the run other programs, "
               "or other guests of the host, used %g CPUs." % others)


def show(facts):
    print("%(cpu)s; %(smt)s; Linux %(kernel)s; %(libc)s; governor "
          "%(governor)s; load %(load)s; others used %(others)g CPUs" % facts)
