# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the tests under systemd share.  Sourced by run-all.

WAIT_S=60
POLICY=/etc/svad.conf
DROP_IN=/run/systemd/system/svad.service.d/test.conf
cp "$POLICY" /run/policy.saved

# A test fails at its first expectation that is not met; the journal since its
# start is shown.
run_test()
{
	local log=/run/test.log started=$SECONDS

	: >"$log"
	mark
	test_cursor=$cursor
	problem=
	"$1" >"$log" 2>&1
	tidy >>"$log" 2>&1
	if [ -z "$problem" ]; then
		pass "$1 ($((SECONDS - started)) s)"
		return
	fi
	{
		echo "$problem"
		journalctl -q --no-pager --after-cursor="$test_cursor" -o short-monotonic | tail -n 40
	} >>"$log"
	fail "$1" "$log"
}

# expect WHAT SAW WANTED: the first that is not met names the problem
expect()
{
	[ "$2" = "$3" ] || [ -n "$problem" ] || problem="$1: saw '$2', not '$3'"
}

# want WHAT COMMAND...: it succeeds
want()
{
	"${@:2}" || [ -n "$problem" ] || problem="$1: failed: ${*:2}"
}

# want_not WHAT COMMAND...: it fails
want_not()
{
	! "${@:2}" || [ -n "$problem" ] || problem="$1: succeeded: ${*:2}"
}

# Back to where every test begins
tidy()
{
	local changed=

	systemctl stop 'client-*.service' 2>/dev/null
	systemctl reset-failed 2>/dev/null
	if ! cmp -s "$POLICY" /run/policy.saved; then
		cp /run/policy.saved "$POLICY"
		changed=yes
	fi
	if [ -e "$DROP_IN" ]; then
		rm "$DROP_IN"
		systemctl daemon-reload
		changed=yes
	fi
	if [ -n "$changed" ] || ! systemctl is-active --quiet svad.socket svad.service; then
		systemctl restart svad.socket svad.service
	fi
	want "no context is left" contexts_become 0
}

# drop_in LINE...: more for the section [Service] of svad.service
drop_in()
{
	mkdir -p "${DROP_IN%/*}"
	printf '%s\n' '[Service]' "$@" >"$DROP_IN"
	systemctl daemon-reload
}

# ------------------------------------------------------------------- svad

pid_of_svad()
{
	systemctl show -p MainPID --value svad.service
}

status_of_svad()
{
	systemctl show -p StatusText --value svad.service
}

# mark: what svad_says() looks behind
mark()
{
	journalctl --sync
	cursor=$(journalctl -q -n 1 -o cat --output-fields= --show-cursor | sed -n 's/^-- cursor: //p')
}

# svad_says PATTERN: waits until a line of svad.service has it, behind the mark
svad_says()
{
	grep -q -m 1 -e "$1" < <(exec timeout "$WAIT_S" journalctl -f -q -u svad.service \
		--after-cursor="$cursor" -n all -o cat)
}

# contexts DEVICE: how many there are, as svad tells
contexts()
{
	svactl list | awk -v device="$1" '$1 == device { sub("/.*", "", $4); print $4 }'
}

contexts_are()
{
	[ "$(contexts soft0)" = "$1" ]
}

contexts_become()
{
	until_true contexts_are "$1"
}

serves()
{
	svactl list | awk -v device="$1" '$1 == device && $2 == "ok" { found = 1 } END { exit !found }'
}

# Over all tests: no system call that the filter forbids, no abort, no bad access
svad_died_of_nothing_else()
{
	want_not "svad ended by itself" grep -E 'status=(31/SYS|6/ABRT|11/SEGV|7/BUS|4/ILL)' \
		<(journalctl -q --no-pager -u svad.service -o cat)
}
