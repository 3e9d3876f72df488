# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# examples.sh - libsva-dev's examples, as alice has copied them.  Sourced by run-all.

# All but raii, for which there is no compiler
examples_are_built()
{
	runuser -u alice -- make -C ~alice/examples PROGRAMS='ten-lines bind search threads workers loop launch'
}

# says WORDS EXAMPLE ARGUMENT...: it succeeds as alice, with these words
says()
{
	(cd ~alice/examples && runuser -u alice -- "${@:2}") | tee "$LOG.says"
	[ "${PIPESTATUS[0]}" -eq 0 ] && grep -q "$1" "$LOG.says"
}

for_each_example()
{
	check "ten-lines" says 'PASID' ./ten-lines
	check "search" says 'person 77 is at' ./search
	check "loop" says '1048576 bytes in pieces' ./loop
	check "launch" says 'PASID' ./launch soft0 ./ten-lines
	check_not "R5: the examples have left nothing" grep -v '^0$' /sys/class/sva/soft0/contexts \
		/sys/class/sva/soft0/quarantined
}
