#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The Debian packages: built on this machine, then built, installed and used in
# Debian 12 and 13.
set -euo pipefail
. tests/run/common.sh
. tests/run/chroot.sh

out=build/packaging
WITHOUT_TESTS="DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS=nocheck"
trap 'rm -rf --one-file-system "$out"/root-*' EXIT

built() {	# FOLDER [VARIABLE=VALUE...]: without the tests
	local folder=$1

	shift
	rm -rf "$folder"
	# shellcheck disable=SC2086 # a list of words
	env $WITHOUT_TESTS "$@" packaging/build.sh "$folder"
}

reproduced() {	# in another place, later, for another user
	built "$out/b/another-folder" TZ=Pacific/Kiritimati LC_ALL=C.UTF-8
	(cd "$out/a" && sha256sum ./*.deb) >"$out/sums"
	[ "$(wc -l <"$out/sums")" -ge 4 ]
	(cd "$out/b/another-folder" && sha256sum -c) <"$out/sums"
}

# Not the folder for the packages and, in a checkout, no stray file. "true" is in
# the place of dpkg-buildpackage.
packed() {
	local tree=$PWD/$out/packed

	rm -rf "$tree"
	copy_tree "$tree"
	mkdir "$tree/out" "$tree/stray" "$tree/bin"
	touch "$tree/stray/file" "$tree/out/file"
	ln -s /bin/true "$tree/bin/dpkg-buildpackage"
	PATH=$tree/bin:$PATH "$tree/packaging/build.sh" "$tree/out"
	[ -e "$tree/out/cpuslab/stray/file" ]
	[ ! -e "$tree/out/cpuslab/out" ]
	(cd "$tree" && git init -q && git add packaging lib)
	PATH=$tree/bin:$PATH "$tree/packaging/build.sh" "$tree/out"
	[ -e "$tree/out/cpuslab/lib/all.c" ]
	[ ! -e "$tree/out/cpuslab/stray" ]
}

# FILE.changes [COMMAND...]: of lintian, which that command runs. The packages
# follow the policy of Debian 13, which is newer than the one that 12's knows.
lintian_finds_nothing() {
	"${@:2}" lintian --allow-root --display-info --pedantic \
		--suppress-tags newer-standards-version \
		--fail-on error,warning,info,pedantic "$1"
}

# Every file of C was compiled with Debian's flags, and the library shows it.
hardened() {
	local log=$out/a.log flag library

	for flag in -fstack-protector-strong -D_FORTIFY_SOURCE= -Wl,-z,now; do
		grep -q -e "$flag" "$log"
	done
	grep -e '^\[[0-9/]*\] cc .* -c ' "$log" >"$out/compiled"
	[ "$(wc -l <"$out/compiled")" -ge 50 ]
	! grep -v -e ' -O2 .*-fstack-protector-strong .*-D_FORTIFY_SOURCE=' \
		"$out/compiled" || return
	library=$(echo "$out"/unpacked/usr/lib/*/libcpuslab.so.0)
	readelf -dW "$library" | grep BIND_NOW
	readelf -lW "$library" | grep GNU_RELRO
	readelf -SW "$library" | grep ' __rseq_cs '
}

# COMPILER FLAG PATTERN: the library with link-time optimization and the flag of
# the machine keeps its sections, and the mark that each object has to have.
protected() {
	local object=$out/protected-$1.o

	"$1" -O2 -flto -w "$2" -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
		-fstack-clash-protection -std=gnu11 -Iinclude -Iports/linux-user \
		-Ilib -Itests -r -flinker-output=nolto-rel -o "$object" lib/all.c \
		ports/linux-user/all.c tests/counter/torture.c tests/torture/*.c
	readelf -nW "$object" | grep "$3"
	readelf -SW "$object" | grep ' __rseq_cs '
	readelf -SW "$object" | grep ' __rseq_failure '
}

protected_runs() {	# in rseq mode
	protected gcc -fcf-protection=full 'x86 feature: IBT, SHSTK'
	gcc -o "$out/protected" "$out/protected-gcc.o" -pthread -lck
	CPUSLAB_TORTURE_SECONDS=3 "$out/protected"
}

unpack() {
	local package

	rm -rf "$out/unpacked"
	for package in "$out/a"/libcpuslab*.deb; do
		dpkg-deb -x "$package" "$out/unpacked"
	done
}

compiled() {	# as on a machine on which the packages are installed
	local source=$PWD/$out/unpacked multiarch

	multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	mkdir -p "$out/compile"
	PKG_CONFIG_PATH=$source/usr/lib/$multiarch/pkgconfig \
		PKG_CONFIG_SYSROOT_DIR=$source \
		LD_LIBRARY_PATH=$source/usr/lib/$multiarch ROOT=$source \
		AUTOPKGTEST_TMP=$out/compile packaging/debian/tests/compile
}

copy_tree() {	# FOLDER
	mkdir -p "$1"
	tar -c --exclude=./build --exclude=./.git . | tar -x -C "$1"
}

built_in() {	# RELEASE [VARIABLE=VALUE...]: by a user
	local root=$out/root-$1 packages=$out/$1

	root_make "$1" "$root"
	cp -a "$root" "$root-clean"
	copy_tree "$root/src"
	root_install "$root" dpkg-dev
	cp -r packaging/debian "$root/src"
	root_run "$root" apt-get build-dep -y --no-install-recommends /src
	rm -r "$root/src/debian"
	root_run "$root" useradd --create-home builder
	root_run "$root" install -d -o builder /packages
	root_run "$root" runuser -u builder -- \
		env "${@:2}" /src/packaging/build.sh /packages
	rm -rf "$packages"
	mkdir -p "$packages"
	cp "$root"/packages/*.* "$packages"
}

changes_of() {	# RELEASE: as its roots call the file
	(cd "$out/$1" && echo "/packages/$(echo *.changes)")
}

lintian_of() {	# RELEASE: its own
	local root=$out/root-$1

	root_install "$root" lintian
	lintian_finds_nothing "$(changes_of "$1")" root_run "$root"
}

tested_in() {	# RELEASE: debian/tests, with the packages installed
	local root=$out/root-$1-clean

	cp -r "$out/$1" "$root/packages"
	root_install "$root" autopkgtest
	root_run "$root" autopkgtest "$(changes_of "$1")" -- null
}

removed_in() {	# RELEASE: nothing is left, no module in particular
	root_run "$out/root-$1-clean" sh -euc '
		apt-get purge -y "~i~ncpuslab"
		! find /etc /usr /var -name "*cpuslab*" | grep .'
}

check "what is packed" packed
check "built on this machine" built "$out/a"
if $check_ok; then
	cp "$(log_of "built on this machine")" "$out/a.log"
	check "unpacked" unpack
	check "lintian finds nothing" lintian_finds_nothing "$out/a"/*.changes
	check "hardening flags reach the compiler" hardened
	check "a program is compiled with them" compiled
	check "the same in another folder" reproduced
fi
if [ "$(uname -m)" = x86_64 ]; then
	check "link-time optimization, -fcf-protection" protected_runs
fi
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	check "link-time optimization, -mbranch-protection" \
		protected aarch64-linux-gnu-gcc -mbranch-protection=standard \
		'AArch64 feature: BTI, PAC'
fi
why=$(why_no_roots)
for release in bookworm trixie; do
	if [ -n "$why" ]; then
		skip "$release" "$why"
		continue
	fi
	if [ "$release" = trixie ]; then
		check "$release: built, with the tests" built_in "$release"
	else
		# shellcheck disable=SC2086 # a list of words
		check "$release: built" built_in "$release" $WITHOUT_TESTS
	fi
	$check_ok || continue
	check "$release: lintian finds nothing" lintian_of "$release"
	check "$release: installed and tested" tested_in "$release"
	check "$release: removed" removed_in "$release"
done
finish
