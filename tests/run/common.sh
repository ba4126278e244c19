# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What suites share. A suite is a program of its own, run in the root of the
# tree by "./dev test"; each of its checks prints a line when it ends. It ends
# with "finish", which writes the counts to the file $COUNTS.

. tests/run/tiers.sh
. tests/run/builds.sh

suite_passed=0
suite_failed=0
suite_skipped=0
unbuilt=""	# builds that failed
TORTURE='torture|libplugin_whole'	# its programs
ONCE='soak|examples/demo/'	# those that one build has to run
# Did the last check pass?
# shellcheck disable=SC2034 # for suites
check_ok=true

# NAME COMMAND...: one check. The command may be a function; the first command
# in it that fails fails the check.
check() {
	local name=$1 log start=$SECONDS rc

	shift
	log=$(log_of "$name")
	begin "$name"
	set +e
	(
		set -e
		"$@"
	) >"$log" 2>&1
	rc=$?
	set -e
	if [ "$rc" -eq 0 ]; then
		report "$name" 1 0 "$start" "$log"
	else
		report "$name" 0 1 "$start" "$log"
	fi
	note_skips "$name" 's/^\([a-z]*: \)skipped, /\1/p' "$log"
}

# NAME BUILD[:PATTERN] [TEST-ARGUMENT...]: build, or only programs that match;
# run tests of meson. Each of them counts.
check_meson() {
	local name=$1 build=${2%%:*} base log start=$SECONDS rc=0 ok=0 bad=0
	local what=(setup_and_build "$build")

	[ "$build" = "$2" ] ||
		what=(setup_and_build_matching "$build" "${2#*:}")

	shift 2
	log=$(log_of "$name")
	base=${log##*/}
	begin "$name"
	if [[ " $unbuilt " == *" $build "* ]]; then
		echo "build/$build: see above" >"$log"
		report "$name" 0 1 "$start" "$log"
		return
	fi
	if ! "${what[@]}" >"$log" 2>&1; then
		unbuilt="$unbuilt $build"
		report "$name" 0 1 "$start" "$log"
		return
	fi
	rm -f "build/$build/meson-logs/$base"*.json
	meson test -C "build/$build" --no-rebuild --print-errorlogs \
		--logbase "$base" "$@" >"$log" 2>&1 || rc=$?
	base=build/$build/meson-logs/$base
	read -r ok bad < <(python3 tests/run/count.py "$base"*.json)
	if [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	elif [ $((ok + bad)) -eq 0 ]; then
		echo "no test was run" >>"$log"
		bad=1
	fi
	report "$name" "$ok" "$bad" "$start" "$log"
	note_failures "$name" <(python3 tests/run/count.py --failed "$base"*.json)
	python3 tests/run/count.py --skipped "$base"*.json >"$log.skipped"
	note_skips "$name" p "$log.skipped"
}

# PATTERN NAME BUILD [TEST-ARGUMENT...]: torture programs, each of which ends
# itself when it hangs: Meson's limit of 300 s is for one that cannot.
check_torture_of() {
	check_meson "$2" "$3:$1" --suite torture \
		--timeout-multiplier $((${CPUSLAB_TORTURE_SECONDS%.*} / 30 + 1)) \
		"${@:4}"
}

check_torture() {	# NAME BUILD [TEST-ARGUMENT...]: all of them
	check_torture_of "$TORTURE|$ONCE" "$@"
}

# NAME BUILD [TEST-ARGUMENT...]: those that each build and mode has to run; with
# --full, all.
check_torture_again() {
	if at_least full; then
		check_torture "$@"
	else
		check_torture_of "$TORTURE" "$@" --no-suite once
	fi
}

# NAME COMMAND...: a program that prints a line for each test as it goes, and
# at the end "N passed, N failed".
check_counted() {
	local name=$1 log start=$SECONDS rc=0 ok=0 bad=0

	shift
	log=$(log_of "$name")
	begin "$name"
	"$@" 2>&1 | tee "$log" | sed -u '/^[0-9]* passed, [0-9]* failed$/d' ||
		rc=$?
	read -r ok bad < <(tail -n 1 "$log" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p') || true
	if [ "$rc" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
		bad=1
	fi
	report "$name" "${ok:-0}" "${bad:-0}" "$start"
	note_failures "$name" <(sed -n 's/^failed: //p' "$log")
	note_skips "$name" 's/^\([^ |]*\)  *skipped: /\1: /p' "$log"
}

# NAME PASSED-PATTERN FAILED-PATTERN COMMAND...: a program whose lines count.
check_lines() {
	local name=$1 passed=$2 failed=$3 log start=$SECONDS rc=0 ok bad

	shift 3
	log=$(log_of "$name")
	begin "$name"
	"$@" >"$log" 2>&1 || rc=$?
	ok=$(grep -c "$passed" "$log") || true
	bad=$(grep -c "$failed" "$log") || true
	if [ "$rc" -ne 0 ] || [ "$ok" -eq 0 ]; then
		bad=$((bad ? bad : 1))
	fi
	report "$name" "$ok" "$bad" "$start" "$log"
}

skip() {	# NAME WHY: instead of a check that cannot run here
	printf '%-58s skipped: %s\n' "$1" "$2"
	note_skips "$1" p <(echo "$2")
}

# For the summary: which tests of a check failed.
note_failures() {	# CHECK LINES
	local line

	[ -n "${COUNTS:-}" ] || return 0
	while read -r line; do
		echo "$1: $line" >>"$COUNTS.failed"
	done <"$2"
}

# For the summary: lines of a log that this script of sed prints.
note_skips() {	# CHECK SCRIPT LOG
	local line

	while read -r line; do
		suite_skipped=$((suite_skipped + 1))
		[ -z "${COUNTS:-}" ] || echo "$1: $line" >>"$COUNTS.skipped"
	done < <(sed -n "$2" "$3")
}

log_of() {	# CHECK: the file for its output
	mkdir -p build/log
	echo "build/log/$(echo "$1" | tr -c 'a-zA-Z0-9\n' -)"
}

begin() {	# CHECK: what is shown while it runs
	[ -z "${COUNTS:-}" ] || echo "$1" >"$COUNTS.now"
}

report() {	# CHECK PASSED FAILED START [LOG]
	local word=ok count=$2

	# shellcheck disable=SC2034 # for suites
	check_ok=true
	if [ "$3" -ne 0 ]; then
		# shellcheck disable=SC2034 # for suites
		check_ok=false
		word=FAILED
		count=$3
		[ -z "${COUNTS:-}" ] || echo "$1" >>"$COUNTS.failed"
	fi
	printf '%-58s %-6s %4d  %4d s\n' "$1" $word "$count" $((SECONDS - $4))
	if [ "$3" -ne 0 ] && [ -n "${5:-}" ]; then
		tail -n 60 "$5" | sed 's/^/| /'
		echo "| (the whole log: $5)"
	fi
	suite_passed=$((suite_passed + $2))
	suite_failed=$((suite_failed + $3))
}

finish() {	# the suite's last command
	local seconds

	if [ -n "${COUNTS:-}" ]; then
		# User and system time: of this shell, and of what it ran.
		times >"$COUNTS.times"
		seconds=$(tr 'ms' '  ' <"$COUNTS.times" | awk '{
			seconds += ($1 + $3) * 60 + $2 + $4
		} END { print int(seconds) }')
		echo "$suite_passed $suite_failed $suite_skipped $seconds" >"$COUNTS"
	fi
	[ "$suite_failed" -eq 0 ]
}
