#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The benchmarks, briefly: each body does what it says, in each mode; options,
# comparison and report work. No goal is tested, because the machine is busy.
set -euo pipefail
. tests/run/common.sh

folder=build/bench/bench
program=$folder/cpuslab-bench

bench_build() {
	configure_release bench -Dbench=true "-Dlibrseq=${LIBRSEQ:-}"
	build_bench bench
}

bench_quick() {
	python3 bench/run.py "$folder" --quick
}

bench_quick_atomic() {
	GLIBC_TUNABLES=glibc.pthread.rseq=0 "$program" --quick
}

bench_report() {
	python3 bench/run.py "$folder" --quick --report
	python3 tests/bench/test_browser.py "$folder/results/bench.html"
}

check "benchmarks: build" bench_build
if $check_ok; then
	check "benchmarks: each does what it says, rseq and sim" bench_quick
	check "benchmarks: each does what it says, atomic mode" \
		bench_quick_atomic
	check "benchmarks: Google Benchmark's options" \
		python3 tests/bench/test_google.py "$program"
	check "benchmarks: comparison of two results" \
		python3 tests/bench/test_compare.py
	check "benchmarks: goals, and several builds" \
		python3 tests/bench/test_gates.py "$program"
	check "benchmarks: the page of the results" \
		python3 tests/bench/test_report.py
	check "benchmarks: curves from one thread to all CPUs" \
		python3 tests/bench/test_scale.py "$folder"
	if at_least full; then
		check "benchmarks: the page in a browser" bench_report
	fi
fi
finish
