#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Build the Debian packages in a copy of the tree, FOLDER/cpuslab, so that they
# come to lie in FOLDER. In a checkout of git only the files are copied that git
# knows. README.md says what that needs.
set -eu

[ $# -gt 0 ] || {
	echo "usage: packaging/build.sh FOLDER [DPKG-BUILDPACKAGE-ARGUMENT...]" >&2
	exit 2
}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
copy=$folder/cpuslab
shift
rm -rf "$copy"
mkdir "$copy"
cd "$(dirname "$0")/.."
if [ -e .git ]; then
	git ls-files -z | tar -c --null -T -
else
	tar -c --exclude=./build --exclude=__pycache__ \
		--exclude="./${folder#"$(pwd)"/}" .
fi | tar -x -m -C "$copy"
cp -r packaging/debian "$copy/debian"
cd "$copy"
exec dpkg-buildpackage -us -uc "$@"
