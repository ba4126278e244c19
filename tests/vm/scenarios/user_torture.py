# SPDX-License-Identifier: MIT
"""The torture programs, unchanged, while CPUs go offline and return. Their
threads pin themselves to CPUs: a mask is widened, a thread is moved off its CPU,
a restartable section restarts."""

from harness import Scenario

NAMES = ("counter", "stack", "log", "gate", "percid")


def files(build):
    found = {}
    for name in NAMES:
        sources = ["tests/%s/torture.c" % name] + [
            "tests/torture/%s.c" % part for part in ("torture", "fake", "step")]
        name = "torture_" + name
        found["/bin/" + name] = build.program(
            name, sources, ("-Ilib", "-Itests", "-Iports/linux-user", "-lck"))
    return found


SCRIPT = """
[ "$LONG" ] && whole=20 steps=40 || whole=0.5 steps=2
export CPUSLAB_TORTURE_SECONDS=$whole
churn() {	# take CPUs offline and online until the file is removed
	_n=0
	while [ -e /tmp/churn ]; do
		for _c in 1 2; do
			offline $_c; online $_c
			_n=$((_n + 1))
		done
	done
	echo "$_n times a CPU went offline and returned"
}
>/tmp/churn
churn >/tmp/churned 2>&1 &
for name in NAMES; do
	check "torture_$name, rseq mode" torture_$name
done
export GLIBC_TUNABLES=glibc.pthread.rseq=0
check "torture_counter, atomic mode" torture_counter
unset GLIBC_TUNABLES
rm /tmp/churn
wait
check "CPUs have changed" grep "times a CPU" /tmp/churned
check "all CPUs are back" is $CPUS/online 0-2

# Only this way can a section be interrupted at any instruction.
check "one instruction at a time" host singlestep on
export CPUSLAB_TORTURE_SECONDS=$steps
check "torture_counter, one instruction at a time" torture_counter
check "torture_stack, one instruction at a time" torture_stack
""".replace("NAMES", " ".join(NAMES))

SCENARIO = Scenario(
    title="torture while CPUs go offline and return",
    files=files,
    smp="3",
    script=SCRIPT,
    timeout=120,
)
