# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Builds for other machines: a cross compiler, Debian's libraries unpacked below
# build/, and qemu to run the programs. The system's own list of architectures
# stays as it is: apt gets a private configuration.

. tests/run/packages.sh

MACHINE_PACKAGES="libck-dev libck0t64|libck0 libcmocka-dev libcmocka0 libllhttp-dev|libhttp-parser-dev"

# Debian's name of a machine, that of its folder of libraries, the compiler's
# name of it, that of meson, qemu's, the byte order.
all_machines() {
	cat <<-END
		aarch64 arm64   aarch64-linux-gnu     aarch64-linux-gnu     aarch64 aarch64 little
		riscv64 riscv64 riscv64-linux-gnu     riscv64-linux-gnu     riscv64 riscv64 little
		s390x   s390x   s390x-linux-gnu       s390x-linux-gnu       s390x   s390x   big
		ppc64le ppc64el powerpc64le-linux-gnu powerpc64le-linux-gnu ppc64   ppc64le little
		armhf   armhf   arm-linux-gnueabihf   arm-linux-gnueabihf   arm     arm     little
		i386    i386    i386-linux-gnu        i686-linux-gnu        x86     i386    little
	END
}

machines() {	# their names
	all_machines | cut -d ' ' -f 1
}

# NAME: sets what follows from it; false if there is no such machine.
machine_of() {
	read -r _ machine_debian machine_folder machine_cross machine_meson \
		machine_qemu machine_endian < <(all_machines | grep "^$1 ") ||
		return
	machine_root=$PWD/build/$1-root
	machine_lib=$machine_root/usr/lib/$machine_folder
}

machine_root() {	# NAME: fill build/NAME-root, once
	mkdir -p build
	(
		flock 8
		machine_of "$1"
		machine_download "$1"
	) 8>"build/lock-$1-root"
}

machine_download() {
	local work=build/$1-apt package deb

	if [ "$(cat "$machine_root/packages" 2>/dev/null)" = "$MACHINE_PACKAGES" ]; then
		return 0
	fi
	rm -rf "$machine_root" "$work"
	mkdir -p "$machine_root" "$work/lists/partial" \
		"$work/cache/archives/partial" "$work/debs"
	: >"$work/status"
	cat >"$work/apt.conf" <<-END
		APT::Architecture "$machine_debian";
		APT::Architectures { "$machine_debian"; };
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
	apt-cache show libcmocka0 >"$work/found" || machine_next_release "$work"
	for package in $MACHINE_PACKAGES; do
		(cd "$work/debs" && apt-get download "$(current_name "$package")")
	done
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$machine_root"
	done
	rm -rf "$work"
	echo "$MACHINE_PACKAGES" >"$machine_root/packages"
}

# Debian 12 does not have riscv64. The few libraries that tests need are those
# of Debian 13, and run with the C library of Debian 12.
machine_next_release() {	# FOLDER
	cat >"$1/next.sources" <<-END
		Types: deb
		URIs: http://deb.debian.org/debian
		Suites: trixie
		Components: main
		Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	END
	cat >>"$1/apt.conf" <<-END
		Dir::Etc::sourcelist "$PWD/$1/next.sources";
		Dir::Etc::sourceparts "/dev/null";
	END
	apt-get update
}

machine_configure() {	# NAME: set up build/NAME
	local file=build/$1.ini

	machine_of "$1"
	cat >"$file.new" <<-END
		[binaries]
		c = '$machine_cross-gcc'
		ar = '$machine_cross-ar'
		strip = '$machine_cross-strip'
		pkgconfig = 'pkg-config'
		exe_wrapper = ['qemu-$machine_qemu', '-L', '/usr/$machine_cross', '-E', 'LD_LIBRARY_PATH=$machine_lib']

		[properties]
		sys_root = '$machine_root'
		pkg_config_libdir = '$machine_lib/pkgconfig'

		[built-in options]
		c_args = ['-isystem$machine_root/usr/include', '-isystem$machine_root/usr/include/$machine_folder']
		c_link_args = ['-L$machine_lib', '-Wl,-rpath-link,$machine_lib']

		[host_machine]
		system = 'linux'
		cpu_family = '$machine_meson'
		cpu = '$1'
		endian = '$machine_endian'
	END
	if ! cmp -s "$file.new" "$file"; then
		rm -rf "build/$1"
		mv "$file.new" "$file"
	fi
	configure "$1" --cross-file "$PWD/$file" -Dtests=enabled \
		-Ddebug_checks=true
}
