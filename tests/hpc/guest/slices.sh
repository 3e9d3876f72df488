# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# slices.sh - the drop-in and the policy of examples/slices

example_install()
{
	cat /rig/slices/svad.conf >>"$POLICY"
	systemctl reload svad
	cp /rig/slices/accel.slice "$UNITS/"
	mkdir -p "$UNITS/worker@.service.d"
	cp /rig/slices/accel.conf "$UNITS/worker@.service.d/"
	printf '%s\n' '[Service]' Type=notify User=mallory NotifyAccess=main \
		"ExecStart=$CLIENT hold soft0 %i" >"$UNITS/worker@.service"
	systemctl daemon-reload
}

example_remove()
{
	systemctl stop 'worker@*' 2>/dev/null
	systemctl reset-failed
	rm -r "$UNITS"/worker@.service*
	systemctl daemon-reload
}

worker_said()
{
	until_true unit_said "worker@$1.service" "$2"
}

test_a_service_of_the_slice_binds_without_root()
{
	example_install
	want "two contexts" systemctl start worker@2
	expect "in the slice" "$(systemctl show -p ControlGroup --value worker@2)" \
		/accel.slice/worker@2.service
	want_not "one more for another service" systemctl start worker@1
	want "the reason" worker_said 1 limit-cgroup
	systemctl stop worker@2
	want "when the first has ended" systemctl start worker@1
	want_not "three, of two" systemctl start worker@3
	want "the reason" worker_said 3 limit-cgroup
	rm "$UNITS/worker@.service.d/accel.conf"
	systemctl daemon-reload
	want_not "not in the slice" systemctl start worker@2
	want "the reason" worker_said 2 denied-by-default
	example_remove
}

# A manager of the user's own, as a login would start it; its services are the user's
manager_start()
{
	mkdir -p "$UNITS/user@1002.service.d" /home/mallory/.config/systemd/user /run/user/1002
	printf '%s\n' '[Service]' PAMName= Environment=XDG_RUNTIME_DIR=/run/user/1002 \
		>"$UNITS/user@1002.service.d/test.conf"
	printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes ExecStart=true \
		>"$UNITS/user-runtime-dir@1002.service"
	printf '%s\n' '[Service]' Type=oneshot "ExecStart=$(holds soft0 %i)" \
		>/home/mallory/.config/systemd/user/worker@.service
	chown -R mallory:mallory /home/mallory/.config /run/user/1002
	systemctl daemon-reload
	want "the user's manager" systemctl start user@1002
}

manager_stop()
{
	systemctl stop user@1002 user-runtime-dir@1002
	rm -r "$UNITS/user@1002.service.d" "$UNITS/user-runtime-dir@1002.service"
	systemctl daemon-reload
}

users_systemctl()
{
	as mallory env XDG_RUNTIME_DIR=/run/user/1002 systemctl --user "$@"
}

test_a_users_own_service_binds()
{
	example_install
	manager_start
	want "a service of his" users_systemctl start worker@1
	want_not "two contexts, of one" users_systemctl start worker@2
	manager_stop
	example_remove
}
