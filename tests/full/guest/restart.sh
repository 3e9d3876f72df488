# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# restart.sh - svad goes and comes back; clients and their contexts do not notice (R5)

RESTARTS=4

# two_slices_at_work: alice holds 3 contexts and comes and goes, bob holds 2
two_slices_at_work()
{
	want "alice holds" client a alice hold soft0 3
	want "bob holds" client b bob hold soft0 2
	want "alice comes and goes" client c alice churn soft0
}

two_slices_end_well()
{
	want "who came and went was served" client_ends c
	want "nothing is lost or counted twice" contexts_become 5
	want "alice's work" client_ends a
	want "bob's work" client_ends b
	want "all contexts have ended" contexts_become 0
}

test_restart_under_load()
{
	local i

	two_slices_at_work
	for ((i = 0; i < RESTARTS; i++)); do
		want "restart $i" systemctl restart svad.service
	done
	two_slices_end_well
}

kill_svad()
{
	mark
	systemctl kill -s KILL svad.service
	svad_says "serving by"
}

test_kill_under_load()
{
	local i

	two_slices_at_work
	for ((i = 0; i < RESTARTS; i++)); do
		want "svad is back after kill $i" kill_svad
	done
	two_slices_end_well
}

# What a user had before counts after (R8)
test_limits_survive_a_kill()
{
	sed -i 's/^contexts-per-user = 512/contexts-per-user = 4/' "$POLICY"
	want "reload" systemctl reload svad.service
	want "alice holds three" client a alice hold soft0 3
	want "svad is back" kill_svad
	want_not "two more are too many" client b alice hold soft0 2
	want "the reason" client_said b limit-user
	want "what she got of them is gone" contexts_become 3
	want "one more is not" client d alice hold soft0 1
	want "her work" client_ends a
	want "her other work" client_ends d
}

test_upgrade()
{
	local old

	old=$(pid_of_svad)
	two_slices_at_work
	cp /usr/sbin/svad /usr/sbin/svad.new
	mv /usr/sbin/svad.new /usr/sbin/svad
	want "the old one serves on" serves soft0
	want "restart" systemctl restart svad.service
	want "another process" [ "$(pid_of_svad)" != "$old" ]
	expect "of the new file" "$(readlink "/proc/$(pid_of_svad)/exe")" "/usr/sbin/svad"
	two_slices_end_well
}

# A policy with an error keeps svad down, and nobody else: it comes back by itself
test_a_config_error()
{
	want "alice holds" client a alice hold soft0 2
	mark
	echo 'nonsense' >>"$POLICY"
	want_not "it does not start" systemctl restart svad.service
	want "it says where" svad_says "$POLICY:[0-9]*:"
	mark
	want "and tries again" svad_says "$POLICY:[0-9]*:"
	mark
	cp /run/policy.saved "$POLICY"
	want "it is back" svad_says "serving by"
	want "bob binds" client b bob hold soft0
	want "alice's contexts were taken over" contexts_are 3
	want "alice's work" client_ends a
	want "bob's work" client_ends b
}
