# SPDX-License-Identifier: MIT
"""Rings of a driver that a process maps and consumes."""

import re
import zlib

import kernel_leaks

from harness import Scenario
from harness.paths import BUILD, BuildError

README = "ports/linux-kernel/README.md"
DEVICE = "tests/vm/module/ring/device.c"


def files(build):
    debug = ("CPUSLAB_DEBUG=y",) if build.kernel.has("CONFIG_KASAN") else ()
    found = build.module("ring", ["tests/vm/module/ring", "tests/vm/user"],
                         make=debug)
    return {"/m/" + ko.name: ko for ko in found} | {
        "/bin/ring_consume": build.program("ring_consume", library=False),
        "/bin/ring_readme": readme(build)}


def readme(build):
    """The consumer that the README shows. Its driver's code is in DEVICE."""
    blocks = re.findall(r"^```c\n(.*?)^```$",
                        build.root.joinpath(README).read_text(), re.S | re.M)
    driver, = [b for b in blocks if "device_open" in b]
    if driver.split("\n\n", 1)[1] not in build.root.joinpath(DEVICE).read_text():
        raise BuildError("%s shows other code than %s" % (README, DEVICE))
    consumer, = [b for b in blocks if "ring_map.h" in b]
    source = BUILD / ("ring_readme-%08x.c" % zlib.crc32(consumer.encode()))
    source.write_text(consumer)
    return build.program("ring_readme", [source], library=False)


PRELUDE = """
D=/sys/kernel/debug/cpuslab_ring
cmd() { echo "$*" >$D/command; }
stat() { sed -n "s/^$1 //p" $D/stats; }
refuses() { ! "$@" 2>/dev/null || { echo "not refused: $*"; return 1; }; }
on() { _mask=$(printf %x $((1 << $1))); shift; taskset $_mask "$@"; }
follow() {	# in the background, into /tmp/followed
	rm -f /tmp/followed
	ring_consume follow >/tmp/followed 2>&1 &
	follower=$!
	wait_for 10 grep -qs "^CPU 0: present" /tmp/followed
}
followed() {	# producers stop, then the rings are destroyed: exact counts
	cmd stop
	stat lost >/tmp/lost
	stat counted >/tmp/counted
	appended=$(stat appended)
	cmd destroy
	wait $follower || { tail -n 4 /tmp/followed; return 1; }
	echo "$appended appended, $(cat /tmp/lost) lost"
	cat /tmp/followed
	echo "counted $(cat /tmp/counted)"
	cmp /tmp/lost /tmp/counted && grep -x "consumed $appended" /tmp/followed
}
begin() {	# WATERMARK
	cmd watermark "$1" && cmd create && wait_for 10 test -c /dev/cpuslab_ring
}
nmi() { [ "$(uname -m)" != x86_64 ] || host qmp inject-nmi; }
reports() { wait_for ${2:-20} grep -qs "^CPU $1\\$" /tmp/followed; }
check "load the module" insmod /m/cpuslab_ring.ko
"""

FOLLOW = PRELUDE + """
check "create rings" begin 0
check "a consumer" follow
check "producers, in tasks, interrupts and the scheduler" cmd start
[ -e $CPUS/cpu2 ] || check "plug one in" plug 2
check "it comes online" online 2
check "it has a ring" reports "2: present online, ring 1"
nmi
check "one goes offline" offline 1
check "its ring stays" reports "1: present, ring 1"
check "until it is consumed" reports "1:, ring 1"
check "it returns with another" online 1
check "which is mapped" reports "1: present online, ring 2"
kill -STOP $follower
check "one goes offline while the consumer is stopped" offline 2
check "its ring cannot be trimmed" cmd trim
check "it returns with the same" online 2
kill -CONT $follower
usleep 300000
kill -STOP $follower
check "one goes offline" offline 2
check "memory is refused where its ring is freed" cmd fail 1
kill -CONT $follower
check "the next read frees it" reports "2:, ring 1"
cmd fail 0
check "it returns with another" online 2
check "a storm" sh -c "for i in $(seq -s ' ' $ROUNDS); do
	echo 0 >$CPUS/cpu1/online && echo 1 >$CPUS/cpu1/online || exit 1; done"
nmi
check "every record, in order; what was lost is counted" followed
"""

WATERMARKS = """
check "each record wakes" begin 1
check "producers" cmd start
ring_consume turns 1 &
turner=$!
check "one goes offline meanwhile" offline 1
check "a consumer is woken all the time" wait $turner
check "and while it is offline" ring_consume turns 1
cmd stop
online 1
cmd destroy
begin 1
check "so does each in the shared ring" ring_consume nested 1
if [ -e /sys/kernel/debug/kprobes/list ]; then
	check "a record of a CPU that is not online any more" cmd last 1
	ring_consume await &
	reader=$!
	usleep 300000
	check "it goes offline" offline 1
	check "wakes a consumer that waits for nothing else" wait $reader
	cmd last 0
	online 1
fi
cmd destroy
check "the default watermark" begin 0
check "is an eighth of a ring" ring_consume turns 65
cmd destroy
for watermark in 1 16384; do
	check "the watermark is $watermark" begin $watermark
	check "a consumer is woken by each, without a timeout" \\
		ring_consume turns $((watermark / 128 + 1))
	cmd destroy
	begin $watermark
	check "also while others append" follow
	cmd start
	usleep 700000
	check "every record" followed
done
check "no larger one" cmd watermark 32768
check "is refused" refuses cmd create
check "nor 3" cmd watermark 3
check "is refused" refuses cmd create
cmd watermark 0
check "rings of two pages" cmd bytes 8192
check "are refused" refuses cmd create
check "and of three" cmd bytes 12288
check "are refused" refuses cmd create
cmd bytes 65536
"""

OTHERS = """
cmd overwrite 1
check "rings that overwrite" begin 0
check "a consumer of their newest records" ring_consume latest
cmd destroy
cmd overwrite 0
cmd retain 1
check "create rings that are retained" begin 0
check "a consumer" follow
check "one goes offline" offline 1
check "its ring stays" reports "1: present, ring 1"
usleep 300000
check "also when it is consumed" refuses grep -qsx "CPU 1:, ring 1" /tmp/followed
check "it returns" online 1
cmd destroy
wait $follower
cmd retain 0
check "create rings" begin 0
events() { dd if=/dev/cpuslab_ring of=/tmp/events bs=32 count=$1 2>/dev/null; }
events 5 &	# of the shared ring, three CPUs, and a change
reader=$!
usleep 200000
check "a read waits for an event" kill -0 $reader
check "a CPU goes offline" offline 2
check "the read ends" wait $reader
check "with one event more" [ "$(wc -c </tmp/events)" = 160 ]
online 2
events 99 &
reader=$!
usleep 200000
check "destroy the rings" cmd destroy
check "a read that waits ends" wait $reader
check "after the events of all rings" [ "$(wc -c </tmp/events)" = 128 ]
check "create rings" begin 0
ring_readme >/tmp/read &
reader=$!
mapped() { [ $(grep -c cpuslab_ring /proc/$reader/maps) = 12 ]; }	# 3 of each ring
check "it maps the shared ring, and three" wait_for 10 mapped
check "append on CPU 1" on 1 sh -c "echo append 3 >$D/command"
check "destroy the rings" cmd destroy
check "the consumer in the README ends" wait $reader
check "and has read the records" [ "$(wc -l </tmp/read)" = 3 ]
check "create rings" begin 0
check "what a consumer cannot do" ring_consume refused
check "the rings are not in use" cmd append 1
check "an append inside another uses the shared ring" cmd nested 1
check "a consumer that writes anything" cmd start
ring_consume hostile $((ROUNDS / 5))
check "other objects are as they were" cmd other
cmd stop
check "destroy the rings" cmd destroy
cmd watermark 0
check "each allocation of a create fails" cmd fail-create
check "append on CPU 1" on 1 sh -c "echo append 20 >$D/command"
mkfifo /tmp/end
rm /tmp/followed
ring_consume hold </tmp/end >/tmp/followed 2>&1 &
holder=$!
exec 3>/tmp/end
check "it is mapped" reports "1: present online, ring 1"
check "CPU 1 goes offline" offline 1
check "its ring is freed" reports "1:, ring 1"
cmd fail 1
check "without memory it does not return" refuses online 1
check "then it returns" online 1
check "with another ring" reports "1: present online, ring 2"
check "append there" on 1 sh -c "echo append 20 >$D/command"
check "the module cannot be unloaded" refuses rmmod cpuslab_ring
check "destroy the rings while they are mapped" cmd destroy
wait_for 10 grep -q "what is mapped keeps" /tmp/followed
check "nor can it be unloaded while they are" refuses rmmod cpuslab_ring
exec 3>&-
check "they are unmapped" wait $holder
cat /tmp/followed
"""

FINALE = """
free() { sed -n 's/^MemFree: *\\([0-9]*\\) .*/\\1/p' /proc/meminfo; }
cycle() {	# TIMES: rings of 1 MiB are mapped and destroyed
	for i in $(seq $1); do
		begin 0 && follow && cmd append 9 && cmd destroy && wait $follower ||
			{ cat /tmp/followed; return 1; }
	done
}
# Free pages that a CPU keeps count as used: up to 15 MB.
same_memory() { cycle 30 && [ $(free) -gt $(($1 - 20000)) ] || { echo "$(free) kB of $1"; return 1; }; }
cmd bytes 1048576
check "create and destroy" cycle 2
check "all memory comes back" same_memory $(free)
G=/sys/fs/cgroup
charged() {	# 3 CPUs and the shared ring, of a cgroup's process
	sh -c "echo \$\$ >$G/tenant/cgroup.procs && echo fail-create >$D/command" &&
		[ "$(cat $G/tenant/memory.current)" -gt 4194304 ]
}
uncharged() { [ "$(cat $G/tenant/memory.current)" -lt 1048576 ]; }
if grep -q memory $G/cgroup.controllers; then
	echo +memory >$G/cgroup.subtree_control
	mkdir $G/tenant
	cmd account 1
	check "each allocation fails; rings are charged to their creator" charged
	check "a consumer" follow
	cmd destroy
	wait $follower
	check "and uncharged when they are unmapped" wait_for 10 uncharged
fi
check "unload the module" rmmod cpuslab_ring
"""

SCRIPT = FOLLOW + WATERMARKS + OTHERS + FINALE

SCENARIOS = [Scenario(
    name="kernel_rings",
    title="rings that a process maps, while CPUs come and go",
    files=files,
    script="ROUNDS=4\n" + SCRIPT,
    timeout=90,
    # Probes patch code that all CPUs execute: see kernel_scap.
    accel="tcg,thread=single",
), Scenario(
    name="kernel_rings_leaks",
    title="the same for longer; kmemleak finds nothing",
    files=files,
    requires=("CONFIG_DEBUG_KMEMLEAK",),
    append="kmemleak=on",
    script="ROUNDS=20\n" + kernel_leaks.SCANS + SCRIPT + """
check "no leak" none
""",
    memory=1024,
    tier="long",
    timeout=180,
), Scenario(
    name="aarch64_rings",
    title="rings that a process maps, on aarch64",
    files=files,
    script="ROUNDS=4\noffline 2\n" + SCRIPT,
    arch="aarch64",
    smp="3",
    tier="long",
    timeout=180,
)]
