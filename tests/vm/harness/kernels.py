# SPDX-License-Identifier: MIT
"""The kernels that guests run: Debian's cloud kernels, or one that is given."""

import hashlib
import pathlib
import re
import shutil
import subprocess

from .debian import Archive
from .paths import BUILD

DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}
QEMU = ("qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios")


class Kernel:
    """A bootable image and, where modules can be built, its headers."""

    def __init__(self, arch, name, image, headers=None, config=None, qemu=()):
        self.arch, self.name = arch, name
        self.image, self.headers = image, headers
        self.qemu = qemu    # program and first arguments; (): the system's
        numbers = re.match(r"(\d+)\.(\d+)", name)
        self.version = tuple(map(int, numbers.groups())) if numbers else ()
        if config is None and headers:
            config = headers / ".config"
        self.config = set(config.read_text().split()) if config else set()

    def has(self, option):
        """Is the option, CONFIG_X or CONFIG_X=m, set?"""
        return (option if "=" in option else option + "=y") in self.config


def _folder(arch, suite=""):
    machine = "" if arch == "x86_64" else arch
    return BUILD / "-".join(filter(None, ("kernel", machine,
                                          suite.replace("/", "-"))))


def debian(arch, suite=""):
    """Debian's cloud kernel for arch, downloaded the first time.

    suite: the kernel of this suite, "trixie", or another one than the cloud
    kernel, "trixie/rt", under a QEMU that can add CPUs to it; default: the
    kernel of the suites that the system uses, under the system's QEMU.
    """
    folder = _folder(arch, suite)
    release = folder / "release"
    if not (release.exists() and (folder / "headers").exists()):
        # One write, because other threads print at the same time.
        print("downloading Debian's kernel for %s\n" % (suite or arch), end="",
              flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _download(DEBIAN[arch], suite, folder)
    name = release.read_text().strip()
    headers = folder / "headers"
    return Kernel(arch, name, folder / "image",
                  headers if headers.exists() else None,
                  _file_of(folder / "root", "config", name),
                  _qemu() if suite and arch == "x86_64" else ())


def _file_of(root, what, name):
    """The kernel's file; Debian moved it below /usr in 7.x."""
    path = root / "boot" / ("%s-%s" % (what, name))
    moved = root / "usr" / "lib" / "modules" / name / what
    return moved if moved.exists() else path


def _qemu():
    """Program and first arguments; that of bookworm fails with new kernels."""
    if "VERSION_CODENAME=bookworm" not in _system():
        return ()
    root = BUILD / "qemu"
    if not root.exists():
        archive = Archive("amd64", "bookworm-backports")
        archive.unpack(QEMU, root.with_suffix(".new"))
        archive.forget()
        root.with_suffix(".new").rename(root)
    share = root / "usr" / "share"
    return (str(root / "usr" / "bin" / "qemu-system-x86_64"),
            "-L", str(share / "qemu"), "-L", str(share / "seabios"))


def _system():
    path = pathlib.Path("/etc/os-release")
    return path.read_text().split() if path.exists() else []


def _download(arch, suite, folder):
    suite, _, flavour = suite.partition("/")
    archive = Archive(arch, suite)
    image = next(p for p in archive.depends(
        "linux-image-%s-%s" % (flavour or "cloud", arch))
        if p.startswith("linux-image-"))
    name = image.removeprefix("linux-image-")
    # Newer releases have the parts of a kernel in packages of their own.
    packages = [p for p in archive.depends(image) if p.endswith(name)]
    packages += [image, *(() if suite else ("busybox-static",))]
    headers = "linux-headers-" + name
    depends = [p for p in archive.depends(headers)
               if p.startswith(("linux-headers-", "linux-kbuild-"))]
    programs = [p for p in depends if arch != "amd64" and "-kbuild-" in p]
    packages += [headers, *(p for p in depends if p not in programs)]
    root = folder / "root"
    archive.unpack(packages, root)
    archive.forget()
    if programs:    # that run here
        archive = Archive("amd64", suite)
        archive.unpack(programs, root)
        archive.forget()
    if suite:
        _runs_here(suite, root)
    image = _file_of(root, "vmlinuz", name)
    (folder / "image").symlink_to(image.relative_to(folder))
    if not suite:
        # In /bin of older releases, in /usr/bin of newer ones.
        program = next(root.glob("**/bin/busybox"))
        (folder / "busybox").symlink_to(program.relative_to(folder))
    _movable_headers(root / "usr" / "src", name)
    (folder / "headers").symlink_to("root/usr/src/linux-headers-" + name)
    (folder / "release").write_text(name + "\n")


def _runs_here(suite, root):
    """Build modules for the kernel of a newer release with what there is.

    With the system's compiler, if the kernel's is not installed; and with the
    C library of that release, if a program of the headers needs it.
    """
    for path in root.glob("usr/src/linux-headers-*/.kernelvariables"):
        text = path.read_text()
        compiler = re.search(r"\bgcc-\d+", text)
        if compiler and not shutil.which(compiler[0]):
            path.write_text(text.replace(compiler[0], "gcc") + "override "
                            "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT :=\n")
    for path in [*root.glob("usr/**/objtool/objtool.real-x86"),
                 *root.glob("usr/**/mod/modpost.real-lsb-64")]:
        done = subprocess.run([path], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
        if "GLIBC_" in done.stderr:
            libraries = _libraries(suite.partition("-")[0])
            program = path.rename(path.with_name(path.name + ".program"))
            path.write_text('#!/bin/sh\nexec %s --library-path %s %s "$@"\n' %
                            (libraries / "ld-linux-x86-64.so.2", libraries,
                             program))
            path.chmod(0o755)


def _libraries(release):
    """Those that programs of that release need."""
    folder = BUILD / ("libraries-" + release)
    if not folder.exists():
        archive = Archive("amd64", release)
        archive.unpack(("libc6", "libelf1t64", "zlib1g", "libzstd1"),
                       folder.with_suffix(".new"))
        archive.forget()
        folder.with_suffix(".new").rename(folder)
    return folder / "usr" / "lib" / "x86_64-linux-gnu"


def _movable_headers(src, name):
    """Make the headers' Makefile refer to its sibling, not to /usr/src."""
    headers = src / ("linux-headers-" + name)
    # Newer headers have it for the modules' BTF, which needs another program.
    (headers / "vmlinux").unlink(missing_ok=True)
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace(
        "/usr/src/", "$(dir $(realpath $(lastword $(MAKEFILE_LIST))))../"))


def busybox(arch):
    """A static busybox for arch, from the same download as its kernel."""
    debian(arch)
    return _folder(arch) / "busybox"


def outside(text, suite=""):
    """The kernel that "BZIMAGE[:HEADERS]" names, under the QEMU of a suite."""
    image, _, headers = text.partition(":")
    image = pathlib.Path(image).resolve()
    headers = pathlib.Path(headers).resolve() if headers else None
    if not image.is_file():
        raise SystemExit("no kernel image: %s" % image)
    if headers and not (headers / ".config").exists():
        raise SystemExit("not a kernel's build tree: %s" % headers)
    digest = hashlib.sha256(("%s %s" % (image, headers)).encode()).hexdigest()
    release = headers and headers / "include" / "config" / "kernel.release"
    name = release.read_text().strip() if release else image.name
    return Kernel("x86_64", "%s-%s" % (name, digest[:6]), image, headers,
                  qemu=_qemu() if suite else ())
