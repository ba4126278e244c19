# SPDX-License-Identifier: MIT
"""How the tests of each kind are built and run."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

from mutant import Problem
from tree import ROOT, Unit

sys.path.insert(0, str(ROOT / "tests" / "windows"))
import native  # noqa: E402

GCC = os.environ.get("CC", "gcc")
CLANG = "clang"
OPTIONS = ["-std=gnu11", "-O1", "-w", "-pthread"]
LINK_LIMIT = 60     # seconds
SKIPPED = 77        # the exit status of a test that cannot run here

HERE = pathlib.Path()   # a tree's root: commands run there
LIBRARY = "lib/*/*.c"
THREADS = "lib/structures/workers_thread.c"     # which port sim has not
FIXTURE = ("tests/everything/everything.c", "tests/fixture/*.c")


def includes(*folders):
    return ["-I" + folder for folder in folders]


def library_for_sim(tree):
    """The library's sources, but for those that need threads."""
    return [source for source in tree.glob(LIBRARY) if source != THREADS]


class Kind:
    """Tests that are programs of the library and a few sources."""

    quick = True
    compiler = GCC
    libraries = ()
    through = ()            # what runs the program
    environments = ({},)    # a test fails if it fails in one of them
    tries = 1               # of a mutant, if only a race shows it

    def prepare(self, tree):
        """What must be in a tree before tests run there."""

    def units(self, tree, name):
        """What the program of this test is made of."""
        raise NotImplementedError

    def arguments(self, _name):
        """Of the program."""
        return ()

    def program(self, tree, name):
        return tree.objects / "-".join(
            (type(self).__name__, name.replace("/", "-")))

    def may_notice(self, _tree, _name, _mutant):
        """Does the test, in the unchanged tree, execute what is broken?"""
        return True

    def run(self, tree, name, log, limit):
        """Build and run a test; its exit status."""
        objects = [tree.object(unit, log) for unit in self.units(tree, name)]
        program = self.program(tree, name)
        if tree.execute([self.compiler, *objects, "-pthread", *self.libraries,
                         "-o", program], log, LINK_LIMIT):
            raise Problem("%s is not linked" % name)
        for environment in self.environments * \
                (self.tries if tree.broken_file else 1):
            status = tree.execute(
                [*self.through, program, *self.arguments(name)], log, limit,
                environment)
            if status:
                return status
        return 0


class Sim(Kind):
    """Port sim with all assertions."""

    libraries = ("-lcmocka", "-lck")
    command = [GCC, *OPTIONS, "-DCPUSLAB_DEBUG",
               *includes("include", "ports/sim", "lib", "tests")]

    def units(self, tree, name):
        return [Unit(source, self.command) for source in (
            "tests/%s.c" % name, *library_for_sim(tree),
            *tree.glob("ports/sim/*.c", *FIXTURE))]


class Real(Kind):
    """Programs on the real port; a torture takes two seconds."""

    libraries = ("-lcmocka", "-lrt", "-ldl")
    environments = ({"CPUSLAB_TORTURE_SECONDS": "2"},)
    command = [GCC, *OPTIONS, "-O2", "-D_GNU_SOURCE",
               *includes("include", "ports/linux-user", "lib", "tests",
                         "tests/torture")]

    def units(self, tree, name):
        port = tree.glob("ports/linux-user/*.c")
        port.remove("ports/linux-user/all.c")
        return [Unit(source, self.command) for source in (
            "tests/%s.c" % name, *port,
            *tree.glob(LIBRARY, "tests/torture/*.c"))]


class Aborted(Real):
    """The same by aborted.py, which knows where instructions begin."""

    through = (sys.executable, "tests/linux-user/aborted.py", ".")


class Plugin(Real):
    """The same, with a plugin that has the library compiled in."""

    module = "plugin_whole.so"
    tries = 10

    def run(self, tree, name, log, limit):
        if tree.execute([*self.command, "-fPIC", "-shared",
                         "-fvisibility=hidden", "-o", self.module,
                         "tests/linux-user/plugin_whole.c"], log, LINK_LIMIT):
            raise Problem("the plugin is not built")
        return super().run(tree, name, log, limit)

    def arguments(self, _name):
        return ("./" + self.module,)


class Soak(Plugin):
    """The soak program, which is made of several sources."""

    environments = ({"CPUSLAB_TORTURE_SECONDS": "12"},)
    tries = 1

    def units(self, tree, name):
        return [*super().units(tree, "soak/" + name), *(
            Unit(source, self.command) for source in (
                "tests/soak/cpus.c", "tests/soak/crowd.c",
                "tests/soak/level.c", "tests/portable/all.c"))]


class Directory(Real):
    """The same, as where address space is refused."""

    environments = ({"CPUSLAB_TORTURE_SECONDS": "2",
                     "CPUSLAB_TORTURE_DIRECTORY": "1"},)


class Lock(Real):
    """The same, as on a machine with no instruction for two words."""

    environments = ({"CPUSLAB_TORTURE_SECONDS": "2",
                     "GLIBC_TUNABLES": "glibc.pthread.rseq=0"},)
    command = [*Real.command, "-DCPUSLAB_PORT_CAS16=1"]


class New(Real):
    """Without <sys/rseq.h>, and with glibc.pthread.rseq=0."""

    environments = ({"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},)
    command = [*Real.command[:1], *includes("tests/linux-user/no_rseq"),
               *Real.command[1:]]

    def arguments(self, _name):
        return ("none",)


class Old(New):
    """The same, as with a C library that does not know rseq."""

    command = [*New.command, "-D__rseq_size=hidden_size",
               "-D__rseq_offset=hidden_offset"]

    def arguments(self, _name):
        return ("cpuslab",)


class Musl(Kind):
    """Tests with musl, by tests/linux-user/musl.py."""

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        return tree.execute(["tests/linux-user/musl.py", ".", name], log, limit)


class Hotpath(Kind):
    """The disassembly of operations by a compiler, among others."""

    def prepare(self, tree):
        shutil.copy(ROOT / "README.md", tree.path)      # has a listing

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        if not shutil.which(name):
            return SKIPPED
        return tree.execute([sys.executable, "tests/linux-user/hotpath.py",
                             "."], log, limit)


class Gdb(Kind):
    """What gdb sees of programs with the shared library: a script of
    tests/gdb or tests/linux-user."""

    library = ("lib/all.c", "ports/linux-user/all.c")
    plugin = ("-fPIC", "-shared", "-fvisibility=hidden")
    shared = ("-l:libcpuslab.so.0", "-Wl,-rpath,$ORIGIN")
    programs = {
        "libcpuslab.so.0": (
            *plugin, '-DCPUSLAB_API=__attribute__((visibility("default")))',
            "-Wl,-soname,libcpuslab.so.0", *library),
        "probed": ("tests/linux-user/probed.c", *shared),
        "program": ("tests/gdb/program.c", *shared),
        "whole": ("-O0", "tests/gdb/program.c", *library),
        "plugin.so": (*plugin, "tests/gdb/plugin.c"),
    }
    scripts = {     # with their first argument, and programs
        "probes": ("tests/linux-user/probes.py", ".",
                   "libcpuslab.so.0", "probed"),
        "commands": ("tests/gdb/commands.py", "ports/linux-user/gdb/cpuslab.py",
                     "libcpuslab.so.0", "program", "whole", "plugin.so"),
    }

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        if not shutil.which("gdb"):
            return SKIPPED
        script, first, *made = self.scripts[name]
        folder = tree.path / ("gdb-" + name)
        folder.mkdir(exist_ok=True)
        for one in made:
            if tree.execute([
                    GCC, *OPTIONS, "-g", *includes("include", "ports/linux-user"),
                    "-L", folder, "-o", folder / one, *self.programs[one],
                    "-ldl"], log, LINK_LIMIT):
                raise Problem("%s is not built" % one)
        return tree.execute([sys.executable, script, first,
                             *(folder / one for one in made)], log, limit)


class Cxx(Sim):
    """A unit test of cpuslab.hpp; or a script of tests/cxx with g++."""

    compiler = "g++"
    scripts = {"refused": "g++", "shared": "g++", "instructions": "."}

    def units(self, tree, name):
        source, *others = super().units(tree, "cxx/" + name)
        return [Unit(source.source.replace(".c", ".cc"), [
            self.compiler, "-std=c++17", *self.command[2:]]), *others]

    def run(self, tree, name, log, limit):
        if not shutil.which(self.compiler):
            return SKIPPED
        if name not in self.scripts:
            return super().run(tree, name, log, limit)
        return tree.execute([sys.executable, "tests/cxx/%s.py" % name,
                             self.scripts[name]], log, limit)


class Abi(Kind):
    """A command of tests/abi/abi: check, names, debian, accept."""

    def prepare(self, tree):
        for part in ("packaging", "docs"):  # for a list of names the latter
            shutil.copytree(ROOT / part, tree.path / part, dirs_exist_ok=True)

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        if name in ("check", "accept") and not shutil.which("abidiff"):
            return SKIPPED
        return tree.execute(["tests/abi/abi", name], log, limit)


class Failures(Kind):
    """A scenario of tests/driver_failures on port sim."""

    libraries = ("-lck",)
    command = Sim.command

    def units(self, tree, _name):
        return [Unit(source, self.command) for source in (
            *library_for_sim(tree), *tree.glob(
                "ports/sim/*.c", "tests/driver_failures/*.c",
                "tests/driver_failures/scenarios/*.c"))]

    def arguments(self, name):
        return (name,)


class Example(Kind):
    """Parts of the example server, with sanitizers."""

    sanitizers = "-fsanitize=address,undefined"
    libraries = (sanitizers, "-lllhttp" if pathlib.Path(
        "/usr/include/llhttp.h").exists() else "-lhttp_parser")
    command = [GCC, *OPTIONS, sanitizers, "-fno-sanitize-recover=all"]

    def units(self, _tree, name):
        return [Unit(source, self.command) for source in (
            "tests/examples/%s.c" % name, "examples/server/accept.c",
            "examples/server/html.c", "examples/server/parser.c")]


class Windows(Kind):
    """A script of tests/windows on the simulated system, natively."""

    compiler = CLANG
    tries = 6
    command = [CLANG, *OPTIONS, "-O0", "-DCPUSLAB_DEBUG",
               *native.include(HERE)]

    def units(self, _tree, _name):
        return [Unit(str(source), self.command)
                for source in sum(native.sources(HERE), [])]

    def arguments(self, name):
        return (name,)


class Msvc(Kind):
    """A check by clang in the place of Microsoft's compiler."""

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        return tree.execute([sys.executable, "tests/windows/%s.py" % name],
                            log, limit)


class User(Kind):
    """A program of port windows-user, in Wine, if its suite has run here."""

    prefix = ROOT / "build" / "wine" / "prefix"

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        if not (self.prefix.parent / "prefix-of").exists():
            return SKIPPED
        environment = {"WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all",
                       "DISPLAY": ""}
        return tree.execute(["tests/windows/user.sh", "build/wine", name], log,
                            limit, environment)


def storms():
    """The unit tests that run simulated tasks."""
    tests = ROOT / "tests"
    return [str(path.relative_to(tests).with_suffix(""))
            for path in sorted(tests.glob("*/unit*.c"))
            if "sim_run(" in path.read_text()]


class Model(Kind):
    """Simulated storms with the weak order of tests/memory_model.

    The library is compiled with -fsanitize=thread and linked with the model
    instead of that sanitizer. Tests state what they expect without any order,
    but what they inline of the library counts.
    """

    quick = False
    compiler = CLANG
    libraries = ("-no-pie", "-lcmocka", "-lck")
    environments = ({"CMOCKA_TEST_ABORT": "1"},)
    command = [CLANG, *OPTIONS, "-g", "-DCPUSLAB_DEBUG", "-DORDER_IS_MODELLED",
               *includes("include", "ports/sim", "lib", "tests"),
               "-include", "tests/memory_model/weak.h"]
    # Each call of the model returns to the function that makes the access.
    tsan = ["-fno-optimize-sibling-calls", "-fsanitize=thread",
            "-mllvm", "-tsan-instrument-func-entry-exit=0"]
    atomics = [*command, *tsan,
               "-mllvm", "-tsan-instrument-memory-accesses=0",
               "-mllvm", "-tsan-instrument-memintrinsics=0"]
    everything = [*command, *tsan, "-fno-builtin",
                  "-Dmemset=model_memset", "-Dmemcpy=model_memcpy"]
    # What operations execute of the simulator.
    operations = ("ports/sim/copy.c", "ports/sim/blocks.c")

    def units(self, tree, name):
        sim = tree.glob("ports/sim/*.c")
        sim.remove("ports/sim/order_none.c")
        return [
            *(Unit(source, self.everything)
              for source in library_for_sim(tree)),
            *(Unit(source, self.atomics) for source in (
                "tests/%s.c" % name, *tree.glob(*FIXTURE), *self.operations)),
            *(Unit(source, self.command) for source in (
                *tree.glob("tests/memory_model/*.c"),
                *(s for s in sim if s not in self.operations)))]

    def may_notice(self, tree, name, mutant):
        return not mutant.lines or mutant.file in self.executed(tree, name)

    @functools.lru_cache(maxsize=None)
    def executed(self, tree, name):
        """The files whose atomic accesses its tasks have executed. Not lines or
        functions: the compiler merges them."""
        program = self.program(tree, name)
        with open("%s.executed" % program, encoding="utf-8") as addresses:
            text = subprocess.run(
                ["addr2line", "-i", "-e", program], check=True, text=True,
                stdin=addresses, capture_output=True).stdout
        return {os.path.normpath(file) for file in re.findall(
            r"^%s/(.*):" % re.escape(str(tree.path)), text, re.M)}


class Replay(Sim):
    """A counterexample of tests/models, as a schedule of the code."""

    quick = False

    def units(self, tree, name):
        return super().units(tree, "models/unit_replay")

    def arguments(self, name):
        return (name,)


class RegionReplay(Real):
    """The same, as calls of the real port."""

    quick = False

    def units(self, tree, name):
        return super().units(tree, "linux-user/replayed_region")

    def arguments(self, name):
        return (name,)


class RegistrationReplay(RegionReplay):
    """The same, with the calls of the system and the C library replaced."""

    command = Old.command

    def units(self, _tree, _name):
        return [Unit("tests/linux-user/replayed_registration.c", self.command)]


class Fuzz(Kind):
    """A target of tests/fuzz, in its default number of runs."""

    quick = False

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        return tree.execute(["tests/fuzz/run", name], log, limit)


class Vm(Kind):
    """A scenario of tests/vm, in a guest."""

    quick = False

    # What is downloaded; that for aarch64 by the scenarios that need it.
    downloads = ("vm/kernel", "vm/kernel-aarch64", "aarch64-root")

    def prepare(self, tree):
        build = ROOT / "build"
        if not (build / self.downloads[0] / "release").exists():
            subprocess.run([ROOT / "tests" / "vm" / "run.py", "--fetch"],
                           check=True)
        for name in self.downloads:
            link = tree.path / "build" / name
            if (build / name).exists() and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(build / name)

    def units(self, _tree, _name):
        return []

    def run(self, tree, name, log, limit):
        begin = log.tell()
        status = tree.execute(["tests/vm/run.py", name], log, limit)
        log.seek(begin)
        output = log.read()
        for problem in (b"not ok build", b"not ok the harness"):
            if problem in output:
                raise Problem("%s in scenario %s" % (problem.decode(), name))
        return status


KINDS = {"sim": Sim(), "real": Real(), "plugin": Plugin(), "soak": Soak(),
         "aborted": Aborted(),
         "directory": Directory(),
         "lock": Lock(), "new": New(), "old": Old(), "musl": Musl(),
         "hotpath": Hotpath(), "gdb": Gdb(), "cxx": Cxx(), "abi": Abi(),
         "failures": Failures(), "example": Example(), "windows": Windows(), "user": User(),
         "msvc": Msvc(), "fuzz": Fuzz(), "vm": Vm(),
         "model": Model(), "replay": Replay(),
         "replay_region": RegionReplay(),
         "replay_registration": RegistrationReplay()}
