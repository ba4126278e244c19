#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each block of code in a page compiles and runs as it is printed: in fresh
# systems of Debian 12 and 13, those for Windows with mingw-w64.
set -euo pipefail
. tests/run/common.sh
. tests/run/chroot.sh

home=$PWD/build/readme
roots=$PWD/build/readme-roots
origin=https://example.org/cpuslab.git	# as docs/install.md calls it
blocks() {
	python3 -B tests/readme/blocks.py "$@"
}

# What each system has in /root/: a repository of this tree, with the tag of its
# release, and a clone.
prepare() {
	local id language number tag

	tag=v$(include/version.sh)
	rm -rf "$home"
	mkdir -p "$home/commands" "$home/install"
	git ls-files -z --cached --others --exclude-standard |
		tar --null --files-from=- --ignore-failed-read -c |
		tar -x --one-top-level="$home/tree"
	(
		cd "$home/tree"
		git init -q -b main
		git add -A
		git -c user.name=test -c user.email=test commit -q -m "The tree"
		git tag "$tag"
		git clone -q --bare . "$home/cpuslab.git"
	)
	blocks list | while read -r id _; do
		blocks commands "$id" >"$home/commands/$id"
	done
	for id in cmake0 cmake1 meson0 ini0; do
		language=${id%?} number=${id#"$language"}
		blocks print docs/install.md "$language" "$number" |
			sed "s|$origin|/root/cpuslab.git|
				s|vMAJOR.MINOR.PATCH|$tag|" >"$home/install/$id"
	done
	blocks print examples/README.md sh 0 >"$home/install/example"
	python3 -B tests/readme/fragments.py README.md "$home/c/readme"
	python3 -B tests/readme/fragments.py docs/containers.md \
		"$home/c/containers"
	python3 -B tests/readme/fragments.py ports/linux-kernel/README.md \
		"$home/kernel"
	mkdir "$home/c/kernel"
	mv "$home/kernel/program"* "$home/c/kernel"
	blocks print ports/linux-kernel/README.md make 0 >"$home/kernel/Kbuild"
}

windows() {	# blocks for drivers and programs
	(
		. ports/windows-kernel/flags.sh
		python3 -B tests/readme/fragments.py \
			ports/windows-kernel/README.md "$home/driver"
		python3 -B tests/readme/fragments.py \
			ports/windows-user/README.md "$home/program"
		for file in "$home/driver"/*.c; do
			"$CC" "${KERNEL[@]}" -Wno-unused-result -Iinclude \
				-Iports/windows-kernel -c "$file" \
				-o "$home/driver.o"
		done
		"$CC" -Werror -D_WIN32_WINNT=0x0601 \
			-c "$home/program/fragment0.c" -o "$home/program.o"
	)
}

# RELEASE KIND ...: in a copy of that release, which is then removed. Packages
# that one has downloaded are there for the next.
inside() {
	local root=$roots/copy debs=$roots/$1.debs rc=0

	rm -rf "$root"
	cp -a "$roots/$1" "$root"
	cp -a "$home/." "$root/root"
	cp -aln "$debs/." "$root/var/cache/apt/archives"
	root_run "$root" /root/tree/tests/readme/in_chroot.sh "${@:2}" || rc=$?
	cp -aln "$root"/var/cache/apt/archives/*.deb "$debs" 2>/dev/null || true
	rm -rf "$root"
	return $rc
}

why_not() {	# RELEASE: why it cannot be made here, or nothing
	local why mirror

	why=$(why_no_roots)
	mirror=$(debian_mirror)
	[ -n "$why" ] || /usr/lib/apt/apt-helper download-file \
		"${mirror%/}/dists/$1/InRelease" "$roots/InRelease" \
		>/dev/null 2>&1 || why="$1 cannot be downloaded"
	echo "$why"
}

in_release() {	# RELEASE: all pages
	local why id page

	mkdir -p "$roots/$1.debs"
	why=$(why_not "$1")
	if [ -n "$why" ]; then
		skip "pages in Debian $1" "$why"
		return
	fi
	check "Debian $1" root_make "$1" "$roots/$1"
	$check_ok || return 0
	check "$1: programs and fragments" inside "$1" c /root/c
	check "$1: blocks for the kernel" inside "$1" kernel /root/kernel
	check "$1: docs/install.md" inside "$1" install /root/install
	while read -r id page <&3; do
		# shellcheck disable=SC2046 # a list of words
		check "$1: $page" inside "$1" commands "/root/commands/$id" \
			$(packages_of "$page")
	done 3< <(blocks list)
}

packages_of() {	# PAGE:LINE
	blocks packages "${1%:*}"
}

trap 'rm -rf --one-file-system "$roots"' EXIT
check "each block is run, or there is a reason" blocks check
check "the blocks as files" prepare
if command -v x86_64-w64-mingw32-gcc >/dev/null; then
	check "blocks for Windows" windows
else
	skip "blocks for Windows" "no mingw-w64"
fi
for release in bookworm trixie; do
	in_release "$release"
done
finish
