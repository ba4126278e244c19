# SPDX-License-Identifier: MIT
"""What is not run as printed, and why."""

# Pages and the languages of their blocks that a test compiles: that of
# in_chroot.sh, of the suite readme for Windows, of the suites headers and ffi.
TESTED = {
    "README.md": "c",
    "docs/containers.md": "c",
    "docs/cxx.md": "cpp",
    "docs/ffi.md": "python",
    "docs/install.md": "cmake ini meson",
    "docs/instead-of.md": "c cpp",
    "ports/linux-kernel/README.md": "c make",
    "ports/windows-kernel/README.md": "c",
    "ports/windows-user/README.md": "c",
}

# (page, how the block begins): why it is not run.
NOT_RUN = {
    ("CONTRIBUTING.md", "./dev test --quick"):
        "one of README.md's; the others take minutes to hours",
    ("tests/README.md", "./dev test --quick"): "the same",
    ("docs/abi.md", "tests/abi/abi accept"):
        "changes the tree",
    ("bench/README.md", "./dev bench"): "minutes; the suite bench runs it",
    ("bench/README.md", "git clone"): "downloads and builds librseq",
    ("bench/README.md", "LIBRSEQ="): "the same",
    ("bench/README.md", "./dev test vm"): "guests; the suite vm runs it",
    ("examples/README.md", "cc -O2 examples"):
        "with the library installed: it is run after docs/install.md",
    ("docs/observe.md", "LIB="): "needs a kernel in which root may trace",
    ("docs/observe.md", "valgrind"): "suite valgrind",
    ("packaging/README.md", "apt install"): "the suite packaging does it",
    ("examples/scap/README.md", "make -C"): "a kernel module; suite vm",
    ("ports/linux-kernel/README.md", "echo"): "needs a kernel with cpuslab",
    ("tests/mutants/README.md", "tests/mutants/run"): "suite mutants",
    ("tests/vm/README.md", "tests/vm/run.py"): "suite vm",
    ("tests/vm/README.md", "# SPDX"): "not a scenario of this tree",
    ("tests/vm/kernels/README.md", "tests/vm/kernels"): "builds kernels",
    ("tests/vm/kernels/README.md", "qemu-system"): "needs such a kernel",
    ("tests/vm/kernels/README.md", "make -C"): "the same",
    ("tests/windows/README.md", "python3"): "suites wine and mutants",
    ("ports/linux-kernel/README.md", "RCU "): "suite vm compares it",
}

# (page, command): what is run instead of it, because it takes too long, or does
# not end.
INSTEAD = {
    ("examples/README.md", "cpuslab-server --port=8080"):
        "cpuslab-server --help",
    ("README.md", "./dev test "): "./dev test --quick ",
    ("CONTRIBUTING.md", "meson test -C build/mine"):
        "meson test -C build/mine --list",
}

# Packages that a page takes for granted, with those that a build needs.
PACKAGES = {
    "CONTRIBUTING.md": "libcmocka-dev",
    "examples/README.md": "libllhttp-dev|libhttp-parser-dev",
}
