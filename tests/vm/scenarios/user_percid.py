# SPDX-License-Identifier: MIT
"""A process of 8 threads on 64 CPUs: blocks by concurrency id, and the same by
CPU number. The threads move themselves, or the kernel moves them, because they
may use the time of two CPUs and all CPUs. Only kernels since 6.19 promise how
many ids there are."""

from harness import Scenario

GUEST = {"programs": ("percid",), "smp": "64", "memory": 1024, "since": (6, 3)}

SCENARIOS = [
    Scenario(
        name="user_percid",
        title="8 threads that wander over 64 CPUs: memory by concurrency id",
        script="percid 20\n",
        timeout=300,
        **GUEST),
    Scenario(
        name="user_percid_quota",
        title="the same under a quota of CPU time, with other processes",
        script="""
group=/sys/fs/cgroup/quota
echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
check "a quota of two CPUs" sh -c "echo 200000 100000 >$group/cpu.max"
for i in 1 2 3 4; do percid 600 stay >/dev/null & done
sh -c "echo \\$\\$ >$group/cgroup.procs && exec percid 60 stay"
kill %1 %2 %3 %4
cat $group/cpu.stat
check "it was used up" grep -q "^nr_throttled [1-9]" $group/cpu.stat
""",
        timeout=600,
        tier="long",
        **GUEST),
]
