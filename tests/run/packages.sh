# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# The Debian packages that a command needs, and their installation.
#
#	a|b   names of one package in different releases of Debian
#	?a    optional: it may conflict with an installed package, and apt is
#	      not allowed to remove that; a part of the suite is then skipped

BUILD_PACKAGES="gcc libc6-dev meson ninja-build pkg-config python3 libck-dev"
CROSS_PACKAGES="?gcc-aarch64-linux-gnu ?libc6-dev-arm64-cross qemu-user"
MACHINES_PACKAGES="?gcc-riscv64-linux-gnu ?libc6-dev-riscv64-cross
	?gcc-s390x-linux-gnu ?libc6-dev-s390x-cross
	?gcc-powerpc64le-linux-gnu ?libc6-dev-ppc64el-cross
	?gcc-arm-linux-gnueabihf ?libc6-dev-armhf-cross
	?gcc-i686-linux-gnu ?libc6-dev-i386-cross"

packages_for() {	# COMMAND-OR-SUITE
	local build=$BUILD_PACKAGES

	case $1 in
	demo) echo "$build" ;;
	demo-failures) echo "gcc libc6-dev libck-dev" ;;
	run-bench) echo "$build g++ liburcu-dev libbenchmark-dev libjemalloc2 ?musl-tools" ;;
	run-gates) echo "$build g++ liburcu-dev libbenchmark-dev libjemalloc2 clang ?musl-tools" ;;
	lint)
		echo "python3 python3-markdown-it clang-format shellcheck mandoc bsdextrautils"
		! at_least full || echo chromium
		;;
	headers)
		echo "$build binutils g++"
		! at_least default || echo "clang python3-markdown-it"
		;;
	install)
		echo "$build python3-markdown-it ?musl-tools"
		! at_least default || echo "binutils clang cmake g++ gdb"
		;;
	ffi) echo "$build binutils libcmocka-dev" ;;
	packaging)
		echo "$build binutils build-essential debhelper dh-dkms lintian libcmocka-dev mmdebstrap systemtap-sdt-dev ?gcc-aarch64-linux-gnu ?libc6-dev-arm64-cross python3-markdown-it"
		;;
	abi) echo "gcc libc6-dev binutils python3 ?abigail-tools" ;;
	readme)
		echo "python3 git mmdebstrap"
		[ "$(uname -m)" != x86_64 ] || echo gcc-mingw-w64-x86-64
		;;
	failures)
		echo "$build libcmocka-dev"
		! at_least default || echo clang
		;;
	unit)
		echo "$build binutils g++ gdb libcmocka-dev strace systemtap-sdt-dev ?musl-tools"
		! at_least full || echo "clang ?g++-aarch64-linux-gnu"
		;;
	memory_model) echo "python3 clang libc6-dev libcmocka-dev libck-dev" ;;
	analysis)
		echo "$build clang clang-tidy cppcheck g++ gcc-mingw-w64-x86-64 libbenchmark-dev libcmocka-dev libllhttp-dev|libhttp-parser-dev liburcu-dev"
		[ "$(uname -m)" != x86_64 ] || echo "binutils libelf1t64|libelf1 make"
		;;
	coverage) echo "$build g++ libcmocka-dev clang llvm libclang-rt-dev" ;;
	models)
		echo "python3 ?spin gcc libc6-dev"
		! at_least full || echo "libck-dev libcmocka-dev"
		;;
	fuzz) echo "python3 clang llvm libclang-rt-dev libc6-dev libck-dev libllhttp-dev|libhttp-parser-dev" ;;
	valgrind) echo "$build libcmocka-dev valgrind" ;;
	machines)
		echo "$CROSS_PACKAGES $MACHINES_PACKAGES python3"
		! at_least full || echo "$build libcmocka-dev"
		;;
	sanitizers) echo "$build libcmocka-dev clang llvm libclang-rt-dev" ;;
	mutants) echo "$build g++ libcmocka-dev libllhttp-dev|libhttp-parser-dev clang llvm libclang-rt-dev ?abigail-tools" ;;
	examples)
		echo "$build libllhttp-dev|libhttp-parser-dev clang llvm libclang-rt-dev"
		! at_least full || echo chromium
		;;
	bench)
		echo "$build g++ liburcu-dev libbenchmark-dev libjemalloc2 ?musl-tools"
		! at_least full || echo chromium
		;;
	vm)
		echo "$build"
		[ "$(uname -m)" != x86_64 ] || packages_for_guests
		;;
	wine)
		echo "gcc libc6-dev python3 clang llvm libclang-rt-dev"
		[ "$(uname -m)" != x86_64 ] || echo "wine64 gcc-mingw-w64-x86-64 ?g++-mingw-w64-x86-64-posix"
		;;
	*) echo "$build libcmocka-dev" ;;
	esac
}

packages_for_guests() {
	echo "$BUILD_PACKAGES $CROSS_PACKAGES binutils libcmocka-dev make sparse libelf1t64|libelf1 libllhttp-dev|libhttp-parser-dev qemu-system-x86 qemu-system-arm"
	! at_least full || echo clang
	! at_least long || echo "bc bison flex libelf-dev xz-utils"
}

# What a package is for, where dpkg does not know; fails if that is missing.
is_there() {	# PACKAGE
	case $1 in
	mandoc | meson | clang | cmake | clang-format | valgrind | shellcheck | python3 | \
		gcc | gdb | g++ | pkg-config | make | sparse | strace | chromium | bc | bison | \
		flex)
		command -v "$1"
		;;
	ninja-build) command -v ninja ;;
	binutils) command -v objdump ;;
	musl-tools) command -v musl-gcc ;;
	llvm) command -v llvm-symbolizer ;;
	gcc-*-linux-gnu*) command -v "${1#gcc-}-gcc" ;;
	qemu-user) command -v qemu-aarch64 ;;
	wine64) command -v wine64 || [ -x /usr/lib/wine/wine64 ] ;;
	gcc-mingw-w64-x86-64) command -v x86_64-w64-mingw32-gcc ;;
	qemu-system-x86) command -v qemu-system-x86_64 ;;
	qemu-system-arm) command -v qemu-system-aarch64 ;;
	xz-utils) command -v xz ;;
	abigail-tools) command -v abidiff ;;
	debhelper) command -v dh ;;
	build-essential) command -v dpkg-buildpackage ;;
	dh-dkms) command -v dh_dkms ;;
	lintian | mmdebstrap | spin | clang-tidy | cppcheck) command -v "$1" ;;
	bsdextrautils) command -v col ;;
	python3-markdown-it) with_markdown -c '' ;;
	libc6-dev) has_header stdio.h ;;
	liburcu-dev) has_header urcu/urcu-bp.h ;;
	libck-dev) has_header ck_epoch.h ;;
	libbenchmark-dev) has_header benchmark/benchmark.h ;;
	libcmocka-dev) has_header cmocka.h ;;
	libllhttp-dev) has_header llhttp.h ;;
	libhttp-parser-dev) has_header http_parser.h ;;
	libelf-dev) has_header libelf.h ;;
	systemtap-sdt-dev) has_header "$(gcc -print-multiarch)/sys/sdt.h" || has_header sys/sdt.h ;;
	libc6-dev-arm64-cross) [ -e /usr/aarch64-linux-gnu/include/stdio.h ] ;;
	*) true ;;
	esac
} >/dev/null

# ARGUMENT...: the Python that has markdown-it, which may not be the first one.
with_markdown() {
	local python=python3

	"$python" -c 'import markdown_it' 2>/dev/null || python=/usr/bin/python3
	"$python" -c 'import markdown_it' && "$python" "$@"
}

has_header() {
	[ -e "/usr/include/$1" ] || [ -e "/usr/local/include/$1" ]
}

is_installed() {	# PACKAGE, perhaps with other names
	local name

	for name in ${1//|/ }; do
		if ! command -v dpkg-query >/dev/null; then
			is_there "$name" && return
		elif [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" \
			2>/dev/null)" = installed ]; then
			return
		fi
	done
	return 1
}

# Install what is missing for commands and suites, or name it and stop.
need_for() {	# COMMAND-OR-SUITE...
	local package missing="" optional="" as_root=""

	for package in $(for suite; do packages_for "$suite"; done |
		tr ' ' '\n' | sort -u); do
		is_installed "${package#\?}" && continue
		case $package in
		\?*) optional="$optional ${package#\?}" ;;
		*) missing="$missing $package" ;;
		esac
	done
	[ -n "$missing$optional" ] || return 0
	[ "$(id -u)" -eq 0 ] || as_root=sudo
	if ! command -v apt-get >/dev/null ||
		{ [ -n "$as_root" ] && ! command -v sudo >/dev/null; }; then
		[ -n "$missing" ] || return 0
		echo "dev: missing packages (names in Debian):$missing" >&2
		echo "dev: please install them" >&2
		exit 1
	fi
	mkdir -p build/log
	# shellcheck disable=SC2024 # build/log/ belongs to the caller
	$as_root apt-get -o Acquire::Retries=3 update >build/log/apt-update 2>&1 ||
		tail -n 5 build/log/apt-update >&2
	install_all "$missing" || {
		tail -n 20 build/log/apt >&2
		echo "dev: cannot install$missing" >&2
		exit 1
	}
	install_all "$optional" || {
		echo "dev: not installed, because it conflicts with an installed package:$optional" >&2
		echo "dev: the tests that need it are skipped; see build/log/apt" >&2
	}
}

install_all() {	# PACKAGES
	local package names=""

	for package in $1; do
		names="$names $(current_name "$package")"
	done
	[ -n "$names" ] || return 0
	echo "dev: installing$names" >&2
	# shellcheck disable=SC2086,SC2024 # lists of words; the log is ours
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get \
		-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends --no-remove $names \
		>build/log/apt 2>&1
}

current_name() {	# PACKAGE: the name that this release of Debian knows
	local name

	for name in ${1//|/ }; do
		if apt-cache show "$name" >/dev/null 2>&1; then
			break
		fi
	done
	echo "$name"
}
