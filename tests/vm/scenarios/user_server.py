# SPDX-License-Identifier: MIT
"""The example server under load, while processors are plugged in and out, go
offline and return. Its notifier never looks by itself: it hears the kernel's
events. Every request is answered, and all that counts them agrees."""

from harness import Scenario


def files(build):
    server = sorted(str(path.relative_to(build.root)) for path in
                    (build.root / "examples" / "server").glob("*.c"))
    return {
        "/bin/server": build.program("cpuslab-server", server,
                                     ("-lhttp_parser",)),
        "/bin/load": build.program("cpuslab-load", ["examples/load/load.c"]),
    }


SCRIPT = r"""
page() {	# PATH: and count that it was asked for
	echo "$1" >>/tmp/pages
	load -g "$1" 8080
}
sees() {	# LIST: does the server know that it may use these, and no others?
	page /status | grep -qF "\"online\": [$1]"
}
noticed() {	# LIST
	check "it notices: $1" wait_for 20 sees "$1"
}
metric() {	# NAME
	page /metrics | sed -n "s/^$1 //p"
}
works() {	# CPU: has its worker answered something since?
	_before=$(metric "cpuslab_server_worker_requests_total{cpu=\"$1\"}")
	wait_for 20 has_answered "$1" "$_before"
}
has_answered() {	# CPU MORE-THAN
	[ "$(metric "cpuslab_server_worker_requests_total{cpu=\"$1\"}")" -gt "$2" ]
}
is_total() {	# NAME: is it what was answered before?
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

ifconfig lo 127.0.0.1 up
server --port=8080 --rescan=3600000 >/tmp/server &
server=$!
wait_for 20 grep -q listening /tmp/server
load -c 6 -s 600 8080 >/tmp/load &
load=$!
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
	check "they return" online 3 1
	noticed "0, 1, 2, 3, 4"
	check "worker 1 answers again" works 1
done
check "one goes and returns, quickly" eval \
	'for i in 1 2 3 4 5; do offline 2 && online 2 || exit; done'
noticed "0, 1, 2, 3, 4"

check "unplug one in the middle" unplug 3
noticed "0, 1, 2, 4"
check "unplug the rest" unplug 4 2
noticed "0, 1"
check "worker 0 answers" works 0

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

SCENARIO = Scenario(
    title="a server under load, whose processors come and go",
    files=files,
    script=SCRIPT,
    timeout=120,
)
