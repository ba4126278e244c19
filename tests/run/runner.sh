# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Runs suites, three at a time, and prints what came of them. For a suite that
# runs, build/results/SUITE.now has its current check.

results=build/results
clear_line=""
[ ! -t 1 ] || clear_line=$'\r\e[K'

run_suites() {	# SUITE...: false if a test has failed
	local lane

	mkdir -p build/log
	exec 9>build/lock-run
	flock -n 9 || {
		echo "dev: another test run uses build/" >&2
		exit 2
	}
	rm -rf "$results"
	mkdir -p "$results"
	lanes=() progress=""
	trap stop_all EXIT
	set -m	# a process group for each lane
	for lane in time work more; do
		run_lane "$lane" "$@" 9>&- &
		lanes+=($!)
	done
	show_progress 9>&- &
	progress=$!
	set +m
	wait "${lanes[@]}"
	kill "$progress" 2>/dev/null || true
	wait "$progress" 2>/dev/null || true
	trap - EXIT
	print_summary "$@"
}

only_in_lane() {	# LANE SUITE...
	local suite

	for suite in $(suites_of "" "$1"); do
		case " ${*:2} " in
		*" $suite "*) echo "$suite" ;;
		esac
	done
}

# The suites of its lane; then, and in the lane "more", from the end of the work.
run_lane() {	# LANE SUITE...
	local work

	work=$(only_in_lane work "${@:2}")
	[ "$1" != time ] || run_all "$(only_in_lane time "${@:2}")"
	[ "$1" = work ] || work=$(echo "$work" | tac)
	renice -n 10 "$BASHPID" >/dev/null
	run_all "$work"
}

run_all() {	# SUITES that no lane has begun
	local suite

	for suite in $1; do
		! mkdir "$results/$suite.begun" 2>/dev/null ||
			run_suite "$suite"
	done
}

run_suite() {	# SUITE
	local suite=$1 start=$SECONDS rc=0 passed=0 failed=0 skipped=0 cpu=0

	COUNTS=$results/$suite bash "tests/run/$suite.sh" 2>&1 </dev/null |
		sed -u "s/^/$clear_line$(printf '%-13s' "$suite")/" || rc=$?
	if [ -s "$results/$suite" ]; then
		read -r passed failed skipped cpu <"$results/$suite"
	fi
	if [ "$rc" -ne 0 ] && [ "$failed" -eq 0 ]; then
		echo "the suite ended with status $rc" >>"$results/$suite.failed"
		failed=1
	elif [ $((passed + failed + skipped)) -eq 0 ]; then
		echo "no test was run" >>"$results/$suite.failed"
		failed=1
	fi
	echo "$passed $failed $skipped $((SECONDS - start)) $cpu" \
		>"$results/$suite.done"
	rm -f "$results/$suite.now"
}

# What runs now, and for how long: on a terminal in its last line, elsewhere
# every half minute.
show_progress() {
	local seconds=0

	while sleep 1; do
		seconds=$((seconds + 1))
		if [ -n "$clear_line" ]; then
			printf '%s%s' "$clear_line" "$(running $seconds)"
		elif [ $((seconds % 30)) -eq 0 ]; then
			running $seconds
		fi
	done
}

running() {	# SECONDS since the start
	local file check since text=""

	for file in "$results"/*.now; do
		# It may vanish at any moment.
		check=$(cat "$file") || continue
		since=$(stat -c %Y "$file") || continue
		text="$text; $(basename "$file" .now): $check"
		text="$text, $(($(date +%s) - since)) s"
	done
	printf '(%d s)%s\n' "$1" "${text#;}"
} 2>/dev/null

stop_all() {	# when this shell ends early
	local group

	for group in "${lanes[@]}" $progress; do
		kill -TERM -- "-$group" 2>/dev/null || true
	done
}

print_summary() {	# SUITE...
	local suite passed failed skipped seconds cpu format total=(0 0 0 0)

	format='%-13s %8s %8s %8s %8s %12s\n'
	# shellcheck disable=SC2059 # one format for all lines
	{
		printf "%s\n$format" "$clear_line" suite passed failed skipped \
			seconds "CPU seconds"
		for suite in $(suites_of); do
			[ -e "$results/$suite.done" ] || continue
			read -r passed failed skipped seconds cpu \
				<"$results/$suite.done"
			printf "$format" "$suite" "$passed" "$failed" \
				"$skipped" "$seconds" "$cpu"
			total=($((total[0] + passed)) $((total[1] + failed))
				$((total[2] + skipped)) $((total[3] + cpu)))
		done
		printf "$format" together "${total[@]:0:3}" "$SECONDS" \
			"${total[3]}"
	}
	print_notes skipped
	print_notes failed
	print_left_out "$@"
	printf '\n%d passed, %d failed\n' "${total[0]}" "${total[1]}"
	[ "${total[1]}" -eq 0 ]
}

print_notes() {	# KIND: skipped or failed
	local file

	for file in "$results"/*."$1"; do
		[ -e "$file" ] || continue
		sed "s/^/$1: $(basename "$file" ".$1"): /" "$file"
	done
}

print_left_out() {	# SUITE...: suites that this tier does not run
	local suite missing=""

	[ "${all_of_tier:-}" = true ] || return 0
	for suite in $(suites_of); do
		case " $* " in
		*" $suite "*) ;;
		*) missing="$missing $suite" ;;
		esac
	done
	case $TIER in
	quick) echo "left out by --quick, as are parts of what ran:$missing" ;;
	default) echo "left out without --full, as are parts of what ran:$missing" ;;
	full) echo "left out without --long: debug kernels, torture for minutes" ;;
	esac
}
