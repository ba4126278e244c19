# SPDX-License-Identifier: MIT
"""The kernels that guests run: Debian's cloud kernels, or one that is given."""

import hashlib
import pathlib
import re
import shutil

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
    return BUILD / "-".join(filter(None, ("kernel", machine, suite)))


def debian(arch, suite=""):
    """Debian's cloud kernel for arch, downloaded the first time.

    suite: the kernel and QEMU of this suite; default: the kernel of the suites
    that the system uses.
    """
    folder = _folder(arch, suite)
    release = folder / "release"
    if not release.exists():
        # One write, because other threads print at the same time.
        print("downloading Debian's kernel for %s\n" % (suite or arch), end="",
              flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _download(DEBIAN[arch], suite, folder)
    name = release.read_text().strip()
    headers = folder / "headers"
    return Kernel(arch, name, folder / "image",
                  headers if headers.exists() else None,
                  folder / "root" / "boot" / ("config-" + name),
                  _qemu(folder / "root") if suite else ())


def _qemu(root):
    """The QEMU that was unpacked there, with its firmware."""
    share = root / "usr" / "share"
    return (str(root / "usr" / "bin" / "qemu-system-x86_64"),
            "-L", str(share / "qemu"), "-L", str(share / "seabios"))


def _download(arch, suite, folder):
    archive = Archive(arch, suite)
    image = archive.depends("linux-image-cloud-" + arch)[0]
    name = image.removeprefix("linux-image-")
    packages = [image, *(QEMU if suite else ("busybox-static",))]
    if arch == "amd64":     # modules are built for this one only
        headers = "linux-headers-" + name
        packages += [headers] + [
            p for p in archive.depends(headers)
            if p.startswith(("linux-headers-", "linux-kbuild-"))]
    root = folder / "root"
    archive.unpack(packages, root)
    archive.forget()
    (folder / "image").symlink_to("root/boot/vmlinuz-" + name)
    if not suite:
        # In /bin of older releases, in /usr/bin of newer ones.
        program = next(root.glob("**/bin/busybox"))
        (folder / "busybox").symlink_to(program.relative_to(folder))
    if arch == "amd64":
        _movable_headers(root / "usr" / "src", name)
        (folder / "headers").symlink_to("root/usr/src/linux-headers-" + name)
    (folder / "release").write_text(name + "\n")


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
                  qemu=debian("x86_64", suite).qemu if suite else ())
