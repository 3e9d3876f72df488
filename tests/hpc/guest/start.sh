# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# start.sh - what a grant adds to a job's start

RUNS=21

# started_after ARGUMENT...: milliseconds from srun to the first instruction of the job's task
started_after()
{
	local from at

	until_true node_state_is n1 idle || return
	from=$(date +%s%N)
	at=$(as mallory srun -w n1 --gres=sva:soft0:2 "$@" date +%s%N) || return
	echo $(((at - from) / 1000000))
}

# median FILE: of numbers, one a line
median()
{
	sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

# What a grant adds to a job's start, against the same job without it, run in turn with it.
# It is told and not judged: that every job started is what can be right or wrong here.
test_what_a_grant_adds_to_a_start()
{
	local i without with

	rm -f /run/{without,with,more}
	for ((i = 0; i < RUNS; i++)); do
		without=$(started_after) || break
		with=$(started_after --sva=soft0) || break
		echo "$without" >>/run/without
		echo "$with" >>/run/with
		echo $((with - without)) >>/run/more
	done
	without=$(median /run/without) with=$(median /run/with)
	echo "a job's start, from srun to its task, medians of $RUNS runs in turn: without a grant $without ms, with it $with ms; what it adds: $(median /run/more) ms" |
		tee /run/measured
	expect "how many started" "$(wc -l </run/with)" "$RUNS"
}
