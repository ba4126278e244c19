# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# Functions for the scripts of scenarios, which follow this text.

CPUS=/sys/devices/system/cpu

pass() {	# NAME
	echo "ok $1"
}

fail() {	# NAME WHY
	echo "not ok $1: $2"
}

# NAME COMMAND...: run it; if it fails, its last line of output is the reason, or
# the command itself.
check() {
	_name=$1
	shift
	_start=$(cut -d. -f1 /proc/uptime)
	if "$@" >/tmp/.check 2>&1; then
		_rc=0
	else
		_rc=$?
	fi
	_took=$(($(cut -d. -f1 /proc/uptime) - _start))
	cat /tmp/.check
	[ "$_took" -lt 2 ] || echo "($_took s)"
	if [ "$_rc" -eq 0 ]; then
		pass "$_name"
	else
		_why=$(tail -n 1 /tmp/.check)
		fail "$_name" "status $_rc, ${_why:-$*}"
	fi
}

# SECONDS COMMAND...: until it succeeds. In a subshell, so that the command may
# wait as well.
wait_for() (
	_end=$(($(cut -d. -f1 /proc/uptime) + $1))
	shift
	until "$@"; do
		if [ "$(cut -d. -f1 /proc/uptime)" -ge "$_end" ]; then
			echo "timed out waiting for: $*"
			return 1
		fi
		usleep 20000
	done
)

is() {	# FILE TEXT: is this the content of the file?
	[ "$(cat "$1")" = "$2" ]
}

differs() {	# FILE TEXT
	[ "$(cat "$1")" != "$2" ]
}

plug() {	# CORE...: plug CPUs in, do not bring them online
	for _core; do
		_before=$(cat $CPUS/present)
		host device_add "$_core" || return
		wait_for 30 differs $CPUS/present "$_before" || return
	done
}

unplug() {	# CORE...: this also takes them offline
	for _core; do
		host device_del "$_core" || return
	done
}

online() {	# CPU...
	for _cpu; do
		wait_for 30 test -e "$CPUS/cpu$_cpu/online" || return
		echo 1 >"$CPUS/cpu$_cpu/online" || return
	done
}

offline() {	# CPU...
	for _cpu; do
		echo 0 >"$CPUS/cpu$_cpu/online" || return
	done
}
