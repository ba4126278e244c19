# SPDX-License-Identifier: MIT
"""Restartable sequences on aarch64: qemu-user has none, so all other tests of
this machine run in atomic mode."""

from harness import Scenario

TORTURE = ["counter-torture", "gate-torture", "gauge-torture",
           "linux-user-torture_fork", "log-torture", "percid-torture",
           "ring-torture", "section-torture", "stack-torture", "words-torture"]
UNIT = ["blocked", "child", "context", "cpus", "discover", "fences", "fork",
        "hotplug", "interrupted", "leaks", "mappings", "misuse", "payloads",
        "percid", "rcu_thread", "read", "sandbox", "uevent"]


def files(build):
    names = ["tests/port_conformance/linux-user-conformance"]
    names += ["tests/linux-user/linux-user-" + name
              for name in UNIT + ["memory"]]
    names += ["tests/linux-user-" + name for name in TORTURE]
    return {"/t/" + path.name.removeprefix("linux-user-"): path
            for path in build.tests(*names)}


SCRIPT = """
storm -t 2 -r 100 /tmp/s &
wait_for 60 test -S /tmp/s
check "rseq mode is in use" storm /tmp/s mode rseq
check "the CPUs at start" storm /tmp/s cpus 0-1
check "memory at start" storm /tmp/s note start
check "one CPU goes offline" offline 1
check "noticed" storm /tmp/s cpus 0
check "memory of one CPU less" storm /tmp/s memory start -1
check "it returns" online 1
check "noticed as well" storm /tmp/s cpus 0-1
check "memory as at start" storm /tmp/s memory start 0
check "the end" storm /tmp/s stop

run() {	# NAME: status 77 means that it cannot run here
	"/t/$1" || [ $? -eq 77 ]
}
LATE=${LONG:+memory}	# takes seconds
[ "$LONG" ] && whole=9 steps=27 || whole=0.5 steps=1.5
export CPUSLAB_TORTURE_SECONDS=$whole
check "conformance" run conformance
for name in @NAMES@ $LATE; do
	check "$name" run "$name"
done

# Only this way can a section be interrupted at any instruction.
check "one instruction at a time" host singlestep on
export CPUSLAB_TORTURE_SECONDS=$steps
for name in section-torture ${LONG:+interrupted stack-torture ring-torture \
	words-torture counter-torture log-torture}; do
	check "$name, one instruction at a time" run $name
done
""".replace("@NAMES@", " ".join(UNIT + TORTURE))

SCENARIO = Scenario(
    title="rseq mode on aarch64",
    arch="aarch64",
    programs=("storm",),
    files=files,
    smp="2",
    script=SCRIPT,
    timeout=150,
)
