# SPDX-License-Identifier: MIT
"""The library in a module: the port interface, misuse, no memory, memory that
is charged to a cgroup."""

import kernel

from harness import Scenario

# A slab whose blocks have 2 MB is created in one cgroup and used in another.
# Each CPU may keep a charge of 256 kB for later, so the numbers are rounded.
ACCOUNT = """
G=/sys/fs/cgroup
plug 3
wait_for 30 test -e $CPUS/cpu3/online
without_cgroups() {
	check "a slab of a cgroup, of which there are none" cmd account
	check "it grows" cmd account-grow
	check "a CPU is added" online 3
	check "destroy it" cmd end-account
}
within() {	# GROUP COMMAND...
	_group=$1
	shift
	sh -c 'echo $$ >"$0" && eval "$1"' $G/$_group/cgroup.procs "$*"
}
blocks() { echo $((($(cat $G/$1/memory.current) - $(cat /tmp/$1) + 1048576) / 2097152)); }
charged() { [ "$(blocks "$1")" = "$2" ] || { echo "$(blocks "$1") blocks are charged to $1, not $2"; return 1; }; }
ask() { echo "echo $1 >$D/cpuslab_test/command"; }
with_cgroups() {
	echo +memory >$G/cgroup.subtree_control
	for group in owner other; do
		mkdir $G/$group
		within $group true
		cat $G/$group/memory.current >/tmp/$group
	done
	check "a slab of a cgroup" within owner "$(ask account)"
	check "it grows on behalf of another" within other "$(ask account-grow)"
	check "its creator is charged for three CPUs" charged owner 4
	echo $(($(cat $G/owner/memory.current) + 1048576)) >$G/owner/memory.max
	check "its limit refuses a CPU" refuses within other "echo 1 >$CPUS/cpu3/online"
	check "and growth" refuses within other "$(ask account-grow)"
	check "nothing remains of these" charged owner 4
	echo max >$G/owner/memory.max
	check "the CPU is added without a limit" within other "echo 1 >$CPUS/cpu3/online"
	check "the creator is charged for its block" charged owner 5
	check "the one that added it is not" charged other 0
	check "destroy the slab" cmd end-account
	check "nothing is charged any more" charged owner 0
	check "a second one" within owner "$(ask account)"
	check "remove the cgroup" rmdir $G/owner
	check "the slab still grows" cmd account-grow
	check "destroy it" cmd end-account
	check "the cgroup is freed" wait_for 60 grep -q "^nr_dying_descendants 0" $G/cgroup.stat
}
if grep -qs memory $G/cgroup.controllers; then
	with_cgroups
else
	without_cgroups
fi
check "offline again" offline 3
"""

SCRIPT = kernel.PRELUDE + """
check "misuse" cmd misuse
said() { dmesg | grep -q "cpuslab_test: $1"; }
check "a late client is logged" said "client late: not registered: shutting down"
check "so is a late slab, with its name" said "slab late: not created: shutting down"
check "a client from inside a callback is logged" said "client other: not registered: called from inside a callback"
check "a CPU beyond the limit is logged" said "domain test: its limit excludes CPU 64"
check "a double free is logged" said "slab test: double free of"
check "contract of the port interface" cmd conform
check "each allocation refused, and no memory" cmd poor
check "what there was no memory for is logged" said "slab slab: no memory for cpuslab_"
check "so is a hotplug without memory" said "poor: CPUs are not followed: no memory"
check "plug in one" plug 2
check "other threads wait while it is added" cmd during 2
check "it comes online" online 2
check "their results are correct afterwards" cmd was-during
check "allocations under a spinlock" cmd nowait
""" + ACCOUNT + """
check "an unknown command is refused" refuses cmd nonsense
""" + kernel.FINALE

SCENARIO = Scenario(
    title="a module: contract of the port interface, misuse, no memory",
    files=kernel.files,
    script=SCRIPT,
    timeout=60,
)
