# SPDX-License-Identifier: MIT
"""Memory of the same objects in slabs and in the kernel's per-CPU memory, with
two CPUs of 240 possible."""

import kernel

from harness import Scenario

# Ten slabs of 1000 objects, so that the noise is comparatively small.
SCRIPT = kernel.PRELUDE + """
# Free memory in kB, without caches that could be freed.
available() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 300000
	sed -n 's/^MemFree: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo
}
taken() {	# COMMAND: the kB that it takes
	before=$(available)
	cmd "$1" 10000 || return 1
	echo $((before - $(available)))
}
check "240 CPUs are possible" is $CPUS/possible 0-239
cmd take-slab 1000
cmd give
ours=$(taken take-slab)
cmd give
cmd take-percpu 4000	# free per-CPU memory is used first
theirs=$(taken take-percpu)
cmd give
echo "10000 objects of 64 bytes: $ours kB in slabs, $theirs kB with alloc_percpu, 1/$((theirs / ours))"
check "less than a fiftieth of alloc_percpu" [ "$ours" -gt 0 -a $((theirs / ours)) -ge 50 ]
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: memory against alloc_percpu, 240 possible CPUs",
    files=kernel.files,
    without=("CONFIG_KASAN", "CONFIG_KCSAN"),
    script=SCRIPT,
    smp="2,maxcpus=240",
    memory=768,
    timeout=90,
)
