# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# kills.sh - jobs that end as nobody wished: nothing is left of them (R5)

# held: a job with a context on n1, its number in $job
held()
{
	waiting_job held soft0 -w n1 --gres=sva:soft0:2 --sva=soft0 "$@"
	want "it has its context" until_true node_has_contexts n1 1
}

nothing_is_left()
{
	want "no job is left" until_true queue_is_empty
	want "no context is left" until_true node_has_contexts n1 0
	want "no grant is left" until_true grants_are_on n1 0
}

grants_are_on()
{
	[ "$(ctl "$1" grant list | grep -c job_)" = "$2" ]
}

# pid_of_stepd JOB: the slurmstepd of its first step
pid_of_stepd()
{
	pgrep -f "^slurmstepd: \[$1\." | head -n 1
}

# The process, and not what waits for it
pid_of_client()
{
	pgrep -f "^$CLIENT hold" | head -n 1
}

test_a_cancelled_job()
{
	held
	want "it is cancelled" scancel "$job"
	nothing_is_left
}

test_a_job_whose_time_is_over()
{
	held
	want "its time is over" scontrol update JobId="$job" EndTime=now
	WAIT_S=150 nothing_is_left
	expect "by its limit" "$(scontrol show job "$job" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p')" TIMEOUT
}

test_srun_is_killed()
{
	local pid

	as mallory srun -w n1 --gres=sva:soft0:2 --sva=soft0 "$CLIENT" hold soft0 1 &
	want "it has its context" until_true node_has_contexts n1 1
	pid=$(pgrep -u mallory -x srun | head -n 1)
	want "srun is there" [ -n "$pid" ]
	kill -KILL "$pid" $(pgrep -P "$pid")
	wait $!
	scancel -u mallory
	nothing_is_left
}

# The process outlives its job.  The epilog takes the grant, and with it the context.
test_slurmstepd_is_killed()
{
	local pid

	held
	pid=$(pid_of_client)
	kill -KILL "$(pid_of_stepd "$job")"
	want "the process is still there" kill -0 "$pid"
	expect "with its context" "$(contexts_of_node n1)" 1
	scancel "$job"
	nothing_is_left
	cat /home/mallory/out.held
	want "it was there still when its context ended" until_true grep -q ': context-revoked$' /home/mallory/out.held
	kill -KILL "$pid" 2>/dev/null
	want "n1 is idle" until_true node_state_is n1 idle
}

test_slurmd_is_killed()
{
	held
	systemctl kill -s KILL --kill-whom=main slurmd@n1
	want "the context is still there" node_has_contexts n1 1
	want "so is the grant" grants_are_on n1 1
	want "slurmd starts again" until_true systemctl restart slurmd@n1
	want "the job goes on" job_is "$job" RUNNING
	scancel "$job"
	nothing_is_left
	want "n1 is idle" until_true node_state_is n1 idle
}

# The job ends while no slurmd is there to run its epilog
test_slurmd_is_away_when_the_job_ends()
{
	held
	systemctl kill -s KILL --kill-whom=main slurmd@n1
	scancel "$job"
	want "slurmd starts again" until_true systemctl restart slurmd@n1
	nothing_is_left
	want "n1 is idle" until_true node_state_is n1 idle
}

test_svad_is_killed()
{
	held
	mark
	systemctl kill -s KILL svad.service
	want "svad is back" svad_says "serving by"
	want "the context is still there" node_has_contexts n1 1
	want "so is the grant" grants_are_on n1 1
	want "the job goes on" job_is "$job" RUNNING
	scancel "$job"
	nothing_is_left
}

# A prolog that finds no svad does not drain the node; the task says why it does not start
test_svad_is_away_when_a_job_starts()
{
	systemctl stop svad.socket svad.service
	want_not "without svad" run -w n1 --gres=sva:soft0:2 --sva=soft0 true
	says "(no-daemon)"
	want "others run" run -w n1 true
	expect "no node is drained" "$(sinfo -h -R)" ""
	systemctl start svad.socket svad.service
	want "with svad" run -w n1 --gres=sva:soft0:2 --sva=soft0 $(holds soft0 2)
}

# The grant was taken away in the middle of a job: its next step gives it anew
test_a_step_without_grant_gets_it_anew()
{
	script '#SBATCH --gres=sva:soft0:2' '#SBATCH -w n1' '#SBATCH --sva=soft0' \
		"srun --overlap $(holds soft0 1) || exit" 'touch first' \
		'until [ -e second ]; do sleep 0.1; done' "srun --overlap $(holds soft0 2)"
	rm -f /home/mallory/{first,second}
	job=$(as mallory sbatch --parsable -o out "$script")
	want "the first step" until_true [ -e /home/mallory/first ]
	want "its grant goes" ctl n1 grant remove "$(ctl n1 grant list | awk '/job_/ { print $1 }')"
	touch /home/mallory/second
	want "the job ends" until_true queue_is_empty
	expect "well" "$(scontrol show job "$job" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p')" COMPLETED
	nothing_is_left
}

# --------------------------------------- every victim, at every stage of a job

# When a stage has come: its job is $job
stage_granted()
{
	grants_are_on n1 1
}

stage_started()
{
	pid_of_stepd "$job" | grep -q .
}

stage_bound()
{
	node_has_contexts n1 1
}

stage_ending()
{
	! job_is "$job" RUNNING
}

kill_srun()
{
	kill -KILL $(pgrep -u mallory -x srun)
}

kill_slurmstepd()
{
	kill -KILL "$(pid_of_stepd "$job")"
}

kill_slurmd()
{
	systemctl kill -s KILL --kill-whom=main slurmd@n1
}

kill_svad()
{
	systemctl kill -s KILL svad.service
}

# soon COMMAND...: like until_true, for what lasts a moment
soon()
{
	POLL_S=0.02 until_true "$@"
}

# a_job_is_there: of those that are mallory's, in $job
a_job_is_there()
{
	job=$(squeue -h -u mallory -o %A) && [ -n "$job" ]
}

# Nothing is left, and the next job has all that a job has
killed_at()
{
	local stage=$1 victim=$2

	as mallory srun -w n1 --gres=sva:soft0:2 --sva=soft0 "$CLIENT" hold soft0 1 &
	want "$stage: a job" soon a_job_is_there
	if [ "$stage" = ending ]; then
		want "$stage: it is bound" soon stage_bound
		scancel "$job"
	fi
	want "$stage comes" soon "stage_$stage"
	"kill_$victim"
	scancel -u mallory
	systemctl start slurmd@n1
	until_true systemctl is-active --quiet svad.service
	nothing_is_left
	pkill -KILL -f "^$CLIENT hold"
	wait $!
	want "n1 is idle" until_true node_state_is n1 idle
	want "$victim was killed when the job was $stage: the next job" run -w n1 --gres=sva:soft0:2 \
		--sva=soft0 $(holds soft0 2)
	want "no job is left" until_true queue_is_empty
}

test_srun_is_killed_at_every_stage()
{
	local stage

	for stage in granted started bound ending; do
		killed_at "$stage" srun
	done
}

test_slurmstepd_is_killed_at_every_stage()
{
	local stage

	for stage in started bound; do
		killed_at "$stage" slurmstepd
	done
}

test_slurmd_is_killed_at_every_stage()
{
	local stage

	for stage in granted started bound ending; do
		killed_at "$stage" slurmd
	done
}

test_svad_is_killed_at_every_stage()
{
	local stage

	for stage in granted started bound ending; do
		killed_at "$stage" svad
	done
}

# The grant is in svad's state when it starts again; that its cgroup has gone is seen then
test_svad_is_away_when_a_job_ends()
{
	held
	systemctl stop svad.socket svad.service
	scancel "$job"
	want "no job is left" until_true queue_is_empty
	systemctl start svad.socket svad.service
	nothing_is_left
	expect "no node is drained" "$(sinfo -h -R)" ""
}
