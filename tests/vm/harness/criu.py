# SPDX-License-Identifier: MIT
"""CRIU, from Debian's package: for a guest, never installed."""

import lzma
import os
import pathlib
import re
import shutil
import subprocess

from .debian import Archive
from .paths import BUILD, BuildError, Missing

ROOT = BUILD / "criu"
# What it asks the kernel for, in the order in which they can be loaded.
MODULES = ("lib/libcrc32c", "net/netfilter/nfnetlink",
           "net/netfilter/nf_tables", "net/ipv4/inet_diag",
           "net/ipv4/tcp_diag", "net/ipv4/udp_diag", "net/ipv4/raw_diag",
           "net/netlink/netlink_diag", "net/packet/af_packet_diag",
           "net/unix/unix_diag")


def _download():
    archive = Archive("amd64")
    found, todo = {"criu"}, ["criu"]
    while todo:     # the libraries, not the Python of its other programs
        more = {p for p in archive.depends(todo.pop())
                if p.startswith("lib") and p != "libc6"}
        todo += more - found
        found |= more
    try:
        archive.unpack(sorted(found), ROOT / "root")
    finally:
        archive.forget()


def _program():
    if not (ROOT / "complete").exists():
        shutil.rmtree(ROOT, ignore_errors=True)
        try:
            _download()
        except BuildError as error:
            raise Missing("no download of criu: %s"
                          % str(error).splitlines()[-1]) from error
        (ROOT / "complete").touch()
    return ROOT / "root" / "usr" / "sbin" / "criu"


def _libraries(program):
    """{path in the guest: path}, without those that the system has as well."""
    search = ":".join({str(path.parent) for path in
                       (ROOT / "root").rglob("*.so.*")})
    text = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE,
                          env=dict(os.environ, LD_LIBRARY_PATH=search),
                          text=True, check=True).stdout
    return {"/lib/" + pathlib.Path(path).name: pathlib.Path(path)
            for path in re.findall(r"=> (/\S+)", text)
            if path.startswith(str(ROOT))}


def _modules(kernel):
    """{path in the guest: path}; not those that are built in."""
    folder = kernel.image.resolve().parents[1] / "lib" / "modules" / \
        kernel.name / "kernel"
    found = {}
    for number, module in enumerate(MODULES):
        for path in folder.glob(module + ".ko*"):
            if path.suffix == ".xz":
                plain = ROOT / path.stem
                plain.write_bytes(lzma.decompress(path.read_bytes()))
                path = plain
            found["/m/%02d-%s" % (number, path.name)] = path
    return found


def files(kernel):
    """{path in the guest: path}: /bin/criu, its libraries, modules in /m/."""
    program = _program()
    return {"/bin/criu": program} | _libraries(program) | _modules(kernel)
