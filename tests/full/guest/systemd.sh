# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# systemd.sh - svad.service and svad.socket as a site has them

# R12: its own user, no capability, no network, a filter
test_svad_holds_no_power()
{
	local status

	status=/proc/$(pid_of_svad)/status
	expect "user" "$(stat -c %U "/proc/$(pid_of_svad)")" svad
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		expect "$set" "$(awk -v set="$set:" '$1 == set { print $2 }' "$status")" 0000000000000000
	done
	expect "NoNewPrivs" "$(awk '/^NoNewPrivs:/ { print $2 }' "$status")" 1
	expect "Seccomp" "$(awk '/^Seccomp:/ { print $2 }' "$status")" 2
	want "a network of its own" [ "$(readlink "/proc/$(pid_of_svad)/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	expect "its network" "$(nsenter -t "$(pid_of_svad)" -n cat /proc/net/dev | grep -c :)" 1
	want "it cannot write to /etc" \
		grep -qE ' / ro,| / [^ ]* [^ ]* ro,' "/proc/$(pid_of_svad)/mountinfo"
}

# R12: the nodes are svad's alone
test_the_nodes_belong_to_svad()
{
	expect "the node" "$(stat -c '%U:%G %a' /dev/sva/soft0)" "svad:root 600"
	want_not "alice cannot open it" setpriv --reuid alice --regid alice --clear-groups \
		cat /dev/sva/soft0
}

test_users_in_slices_bind_and_strangers_are_told_why()
{
	want "alice binds" client a alice hold soft0
	want "bob binds" client b bob hold soft0 3
	want_not "mallory does not" client m mallory hold soft0
	want "the reason" client_said m denied-by-default
	want "the contexts" contexts_are 4
	want "alice's work" client_ends a
	want "bob's work" client_ends b
	want "nothing is left" contexts_become 0
}

test_the_status_tells_the_truth()
{
	local uuid=1d0b9a8e-0000-4000-8000-000000000001

	expect "with one device" "$(status_of_svad)" "devices: 1, rules: 2"
	mark
	echo "$uuid 4" >/sys/class/sva/soft0/types/shared/create
	want "the partition is served" svad_says "device $uuid is served"
	want "with two" until_true status_is "devices: 2, rules: 2"
	mark
	echo 1 >"/sys/class/sva/$uuid/remove"
	want "it goes" svad_says "device $uuid is gone"
	want "with one again" until_true status_is "devices: 1, rules: 2"
}

status_is()
{
	[ "$(status_of_svad)" = "$1" ]
}

# A reload takes all of a good policy and nothing of a bad one
test_reload()
{
	local pid

	pid=$(pid_of_svad)
	want "alice binds" client a alice hold soft0
	mark
	printf '[allow]\nuser = mallory\ndevice = soft*\n' >>"$POLICY"
	want "reload" systemctl reload svad.service
	want "it is in force" svad_says "is in force, rules: 3"
	want "mallory binds" client m mallory hold soft0
	mark
	printf '[allow]\nusr = mallory\n' >>"$POLICY"
	systemctl reload svad.service
	want "the error is named with its line" svad_says "$POLICY:[0-9]*:.*usr"
	want "it is not taken over" svad_says "the policy in force stays"
	want "the status says so" until_true status_is \
		"devices: 1, rules: 3; the last reload failed, svad --check-config says why"
	want "mallory goes on" client_ends m
	want "alice goes on" client_ends a
	cp /run/policy.saved "$POLICY"
	want "a good one again" systemctl reload svad.service
	want "the status is as before" until_true status_is "devices: 1, rules: 2"
	expect "the process" "$(pid_of_svad)" "$pid"
}

# The socket unit owns the path: what is bind-mounted stays valid
test_the_socket_outlives_svad()
{
	local inode

	inode=$(stat -c %i /run/svad/socket)
	mkdir -p /run/container
	touch /run/container/socket
	mount --bind /run/svad/socket /run/container/socket
	want "stop" systemctl stop svad.service
	want "a client starts svad again" client a alice hold soft0 1 /run/container/socket
	want "it is up" systemctl is-active --quiet svad.service
	expect "the socket" "$(stat -c %i /run/svad/socket)" "$inode"
	want "restart" systemctl restart svad.service
	want "by the bind mount" client b bob hold soft0 1 /run/container/socket
	expect "the socket" "$(stat -c %i /run/svad/socket)" "$inode"
	want "the first client's work" client_ends a
	want "the second client's work" client_ends b
	umount /run/container/socket
}

# A svad that hangs is noticed, and replaced
test_the_watchdog()
{
	local pid

	drop_in WatchdogSec=3 WatchdogSignal=SIGKILL
	want "restart" systemctl restart svad.service
	pid=$(pid_of_svad)
	mark
	kill -STOP "$pid"
	want "systemd notices" svad_says "Watchdog timeout"
	want "a client is served" client a alice hold soft0
	want "by another process" [ "$(pid_of_svad)" != "$pid" ]
	want "its work" client_ends a
}

# When svad was started there was no such module, so nothing that its cgroup allows
test_the_module_comes_after_svad()
{
	local pid

	systemctl stop svad.socket svad.service
	want "unload" rmmod sva_soft sva_softiommu sva
	systemctl --runtime --quiet mask modprobe@sva.service
	want "start" systemctl start svad.service
	want "it serves nothing" until_true status_is "devices: 0, rules: 2"
	pid=$(pid_of_svad)
	want "load" modprobe sva_soft
	want "svad is restarted by udev's rule" until_true another_svad "$pid"
	want "soft0 is served" until_true serves soft0
	want "alice binds" client a alice hold soft0
	want "her work" client_ends a
	systemctl --runtime --quiet unmask modprobe@sva.service
}

# The module is unloaded and comes back, with whatever number the kernel gives it
test_the_module_returns()
{
	local pid

	pid=$(pid_of_svad)
	mark
	want "unload" rmmod sva_soft sva_softiommu
	want "svad lets go" svad_says "device soft0 is gone"
	want "unload the core" until_true rmmod sva
	mark
	want "load" modprobe sva_soft
	want "svad is restarted by udev's rule" until_true another_svad "$pid"
	want "soft0 is served" until_true serves soft0
	want "alice binds" client a alice hold soft0
	want "her work" client_ends a
}

# "udevadm trigger" says of each module that it was added; it was not
test_a_trigger_restarts_nobody()
{
	local pid

	pid=$(pid_of_svad)
	want "trigger" udevadm trigger --type=all --action=add --settle --subsystem-match=module \
		--subsystem-match=sva
	want "whatever was asked for is done" until_true no_job_for_svad
	expect "the process" "$(pid_of_svad)" "$pid"
	want "soft0 is served" serves soft0
}

no_job_for_svad()
{
	[ -z "$(systemctl list-jobs --no-legend svad.service)" ]
}

another_svad()
{
	[ "$(pid_of_svad)" != "$1" ] && systemctl is-active --quiet svad.service
}
