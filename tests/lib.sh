# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - for the scripts that run tests: counting and saying.  Sourced.

passed=0 failed=0

# pass NAME; fail NAME [LOG]: the end of LOG is shown
pass()
{
	passed=$((passed + 1))
	printf 'PASS %s\n' "$1"
}

fail()
{
	failed=$((failed + 1))
	printf 'FAIL %s\n' "$1"
	[ $# -lt 2 ] || sed 's/^/  | /' "$2" | tail -n "${FAIL_LINES:-60}"
}

# counted: the closing line that CI reads, and the exit status
counted()
{
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# counts_in LOG: "PASSED FAILED" of a log: closing lines of cmocka, and ours
counts_in()
{
	awk '/^\[  PASSED  \] [0-9]+ test/ { p += $4 }
	     /^\[  FAILED  \] [0-9]+ test/ { f += $4 }
	     /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3 }
	     END { print p + 0, f + 0 }' "$1"
}

# as USER COMMAND...: from the user's home; for root
as()
{
	local home=/home/$1

	[ "$1" != root ] || home=/root
	(cd "$home" && exec setpriv --reuid "$1" --regid "$1" --init-groups \
		env HOME="$home" USER="$1" LOGNAME="$1" "${@:2}")
}

# source_files: every file of the project, one a line, from its top folder
source_files()
{
	git ls-files -co --exclude-standard 2>/dev/null | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done | grep . ||
		find . -name .git -prune -o -name 'build*' -prune -o -type f -printf '%P\n'
}
