#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# build.sh OUTPUT [TREE] - the scenarios, and cpuslab on simulated CPUs,
# as one program of a few files: a C compiler and Concurrency Kit are enough.
set -euo pipefail

output=$1 tree=${2:-.}
# shellcheck disable=SC2086 # a list of words
exec ${CC:-cc} -std=gnu11 -O1 -g -Wall -Wextra -pthread -DCPUSLAB_DEBUG \
	-I"$tree/include" -I"$tree/ports/sim" -I"$tree/lib" \
	"$tree"/tests/driver_failures/{,scenarios/}*.c "$tree/lib/all.c" "$tree"/ports/sim/*.c \
	-lck ${CFLAGS:-} -o "$output"
