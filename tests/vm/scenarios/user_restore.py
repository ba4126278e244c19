# SPDX-License-Identifier: MIT
"""CRIU dumps a program while it works and restores it: on the same CPUs, with
one of them offline, with another one that was plugged in. A restored process
may have lost its registration for membarrier, the advice of its mappings, and
the affinity of its threads."""

from harness import Scenario, criu


def files(build):
    return criu.files(build.kernel)


SCRIPT = r"""
export LD_LIBRARY_PATH=/lib
for module in /m/*; do
	insmod $module
done
mount -t tmpfs run /run
ifconfig lo up	# it tests sockets
setsid storm -w -t 3 -r 500 /tmp/s </dev/null >/dev/null 2>&1 9>&- &
storm=$!
wait_for 60 test -S /tmp/s

criu_runs() {	# COMMAND OPTION...
	criu "$@" -D /tmp/images -v4 -o log
	_rc=$?
	[ $_rc -eq 0 ] || tail -n 30 /tmp/images/log
	grep -E "Error|Warn" /tmp/images/log
	return $_rc
}
dump() {
	rm -rf /tmp/images
	mkdir /tmp/images
	check "dump" criu_runs dump -t $storm
	check "it has ended" test ! -e /proc/$storm
}
restore() {
	check "restore" criu_runs restore -d
}
works_on() {	# LIST
	check "the total" storm /tmp/s total
	check "its CPUs" storm /tmp/s cpus $1
	check "rseq mode" storm /tmp/s mode rseq
	check "sections are in use" storm /tmp/s sections
	check "workers are bound and handle all" storm /tmp/s workers $1
	check "membarrier" wait_for 60 storm /tmp/s membarrier
	check "a child" storm /tmp/s child fork
	check "a child without fork handlers" storm /tmp/s child clone
	check "the total, later" storm /tmp/s total
}
works_on 0-1

dump
restore
works_on 0-1
check "a CPU goes offline" offline 1
works_on 0
check "its memory is released" storm /tmp/s at_least releases 1
check "it returns" online 1
works_on 0-1

# CRIU 3.17 does not abort a section that a thread is in, so no thread may be
# in one that ends after the release of its CPU.
check "pause" storm /tmp/s pause
dump
check "a CPU goes offline" offline 1
restore
check "noticed" storm /tmp/s cpus 0
check "go on" storm /tmp/s resume
works_on 0
check "its memory is released" storm /tmp/s at_least releases 2

dump
check "it returns" online 1
check "another one is plugged in" plug 2
check "bring it online" online 2
restore
works_on 0-2
check "it goes offline" offline 2
works_on 0-1
check "its memory is released" storm /tmp/s at_least releases 3
storm /tmp/s stats
check "the end" storm /tmp/s stop
"""

SCENARIO = Scenario(
    title="a program that CRIU dumps and restores",
    programs=("storm",),
    files=files,
    script=SCRIPT,
    requires=("CONFIG_CHECKPOINT_RESTORE",),
    tier="long",
    timeout=180,
)
