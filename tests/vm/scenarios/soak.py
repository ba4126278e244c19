# SPDX-License-Identifier: MIT
"""The soak program of tests/soak/ while CPUs really go offline and return, in
turns of both modes; and a module that uses all structures meanwhile. What they
hold must stay level, and so must what the kernel holds. Each process is in a
control group (version 2), whose CPUs change and whose memory is limited."""

import os

import kernel

from harness import Scenario

SECONDS = int(float(os.environ.get("CPUSLAB_SOAK_SECONDS", "60")))
MEMORY = 16 << 20       # bytes, of each process and its children
SEED = os.environ.get("CPUSLAB_TORTURE_SEED", "1")
SOAK = ["tests/soak/%s.c" % part for part in (
    "soak", "cpus", "crowd", "level")] + ["tests/portable/all.c"] + [
    "tests/torture/%s.c" % part for part in (
        "torture", "fake", "process", "step")]

SETTINGS = """
export CPUSLAB_SOAK_HOTPLUG=1 CPUSLAB_SOAK_TURNS=1
export CPUSLAB_SOAK_ROUND=%d CPUSLAB_TORTURE_SEED=%s
SECONDS=%d MEMORY=%d
""" % (min(20, max(1, SECONDS // 24)), SEED, SECONDS, MEMORY)
SCRIPT = """
check "plug in two" plug 2 3
check "they come online" online 2 3
G=/sys/fs/cgroup
echo +cpuset +memory >$G/cgroup.subtree_control

begin() {	# MODE VARIABLE=VALUE...: its program, which waits for its turn
	mode=$1
	shift
	mkdir $G/$mode
	check "limit the memory of $mode mode" \\
		eval "echo $MEMORY >$G/$mode/memory.max"
	mkfifo "/tmp/$mode.turns"
	(
		echo 0 >$G/$mode/cgroup.procs || exit	# this subshell
		exec env "$@" CPUSLAB_SOAK_CPUSET=$G/$mode/cpuset.cpus \\
			soak /lib/plugin.so
	) <"/tmp/$mode.turns" >"/tmp/$mode.lines" 2>&1 &
	eval "$mode=$!"
}
rounds() {	# MODE: how many have ended
	grep -c '^{"round"' "/tmp/$1.lines"
}
ended() {	# MODE ROUNDS: has it done them, or failed?
	[ "$(rounds "$1")" -ge "$2" ] || ! kill -0 "$(eval "echo \\$$1")" 2>/dev/null
}
turn() {	# MODE FILE: a round of it
	next=$(($(rounds "$1") + 1))
	echo >&"$2"
	wait_for 600 ended "$1" "$next"
	[ "$(rounds "$1")" -ge "$next" ] || return 1
	tail -n 1 "/tmp/$1.lines"
}
holds() {	# kB of the kernel that nobody can take back, and of all
	sync
	echo 3 >/proc/sys/vm/drop_caches
	cmd trim
	cmd barrier
	awk '/^(SUnreclaim|Percpu):/ { kernel += $2 }
		/^(MemFree|Cached|Shmem):/ { free += $2 }
		END { print kernel, free }' /proc/meminfo >>/tmp/holds
	tail -n 1 /tmp/holds
}
both() {	# a turn of each mode, and of the module at the same time
	cmd $1 && { [ "$1" = structures ] || cmd grow; } || return 1
	turn rseq 3 && turn atomic 4 || return 1
	[ "$1" = structures ] || cmd ungrow || return 1
	cmd un$1 && cmd check && holds
}
level() {	# COLUMN SIGN TOLERANCE: as tests/soak/level.h says
	awk -v column="$1" -v sign="$2" -v tolerance="$3" '
		{ value[NR] = sign * $column }
		END {
			warm = int(NR / 4)
			third = int((NR - warm) / 3)
			early = value[warm + 1]
			late = value[NR]
			for (i = warm + 1; i <= warm + third; i++)
				if (value[i] > early)
					early = value[i]
			for (i = NR - third + 1; i <= NR; i++)
				if (value[i] < late)
					late = value[i]
			print NR " turns, " value[warm + 1] " kB after " warm ", " \\
				value[NR] " at the end, early at most " early ", late at least " late
			exit NR < 4 || late > early + tolerance
		}' /tmp/holds
}
clock() { cut -d. -f1 /proc/uptime; }

begin rseq CPUSLAB_RSEQ=1
begin atomic CPUSLAB_RSEQ=0
exec 3>/tmp/rseq.turns 4>/tmp/atomic.turns
until=$(($(clock) + SECONDS))
turns=0
while [ "$(clock)" -lt $until ] || [ $turns -lt 8 ]; do
	turns=$((turns + 1))
	[ $((turns % 2)) = 0 ] && what=load || what=structures
	both $what >/tmp/turn 2>&1
	rc=$?
	cat /tmp/turn
	[ $rc = 0 ] || break
done
exec 3>&- 4>&-
check "every turn of $turns was right" test $rc = 0
for mode in rseq atomic; do
	check "$mode mode ends" wait "$(eval "echo \\$$mode")"
	grep -v '^{"round"' "/tmp/$mode.lines"
	check "$mode mode never reached its limit of memory" \\
		grep -x "max 0" $G/$mode/memory.events
	echo "$mode mode: $(cat $G/$mode/memory.peak) bytes at most"
done
check "the memory of the kernel stays level" level 1 1 1024
check "what is free stays level" level 2 -1 8192
check "all CPUs are back" is $CPUS/online 0-3
"""


def files(build):
    soak = build.program("soak", SOAK, (
        "-Ilib", "-Itests", "-Iports/linux-user", "-shared-libgcc"),
        link="-no-pie")
    plugin = build.program(
        "plugin.so", ["tests/linux-user/plugin_whole.c"],
        ("-fPIC", "-fvisibility=hidden"), library=False, link="-shared")
    return {"/bin/soak": soak, "/lib/plugin.so": plugin} | kernel.files(build)


SCENARIO = Scenario(
    title="a soak in both modes and in a module, for a minute or an hour",
    files=files,
    smp="2,maxcpus=8",
    script=kernel.PRELUDE + SETTINGS + SCRIPT + kernel.FINALE,
    requires=("CONFIG_CPUSETS", "CONFIG_MEMCG"),
    tier="long",
    timeout=240 + 2 * SECONDS,
)
