# SPDX-License-Identifier: MIT
"""Programs and kernel modules for guests, built below build/vm/."""

import hashlib
import os
import subprocess

from . import aarch64
from .paths import BUILD, ROOT, USER, BuildError

CC = os.environ.get("CC", "gcc")
FLAGS = ("-std=gnu11 -O2 -g -Wall -Wextra -Werror -pthread"
         " -Iinclude -Iports/linux-user -Itests/vm/user").split()
LIBRARIES = ["-pthread"]
SOURCES = ("include", "lib", "ports/linux-user", "examples", "tests")
MODULE_FLAGS = "-Wall -Wextra -Wno-unused-parameter -Wno-sign-compare" \
    " -Wno-missing-field-initializers -Werror"


class Build:
    """Builds for one kernel; rebuilds only what has changed."""

    root = ROOT

    def __init__(self, kernel):
        self.kernel = kernel
        self.modules = set()    # names that attribute a kernel's report to us

    def clock(self):
        """The argument that tells the kernel the frequency of its clock.

        Under TCG that is the host's time stamp counter. On a busy host the
        kernel measures up to a twentieth of its frequency, and then the guest's
        seconds are too short.
        """
        if self.kernel.arch != "x86_64":
            return ""
        program = BUILD / "tsc_khz"
        folder = "tests/vm/harness"
        _once(program, _digest([folder], [CC]), [
            CC, "-O2", "-o", str(program), folder + "/tsc_khz.c"])
        return "tsc_early_khz=" + subprocess.run(
            [program], stdout=subprocess.PIPE, text=True,
            check=True).stdout.strip()

    # ---- programs -----------------------------------------------------------

    def program(self, name, sources=None, words=(), library=True,
                link="-static"):
        """Build a program of the library and sources; return its path.

        sources: paths from the root; by default tests/vm/user/NAME.c,
        NAME_*.c and common.c. words: further arguments for the compiler.
        library: False for a program that needs its headers only. link: its
        kind, "-static", "-no-pie" or "-shared".
        """
        if sources is None:
            sources = [USER / (name + ".c"), *sorted(USER.glob(name + "_*.c")),
                       *([USER / "common.c"] if library else [])]
        out = BUILD / ("programs-" + self.kernel.arch)
        out.mkdir(parents=True, exist_ok=True)
        cc, libraries = self._compiler(), LIBRARIES
        if self.kernel.arch == "aarch64":
            libraries = aarch64.search() + LIBRARIES
        digest = _digest(SOURCES, cc)
        units = ("lib/all.c", "ports/linux-user/all.c") if library else ()
        objects = [_object(out, unit, cc, digest) for unit in units]
        program = out / name
        _once(program, digest, [
            *cc, link, "-o", str(program),
            *map(str, sources), *map(str, objects), *words, *libraries])
        return program

    def _compiler(self):
        if self.kernel.arch == "aarch64":
            return aarch64.compiler() + FLAGS
        return [CC, *FLAGS]

    def has_header(self, name):
        """Does the compiler of programs find it?"""
        return not subprocess.run(
            [*self._compiler(), "-E", "-x", "c", "-include", name,
             os.devnull], capture_output=True, check=False).returncode

    def tests(self, *names):
        """Programs that meson builds for aarch64, by path in build/aarch64/."""
        return aarch64.build(names)

    # ---- modules ------------------------------------------------------------

    def module(self, name, folders, where=None, make=()):
        """Build modules from a copy of the tree; return the .ko files' paths.

        The copy has lib/, include/, ports/linux-kernel/ and the folders, all
        in the same places; make runs in the copy of where, by default the
        first folder. make: further arguments for its command line.
        """
        if not self.kernel.headers:
            raise BuildError("no headers for kernel " + self.kernel.name)
        copy = BUILD / ("modules-" + self.kernel.name) / name
        wanted = ("lib", "include", "ports/linux-kernel", *folders)
        for folder in wanted:
            _mirror(ROOT / folder, copy / folder)
        target = copy / (where or folders[0])
        stat = self.kernel.headers.joinpath("Module.symvers").stat()
        if self.kernel.arch == "aarch64":
            make = (*make, "CROSS_COMPILE=%s-" % aarch64.MACHINE)
        digest = _digest(wanted, [MODULE_FLAGS, *make,
                                  str((stat.st_mtime_ns, self.kernel.image))])
        stamp = copy / "made"
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            _run(["make", "-C", str(self.kernel.headers), "M=%s" % target,
                  "W=1", "KCFLAGS=" + MODULE_FLAGS, *make, "modules"])
            stamp.write_text(digest)
        found = sorted(target.rglob("*.ko"))
        if not found:
            raise BuildError("make built no module in %s" % target)
        self.modules.update(ko.stem.replace("-", "_") for ko in found)
        return found


def _object(out, unit, cc, digest):
    target = out / (unit.replace("/", "-") + ".o")
    _once(target, digest, [*cc, "-c", "-o", str(target), unit])
    return target


def _run(command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise BuildError("%s\n%s" % (" ".join(command), done.stdout))


def _once(target, digest, command):
    """Run the command unless the target was made from these sources."""
    stamp = target.with_name(target.name + ".made")
    wanted = digest + " ".join(command)
    if (target.exists() and stamp.exists() and stamp.read_text() == wanted):
        return
    stamp.unlink(missing_ok=True)
    _run(command)
    stamp.write_text(wanted)


def _files(folder):
    return sorted(p for p in folder.rglob("*")
                  if p.is_file() and "__pycache__" not in p.parts)


def _digest(folders, words):
    """A hash of the contents of these folders and of the words."""
    digest = hashlib.sha256("\0".join(words).encode())
    for folder in folders:
        for path in _files(ROOT / folder):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _mirror(source, target):
    """Make target a copy; keep files that are equal, and what make built."""
    if not source.is_dir():
        raise BuildError("no folder %s" % source.relative_to(ROOT))
    wanted = {path.relative_to(source) for path in _files(source)}
    for path in wanted:
        new = target / path
        data = (source / path).read_bytes()
        if not new.exists() or new.read_bytes() != data:
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(data)
    for path in _files(target):
        if (path.suffix in (".c", ".h", ".S") and
                path.relative_to(target) not in wanted and
                not path.name.endswith(".mod.c")):
            path.unlink()
