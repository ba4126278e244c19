#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# in_chroot.sh commands|c|kernel|install ...: in a fresh Debian system, as root,
# with a clone of the tree in ~/tree, whose origin is $CPUSLAB.
set -euo pipefail
cd ~/tree
. tests/run/tiers.sh
. tests/run/packages.sh
export CPUSLAB=/root/cpuslab.git

packages() {
	local package names=()

	apt-get update -qq
	for package; do
		names+=("$(current_name "$package")")
	done
	apt-get install -qq -y --no-install-recommends "${names[@]}" >/tmp/apt
}

# SCRIPT PACKAGE...: a page's commands, as printed, each shown with the time at
# which it starts. Those that begin with ./dev or apt-get start with nothing
# installed, where apt knows no package.
commands() {
	case $(head -n 1 "$1") in
	./dev* | apt-get*) rm -rf /var/lib/apt/lists/* ;;
	*)
		# shellcheck disable=SC2086 # a list of words
		packages $BUILD_PACKAGES "${@:2}"
		;;
	esac
	# shellcheck disable=SC2016 # for that shell
	bash -euo pipefail -c '
		SECONDS=0 PS4="+ \${SECONDS} s: "
		set -x
		. "$0"
		: the end' "$1"
}

c() {	# FOLDER of folders with programs and fragments for processes
	local file whole

	packages gcc libc6-dev
	for file in "$1"/*/*.c; do
		whole="lib/all.c ports/linux-user/all.c -pthread"
		grep -q '^int main(' "$file" || whole=-c
		# shellcheck disable=SC2086 # a list of words
		gcc -O2 -Wall -Werror -Iinclude -Iports/linux-user "$file" \
			$whole -o "${file%.c}"
	done
	"$1/readme/program0"
	"$1/containers/fragment0"
}

kernel() {	# FOLDER of fragments, with a Kbuild that the page begins
	local headers file

	packages gcc libc6-dev make "linux-headers-$(dpkg --print-architecture)"
	headers=$(echo /usr/src/linux-headers-*-"$(dpkg --print-architecture)")
	ln -s ~/tree "$1/cpuslab"
	mv "$1/fragment0.c" "$1/main.c"
	echo "obj-m := mydriver.o" >>"$1/Kbuild"
	for file in "$1"/fragment*.c; do
		echo "mydriver-y += $(basename "$file" .c).o" >>"$1/Kbuild"
	done
	# What fragments only declare is undefined.
	make -C "$headers" "M=$1" KBUILD_MODPOST_WARN=1 modules
	[ -e "$1/mydriver.ko" ]
}

hello_cmake() {	# BLOCK: docs/install.md's block, in a project
	local block=$1

	rm -rf build
	{
		echo 'cmake_minimum_required(VERSION 3.14)'
		echo 'project(hello C)'
		echo 'add_executable(hello hello.c)'
		cat "$block"
	} >CMakeLists.txt
	cmake -S . -B build -G Ninja
	ninja -C build
	build/hello
}

install() {	# FOLDER of docs/install.md's blocks, and examples/README.md's first
	# shellcheck disable=SC2086 # a list of words
	packages $BUILD_PACKAGES cmake git
	mkdir -p ~/user/subprojects
	cp examples/hello.c ~/user
	meson setup build/lib --libdir=lib -Dtests=disabled
	meson install -C build/lib
	ldconfig
	bash -exuo pipefail "$1/example"
	./rate_limit
	cd ~/user
	hello_cmake "$1/cmake0"
	hello_cmake "$1/cmake1"
	rm -rf build
	cp "$1/meson0" meson.build
	cp "$1/ini0" subprojects/cpuslab.wrap
	meson setup build
	ninja -C build
	build/hello
}

"$@"
