#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Layout, and the rules that CONTRIBUTING.md states.
set -euo pipefail
. tests/run/common.sh
. tests/run/packages.sh

c_files() {
	find include lib ports bench examples tests \
		\( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.hpp' \) -print | sort
}

shell_files() {
	echo dev
	echo .ci/run
	find bench examples packaging ports tests -type f ! -name '*.c' ! -name '*.h' ! -name '*.cc' ! -name '*.hpp' -print |
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

man_pages() {	# they are understood, and fit into 80 columns
	local folder=build/lint-man

	rm -rf $folder
	python3 -B docs/reference/generate.py man3 $folder/man3
	python3 -B docs/reference/generate.py man7 $folder/man7
	[ -s $folder/man3/cpuslab_add.3 ] && [ -s $folder/man7/cpuslab.7 ]
	# A page of a struct is that of its header; titles are names, in C.
	(cd $folder && mandoc -T lint man?/*) >$folder/warnings || true
	! grep -v -e 'STYLE: lower case char' -e 'WARNING: .so is fragile' \
		$folder/warnings || return
	(cd $folder && mandoc -T utf8 -O width=80 man?/*) | col -bx >$folder/text
	! grep -E '^.{81}' $folder/text
}

check "layout: clang-format" layout
check "shell scripts: syntax" shell_syntax
check "shell scripts: shellcheck" shell_lint
check "what the rules find" python3 tests/lint/test_rules.py
check "reference: what its checks find" python3 tests/reference/test_check.py
check "reference: comments of the public headers" \
	python3 -B docs/reference/generate.py check
check "reference: man pages" man_pages
check "reference: what man pages name" python3 tests/reference/test_man.py
check "reference: HTML" with_markdown tests/reference/test_html.py
check "memory order: each access has a row" tests/mutants/run --weaken --check
check "coverage: what is listed is in the sources" tests/coverage/report --list
if at_least full; then
	check "reference: in a browser" \
		with_markdown tests/reference/test_browser.py
fi
for rule in $(python3 tests/lint/rules.py --list); do
	check "rule: $rule" python3 tests/lint/rules.py "$rule"
	sed -n 's/^note: \(.* found\)$/| \1/p' "$(log_of "rule: $rule")"
done
finish
