# SPDX-License-Identifier: MIT
"""How drivers fail when a CPU is added: the scenarios of
tests/driver_failures/, with CPUs that are really added. The usual ways fail as
claimed, those with cpuslab are right, in rseq and in atomic mode."""

from harness import Scenario


def files(build):
    sources = sorted(str(path.relative_to(build.root)) for path in
                     (build.root / "tests" / "driver_failures").rglob("*.c")
                     if path.name != "machine_sim.c")
    return {"/bin/failures": build.program(
        "failures", [*sources, "tests/vm/user/failures_guest.c"],
        ("-Itests/driver_failures",))}


SCRIPT = """
failures_check() {	# NAME
	check "$1" failures "$1"
	export GLIBC_TUNABLES=glibc.pthread.rseq=0
	check "$1, atomic mode" failures "$1"
	unset GLIBC_TUNABLES
}
failing="early failure twice"
check "four CPUs at start" is $CPUS/online 0-3
check "128 can be" is $CPUS/possible 0-127
"""

# The first ones have what they need plugged in while they run.
ADDED = SCRIPT + """
for name in structures late $(failures --list | grep -vxE 'structures|late'); do
	case " $failing " in
	*" $name "*) ;;
	*) failures_check $name ;;
	esac
done
check "can they fail?" failures --self-test walk memory number
"""

FAILED = SCRIPT + """
for name in $failing; do
	failures_check $name
done
"""


def scenario(name, title, **more):
    return Scenario(name=name, title=title, files=files, timeout=300,
                    allow=(r"failures\[\d+\]: segfault",), **more)


SCENARIOS = (
    scenario("user_failures", "the usual ways, and cpuslab, when CPUs are"
             " plugged in and run", smp="4,maxcpus=128", script=ADDED,
             tier="full"),
    # Only what was there when the kernel started can be made to fail.
    scenario("user_failed_adds", "the same when the kernel fails to start"
             " them", smp="10,maxcpus=128", append="maxcpus=4",
             script=FAILED),
)
