# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Builds for aarch64: Debian's arm64 libraries unpacked below build/, a cross
# compiler, and qemu to run the programs. The system's own list of
# architectures stays as it is: apt gets a private configuration.

. tests/run/packages.sh

AARCH64_ROOT=$PWD/build/aarch64-root
AARCH64_LIB=usr/lib/aarch64-linux-gnu
AARCH64_PACKAGES="libck-dev libck0t64|libck0 libcmocka-dev libcmocka0 libhttp-parser-dev"

aarch64_root() {	# fill $AARCH64_ROOT, once
	mkdir -p build
	(
		flock 8
		aarch64_download
	) 8>build/lock-aarch64-root
}

aarch64_download() {
	local work=build/aarch64-apt package deb

	if [ "$(cat "$AARCH64_ROOT/packages" 2>/dev/null)" = "$AARCH64_PACKAGES" ]; then
		return 0
	fi
	rm -rf "$AARCH64_ROOT" "$work"
	mkdir -p "$AARCH64_ROOT" "$work/lists/partial" \
		"$work/cache/archives/partial" "$work/debs"
	: >"$work/status"
	cat >"$work/apt.conf" <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::State "$PWD/$work";
		Dir::State::lists "$PWD/$work/lists";
		Dir::State::status "$PWD/$work/status";
		Dir::Cache "$PWD/$work/cache";
	END
	export APT_CONFIG=$PWD/$work/apt.conf
	apt-get update
	for package in $AARCH64_PACKAGES; do
		(cd "$work/debs" && apt-get download "$(current_name "$package")")
	done
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$AARCH64_ROOT"
	done
	rm -rf "$work"
	echo "$AARCH64_PACKAGES" >"$AARCH64_ROOT/packages"
}

aarch64_configure() {	# set up build/aarch64
	local file=build/aarch64.ini

	cat >"$file.new" <<-END
		[binaries]
		c = 'aarch64-linux-gnu-gcc'
		ar = 'aarch64-linux-gnu-ar'
		strip = 'aarch64-linux-gnu-strip'
		pkgconfig = 'pkg-config'
		exe_wrapper = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', '-E', 'LD_LIBRARY_PATH=$AARCH64_ROOT/$AARCH64_LIB']

		[properties]
		sys_root = '$AARCH64_ROOT'
		pkg_config_libdir = '$AARCH64_ROOT/$AARCH64_LIB/pkgconfig'

		[built-in options]
		c_args = ['-isystem$AARCH64_ROOT/usr/include', '-isystem$AARCH64_ROOT/usr/include/aarch64-linux-gnu']
		c_link_args = ['-L$AARCH64_ROOT/$AARCH64_LIB', '-Wl,-rpath-link,$AARCH64_ROOT/$AARCH64_LIB']

		[host_machine]
		system = 'linux'
		cpu_family = 'aarch64'
		cpu = 'aarch64'
		endian = 'little'
	END
	if ! cmp -s "$file.new" "$file"; then
		rm -rf build/aarch64
		mv "$file.new" "$file"
	fi
	configure aarch64 --cross-file "$PWD/$file" -Dtests=enabled \
		-Ddebug_checks=true
}
