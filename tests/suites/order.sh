#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The simulated storms with weak memory order. --long: then with each acquire,
# release and fence of the library made relaxed, which a test must notice.
set -euo pipefail
. tests/suites/common.sh

check_counted "weak memory order" tests/order/run
if [ -n "${DEV_LONG:-}" ]; then
	check_counted "each ordered access weakened" tests/order/run --weaken
fi
finish
