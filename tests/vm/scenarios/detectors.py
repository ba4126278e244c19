# SPDX-License-Identifier: MIT
"""Do the detectors of the debug kernels work? One boot for each deliberate bug
of kernels/selftest, and one without any."""

import importlib.util

from harness import Scenario
from harness.paths import ROOT

SELFTEST = ROOT / "tests/vm/kernels/selftest"
NEEDS = {"kasan": "CONFIG_KASAN", "kcsan": "CONFIG_KCSAN"}


def table():
    spec = importlib.util.spec_from_file_location(
        "expect", SELFTEST / "expect.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


EXPECT = table()


def files(build):
    modules = build.module("detector", ["tests/vm/kernels/selftest"])
    return {"/m/" + ko.name: ko for ko in modules}


def seen(guest, kernel, bug):
    """An action: did the kernel report what it must?"""
    log = "".join((guest.folder / name).read_text(errors="replace")
                  for name in ("console", "report"))
    if not EXPECT.seen(kernel, bug, log):
        raise RuntimeError("not in the log")
    return "found"


def detector(kernel, bug, then):
    return Scenario(
        name="detector_%s_%s" % (kernel, bug),
        title="%s: is bug=%s noticed?" % (kernel, bug),
        files=files,
        actions={"seen": seen},
        requires=(NEEDS[kernel],),
        append="kmemleak=on" if bug == "leak" else "",
        allow=("",) if bug != "none" else (),
        tier="long",
        script="""
insmod /m/detector.ko bug=%s
%s
check "the kernel's report" host seen %s %s
""" % (bug, then, kernel, bug),
        timeout=60,
    )


SCENARIOS = [detector(kernel, bug.name, bug.then)
             for bug in EXPECT.BUGS for kernel in bug.kernels]
SCENARIOS += [detector(kernel, "none", "") for kernel in NEEDS]
