#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is this a driver that Windows would load?

    pe.py [--version MAJOR.MINOR.PATCH] [--server-2008] FILE.sys...

Checks what the loader and Driver Verifier check: machine, subsystem, checksum,
flags, sections that are writable and executable, relocations, unwind data. All
imports must be by name from ntoskrnl.exe, and none may be a function that counts
processors in one group only; with --server-2008, none that this system lacks.
With --version there must be a resource with that version.
"""
import argparse
import struct
import sys

AMD64, NATIVE = 0x8664, 1
DYNAMIC_BASE, NX_COMPAT = 0x40, 0x100
VERSION_RESOURCE, VERSION_SIGNATURE = 16, 0xfeef04bd
EXECUTE, WRITE = 0x20000000, 0x80000000
# They see one processor group, or the number at boot.
FORBIDDEN = {"KeNumberProcessors", "KeQueryActiveProcessors",
             "KeQueryActiveProcessorCount"}
# Available from Windows 7 on, or later.
NOT_IN_2008 = {"ExAllocatePool2", "IoUnregisterPlugPlayNotificationEx",
               "KeGetCurrentProcessorNumberEx", "KeGetProcessorIndexFromNumber",
               "KeGetProcessorNumberFromIndex", "KeQueryActiveProcessorCountEx",
               "KeQueryGroupAffinity", "KeQueryHighestNodeNumber",
               "KeQueryMaximumProcessorCountEx", "KeQueryUnbiasedInterruptTime",
               "KeRevertToUserGroupAffinityThread",
               "KeSetSystemGroupAffinityThread", "KeSetTargetProcessorDpcEx"}


class Image:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.pe = self.u32(0x3c)
        if self.data[:2] != b"MZ" or self.data[self.pe:self.pe + 4] != b"PE\0\0":
            raise ValueError("no PE image")
        self.optional = self.pe + 24
        self.sections = []
        at = self.optional + self.u16(self.pe + 20)
        for i in range(self.u16(self.pe + 6)):
            name, size, address, raw_size, raw = struct.unpack_from(
                "<8sIIII", self.data, at + 40 * i)
            self.sections.append((name.rstrip(b"\0").decode(), address,
                                  max(size, raw_size), raw,
                                  self.u32(at + 40 * i + 36)))

    def u16(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def u64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def directory(self, index):
        at = self.optional + 112 + 8 * index
        return self.u32(at), self.u32(at + 4)

    def offset(self, address):
        for _, start, size, raw, _ in self.sections:
            if start <= address < start + size:
                return address - start + raw
        raise ValueError("address %#x is in no section" % address)

    def text(self, address):
        at = self.offset(address)
        return self.data[at:self.data.index(b"\0", at)].decode()

    def checksum(self):
        """As imagehlp computes it: 16-bit sums with carry, and the length."""
        place, total = self.optional + 64, 0
        data = bytearray(self.data)
        data[place:place + 4] = bytes(4)
        if len(data) % 2:
            data.append(0)
        for (word,) in struct.iter_unpack("<H", data):
            total += word
            total = (total & 0xffff) + (total >> 16)
        return total + len(self.data)

    def imports(self):
        """(module, names) for each; a name is None if it is imported by number."""
        at = self.offset(self.directory(1)[0])
        while self.u32(at + 12):
            names = []
            thunk = self.offset(self.u32(at) or self.u32(at + 16))
            while self.u64(thunk):
                value = self.u64(thunk)
                names.append(None if value >> 63 else self.text(value + 2))
                thunk += 8
            yield self.text(self.u32(at + 12)), names
            at += 20

    def version(self):
        """The file version of the version resource, as text, or None."""
        at = self.directory(2)[0] and self.offset(self.directory(2)[0])
        # Three levels of directories, by type, name and language. Each entry
        # is an id and an offset, whose highest bit says: a directory.
        entry, wanted = at, VERSION_RESOURCE
        while entry:
            count = self.u16(entry + 12) + self.u16(entry + 14)
            found = [self.u32(entry + 20 + 8 * i) for i in range(count)
                     if wanted in (None, self.u32(entry + 16 + 8 * i))]
            if not found:
                return None
            entry, wanted = at + (found[0] & 0x7fffffff), None
            if not found[0] >> 31:
                start = self.offset(self.u32(entry))
                data = self.data[start:start + self.u32(entry + 4)]
                fixed = data.index(struct.pack("<I", VERSION_SIGNATURE))
                high, low = struct.unpack_from("<II", data, fixed + 8)
                return "%d.%d.%d" % (high >> 16, high & 0xffff, low >> 16)
        return None


def problems(image, version, forbidden):
    optional = image.optional
    flags = image.u16(optional + 70)
    if image.u16(image.pe + 4) != AMD64:
        yield "not for x86-64"
    if image.u16(optional + 68) != NATIVE:
        yield "not of the native subsystem"
    if image.u32(optional + 64) != image.checksum():
        yield "checksum %#x, should be %#x" % (image.u32(optional + 64),
                                               image.checksum())
    if not flags & DYNAMIC_BASE or not flags & NX_COMPAT:
        yield "its flags are %#x" % flags
    for name, _, _, _, bits in image.sections:
        if bits & EXECUTE and bits & WRITE:
            yield "section %s is writable and executable" % name
    if not image.directory(5)[1]:
        yield "no relocations"
    if not image.directory(3)[1]:
        yield "no unwind data"
    for module, names in image.imports():
        if module.lower() != "ntoskrnl.exe":
            yield "imports from " + module
        if None in names:
            yield "imports by number from " + module
        for name in sorted(forbidden.intersection(names)):
            yield "imports " + name
    if version and image.version() != version:
        yield "its version is %s, should be %s" % (image.version(), version)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--version")
    parser.add_argument("--server-2008", action="store_const",
                        const=NOT_IN_2008, default=FORBIDDEN, dest="forbidden")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    bad = 0
    for path in options.files:
        image = Image(path)
        found = list(problems(image, options.version, options.forbidden))
        for module, names in image.imports():
            print("%s: %d names from %s: %s" % (
                path, len(names), module, " ".join(map(str, names))))
        for problem in found:
            print("%s: %s" % (path, problem))
        bad += len(found)
    return bad != 0


sys.exit(main())
