# SPDX-License-Identifier: MIT
"""Programs for aarch64, built on x86-64: see tests/run/build_machines.sh."""

import pathlib
import re
import shutil
import subprocess

from .paths import ROOT, BuildError

ARCHIVE = ROOT / "build" / "aarch64-root" / "usr"
MACHINE = "aarch64-linux-gnu"
SHELL = """set -e
. tests/run/builds.sh
. tests/run/build_machines.sh
machine_root aarch64
"""


def _shell(text):
    done = subprocess.run(["bash", "-c", SHELL + text], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise BuildError("%s\n%s" % (text, done.stdout))


def why_not():
    """Why nothing can be built for aarch64; "" if it can."""
    if shutil.which(MACHINE + "-gcc"):
        return ""
    return "no %s-gcc, which conflicts with gcc-multilib" % MACHINE


def compiler():
    _shell("")
    return [MACHINE + "-gcc", "-isystem%s" % (ARCHIVE / "include"),
            "-isystem%s" % (ARCHIVE / "include" / MACHINE)]


def search():
    """Where the linker finds libraries."""
    return ["-L%s" % (ARCHIVE / "lib" / MACHINE)]


def build(names):
    """These targets of build/aarch64/, up to date."""
    _shell("setup_and_build aarch64 " + " ".join(names))
    return [ROOT / "build" / "aarch64" / name for name in names]


def libraries(program):
    """What a dynamic program needs: {path in the guest: path}."""
    found, todo = {}, [program]
    while todo:
        text = subprocess.run(["readelf", "-W", "-l", "-d", str(todo.pop())],
                              stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        names = re.findall(r"\(NEEDED\).*\[(.*)\]", text)
        names += re.findall(r"interpreter: /lib/(.*)\]", text)
        # The C library loads it when a thread is cancelled.
        names += ["libgcc_s.so.1"] if "libc.so.6" in names else []
        for name in names:
            if "/lib/" + name not in found:
                found["/lib/" + name] = _find(name)
                todo.append(found["/lib/" + name])
    return found


def _find(name):
    for folder in (ARCHIVE / "lib" / MACHINE, ARCHIVE.parent / "lib" / MACHINE,
                   pathlib.Path("/usr", MACHINE) / "lib"):
        if (folder / name).exists():
            return folder / name
    raise BuildError("no library %s for aarch64" % name)
