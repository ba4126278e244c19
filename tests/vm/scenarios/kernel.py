# SPDX-License-Identifier: MIT
"""Shared by the scenarios of cpuslab_test.ko."""

# D: debugfs. cmd: a command of the module; stat, have: its numbers.
PRELUDE = """
D=/sys/kernel/debug
cmd() { echo "$*" >$D/cpuslab_test/command; }
stat() { sed -n "s/^$1 //p" $D/cpuslab_test/stats; }
have() { [ "$(stat "$1")" "$2" "$3" ] || { echo "$1 is $(stat "$1"), not $2 $3"; return 1; }; }
refuses() { ! "$@" 2>/dev/null || { echo "not refused: $*"; return 1; }; }
check "load the module" insmod /m/cpuslab_test.ko
"""

FINALE = """
check "invariants" cmd check
check "unload the module" rmmod cpuslab_test
"""


def files(build):
    debug = ("CPUSLAB_DEBUG=y",) if build.kernel.has("CONFIG_KASAN") else ()
    return modules(build, "test", debug)


def modules(build, name, make):
    """cpuslab_test.ko, built in a copy of this name."""
    built = build.module(
        name, ["tests/vm/module/test", "tests/port_conformance",
               *("tests/" + path.parent.name for path in
                 (build.root / "tests").glob("*/portable.c"))],
        make=make)
    return {"/m/" + ko.name: ko for ko in built}
