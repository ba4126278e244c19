# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Tiers: how much is tested. $TIER is one of quick, default, full, long.

TIERS="quick default full long"
TIER=${TIER:-default}

at_least() {	# TIER: does this run have all that the tier has?
	local below=${TIERS%%"$1"*} mine=${TIERS%%"$TIER"*}

	[ ${#mine} -ge ${#below} ]
}

# The first tier that runs a suite, the lane in which it runs, what it tests.
# Suites of a lane run one after the other: in "work" those that only compute,
# from both ends of the list at once; in "time" those in which something waits
# for an answer, and which therefore go first where CPUs are short.
all_suites() {
	cat <<-END
		quick   work lint         layout, the rules of CONTRIBUTING.md, the reference; --full: also in a browser
		quick   work headers      each header alone, in C and C++, and what must not compile
		quick   work install      the library as two files; then also installed, with pkg-config, CMake, meson
		quick   work ffi          libcpuslab-ffi: each inline function as a symbol, used by Python and by C without headers
		quick   work unit         the unit tests, with gcc; --full: also release, with clang
		quick   work failures     drivers written in the usual way, and with cpuslab, when the CPUs change; --full: also with clang
		quick   time torture      real threads; then also in atomic mode
		default work abi          the library's binary interface against the one that was accepted
		default work memory_model simulated storms with weak memory order; --long: also with each ordered access relaxed
		default work sanitizers   ASan, UBSan and TSan; --full: TSan also on sim, and MSan
		default work mutants      deliberate bugs must be found: those in changed files and some others; --full: all
		default work models       models of what threads may do at once, searched to their end: the small ones; --full: all, and all their bugs
		default work fuzz         arbitrary input, by libFuzzer, briefly; --full: also bugs that it must find; --long: an hour for each target
		default work machines     other machines: the library compiled for each; --full: unit tests and torture under qemu-user
		default time vm           guests under QEMU whose CPUs come and go; --full: also 6.12, 7.x and PREEMPT_RT; --long: kernels with KASAN and lockdep, KCSAN, and PREEMPT_NONE
		default time wine         the Windows ports: mingw-w64, Wine, natively under sanitizers
		default time examples     the example server while its CPUs change; --full: also under TSan, in a browser
		default time bench        each benchmark runs briefly; --full: also the report, in a browser
		full    work packaging    the Debian packages, built, installed and used in Debian 12 and 13
		full    work readme       each block of code in a page, in fresh systems of Debian 12 and 13
		full    work analysis     gcc -fanalyzer, clang-tidy and cppcheck: no findings, and all of what is planted
		full    work coverage     what the tests run of the library, by llvm-cov: all but what is listed
		full    work valgrind     the unit tests of linux-user
	END
}

suites_of() {	# [TIER [LANE]]: their names
	all_suites | while read -r tier lane name _; do
		if [ -n "${1:-}" ]; then
			TIER=$1 at_least "$tier" || continue
		fi
		[ "${2:-$lane}" = "$lane" ] && echo "$name"
	done
}
