# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# clients.sh - ordinary users' programs, started like jobs: a unit whose name says what
# it is for, and which is up when its contexts are bound.  Sourced; $WAIT_S is how long is waited.

CLIENT=/rig/client

# Whatever cannot be waited for by an event is asked for again and again, each $POLL_S
until_true()
{
	local end=$((SECONDS + WAIT_S))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep "${POLL_S:-0.2}"
	done
}

# client NAME USER ARGUMENT...: returns when it is bound, or cannot be
client()
{
	local name=$1 user=$2
	shift 2

	systemd-run --quiet --unit="client-$name" --slice="jobs-$user.slice" --uid="$user" --gid="$user" \
		-p Type=notify -p NotifyAccess=main -p TimeoutStartSec="$WAIT_S" "$CLIENT" "$@" 2>/dev/null
}

# client_ends NAME: tells it to stop; succeeds if all that it did was right
client_ends()
{
	systemctl stop "client-$1.service"
	! systemctl is-failed --quiet "client-$1.service"
}

# unit_said UNIT PATTERN: since $test_cursor
# shellcheck disable=SC2154
unit_said()
{
	journalctl -q --no-pager -u "$1" --after-cursor="$test_cursor" -o cat | grep -q -e "$2"
}

# client_said NAME PATTERN: waits for it, as the journal may have it after the unit has ended
client_said()
{
	until_true unit_said "client-$1.service" "$2"
}

client_failed()
{
	systemctl is-failed --quiet "client-$1.service"
}
