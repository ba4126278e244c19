# SPDX-License-Identifier: MIT
"""The example server under load, while its CPUs come and go. Every
request is answered, and all counts of them agree.

user_server: CPUs are plugged in and out, go offline and return. Its
hotplug has no timer: it depends on the kernel's events. The others: it is
in a cpuset of its own, which is narrowed and widened without any event."""

from harness import Scenario


def files(build):
    server = sorted(str(path.relative_to(build.root)) for path in
                    (build.root / "examples" / "server").glob("*.c"))
    parser = "llhttp" if build.has_header("llhttp.h") else "http_parser"
    return {
        "/bin/server": build.program("cpuslab-server", server,
                                     ("-l" + parser,)),
        "/bin/load": build.program("cpuslab-load", ["examples/load/load.c"]),
    }


FUNCTIONS = r"""
page() {	# PATH: request it, and count that
	echo "$1" >>/tmp/pages
	load -g "$1" 8080
}
sees() {	# LIST: does the server know that it may use these, and no others?
	page /status | grep -qF "\"online\": [$1]"
}
noticed() {	# LIST
	check "it notices: $1" wait_for 60 sees "$1"
}
page_shows_offline() {	# of 5 CPUs: 1 and 3, which have no copies
	page /live | sed -n 's/^<tr><th scope="row">\([0-9]*\)<.*/\1 &/p' |
		awk '{ print $1, (/>parked</), (/>no copy</) }' >/tmp/rows
	cat /tmp/rows
	[ "$(tr '\n' , </tmp/rows)" = "0 0 0,1 1 1,2 0 0,3 1 1,4 0 0," ]
}
metric() {	# NAME
	page /metrics | sed -n "s/^$1 //p"
}
works() {	# CPU: does its worker answer requests?
	_before=$(metric "cpuslab_server_worker_requests_total{cpu=\"$1\"}")
	wait_for 60 has_answered "$1" "$_before"
}
has_answered() {	# CPU MORE-THAN
	[ "$(metric "cpuslab_server_worker_requests_total{cpu=\"$1\"}")" -gt "$2" ]
}
is_total() {	# NAME: is it the number of answers so far?
	_pages=$(wc -l </tmp/pages)
	_value=$(metric "$1")
	echo "$1 is $_value; $answered and $_pages pages were answered"
	[ "$_value" -eq $((answered + _pages)) ]
}
workers_total() {
	_pages=$(wc -l </tmp/pages)
	_value=$(page /metrics | awk '
		/^cpuslab_server_worker_requests_total/ { n += $2 }
		END { printf "%d", n }')
	echo "the workers answered $_value; $answered and $_pages pages"
	[ "$_value" -eq $((answered + _pages)) ]
}
said_total() {	# at its end
	_pages=$(wc -l </tmp/pages)
	cat /tmp/server
	grep -q "^served $((answered + _pages)) requests" /tmp/server
}
begin() {	# OPTION...: start the server and the load
	ifconfig lo 127.0.0.1 up
	server --port=8080 "$@" >/tmp/server &
	server=$!
	wait_for 60 grep -q listening /tmp/server
	load -c 6 -s 3600 8080 >/tmp/load &
	load=$!
}
"""

PLUGGED = r"""
begin --rescan=3600000
noticed "0, 1"
check "worker 1 answers" works 1

check "plug in three" plug 2 3 4
check "bring two online" online 2 4
noticed "0, 1, 2, 4"
check "worker 2 answers" works 2
check "worker 4 answers" works 4
check "and the third" online 3
noticed "0, 1, 2, 3, 4"
check "worker 3 answers" works 3

for round in 1 2 ${LONG:+3 4 5 6 7 8}; do
	check "two go offline" offline 1 3
	noticed "0, 2, 4"
	check "the page for people shows that" wait_for 60 page_shows_offline
	check "they return" online 3 1
	noticed "0, 1, 2, 3, 4"
	check "worker 1 answers again" works 1
done
check "one goes offline and returns, quickly" eval \
	'for i in 1 2 3 4 5; do offline 2 && online 2 || exit; done'
noticed "0, 1, 2, 3, 4"

check "unplug one in the middle" unplug 3
noticed "0, 1, 2, 4"
check "unplug the rest" unplug 4 2
noticed "0, 1"
check "worker 0 answers" works 0
"""

CPUSET = r"""
group=/sys/fs/cgroup/server
narrow() {	# LIST
	echo "$1" >$group/cpuset.cpus
}
is_bound() {	# CPU: may its worker run there, and nowhere else?
	for _task in /proc/$server/task/*; do
		read -r _name <$_task/comm
		[ "$_name" = "cpuslab/$1" ] || continue
		while read -r _key _value; do
			[ "$_key" != Cpus_allowed_list: ] ||
				[ "$_value" != "$1" ] || return 0
		done <$_task/status
	done
	return 1
}
bound() {	# CPU...
	for _cpu; do
		check "worker $_cpu is bound" wait_for 60 is_bound "$_cpu"
		check "worker $_cpu answers" works "$_cpu"
	done
}
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
begin --rescan=50
noticed "0, 1, 2, 3"
check "move it into a cpuset" eval 'echo $server >$group/cgroup.procs'
bound 0 1 2 3
for round in 1 ${LONG:+2 3 4 5 6 7 8}; do
	check "two of four" narrow 1-2
	noticed "1, 2"
	bound 1 2
	check "the other two" narrow 0,3
	noticed "0, 3"
	bound 0 3
	check "a set of one" narrow 2
	noticed "2"
	bound 2
	check "which goes offline: the kernel lends the others" offline 2
	noticed "0, 1, 3"
	bound 1
	check "it returns" online 2
	noticed "2"
	bound 2
	check "all of them" narrow 0-3
	noticed "0, 1, 2, 3"
	bound 0 1 2 3
done
released() {
	[ "$(metric 'cpuslab_slab_releases_total{.*}')" -gt 0 ]
}
check "in rseq mode: memory was released" released
"""

END = r"""
kill $load
wait $load
cat /tmp/load
check "every request was answered" grep " failed 0 " /tmp/load
answered=$(sed -n 's/^answered \([0-9]*\) .*/\1/p' /tmp/load)
check "the counter" is_total cpuslab_server_requests_total
check "the histogram" is_total cpuslab_server_request_duration_seconds_count
check "the workers" workers_total
check "connections were moved" test "$(metric \
	cpuslab_server_moved_connections_total)" -gt 0
page /metrics | grep -v '^#'
kill $server
wait $server
check "it ends cleanly" test $? -eq 0
check "with the exact total" said_total
"""


def scenario(name, title, script, **more):
    return Scenario(name=name, title=title, files=files,
                    script=FUNCTIONS + script + END, **more)


SCENARIOS = (
    scenario("user_server", "a server under load, whose CPUs come and go",
             PLUGGED),
    scenario("user_server_cpuset", "the same, whose cpuset is narrowed and"
             " widened", CPUSET, smp="4", requires=("CONFIG_CPUSETS",),
             tier="full"),
    scenario("aarch64_server", "the same on aarch64, in rseq mode", CPUSET,
             smp="4", arch="aarch64", requires=("CONFIG_CPUSETS",),
             tier="full", timeout=240),
)
