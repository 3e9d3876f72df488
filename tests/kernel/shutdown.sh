#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shutdown.sh - on the host: the guest restarts, powers off and starts another kernel
# with contexts at work that nobody ends; its console must be clean to the last line
#
#	tests/kernel/shutdown.sh PROGRAM	the built shutdown.c

set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/lib.sh
. "$here/../lib.sh"
# shellcheck source=tests/vm/lib.sh
. "$here/../vm/lib.sh"

program=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The program as the only one of a second kernel
mkdir "$work/root"
cp "$program" "$work/root/init" || exit 1
(cd "$work/root" && find init | tree_exec cpio --create --format=newc --quiet) >"$work/second" ||
	die "cannot make the second kernel's initramfs"
cp "$(echo "$TREE"/usr/lib/modules/*/vmlinuz)" "$work/kernel" || exit 1

# why NAME LAST-WORDS: what is wrong with that run, in words
why()
{
	[ "$status" -eq 125 ] || echo "the exit status is $status"
	grep -q 'QEMU ended before the run did' "$work/err" || echo "the machine did not end by itself"
	grep 'kernel says:' "$work/err"
	grep -q 'sva test: contexts are at work' "$work/console" || echo "no contexts were at work"
	grep -q "$1" "$work/console" || echo "the console does not end with: $1"
}

# ends NAME LAST-WORDS HELPER ARGUMENT...
ends()
{
	local name=$1 words=$2
	shift 2

	"$here/../vm/run" --smp 2 --mem 2G --timeout 120 --console "$work/console" --add "$program" \
		--add "$work/kernel" --add "$work/second" -- ./shutdown --helper "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	why "$words" >"$work/why"
	if [ -s "$work/why" ]; then
		tail -n 40 "$work/console" >>"$work/why"
		fail "$name" "$work/why"
	else
		pass "$name"
	fi
}

ends "restart with contexts at work (R5)" 'reboot: Restarting system' now restart
ends "power off with contexts at work (R5)" 'reboot: Power down' now poweroff
ends "another kernel takes over from contexts at work (R5)" 'the second kernel is there' \
	now kexec kernel second
ends "restart with a partition's context at work, which is told (R6)" \
	'the partition says that it is gone' partition
counted
