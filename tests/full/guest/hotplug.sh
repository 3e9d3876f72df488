# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# hotplug.sh - devices and partitions come, go and return, with udevd and without

PART=5f1d0c9e-0000-4000-8000-000000000002
DRIVER=/sys/bus/platform/drivers/sva_soft

tidy_partition()
{
	[ ! -e "/sys/class/sva/$PART" ] || echo force >"/sys/class/sva/$PART/remove"
}

partition_arrives()
{
	mark
	echo "$PART 4" >/sys/class/sva/soft0/types/shared/create
}

# The rig's policy is about soft*
partition_allow()
{
	printf '[allow]\nuser = alice, bob\ndevice = %s\n' "$PART" >>"$POLICY"
	systemctl reload svad.service
}

test_a_partition_leaves_under_its_clients_and_returns()
{
	partition_allow
	want "it arrives" partition_arrives
	want "it is served" svad_says "device $PART is served"
	want "alice binds there" client a alice hold "$PART" 2
	want "bob binds on the whole device" client b bob hold soft0
	mark
	want "it leaves" sh -c "echo force >/sys/class/sva/$PART/remove"
	want "svad hears of it" svad_says "device $PART is gone"
	want "alice is told" until_true client_failed a
	want "alice's reason" client_said a 'gone\|revoked'
	want "it returns" partition_arrives
	want "it is served again" svad_says "device $PART is served"
	want "alice binds again" client a2 alice hold "$PART"
	want "her work" client_ends a2
	want "bob has not noticed" client_ends b
	tidy_partition
}

# R6: the device goes while contexts are held
test_a_device_leaves_under_its_clients_and_returns()
{
	want "alice binds" client a alice hold soft0 2
	mark
	want "it leaves" sh -c "echo sva_soft.0 >$DRIVER/unbind"
	want "svad hears of it" svad_says "device soft0 is gone"
	want "alice is told" until_true client_failed a
	want "her reason" client_said a 'gone'
	want_not "bob is refused" client b bob hold soft0
	want "his reason" client_said b 'no-device\|no-such-device'
	mark
	want "it returns" sh -c "echo sva_soft.0 >$DRIVER/bind"
	want "it is served" svad_says "device soft0 is served"
	want "alice binds again" client a2 alice hold soft0
	want "her work" client_ends a2
}

# It is there before svad is
test_a_device_that_comes_while_svad_is_down()
{
	partition_allow
	systemctl stop svad.socket svad.service
	partition_arrives
	want "start" systemctl start svad.service
	want "it is served" svad_says "device $PART is served"
	want "alice binds" client a alice hold "$PART"
	want "her work" client_ends a
	tidy_partition
}

udevd_stop()
{
	systemctl stop systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udevd.service
}

# Somebody else gives the node to svad: a device manager, or the administrator
test_without_udevd()
{
	partition_allow
	want "udevd stops" udevd_stop
	partition_arrives
	want "svad says what is missing" svad_says "device $PART: .* is not svad's"
	want_not "it is not served" serves "$PART"
	mark
	chown svad "/dev/sva/$PART"
	want "it is served" svad_says "device $PART is served"
	want "alice binds" client a alice hold "$PART"
	want "her work" client_ends a
	mark
	echo 1 >"/sys/class/sva/$PART/remove"
	want "it goes" svad_says "device $PART is gone"
	want "udevd starts" systemctl start systemd-udevd.service
}
