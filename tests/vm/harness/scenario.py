# SPDX-License-Identifier: MIT
"""The declaration of a scenario."""

import dataclasses
import importlib.util
import sys

from .paths import SCENARIOS


DEFAULTS = {"x86_64": ("pc", "qemu64"),
            "aarch64": ("virt", "max,pauth-impdef=on")}


@dataclasses.dataclass
class Scenario:
    """One guest, one script. tests/vm/README.md explains the fields."""

    title: str
    script: str = ""
    programs: tuple = ()        # of tests/vm/user/: /bin/NAME in the guest
    files: object = None        # files(build) -> {path in the guest: path}
    smp: str = "2,maxcpus=64"
    memory: int = 512           # MB
    machine: str = ""           # by arch: DEFAULTS
    cpu: str = ""
    accel: str = "tcg,thread=multi"
    append: str = ""            # to the kernel's command line
    qemu: tuple = ()            # further arguments of QEMU
    arch: str = "x86_64"
    tier: str = "default"       # or "full", "long": see run.py
    timeout: int = 120          # seconds, of a guest alone on two CPUs
    actions: dict = dataclasses.field(default_factory=dict)
    requires: tuple = ()        # kernel options, or it is skipped
    without: tuple = ()         # kernel options with which it is skipped
    since: tuple = ()           # the first version of the kernel: (6, 12)
    reports: tuple = ()         # patterns that the kernel must report
    allow: tuple = ()           # patterns that it may report
    name: str = ""              # of the file

    def __post_init__(self):
        machine, cpu = DEFAULTS[self.arch]
        self.machine = self.machine or machine
        self.cpu = self.cpu or cpu

    def why_not(self, kernel):
        """Why it cannot run on this kernel; "" if it can."""
        if kernel.arch != self.arch:
            return "for %s" % self.arch
        if kernel.version < self.since:
            return "needs Linux %d.%d" % self.since
        missing = [o for o in self.requires if not kernel.has(o)]
        if missing:
            return "needs " + ", ".join(missing)
        present = [o for o in self.without if kernel.has(o)]
        return "not with " + ", ".join(present) if present else ""


def load():
    """All scenarios, by name."""
    scenarios = {}
    sys.path.insert(0, str(SCENARIOS))      # for shared code
    for path in sorted(SCENARIOS.glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if hasattr(module, "SCENARIO"):         # others are shared code
            module.SCENARIO.name = path.stem
            scenarios[path.stem] = module.SCENARIO
        for one in getattr(module, "SCENARIOS", ()):    # several, with names
            scenarios[one.name] = one
    return scenarios
