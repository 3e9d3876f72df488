# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# grants.sh - what a job launcher does: it gives a slice a grant, and takes it back.
# mallory is in no rule, so all that he gets is by a grant.

SLICE=jobs-mallory.slice

# A cgroup is known by its id, so it has to be there first, and stays
grant_give()
{
	want "the slice" systemctl start "$SLICE"
	want "the grant" svactl grant add soft0 --contexts "$1" --cgroup "/jobs.slice/$SLICE"
	grant=$(svactl --json grant list | sed -n 's/.*"number": *\([0-9]*\).*/\1/p' | head -n 1)
	want "it has a number" [ -n "$grant" ]
}

grant_take_back()
{
	want "the grant is taken back" svactl grant remove "$grant"
	systemctl stop "$SLICE"
}

grants_are()
{
	[ "$(svactl grant list | grep -c "jobs-mallory")" = "$1" ]
}

test_a_slice_has_what_was_granted_and_no_more()
{
	grant_give 2
	want "two contexts" client m mallory hold soft0 2
	want_not "a third" client m3 mallory hold soft0
	want "the reason" client_said m3 limit-grant
	want "their work" client_ends m
	want "another two" client m2 mallory hold soft0 2
	want "their work" client_ends m2
	grant_take_back
	want_not "without it" client m4 mallory hold soft0
	want "the reason" client_said m4 denied-by-default
}

# The same user outside of the slice has nothing
test_a_grant_is_the_slices_and_not_the_users()
{
	grant_give 2
	want_not "from elsewhere" systemd-run --quiet --unit=client-x --slice=other.slice --uid=mallory \
		-p Type=notify "$CLIENT" hold soft0
	want "the reason" client_said x denied-by-default
	grant_take_back
}

# What was opened under it ends, whoever holds it
test_taking_back_revokes()
{
	grant_give 2
	want "two contexts" client m mallory hold soft0 2
	want "alice is there, too" client a alice hold soft0
	want "it is taken back" svactl grant remove "$grant"
	want "mallory is told" until_true client_failed m
	want "the reason" client_said m revoked
	want "nothing is left of it" contexts_become 1
	want "alice has not noticed" client_ends a
	systemctl stop "$SLICE"
}

# Only operators give grants
test_users_give_themselves_nothing()
{
	want_not "mallory" setpriv --reuid mallory --regid mallory --clear-groups \
		svactl grant add soft0 --contexts 2 --user mallory
	want_not "alice, who may open" setpriv --reuid alice --regid alice --clear-groups \
		svactl grant add soft0 --contexts 2 --user mallory
	want "there is no grant" grants_are 0
}

# R5: the kernel cannot know grants; svad's folder, which the unit keeps, does
test_grants_outlive_svad()
{
	grant_give 2
	want "one context" client m mallory hold soft0
	mark
	systemctl kill -s KILL svad.service
	want "svad is back" svad_says "serving by"
	want "so is the grant" grants_are 1
	want "one more" client m2 mallory hold soft0
	want_not "what is open counts" client m3 mallory hold soft0
	want "stop" systemctl stop svad.service
	want "start" systemctl start svad.service
	want "it is still there" grants_are 1
	want "their work" client_ends m
	want "their work" client_ends m2
	grant_take_back
	want "and is gone" grants_are 0
}
