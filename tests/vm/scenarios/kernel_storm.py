# SPDX-License-Identifier: MIT
"""CPUs go offline and online as fast as they can, during everything else."""

import kernel

from harness import Scenario

PLUG = """
check "plug in two" plug 2 3
online 2 3
"""
STORM = kernel.PRELUDE + """
check "start the load" cmd load
check "start growth" cmd grow
storm() {	# ROUNDS CPU: offline and online
	for i in $(seq "$1"); do
		offline "$2" && online "$2" || return 1
	done
}
trims() {
	while [ -e /tmp/storm ]; do
		cmd trim
		cat $D/cpuslab_test/stats >/dev/null
		usleep 10000
	done
}
released() {	# the storm goes on until a trim has found an offline CPU
	have releases -gt 0 || { storm 1 3 && false; }
}
touch /tmp/storm
trims &
trimming=$!
storm $ROUNDS 1 &
one=$!
check "a storm" storm $ROUNDS 3
check "and of another CPU" wait $one
check "some blocks were released" wait_for 60 released
rm /tmp/storm
wait $trimming
check "stop growth" cmd ungrow
check "totals are exact" cmd unload
cat $D/cpuslab_test/stats
check "every operation found its block" have shared_ops = 0
check "and so did every pin" have unpinned = 0
check "invariants" cmd check
check "start the load again" cmd load
check "start growth again" cmd grow
storm 5 2 >/dev/null 2>&1 &
two=$!
check "unload the module in a storm" rmmod cpuslab_test
check "the storm continues" wait $two
check "load it in a storm" sh -c "
	(for i in 1 2 3 4 5; do echo 0 >$CPUS/cpu2/online; echo 1 >$CPUS/cpu2/online; done) &
	insmod /m/cpuslab_test.ko && wait"
check "all CPUs are in use" have in_use = 4
check "invariants" cmd check
check "unload it" rmmod cpuslab_test
"""

SCENARIO = Scenario(
    title="a module: a storm of CPUs, with growth, trims and unloading",
    files=kernel.files,
    script="ROUNDS=15\n" + PLUG + STORM,
    timeout=120,
)


def preempted(how):
    return Scenario(
        name="kernel_storm_" + how,
        title="the same, shorter, with preempt=" + how,
        files=kernel.files,
        script="""
ROUNDS=3
check "preempt=%s" grep -F "(%s)" /sys/kernel/debug/sched/preempt
""" % (how, how) + PLUG + STORM,
        requires=("CONFIG_PREEMPT_DYNAMIC",),
        append="preempt=" + how,
        tier="full",
        timeout=120,
    )


SCENARIOS = [preempted(how) for how in ("none", "full")] + [Scenario(
    name="aarch64_kernel",
    title="the same, shorter, on aarch64; and the contract of the port",
    files=kernel.files,
    script="""
ROUNDS=3
""" + STORM + kernel.PRELUDE + """
check "contract of the port interface" cmd conform
""" + kernel.FINALE,
    arch="aarch64",
    smp="4",
    timeout=150,
)]
