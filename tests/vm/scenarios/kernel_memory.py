# SPDX-License-Identifier: MIT
"""Memory of the same objects in slabs and in the kernel's per-CPU memory, with
two CPUs of 240 possible."""

import kernel

from harness import Scenario

# Slabs of 1000 objects, and four times as many as in per-CPU memory, so that the
# noise is comparatively small: other memory of the kernel.
SCRIPT = kernel.PRELUDE + """
settled() {	# is free memory what it was a moment ago?
	_before=$(cat /tmp/free)
	usleep 100000
	echo 1 >/proc/sys/vm/stat_refresh
	sed -n 's/^MemFree: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo >/tmp/free
	is /tmp/free "$_before"
}
# Free memory in kB, without caches that could be freed.
available() {
	cmd barrier
	sync
	echo 3 >/proc/sys/vm/drop_caches
	echo 0 >/tmp/free
	wait_for 10 settled >/dev/null
	cat /tmp/free
}
taken() {	# COMMAND OBJECTS: the kB that 10000 of them take
	before=$(available)
	cmd "$1" "$2" || return 1
	echo $(((before - $(available)) * 10000 / $2))
}
three() {	# COMMAND OBJECTS: the median of three: others free memory as well
	for _ in 1 2 3; do
		taken "$1" "$2"
		cmd give >/dev/null
	done | sort -n | sed -n 2p
}
# Each CPU would keep megabytes of free pages for itself, which count as used.
echo 10000 >/proc/sys/vm/percpu_pagelist_high_fraction
check "240 CPUs are possible" is $CPUS/possible 0-239
cmd take-slab 1000
cmd give
ours=$(three take-slab 40000)
cmd take-percpu 4000	# free per-CPU memory is used first
theirs=$(taken take-percpu 10000)
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
    tier="full",
    timeout=150,
)
