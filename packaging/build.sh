#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Build the Debian packages in a copy of the tree, FOLDER/cpuslab, so that they
# come to lie in FOLDER. README.md says what that needs.
set -eu

[ $# -gt 0 ] || {
	echo "usage: packaging/build.sh FOLDER [DPKG-BUILDPACKAGE-ARGUMENT...]" >&2
	exit 2
}
copy=$1/cpuslab
shift
rm -rf "$copy"
mkdir -p "$copy"
copy=$(cd "$copy" && pwd)
cd "$(dirname "$0")/.."
tar -c --exclude=./build --exclude=./.git --exclude=__pycache__ . |
	tar -x -m -C "$copy"
cp -r packaging/debian "$copy/debian"
cd "$copy"
exec dpkg-buildpackage -us -uc "$@"
