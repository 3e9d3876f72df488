# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# lib.sh - what the parts share: jobs of mallory, and what they hold.  Sourced by run-all.

# holds DEVICE COUNT: words of a command that has so many contexts compute for a second
holds()
{
	echo "timeout --preserve-status -s TERM 1 $CLIENT hold $1 $2"
}

# run ARGUMENT...: srun as mallory, with all that it says in $out
run()
{
	out=$(as mallory timeout "$WAIT_S" srun "$@" 2>&1)
	set -- $?
	echo "srun: status $1: $out"
	return "$1"
}

says()
{
	want "it says '$1'" grep -qF -e "$1" <<<"$out"
}

# script LINE...: a batch job's script, in $script
script()
{
	script=/home/mallory/job
	printf '%s\n' '#!/bin/bash' "$@" >"$script"
}

# batch ARGUMENT...: sbatch as mallory; waits for the end, what the job wrote is in $out
batch()
{
	local status

	rm -f /home/mallory/out
	as mallory sbatch -Q -W -o out "$@" "$script"
	status=$?
	out=$(cat /home/mallory/out)
	echo "sbatch: status $status: $out"
	return "$status"
}

# waiting_job NAME DEVICE ARGUMENT...: a job that holds a context until it is cancelled;
# its number is in $job; returns when it has it
waiting_job()
{
	job=$(as mallory sbatch --parsable -J "$1" -o "out.$1" "${@:3}" \
		--wrap "echo \"\$SVA_DEVICES\"; exec $CLIENT hold $2 1")
}

job_is()
{
	[ "$(squeue -h -j "$1" -o %T 2>/dev/null)" = "$2" ]
}

contexts_of_node()
{
	ctl "$1" list | awk '{ sub("/.*", "", $4); n += $4 } END { print n + 0 }'
}

node_has_contexts()
{
	[ "$(contexts_of_node "$1")" = "$2" ]
}

jobs_end()
{
	scancel -u mallory
	want "all jobs end" until_true queue_is_empty
}
