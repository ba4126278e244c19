#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a program that was linked to libcpuslab.so relies on: docs/abi.md.
set -euo pipefail
. tests/run/common.sh

check "inline functions call what has a stable version" tests/abi/abi names
check "the package lists the symbols" tests/abi/abi debian
if [ "$(uname -m)" != x86_64 ]; then
	skip "the interface is the accepted one" "x86-64 only"
elif ! command -v abidiff >/dev/null; then
	skip "the interface is the accepted one" "no abidiff (abigail-tools)"
else
	check "the interface is the accepted one" tests/abi/abi check
fi
finish
