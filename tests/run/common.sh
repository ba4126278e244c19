# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# What ./dev and the suites share. A suite is a program of its own, run in the
# root of the tree; it ends with "finish", which writes "passed failed" to the
# file $COUNTS.

# ---- packages ---------------------------------------------------------------

packages_for() {	# SUITE: the Debian packages that it needs
	local build="gcc libc6-dev meson ninja-build pkg-config python3 liburcu-dev libck-dev"

	case $1 in
	demo) echo "$build" ;;
	demo-failures) echo "gcc libc6-dev libck-dev" ;;
	failures) echo "$build libcmocka-dev clang" ;;
	order) echo "python3 clang libc6-dev libcmocka-dev libck-dev" ;;
	bench-run) echo "$build g++ libbenchmark-dev gnuplot-nox libjemalloc2" ;;
	bench) echo "$build g++ libbenchmark-dev gnuplot-nox libjemalloc2 chromium" ;;
	examples) echo "$build libhttp-parser-dev clang llvm $(clang_runtime)" ;;
	headers) echo "$build g++ clang" ;;
	lint) echo "python3 clang-format shellcheck" ;;
	unit)
		echo "$build binutils libcmocka-dev clang valgrind"
		if [ "$(uname -m)" = x86_64 ]; then
			echo "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
		fi
		;;
	vm)
		echo "$build binutils libcmocka-dev make sparse libelf1 libhttp-parser-dev"
		if [ "$(uname -m)" = x86_64 ]; then
			echo "gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
			echo "qemu-system-x86 qemu-system-arm"
			if [ -n "${DEV_LONG:-}" ]; then
				echo "bc bison flex libelf-dev xz-utils"
			fi
		fi
		;;
	wine)
		echo "gcc libc6-dev python3 clang llvm $(clang_runtime)"
		if [ "$(uname -m)" = x86_64 ]; then
			echo "wine64 gcc-mingw-w64-x86-64"
		fi
		;;
	sanitizers) echo "$build libcmocka-dev clang llvm $(clang_runtime)" ;;
	*) echo "$build libcmocka-dev" ;;
	esac
}

clang_runtime() {	# the package of clang's sanitizers
	local version=""

	if command -v apt-cache >/dev/null; then
		version=$(apt-cache depends clang 2>/dev/null |
			sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
	fi
	echo "libclang-rt-${version:-14}-dev"
}

is_installed() {	# PACKAGE
	if command -v dpkg-query >/dev/null; then
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = \
			installed ]
		return
	fi
	case $1 in	# elsewhere: what is the package for?
	meson | clang | clang-format | valgrind | shellcheck | python3 | gcc | \
		g++ | pkg-config | make | sparse) command -v "$1" >/dev/null ;;
	ninja-build) command -v ninja >/dev/null ;;
	binutils) command -v objdump >/dev/null ;;
	llvm) command -v llvm-symbolizer >/dev/null ;;
	gcc-aarch64-linux-gnu) command -v aarch64-linux-gnu-gcc >/dev/null ;;
	qemu-user) command -v qemu-aarch64 >/dev/null ;;
	wine64) command -v wine64 >/dev/null || [ -x /usr/lib/wine/wine64 ] ;;
	gcc-mingw-w64-x86-64) command -v x86_64-w64-mingw32-gcc >/dev/null ;;
	qemu-system-x86) command -v qemu-system-x86_64 >/dev/null ;;
	qemu-system-arm) command -v qemu-system-aarch64 >/dev/null ;;
	libc6-dev) has_header stdio.h ;;
	liburcu-dev) has_header urcu/urcu-bp.h ;;
	libck-dev) has_header ck_epoch.h ;;
	libbenchmark-dev) has_header benchmark/benchmark.h ;;
	gnuplot-nox) command -v gnuplot >/dev/null ;;
	chromium) command -v chromium >/dev/null ;;
	libcmocka-dev) has_header cmocka.h ;;
	libhttp-parser-dev) has_header http_parser.h ;;
	libc6-dev-arm64-cross) [ -e /usr/aarch64-linux-gnu/include/stdio.h ] ;;
	*) true ;;
	esac
}

has_header() {
	[ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
}

need_for() {	# SUITE...: install what is missing, or say what
	local package missing="" as_root=""

	for package in $(for suite; do packages_for "$suite"; done | tr ' ' '\n' |
		sort -u); do
		is_installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
	fi
	if ! command -v apt-get >/dev/null ||
		{ [ -n "$as_root" ] && ! command -v sudo >/dev/null; }; then
		echo "dev: missing packages (Debian's names):$missing" >&2
		echo "dev: install them as root:" \
			"apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
	echo "installing$missing" >&2
	mkdir -p build/log
	if ! install_packages "$as_root" "$missing" >build/log/apt 2>&1; then
		tail -n 20 build/log/apt >&2
		echo "dev: could not install$missing; install them and try again" >&2
		exit 1
	fi
}

install_packages() {	# SUDO-OR-NOTHING PACKAGES
	local apt="$1 env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300"

	# Old lists can name packages that the archive has replaced since.
	# shellcheck disable=SC2086 # lists of words
	$apt update && $apt install -y --no-install-recommends $2
}

# ---- builds -----------------------------------------------------------------

configure() {	# NAME [VARIABLE=VALUE...] [MESON-ARGUMENT...]: set up build/NAME
	local dir=build/$1 stamp environment=()

	shift
	stamp="$PWD $(meson --version) $*"
	if [ -f "$dir/build.ninja" ] && [ -f "$dir/dev-arguments" ] &&
		[ "$(cat "$dir/dev-arguments")" = "$stamp" ]; then
		return 0
	fi
	while [[ "${1:-}" == [A-Z]*=* ]]; do
		environment+=("$1")
		shift
	done
	rm -rf "$dir"
	env "${environment[@]}" meson setup "$dir" -Db_colorout=auto "$@" || return
	echo "$stamp" >"$dir/dev-arguments"
}

configure_release() {	# NAME [MESON-ARGUMENT...]: without tests
	local name=$1

	shift
	mkdir -p build/log
	configure "$name" --buildtype=release -Dtests=disabled "$@" \
		>"build/log/configure-$name" 2>&1 || {
		cat "build/log/configure-$name" >&2
		exit 1
	}
}

setup() {	# NAME: one of the configurations that the suites share
	case $1 in
	debug) configure debug CC=gcc -Dtests=enabled -Ddebug_checks=true ;;
	torture) configure torture CC=gcc --buildtype=release -Dtests=enabled ;;
	clang) configure clang CC=clang --buildtype=release -Dtests=enabled ;;
	asan) configure_sanitized asan address,undefined ;;
	tsan) configure_sanitized tsan thread ;;
	msan) configure_sanitized msan memory -Dport=sim ;;
	aarch64) aarch64_configure ;;
	*) return 1 ;;
	esac
}

configure_sanitized() {	# NAME SANITIZERS [MESON-ARGUMENT...]
	configure "$1" CC=clang -Dtests=enabled -Ddebug_checks=true \
		-Db_sanitize="$2" -Db_lundef=false \
		-Dc_args="-fno-sanitize-recover=all -fno-omit-frame-pointer" \
		"${@:3}"
}

build() {	# NAME [TARGET...]
	local dir=build/$1

	shift
	ninja --quiet -C "$dir" "$@"
}

# ---- checks -----------------------------------------------------------------

suite_passed=0
suite_failed=0
unbuilt=""	# configurations that did not build
# Did the last check pass?
# shellcheck disable=SC2034 # for suites
check_ok=true

# NAME COMMAND...: one check. The command may be a function; the first command
# in it that fails fails the check.
check() {
	local name=$1 log start=$SECONDS rc

	shift
	log=$(begin "$name")
	printf '   %-60s' "$name"
	set +e
	(
		set -e
		"$@"
	) >"$log" 2>&1
	rc=$?
	set -e
	if [ "$rc" -eq 0 ]; then
		report 1 0 "$start" "$log"
	else
		report 0 1 "$start" "$log"
	fi
}

# NAME SETUP [TEST-ARGUMENT...]: set up, build, run tests; each of them counts.
check_meson() {
	local name=$1 setup=$2 dir=build/$2 log start=$SECONDS rc=0 ok=0 bad=0

	shift 2
	log=$(begin "$name")
	printf '   %-60s' "$name"
	if [[ " $unbuilt " == *" $setup "* ]]; then
		report 0 1 "$start"
		echo "   | not built, see above"
		return
	fi
	if ! { setup "$setup" && build "$setup"; } >"$log" 2>&1; then
		unbuilt="$unbuilt $setup"
		report 0 1 "$start" "$log"
		return
	fi
	rm -f "$dir"/meson-logs/testlog*.json
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@" >"$log" 2>&1 ||
		rc=$?
	if ls "$dir"/meson-logs/testlog*.json >/dev/null 2>&1; then
		read -r ok bad < <(python3 tests/run/count.py \
			"$dir"/meson-logs/testlog*.json)
	fi
	if [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
	elif [ $((ok + bad)) -eq 0 ]; then
		echo "no test was run" >>"$log"
		bad=1
	fi
	report "$ok" "$bad" "$start" "$log"
}

# NAME COMMAND...: a program that prints a line for each test as it goes, and
# at the end "N passed, N failed".
check_counted() {
	local name=$1 log start=$SECONDS rc=0 ok=0 bad=0

	shift
	log=$(begin "$name")
	"$@" 2>&1 | tee "$log" | sed 's/^/   /' || rc=$?
	read -r ok bad < <(tail -n 1 "$log" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p') || true
	if [ "$rc" -ne 0 ] && [ "${bad:-0}" -eq 0 ]; then
		bad=1
	fi
	printf '   %-60s' "$name"
	report "${ok:-0}" "${bad:-0}" "$start"
}

begin() {	# CHECK: the file for its output
	mkdir -p build/log
	echo "build/log/$(echo "$1" | tr -c 'a-zA-Z0-9\n' -)"
}

report() {	# PASSED FAILED START [LOG]
	local seconds=$((SECONDS - $3))

	# shellcheck disable=SC2034 # for suites
	check_ok=true
	if [ "$2" -eq 0 ]; then
		printf 'ok     %4d  %4d s\n' "$1" "$seconds"
	else
		printf 'FAILED %4d  %4d s\n' "$2" "$seconds"
		# shellcheck disable=SC2034 # for suites
		check_ok=false
	fi
	if [ "$2" -ne 0 ] && [ -n "${4:-}" ]; then
		tail -n 60 "$4" | sed 's/^/   | /'
		echo "   | (all of it: $4)"
	fi
	suite_passed=$((suite_passed + $1))
	suite_failed=$((suite_failed + $2))
}

finish() {	# the suite's last command
	echo "$suite_passed $suite_failed" >"$COUNTS"
	[ "$suite_failed" -eq 0 ]
}
