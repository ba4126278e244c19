# SPDX-License-Identifier: MIT
"""Rings of a driver that a process maps and consumes."""

from harness import Scenario


def files(build):
    debug = ("CPUSLAB_DEBUG=y",) if build.kernel.has("CONFIG_KASAN") else ()
    return {"/m/" + ko.name: ko for ko in
            build.module("ring", ["tests/vm/module/ring", "tests/vm/user"],
                         make=debug)}


PRELUDE = """
D=/sys/kernel/debug/cpuslab_ring
R=/dev/cpuslab_ring
cmd() { echo "$*" >$D/command; }
stat() { sed -n "s/^$1 //p" $D/stats; }
check "load the module" insmod /m/cpuslab_ring.ko
"""

SCRIPT = PRELUDE + """
check "create rings" cmd create
check "the device is there" wait_for 10 test -c $R
ring_consume >/tmp/consumed 2>&1 &
consumer=$!
check "start producers" cmd start
usleep 500000
host qmp inject-nmi
check "one goes offline" offline 1
check "it returns" online 1
cmd stop
appended=$(stat appended)
lost=$(stat lost)
check "destroy the rings" cmd destroy
check "records are complete" wait $consumer
cat /tmp/consumed
cat $D/stats
check "all of them" grep -x "consumed $appended" /tmp/consumed
check "unload the module" rmmod cpuslab_ring
"""

SCENARIO = Scenario(
    title="rings that a process maps",
    files=files,
    programs=("ring_consume",),
    script=SCRIPT,
    timeout=60,
)
