#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Layout, and the rules that CONTRIBUTING.md states.
set -euo pipefail
. tests/run/common.sh

c_files() {
	find include lib ports bench examples tests \
		\( -name '*.c' -o -name '*.h' -o -name '*.cc' \) -print | sort
}

shell_files() {
	echo dev
	echo .ci/run
	find bench examples ports tests -type f ! -name '*.c' ! -name '*.h' ! -name '*.cc' -print |
		sort | while read -r file; do
		case $(head -n 1 "$file") in
		*sh | '# shellcheck shell='*) echo "$file" ;;
		esac
	done
}

layout() {
	local format

	format=$(command -v clang-format-14 || command -v clang-format)
	c_files | xargs python3 tests/lint/layout.py "$format"
}

shell_syntax() {
	shell_files | while read -r file; do
		bash -n "$file"
	done
}

shell_lint() {
	shell_files | xargs shellcheck --external-sources --severity=style
}

check "layout: clang-format" layout
check "shell scripts: syntax" shell_syntax
check "shell scripts: shellcheck" shell_lint
check "what the rules find" python3 tests/lint/test_rules.py
for rule in $(python3 tests/lint/rules.py --list); do
	check "rule: $rule" python3 tests/lint/rules.py "$rule"
	sed -n 's/^note: \(.* found\)$/| \1/p' "$(log_of "rule: $rule")"
done
finish
