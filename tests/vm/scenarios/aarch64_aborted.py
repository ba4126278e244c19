# SPDX-License-Identifier: MIT
"""Each operation against its reference on aarch64, aborted at each of its
instructions. The CPUs take turns, so that one that a thread moves to is there.
"""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

from harness import Scenario, aarch64
from harness.paths import BUILD, ROOT, BuildError, Missing

sys.path.insert(0, str(ROOT / "tests" / "linux-user"))
import aborted  # noqa: E402 pylint: disable=wrong-import-position

BUILDS = [(compiler, *options) for compiler in aborted.COMPILERS
          for options in aborted.OPTIONS]
DEBUG = [("gcc", "-O0", "-DCPUSLAB_DEBUG")]
FOLDER = BUILD / "aborted"


def programs(builds):
    """A program for each; its name is what it was made with."""
    gcc, *headers = aarch64.compiler()
    compilers = {"gcc": [gcc], "clang": ["clang", "--target=" + aarch64.MACHINE]}
    FOLDER.mkdir(parents=True, exist_ok=True)

    def make(words):
        program = FOLDER / "".join(words)
        if aborted.build(ROOT, [*compilers[words[0]], *words[1:], *headers,
                                *aarch64.search()], program):
            raise BuildError("no program " + program.name)
        return "/t/" + program.name, program

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(make, builds))


def files_of_builds(_build):
    if not shutil.which("clang"):
        raise Missing("no clang")
    return programs(BUILDS)


def others(_guest, name, *sections):
    """What the script of the test on this machine asks at its end."""
    code = aborted.instructions(FOLDER / name, aarch64.MACHINE + "-objdump")
    said, alike = aborted.others(code, "".join(
        "section %s\n" % section.replace(":", " ") for section in sections))
    if not alike or not sections:
        raise ValueError(" ".join(said))
    return " ".join(said)


SCENARIOS = [Scenario(
    name="aarch64_aborted",
    title="operations and their reference on aarch64",
    arch="aarch64",
    files=lambda _: {"/t/aborted": path for path in programs(DEBUG).values()},
    smp="2",
    script="""
check "each instruction" /t/aborted
check "in atomic mode" env GLIBC_TUNABLES=glibc.pthread.rseq=0 /t/aborted
""",
    tier="full",
    timeout=300,
), Scenario(
    name="aarch64_aborted_builds",
    title="the same by several compilers, also by concurrency id",
    arch="aarch64",
    files=files_of_builds,
    smp="2",
    actions={"others": others},
    script="""
each() {
	CPUSLAB_OPS_INSTRUCTIONS=1 "/t/$1" >/tmp/out || { cat /tmp/out; return 1; }
	grep -v ^section /tmp/out
	host others "$1" $(sed -n 's/^section //p' /tmp/out | tr ' ' :)
}
for name in @NAMES@; do
	check "$name" each "$name"
done
""".replace("@NAMES@", " ".join("".join(words) for words in BUILDS)),
    tier="full",
    since=(6, 3),
    timeout=900,
)]
