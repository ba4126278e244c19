#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Models of what threads may do at once.
set -euo pipefail
. tests/run/common.sh

check_counted "models" tests/models/run
check_counted "models: their bugs in the code" tests/mutants/run --replay
finish
