#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does libcpuslab-ffi.so have all that the headers have, and nothing else?

    symbols.py LIBRARY [TEST...]    with its path; libcpuslab.so is found by it

What there should be is not taken from what the library is made of: functions
from the compiler, sizes and constants from what tests/abi accepted.
"""

import ctypes
import glob
import os
import platform
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
FOLDERS = [os.path.join(ROOT, folder) for folder in (
    "include", "ports/linux-user")]
PATH = sys.argv.pop(1)
lib = ctypes.CDLL(PATH)
lib.cpuslab_ffi_sizeof.restype = ctypes.c_size_t
lib.cpuslab_version.restype = ctypes.c_char_p
PUBLIC = re.compile(r"cpuslab_(?!_|port_)")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


def exported(path):
    lines = [line.split() for line in output("nm", "-D", "--defined-only",
                                             path).splitlines()]
    return {name.split("@")[0]: name for _, kind, name in lines
            if kind != "A"}


def headers():
    """{path: text}: those for programs, which include those of the port."""
    found = {}
    for folder in FOLDERS:
        for path in glob.glob(glob.escape(folder) + "/cpuslab/*.h"):
            if not re.match(r"(pinned|port|port_\w+|rseq_\w+)\.h",
                            os.path.basename(path)):
                with open(path, encoding="utf-8") as file:
                    found[path] = file.read()
    return found


def inline_functions(kind, *options):
    """Those that become symbols of that kind."""
    with tempfile.TemporaryDirectory() as folder:
        source, unit = folder + "/all.c", folder + "/all.o"
        with open(source, "w", encoding="utf-8") as file:
            file.writelines('#include "%s"\n' % name for name in headers())
        subprocess.run(
            ["gcc", "-std=gnu11", "-D_FILE_OFFSET_BITS=64", *options,
             *("-I" + f for f in FOLDERS), "-c", source, "-o", unit],
            check=True)
        names = {line.split()[-1] for line in output("nm", unit).splitlines()
                 if line.split()[-2] == kind}
        return set(filter(PUBLIC.match, names))


def declared_functions():
    """Those that are no inline functions either."""
    code = re.sub(r"/\*.*?\*/", "", "".join(headers().values()), flags=re.S)
    return set(filter(PUBLIC.match, re.findall(
        r"^(?:CPUSLAB_NODISCARD )?CPUSLAB_API\b[^;{(]*?\b(cpuslab_\w+)\(",
        code, re.M)))


class Symbols(unittest.TestCase):
    def test_inline_functions(self):
        wanted = inline_functions("t", "-fkeep-inline-functions",
                                  "-Dalways_inline=unused")
        found = {name for name in exported(PATH)
                 if not name.startswith("cpuslab_ffi_")}
        self.assertGreater(len(wanted), 90)
        self.assertEqual(wanted - found, set())
        self.assertEqual(found - wanted, set())
        # As what generates declarations reads them.
        self.assertEqual(inline_functions("T", "-DCPUSLAB_INLINE="), wanted)

    def test_all_by_one_handle(self):
        wanted = declared_functions()
        self.assertGreater(len(wanted), 100)
        self.assertEqual({name for name in wanted if not hasattr(lib, name)},
                         set())

    def test_versions(self):
        for name in exported(PATH).values():
            self.assertRegex(name, r"@@CPUSLAB_FFI_\d+\.\d+$")

    def test_no_second_copy(self):
        """The library's functions, and so its state, are not in it."""
        major = lib.cpuslab_version().decode().split(".")[0]
        dynamic = output("readelf", "-dW", PATH)
        self.assertIn("Library soname: [libcpuslab-ffi.so.%s]" % major, dynamic)
        self.assertIn("Shared library: [libcpuslab.so.%s]" % major, dynamic)
        with open("/proc/self/maps", encoding="utf-8") as maps:
            path = next(line.split()[-1] for line in maps
                        if re.search(r"/libcpuslab\.so", line))
        self.assertEqual(set(exported(PATH)) & set(exported(path)), set())

    def test_initialisers(self):
        for noun in re.findall(r"define CPUSLAB_(\w+)_INIT\(",
                               "".join(headers().values())):
            self.assertIn("cpuslab_ffi_%s_init" % noun.lower(), exported(PATH))

    @unittest.skipUnless(platform.machine() == "x86_64", "accepted on x86-64")
    def test_sizes(self):
        with open(ROOT + "/tests/abi/x86-64.abi", encoding="utf-8") as file:
            structs = re.findall(r"<class-decl name='(cpuslab_\w+)' "
                                 r"size-in-bits='(\d+)'", file.read())
        defined = re.findall(r"^struct\b[^;{}]*?(\w+)\s*\{",
                             "".join(headers().values()), re.M)
        structs = {name: bits for name, bits in structs
                   if PUBLIC.match(name) and name in defined}
        self.assertGreater(len(structs), 40)
        for name, bits in structs.items():
            self.assertEqual(lib.cpuslab_ffi_sizeof(name.encode()) * 8,
                             int(bits), name)

    @unittest.skipUnless(platform.machine() == "x86_64", "accepted on x86-64")
    def test_constants(self):
        with open(ROOT + "/tests/abi/x86-64.constants",
                  encoding="utf-8") as file:
            constants = [line.split() for line in file]
        value = ctypes.c_int64()
        for name, number in constants:
            known = not lib.cpuslab_ffi_constant(name.encode(),
                                                 ctypes.byref(value))
            self.assertEqual(known, not name.startswith("CPUSLAB__"), name)
            if known:
                self.assertEqual(value.value, int(number), name)


if __name__ == "__main__":
    unittest.main()
