# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# walkthrough.sh - docs/hpc.md, replayed: each command behind a prompt is run, and says what
# stands below it.  Numbers, runs of blanks, and where a job runs are not compared.

# The page's blocks, as lines "PROMPT COMMAND" and, behind a tab, what it says
walkthrough_lines()
{
	awk '/^    (n1#|mallory\$|head#) / { sub(/^    /, ""); print; inside = 1; next }
	     /^    / && inside { sub(/^    /, "\t"); print; next }
	     { inside = 0 }' /rig/hpc.md
}

comparable()
{
	sed -E 's/[0-9]+/N/g; s/[[:blank:]]+/ /g; s/ $//'
}

# replay PROMPT COMMAND EXPECTED
replay()
{
	local said

	case $1 in
	mallory\$) said=$(as mallory bash -c "$2" 2>&1) ;;
	*) said=$(bash -c "$2" 2>&1) ;;
	esac
	echo "$1 $2"
	echo "$said"
	expect "what '$2' says" "$(comparable <<<"$said")" "$(comparable <<<"$3")"
}

test_the_walkthrough_is_true()
{
	local line prompt='' command='' expected=''

	cp /rig/bind /rig/mpi-search /home/mallory/
	while IFS= read -r line; do
		if [[ $line == $'\t'* ]]; then
			expected+=${expected:+$'\n'}${line#$'\t'}
			continue
		fi
		[ -z "$prompt" ] || replay "$prompt" "$command" "$expected"
		prompt=${line%% *} command=${line#* } expected=''
	done < <(walkthrough_lines)
	want "there is a walk-through" [ -n "$prompt" ]
	replay "$prompt" "$command" "$expected"
}
