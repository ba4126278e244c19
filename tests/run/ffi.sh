#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# libcpuslab-ffi.so, for programs in other languages: docs/ffi.md.
set -euo pipefail
. tests/run/common.sh

folder=build/debug/ports/linux-user/ffi
library=$folder/libcpuslab-ffi.so

# No header is found: the program declares what it uses.
bare() {
	gcc -O2 -Wall -Wextra -Werror -o "$folder/bare" tests/ffi/bare.c \
		"$library" "$folder/../libcpuslab.so" \
		"-Wl,-rpath,$PWD/$folder:$PWD/$folder/.." -pthread
	"$folder/bare"
	CPUSLAB_RSEQ=0 "$folder/bare"
}

check "build" setup_and_build debug ffi
if $check_ok; then
	check "all inline functions are symbols" \
		python3 tests/ffi/symbols.py "$library"
	check "Python" python3 tests/ffi/test_ctypes.py "$library"
	check "Python, atomic mode" env CPUSLAB_RSEQ=0 \
		python3 tests/ffi/test_ctypes.py "$library"
	check "C without the headers" bare
fi
finish
