# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# jobs.sh - what a job has and what it has not.  mallory is in no rule of the policy: all
# that he gets is by a grant.

test_a_job_has_what_slurm_gave_it()
{
	want "two contexts of two" run -w n1 --gres=sva:soft0:2 --sva=soft0:2 $(holds soft0 2)
	want "its environment" run -w n1 --gres=sva:soft0:2,sva:soft1:1 --sva=soft0,soft1 \
		sh -c 'echo "devices $SVA_DEVICES"'
	want "both" grep -qE 'devices (soft0:2,soft1:1|soft1:1,soft0:2)' <<<"$out"
	want "where svad is elsewhere" run -w n2 --gres=sva:soft2:1 --sva=soft2 \
		sh -c "echo \$SVA_SOCKET; $(holds soft2 1)"
	says "$(socket_of n2)"
}

# R8: by svad, whatever Slurm thinks
test_a_job_that_opens_more_is_refused_by_svad()
{
	want_not "three of two" run -w n1 --gres=sva:soft0:2 --sva=soft0:2 $(holds soft0 3)
	says limit-grant
	want_not "another device" run -w n1 --gres=sva:soft0:2 --sva=soft0:2 $(holds soft1 1)
	says denied-by-default
}

test_a_job_that_asks_for_more_is_refused_by_slurm()
{
	want_not "five of four" run -w n1 --gres=sva:soft0:5 --sva=soft0:5 true
	says "Requested node configuration is not available"
}

test_what_slurm_did_not_give_is_not_granted()
{
	want_not "three of two" run -w n1 --gres=sva:soft0:2 --sva=soft0:3 echo "it ran"
	says "asks for 3 contexts on soft0, and Slurm gave it 2"
	want_not "it did not start" grep -q "it ran" <<<"$out"
	want_not "nothing asked of Slurm" run -w n1 --sva=soft0 true
	says "Slurm gave it 0"
	want_not "all of nothing" run -w n1 --sva=all true
	says "gave the job no 'sva'"
	expect "no node is drained" "$(sinfo -h -R)" ""
}

test_without_the_option_nothing_is_granted()
{
	want_not "no --sva" run -w n1 --gres=sva:soft0:2 $(holds soft0 1)
	says denied-by-default
}

test_the_submitting_shell_needs_no_daemon()
{
	local word

	systemctl stop svad.socket svad.service slurmctld
	for word in '' soft0:0 'soft0;rm' soft0,soft0 all,soft0; do
		want_not "--sva=$word" run --sva="$word" true
		says "srun: error: sva: --sva"
	done
	out=$(as mallory sbatch --sva=soft0:0 --wrap true 2>&1; as mallory salloc --sva=soft0:0 true 2>&1)
	says "sbatch: error: sva: --sva"
	says "salloc: error: sva: --sva"
	want "help" run --help
	says "--sva=DEVICE[:N],..."
	out=$(as mallory sbatch --help; as mallory salloc --help)
	expect "of sbatch and salloc, too" "$(grep -c -e '--sva=' <<<"$out")" 2
	systemctl start slurmctld svad.socket svad.service
	want "slurmctld is back" until_true node_state_is n1 idle
}

test_a_batch_job_and_its_steps()
{
	script '#SBATCH --sva=soft0:2' '#SBATCH --gres=sva:soft0:2,sva:soft1:1' '#SBATCH -w n1' \
		'echo "batch $SVA_DEVICES"' "$(holds soft0 2) || exit" \
		'srun --sva=soft1 sh -c "echo step \$SVA_DEVICES; '"$(holds soft1 1)"'"'
	want "the job" batch
	says "batch soft0:2"
	says "step soft1:1"
}

test_a_refused_batch_job_says_so_in_its_output()
{
	script '#SBATCH --sva=soft0:2' '#SBATCH -w n1' 'echo "it ran"'
	want_not "the job" batch
	says "Slurm gave it 0 on this node; ask for as many with --gres, as in --gres=sva:soft0:2"
	want_not "it did not start" grep -q "it ran" <<<"$out"
}

# On n3 an index is a device: gres.conf says File=, plugstack.conf devices=
test_two_jobs_get_devices_of_their_own()
{
	local first second

	waiting_job a '"${SVA_DEVICES%%:*}"' -w n3 --gres=svadev:1 --sva=all
	waiting_job b '"${SVA_DEVICES%%:*}"' -w n3 --gres=svadev:1 --sva=all
	want "both have their context" until_true node_has_contexts n3 2
	waiting_job c '"${SVA_DEVICES%%:*}"' -w n3 --gres=svadev:1 --sva=all
	want "a third waits for a device" job_is "$job" PENDING
	first=$(head -n 1 /home/mallory/out.a) second=$(head -n 1 /home/mallory/out.b)
	expect "the devices" "$(printf '%s\n' "$first" "$second" | sort | xargs)" "soft4:4 soft5:4"
	scancel -n a -u mallory
	want "and gets it when one is free" until_true job_is "$job" RUNNING
	want "the one that was given back" until_true grep -q "^$first" /home/mallory/out.c
	jobs_end
}

test_two_jobs_share_a_device()
{
	waiting_job a soft0 -w n1 --gres=sva:soft0:2 --sva=soft0
	waiting_job b soft0 -w n1 --gres=sva:soft0:2 --sva=soft0
	want "both have their context" until_true node_has_contexts n1 2
	waiting_job c soft0 -w n1 --gres=sva:soft0:1 --sva=soft0
	want "a third waits for a share" job_is "$job" PENDING
	expect "two grants of two" "$(ctl n1 grant list | awk '$2 == "soft0" { print $4 }' | xargs)" "2 2"
	jobs_end
}

# 16 at a time have room on the two nodes that count contexts
test_fifty_jobs_over_few_contexts()
{
	script '#SBATCH --array=1-50' '#SBATCH --gres=sva:1' '#SBATCH --sva=all' /rig/bind
	rm -f /home/mallory/many.*
	want "fifty jobs" as mallory sbatch -Q -W -o many.%a "$script"
	expect "all of them computed" "$(cat /home/mallory/many.* | grep -c 'copied by the accelerator')" 50
	cat /home/mallory/many.* | grep -v 'copied by the accelerator' | sort | uniq -c | head
}
