# SPDX-License-Identifier: MIT
"""Falco's driver, from Debian's package: for a guest, never installed."""

import shutil
import subprocess

from .debian import Archive
from .paths import BUILD, BuildError, Missing

PACKAGE = "falcosecurity-scap-dkms"


def _source(suite):
    """The package's folder of sources, named scap-VERSION."""
    root = BUILD / ("falco-" + suite)
    if not root.exists():
        part = root.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        try:
            archive = Archive("amd64", suite)
            archive.unpack((PACKAGE,), part)
            archive.forget()
        except BuildError as error:
            raise Missing("no download of %s from %s: %s" % (
                PACKAGE, suite, str(error).splitlines()[-1])) from error
        part.rename(root)
    return next(root.glob("usr/src/scap-*"))


def driver(build, suite):
    """The version of the suite's driver, and its module for the kernel."""
    source = _source(suite)
    version = source.name.partition("-")[2]
    copy = BUILD / ("modules-" + build.kernel.name) / ("falco-" + suite)
    module, log = copy / "scap.ko", copy / "log"
    if not module.exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(source, copy)
        with open(log, "w", encoding="utf-8") as output:
            done = subprocess.run(
                ["make", "-C", str(build.kernel.headers), "M=%s" % copy,
                 "KERNELDIR=%s" % build.kernel.headers, "modules"],
                stdout=output, stderr=subprocess.STDOUT)
        if done.returncode:
            raise Missing("Falco's driver %s does not build for %s, see %s"
                          % (version, build.kernel.name, log))
    return version, module
