#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools_svactl - svactl as its users see it: JSON against its schema, --help, the
# shell's completion, exit statuses; over svad with the fake kernel

set -u
build=$(cd "$(dirname "$1")/../.." && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=tests/lib.sh
. tests/lib.sh
svactl=$build/tools/svactl
schema=docs/json/svactl.schema.json

dir=$(mktemp -d) || exit 1
svad=
finish()
{
	[ -z "$svad" ] || { kill "$svad"; wait "$svad"; } 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
log=$dir/log

# ok NAME COMMAND...: passes when the command does
ok()
{
	if "${@:2}" >"$log" 2>&1; then
		pass "$1"
	else
		fail "$1" "$log"
	fi
}

# says STATUS VERB_IN_SCHEMA ARGUMENT...: svactl --json ends so, and prints that
says()
{
	local status=$1 name=$2 got
	shift 2

	timeout 20 "$svactl" --root "$dir/root" --socket "$dir/socket" --json "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	{
		cat "$dir/out" "$dir/err"
		[ "$got" -eq "$status" ] || echo "exit status $got and not $status"
	} >"$log"
	if [ "$got" -eq "$status" ] && tests/json-valid "$schema" "$name" <"$dir/out" >>"$log" 2>&1
	then
		pass "svactl --json $* ($status: $name)"
	else
		fail "svactl --json $* ($status: $name)" "$log"
	fi
}

sandbox=
svad_start()
{
	# a sanitizer's own calls are not on svad's list
	nm "$svactl" | grep -q __asan_init && sandbox=--no-sandbox
	printf '[administrators]\nuser = root\n[limits]\nrequests-per-second = 1000000\n[allow]\nuser = *\ncontexts-per-user = 1000000\n' >"$dir/svad.conf"
	chmod 755 "$dir"
	"$build/tests/unit/fake_svad" "$dir/socket" "$dir/svad.conf" --state "$dir/grants" \
		--contexts 3 $sandbox >"$dir/svad.log" 2>&1 &
	svad=$!
	for ((i = 0; i < 500; i++)); do
		"$svactl" --socket "$dir/socket" list >/dev/null 2>&1 && return
		sleep 0.02
	done
	cat "$dir/svad.log"
	return 1
}

# A false /sys with soft0, one partition of it, and a device with two types
sysfs_make()
{
	local class=$dir/root/sys/class/sva part=5a5a0000-0000-4000-8000-000000000001 device

	mkdir -p "$dir/root/proc/sys/kernel/random"
	echo 11111111-2222-4333-8444-555555555555 >"$dir/root/proc/sys/kernel/random/uuid"
	for device in soft0 two0 "$part"; do
		mkdir -p "$class/$device/types/shared"
		echo 1 >"$class/$device/viable"
		echo 2 >"$class/$device/contexts"
		echo 0 >"$class/$device/quarantined"
		echo 14 >"$class/$device/types/shared/available_instances"
		: >"$class/$device/types/shared/create"
	done
	mkdir "$class/two0/types/dedicated"
	: >"$class/two0/types/dedicated/create"
	echo soft0 >"$class/$part/partition_of"
	: >"$class/$part/remove"
}

# wrote FILE TEXT: what a verb wrote into the false /sys
wrote()
{
	[ "$(cat "$dir/root/sys/class/sva/$1")" = "$2" ]
}

verbs_json()
{
	local first

	first=$("$svactl" --socket "$dir/socket" ps | awk 'NR == 2 { print $1 }')
	says 0 list list
	says 0 list list soft0
	says 1 error list nosuch
	says 0 ps ps
	says 0 top top --count 2 --interval 0.1
	says 1 error top nosuch
	says 0 info info "$first"
	says 1 error info 99
	says 1 doctor doctor
	says 0 explain explain soft0
	says 0 explain explain --user 1234 soft0
	says 0 stats stats
	says 0 grant-add grant add soft0 -n 2 -u 1234
	says 0 grant-list grant list
	says 0 grant-remove grant remove 1
	says 1 error grant remove 1
	says 0 revoke revoke "$first"
	says 1 error revoke soft0 99
	says 0 reset reset soft0
	says 1 cdi-check cdi check /no/such/file
	says 0 check-config check-config systemd/svad.conf
	says 1 check-config check-config tests/unit/tools_svactl.sh
	says 1 check-config check-config /no/such/file
}

partitions_json()
{
	local part=5a5a0000-0000-4000-8000-000000000001

	says 0 partition-list partition list
	ok "the partition is listed" grep -q "$part" "$dir/out"
	says 0 partition-list partition list two0
	says 0 partition-create partition create soft0
	ok "the name is the kernel's random UUID" wrote soft0/types/shared/create \
		11111111-2222-4333-8444-555555555555
	says 0 partition-create partition create -n 5 -t dedicated two0 "$part"
	ok "type and number are passed on" wrote two0/types/dedicated/create "$part 5"
	says 1 error partition create --type nosuch soft0
	says 1 error partition create nosuch
	says 1 error partition create ../../etc
	says 0 partition-remove partition remove "$part"
	ok "it is removed without force" wrote "$part/remove" 1
	says 0 partition-remove partition remove --force "$part"
	ok "it is removed by force" wrote "$part/remove" force
	says 1 error partition remove soft0
	says 1 error partition remove nosuch
}

# A reset makes an event; the watch ends after it
watch_json()
{
	timeout 20 "$svactl" --socket "$dir/socket" --json watch --count 1 >"$dir/watch" 2>&1 &
	local watch=$!

	# it is told of what comes after it has subscribed, and svad counts it then
	for ((i = 0; i < 500; i++)); do
		"$svactl" --socket "$dir/socket" stats | grep -qx 'watches *1' && break
		sleep 0.02
	done
	"$svactl" --socket "$dir/socket" reset soft0 >/dev/null || { kill "$watch"; return 1; }
	wait "$watch" || return
	tests/json-valid "$schema" watch <"$dir/watch"
}

every_verb_has_a_schema()
{
	local verb names

	names=$(jq -r '."$defs" | keys[]' "$schema")
	"$svactl" --verbs | cut -d: -f1 | tr ' ' - | while read -r verb; do
		grep -qxF "$verb" <<<"$names" || echo "$verb"
	done >"$dir/without"
	! grep . "$dir/without"
}

every_verb_has_help()
{
	local verb rest

	while IFS=: read -r verb rest; do
		# shellcheck disable=SC2086 # a verb may be two words
		"$svactl" $verb --help | grep -q "^Usage: svactl $verb" || { echo "$verb"; return 1; }
	done < <("$svactl" --verbs)
}

help_fits()
{
	! { "$svactl" --help; "$svactl" grant add --help; } | grep -E '^.{81}'
}

# completes WORD... -- EXPECTED...: the last word is being typed
completes()
{
	local COMP_WORDS=() COMP_CWORD COMPREPLY=()

	while [ "$1" != -- ]; do COMP_WORDS+=("$1"); shift; done
	shift
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_svactl
	[ "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" = "$(printf '%s\n' "$@" | sort)" ] ||
		{ printf 'it says: %s\n' "${COMPREPLY[*]}"; return 1; }
}

completion()
{
	# the functions of bash-completion are not needed, and may not be there
	complete() { :; }
	# shellcheck source=/dev/null
	. "$build/tools/svactl.bash"
	PATH=$build/tools:$PATH
	export SVA_SOCKET=$dir/socket
	ok "completion: verbs" completes svactl re -- revoke reset
	ok "completion: the second word of a verb" completes svactl partition '' -- list create remove
	ok "completion: options of a verb" completes svactl stats --m -- --metrics
	ok "completion: none of another verb's" completes svactl list --m -- ''
	ok "completion: options before the verb" completes svactl --json gr -- grant
	ok "completion: devices" completes svactl reset '' -- soft0
	ok "completion: a device behind an option with a value" \
		completes svactl grant add -n 3 s -- soft0
	ok "completion: users" completes svactl explain --user roo -- root
}

metrics()
{
	"$svactl" --socket "$dir/socket" stats --metrics | awk '
		$1 == "#" && $2 == "EOF" { eof = NR; next }
		$1 == "#" { about[$3]; next }
		{ name = $1; sub("_total$", "", name); if (!(name in about) || NF != 2) exit 1; n++ }
		END { exit !(eof == NR && n > 20) }'
}

top_is_plain()
{
	"$svactl" --socket "$dir/socket" top --count 2 --interval 0.1 >"$dir/top" 2>&1 || return
	! grep -E $'\033|^.{81}' "$dir/top" && [ "$(grep -c '^ *ID ' "$dir/top")" = 2 ]
}

# On a terminal of 60 columns: nothing is longer, and q, which is echoed, ends it
top_on_a_terminal()
{
	local status

	printf q | timeout 20 script -qec "stty cols 60 rows 10; '$svactl' --socket '$dir/socket' top -i 60" \
		/dev/null >"$dir/screen"
	status=$?
	[ "$status" -eq 0 ] && grep -q $'\033\\[?1049l' "$dir/screen" && grep -q 'JOBS' "$dir/screen" &&
		! sed 's/\r//g; s/^q//; s/\x1b\[[?0-9]*[a-zA-Z]//g' "$dir/screen" | grep -E '^.{61}'
}

svabench_json()
{
	SVA_SOCKET=$dir/socket timeout 100 "$build/tools/svabench" --quick --output "$dir/bench.json" \
		--rows 'mem-*,grant-new,grant-open,grant-clients-[12],grant-among-10*,restart' \
		--svad "$build/tests/unit/fake_svad $dir/other $dir/svad.conf --contexts 1000 $sandbox 2>/dev/null" \
		--svad-socket "$dir/other" || return
	tests/json-valid docs/json/svabench.schema.json <"$dir/bench.json" || return
	# a row that could not be measured here is not what this test is for
	! jq -e '.rows[] | select(.error)' "$dir/bench.json"
}

# Titles and curves are text and paths in an SVG
plots()
{
	local name

	tools/svabench-plot "$dir" "$dir/bench.json" || return
	for name in ratios grant-clients grant-among; do
		grep -q '<path' "$dir/bench-$name.svg" || { echo "$name"; return 1; }
	done
	[ ! -e "$dir/bench-memmove.svg" ]
}

if ! ok "svad over the fake kernel starts" svad_start || [ "$failed" -gt 0 ]; then
	counted
	exit
fi
sysfs_make
verbs_json
partitions_json
ok "svactl --json watch: an event" watch_json
ok "every verb has a schema" every_verb_has_a_schema
ok "every verb has --help" every_verb_has_help
ok "--help stays within 80 columns" help_fits
ok "stats --metrics is OpenMetrics" metrics
ok "top is plain where there is no terminal" top_is_plain
ok "top on a terminal: as wide as that, until q" top_on_a_terminal
completion
ok "svabench measures, and says it by its schema" svabench_json
ok "svabench-plot makes a plot of each series" plots
kill "$svad"
wait "$svad"
svad=
says 1 error list
says 1 error watch
says 1 error revoke 5
counted
