# SPDX-License-Identifier: MIT
"""Count the instructions of an add, of a record in a ring, and of an allocation
with many possible CPUs: with "-icount shift=0" a nanosecond of the guest is an instruction."""

import kernel

from harness import Scenario

SCRIPT = kernel.PRELUDE + """
check "no add has more instructions than its limit" cmd cost
dmesg | sed -n 's/.*instructions: /   /p'
"""

MORE = """
check "the rings of BPF and perf" bpf_rings >/tmp/rings
sed 's/^/   /' /tmp/rings
check "a trim of many absent CPUs" cmd trim-many
dmesg | sed -n 's/.*cpuslab_test: a trim/   a trim/p'
"""


def scenario(more="", **machine):
    return Scenario(
        files=kernel.files,
        without=("CONFIG_KASAN", "CONFIG_KCSAN"),
        script=SCRIPT + more + kernel.FINALE,
        accel="tcg",
        qemu=("-icount", "shift=0,sleep=off"),
        timeout=60,
        **machine)


SCENARIOS = [
    scenario(name="kernel_cost", title="a module: instructions of an add",
             more=MORE, programs=("bpf_rings",), smp="1,maxcpus=240",
             append="tsc_early_khz=1000000"),
    scenario(name="kernel_cost_aarch64", arch="aarch64", smp="1",
             title="the same on arm64"),
]
