# SPDX-License-Identifier: MIT
"""Shared by the scenarios of examples/scap/ and of Falco's driver: marked system
calls in phases, and what a consumer of the rings has of them."""

SHARED = r"""
CALLS=10000
FIRST=1000000
mark=$FIRST
phase() {	# NAME CPU...: marked system calls on these CPUs
	echo "$mark $1" >>/tmp/phases
	shift
	for _cpu; do
		echo "$mark $_cpu ${count:-$CALLS}" >>/tmp/made
		scap_calls "$_cpu" ${count:-$CALLS} $mark >/dev/null || return
	done
	mark=$((mark + 1))
}
open_for() {	# NOTE
	consumer_starts
	check "$1: the rings are read" wait_for 30 consumer_reads
}
close_it() {
	kill $consumer
	wait_for 30 consumer_ended
	consumer_counts
}
recorded() {	# MARK CPU
	awk -v mark="$1" -v cpu="$2" '$1 == mark && $2 == cpu && $3 == "calls" {
		n = $4 } END { print n + 0 }' /tmp/table
}
# A line for each phase: of CALLS on each CPU, those that were recorded there.
show() {
	printf "| %-36s |  CPU 0 |  CPU 1 |  CPU 2 |  CPU 3 |\n" ""
	while read -r _mark _name; do
		printf "| %-36s |" "$_name"
		for _cpu in 0 1 2 3; do
			printf " %6d |" $(recorded $_mark $_cpu)
		done
		echo
	done </tmp/phases
	grep -v calls /tmp/table
	rm -f /tmp/phases /tmp/made
}
# Was each call recorded on the CPU that made it?
all_recorded() {	# FILE: lines "MARK CPU COUNT", by default all
	while read -r _mark _cpu _made; do
		[ "$(recorded $_mark $_cpu)" = "$_made" ] && continue
		echo "$_mark on CPU $_cpu: $(recorded $_mark $_cpu) of $_made"
		return 1
	done <"${1:-/tmp/made}"
}
"""

# /tmp/said: what the consumer says about rings.
CPUSLAB = r"""
consumer_starts() {
	rm -f /tmp/lines
	mkfifo /tmp/lines
	awk '$5 != "=" { calls[$5 " " $2]++ }
		END { for (key in calls) print key, calls[key] }' \
		</tmp/lines >/tmp/counted &
	counter=$!
	scap -s 3 >/tmp/lines 2>/tmp/said &
	consumer=$!
}
consumer_reads() { ls -l /proc/$consumer/fd | grep -q cpuslab_scap; }
consumer_ended() { grep lost /tmp/said >/tmp/table; }
consumer_counts() {
	wait $counter
	while read -r _mark _cpu _calls; do
		echo "$((_mark)) $_cpu calls $_calls"
	done </tmp/counted >>/tmp/table
}
load() { insmod /m/cpuslab_scap.ko; }
offline_is_read() {	# what was recorded before is printed first
	check "the ring of CPU 3 is freed" wait_for 60 \
		grep -qx "CPU 3 is offline, its ring is freed" /tmp/said
}
judge() {	# FILE: of the calls that there is room for
	check "each call is recorded" all_recorded "$1"
	cat /tmp/said
}
version=cpuslab
"""


def files(build):
    """The example: its driver, and its consumer."""
    scap = build.program("scap", ["examples/scap/scap.c"])
    return {"/bin/scap": scap} | {
        "/m/" + ko.name: ko for ko in build.module("scap", ["examples/scap"])}
