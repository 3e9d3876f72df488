# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# stages.sh - commands that test, one after the other, and a table of what came of
# them; for tests/check and tests/debug, which source it behind tests/lib.sh

NOT_RUN=77
logs=
table=() broken=' ' not_run=()

# stage NAME NEEDS COMMAND...: NEEDS: stages without which it makes no sense
stage()
{
	local name=$1 needs=$2 need log status ok bad start=$SECONDS
	shift 2

	for need in $needs; do
		[[ $broken != *" $need "* ]] && continue
		table+=("$(printf '%-12s %8s %8s %8s  needs %s' "$name" - 1 0 "$need")")
		failed=$((failed + 1))
		broken+="$name "
		return
	done
	printf '\n== %s: %s\n' "$name" "$*"
	log=$logs/$name.log
	"$@" </dev/null 2>&1 | tee "$log" | grep --line-buffered -vE '^[0-9]+ passed, [0-9]+ failed'
	status=${PIPESTATUS[0]}
	if [ "$status" -ne 0 ] && grep -qE '^[a-z/]*: not run:' "$log"; then
		not_run+=("$name: $(grep -hE 'QEMU says|: not run:' "$log" | tail -n 1)")
		table+=("$(printf '%-12s %8s %8s %8d  not run: %s' "$name" - - "$((SECONDS - start))" "$log")")
		return
	fi
	read -r ok bad < <(counts_in "$log")
	[ "$((ok + bad))" -gt 0 ] || { [ "$status" -eq 0 ] && ok=1; }
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	[ "$bad" -eq 0 ] || broken+="$name "
	passed=$((passed + ok))
	failed=$((failed + bad))
	table+=("$(printf '%-12s %8d %8d %8d  %s' "$name" "$ok" "$bad" "$((SECONDS - start))" "$log")")
}

# stages_begin FOLDER: where their logs go
stages_begin()
{
	logs=$1
	mkdir -p "$logs" || exit 1
	rm -f "$logs"/*.log
}

# stages_told: the table and the sum; does not return
stages_told()
{
	if [ "$failed" -gt 0 ]; then
		printf '\nwhat failed:\n'
		grep -hE '^(not ok|FAIL) ' "$logs"/*.log
	fi
	printf '\n%-12s %8s %8s %8s  %s\n' stage passed failed seconds log
	printf '%s\n' "${table[@]}"
	grep -hE '^on [a-z]+[0-9]+: ' "$logs"/*.log
	[ ${#not_run[@]} -eq 0 ] || printf 'not run, and so not passed: %s\n' "${not_run[@]}"
	printf '%d s in all\n' "$SECONDS"
	counted || exit 1
	[ ${#not_run[@]} -eq 0 ] || exit "$NOT_RUN"
	exit 0
}
