# SPDX-License-Identifier: MIT
"""Initial file systems: compressed cpio archives in the "newc" format."""

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
        """Add the folder and its parents; no slash at the beginning."""
        if name in self.seen or name in ("", "."):
            return
        self.folder(os.path.dirname(name))
        self.seen.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def add(self, name, data, mode=0o755):
        """Add a file with these bytes, or this text."""
        name = name.lstrip("/")
        self.folder(os.path.dirname(name))
        if name not in self.seen:
            self.seen.add(name)
            self._entry(name, stat.S_IFREG | mode,
                        data.encode() if isinstance(data, str) else data)

    def copy(self, name, source, libraries=None):
        """Add a file of the host; of a program, also its libraries.

        libraries(path) returns them as {path in the guest: path}; default:
        those that ldd lists, at the same paths.
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
    """The libraries of a program or library of this machine."""
    done = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    if done.returncode:     # static, or not for this machine
        return {}
    found = re.findall(r"(?:=> |^\s+)(/\S+) \(0x", done.stdout, re.M)
    return {path: path for path in found}
