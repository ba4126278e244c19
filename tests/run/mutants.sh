#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each deliberate bug must be found.
set -euo pipefail
. tests/run/common.sh

check_counted "mutants" tests/mutants/run
finish
