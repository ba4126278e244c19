#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The simulated storms with weak memory order.
set -euo pipefail
. tests/suites/common.sh

check_counted "weak memory order" tests/order/run
finish
