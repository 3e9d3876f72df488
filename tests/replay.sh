# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# replay.sh - does what a document shows, and compares what it says with what is seen.
# Sourced behind lib.sh.
#
# A block of the document that is indented by four blanks or more holds commands and what they
# print: "# " begins one of root's, "n1# " too, and "alice$ " one of alice's; a command goes
# on in lines that begin with "> ".  Numbers are as good as others, blanks as good as more of them,
# and a line "..." stands for any lines.  Blocks without a prompt are no transcript.

# transcript FILE HEADING: of this section, as lines of KIND, tab, TEXT: command
# (of whom), more of it, output
transcript()
{
	awk -v heading="$2" '
		/^#+ / { inside = $0 ~ "^#+ " heading "$"; shown = 0; next }
		!inside { next }
		!/^    / && !/^$/ { shown = 0; next }
		!match($0, /^ +/) { next }
		{ text = substr($0, RLENGTH + 1) }
		text ~ /^[a-z0-9]*# / { shown = 1; indent = RLENGTH; sub(/^[a-z0-9]*# /, "", text)
			print "root\t" text; next }
		text ~ /^[a-z]+\$ / { shown = 1; indent = RLENGTH; user = text; sub(/\$.*/, "", user)
			print user "\t" substr(text, length(user) + 3); next }
		shown && text ~ /^> / { print "more\t" substr(text, 3); next }
		shown { print "output\t" substr($0, indent + 1) }
	' "$1"
}

# plain: what is compared of a text
plain()
{
	sed -E -e 's/\r$//' -e 's/\x1b\[[0-9;]*m//g' -e 's/[0-9]+/0/g' -e 's/[[:blank:]]+/ /g' -e 's/^ | $//g' | sed '/^$/d'
}

# same SHOWN SEEN: of two texts, the first of which may have lines "..."
same()
{
	local pattern

	pattern=$(plain <<<"$1" | sed -e 's/[][*?\\]/\\&/g' -e 's/^\.\.\.$/*/')
	# "..." may also be no line
	pattern=${pattern//$'\n*\n'/$'\n*'}
	pattern=${pattern/#$'*\n'/*}
	pattern=${pattern/%$'\n*'/*}
	# shellcheck disable=SC2053
	[[ $(plain <<<"$2") == $pattern ]]
}

# replay_command USER COMMAND SHOWN
replay_command()
{
	local seen status

	seen=$(as "$1" bash -c "$2" 2>&1 </dev/null)
	status=$?
	# as a shell at a terminal says of a command that this signal ended
	[ "$status" -ne 137 ] || seen+=${seen:+$'\n'}Killed
	if same "$3" "$seen"; then
		pass "$1: ${2%%$'\n'*}"
		sed 's/^/  | /' <<<"$seen"
		return
	fi
	printf 'exit status %s; shown:\n%s\nseen:\n%s\n' "$status" "$3" "$seen" >"${TMPDIR:-/tmp}/replay.log"
	FAIL_LINES=200 fail "$1: ${2%%$'\n'*}" "${TMPDIR:-/tmp}/replay.log"
}

# replay FILE HEADING: every command of this section
replay()
{
	local kind text user='' command shown commands=0

	while IFS=$'\t' read -r kind text; do
		case $kind in
		more) command+=$'\n'$text ;;
		output) shown+=${shown:+$'\n'}$text ;;
		*)
			[ -z "$user" ] || replay_command "$user" "$command" "$shown"
			user=$kind command=$text shown='' commands=$((commands + 1))
			;;
		esac
	done < <(transcript "$@")
	[ -z "$user" ] || replay_command "$user" "$command" "$shown"
	[ "$commands" -gt 0 ] || fail "$1 has a section '$2' with commands"
}
