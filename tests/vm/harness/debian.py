# SPDX-License-Identifier: MIT
"""Debian packages, downloaded and unpacked, never installed.

apt gets a private configuration below build/vm/, so that neither the system's
list of architectures nor its list of packages changes.
"""

import os
import re
import shutil
import subprocess

from .paths import BUILD, BuildError

CONFIG = """\
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "{work}";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
"""
# Instead of the system's sources.
SOURCES = """\
Dir::Etc::SourceList "{work}/sources.list";
Dir::Etc::SourceParts "-";
"""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Archive:
    """The Debian archive as seen by a machine of the architecture arch.

    suite: only this one, from the mirror that the system uses; default: all
    suites in the system's sources.
    """

    def __init__(self, arch, suite=""):
        for program in ("apt-get", "dpkg-deb"):
            if not shutil.which(program):
                raise BuildError("no %s: kernels come from Debian's archive"
                                 % program)
        self.work = BUILD / "-".join(filter(None, ("apt", arch, suite)))
        for folder in ("lists/partial", "cache/archives/partial", "debs"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        (self.work / "status").touch()
        config = self.work / "apt.conf"
        text = CONFIG + SOURCES if suite else CONFIG
        config.write_text(text.format(arch=arch, work=self.work))
        if suite:
            (self.work / "sources.list").write_text("deb [signed-by=%s] %s %s"
                " main\n" % (KEYRING, _mirror(suite.partition("-")[0]), suite))
        self.env = dict(os.environ, APT_CONFIG=str(config), LC_ALL="C")
        self._run("apt-get", "--quiet", "update")

    def _run(self, *command):
        done = subprocess.run(command, env=self.env, cwd=self.work / "debs",
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise BuildError("%s\n%s" % (" ".join(command), done.stdout))
        return done.stdout

    def depends(self, package):
        """Its dependencies; of a meta package, the real package."""
        text = self._run("apt-cache", "depends", package)
        return re.findall(r"^\s*Depends: (\S+)$", text, re.M)

    def unpack(self, packages, root):
        """Download the packages and unpack them below root."""
        root.mkdir(parents=True, exist_ok=True)
        self._run("apt-get", "--quiet", "download", *packages)
        for deb in sorted((self.work / "debs").glob("*.deb")):
            self._run("dpkg-deb", "-x", str(deb), str(root))
            deb.unlink()

    def forget(self):
        shutil.rmtree(self.work)


def _mirror(release):
    """The mirror that the system uses for this release, or Debian's own."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)",
         "Created-By: Packages", "Codename: " + release],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return (done.stdout.split() or ["http://deb.debian.org/debian/"])[0]
