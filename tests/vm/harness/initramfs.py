# SPDX-License-Identifier: MIT
"""Initial file systems: a cpio archive in the "newc" format, compressed."""

import gzip
import os
import pathlib
import re
import stat
import subprocess

FOLDERS = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp")


class Initramfs:
    def __init__(self):
        self.parts, self.seen, self.inode = [], set(), 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        path = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device,
                  len(path), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + path
        self.parts += [head, b"\0" * (-len(head) % 4),
                       data, b"\0" * (-len(data) % 4)]

    def folder(self, name):
        """The folder and those above it; no slash at the beginning."""
        if name in self.seen or name in ("", "."):
            return
        self.folder(os.path.dirname(name))
        self.seen.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def add(self, name, data, mode=0o755):
        """A file of these bytes, or of this text."""
        name = name.lstrip("/")
        self.folder(os.path.dirname(name))
        if name not in self.seen:
            self.seen.add(name)
            self._entry(name, stat.S_IFREG | mode,
                        data.encode() if isinstance(data, str) else data)

    def copy(self, name, source, libraries=None):
        """A file of the host; if it is a program, with its libraries.

        libraries(path) gives them, {path in the guest: path}; default: those
        that ldd names, at the same places.
        """
        data = pathlib.Path(source).read_bytes()
        self.add(name, data)
        if data[:4] == b"\x7fELF":
            found = (libraries or shared_libraries)(source)
            for place, library in found.items():
                self.add(place, pathlib.Path(library).read_bytes())

    def device(self, name, major, minor):
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def base(self, busybox, init):
        """What every guest has."""
        for name in FOLDERS:
            self.folder(name)
        self.device("dev/console", 5, 1)
        self.copy("bin/busybox", busybox, libraries=lambda _: {})
        self.seen.add("bin/sh")
        self._entry("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
        self.copy("init", init)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        path.write_bytes(gzip.compress(b"".join(self.parts), 1, mtime=0))


def shared_libraries(program):
    """The libraries of a program, or of a library, of this machine."""
    done = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    if done.returncode:     # static, or not for this machine
        return {}
    found = re.findall(r"(?:=> |^\s+)(/\S+) \(0x", done.stdout, re.M)
    return {path: path for path in found}
