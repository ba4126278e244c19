#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The simulated storms with weak memory order.
set -euo pipefail
. tests/run/common.sh

check_counted "storms with weak memory order" tests/memory_model/run
finish
