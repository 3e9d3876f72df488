# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# containers.sh - podman, rootful and rootless, by the CDI specification that svactl
# writes: who is in a container is known by the user and the cgroup that the host sees

SPEC=/etc/cdi/sva.json

# What a container engine has to know of a guest without network and session manager
engine_configure()
{
	mkdir -p /etc/containers
	printf '%s\n' '[containers]' 'netns = "none"' '[engine]' 'cgroup_manager = "cgroupfs"' \
		'events_logger = "none"' >/etc/containers/containers.conf
	printf '%s\n' '[storage]' 'driver = "vfs"' 'runroot = "/run/containers/storage"' \
		'graphroot = "/var/lib/containers/storage"' >/etc/containers/storage.conf
	engine_configure_user alice
	engine_configure_user mallory
}

# Whose engine nobody has given a cgroup
engine_configure_user()
{
	local config=/home/$1/.config/containers

	as "$1" mkdir -p "$config"
	printf '%s\n' '[containers]' 'cgroups = "disabled"' >"$config/containers.conf"
	install -d -m 0700 -o "$1" "/run/user/$(id -u "$1")"
	# What it says of itself when it is first used is not what is looked for
	as "$1" env XDG_RUNTIME_DIR="/run/user/$(id -u "$1")" podman unshare true >/dev/null 2>&1
}

# An image as a folder: a shell, the C library and two programs, and no libsva.  Each user
# has one of his own, for the engine makes in it what it mounts things on.
image_make()
{
	local image=/run/image lib=usr/lib/x86_64-linux-gnu name

	[ ! -d "$image" ] || return 0
	engine_configure
	mkdir -p "$image"/{proc,sys,dev,tmp,run,etc,usr/bin,$lib}
	cp -a /usr/lib64 "$image/usr/"
	cp -a /usr/bin/{bash,cat,id,timeout,sleep} "$CLIENT" /rig/bind "$image/usr/bin/"
	ln -s bash "$image/usr/bin/sh"
	for name in bin lib lib64; do
		ln -s "usr/$name" "$image/$name"
	done
	for name in libc.so.6 ld-linux-x86-64.so.2 libm.so.6 libtinfo.so.6 libsystemd.so.0 \
		libcap.so.2 libselinux.so.1 libpcre2-8.so.0; do
		cp -L "/$lib/$name" "$image/$lib/"
	done
	cp -a "$image" /root/image
	for name in alice mallory; do
		cp -a "$image" "/home/$name/image"
		chown -R "$name" "/home/$name/image"
	done
}

spec_write()
{
	mkdir -p "${SPEC%/*}"
	want "the specification" svactl cdi write >"$SPEC"
}

# contain USER ARGUMENT... -- COMMAND...: podman as USER, what it says in $out
contain()
{
	local user=$1 options=()
	shift

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	out=$(as "$user" env XDG_RUNTIME_DIR="/run/user/$(id -u "$user")" timeout "$WAIT_S" \
		podman run --rm --passwd=false "${options[@]}" --rootfs "$(as "$user" pwd)/image" "$@" 2>&1)
	set -- $?
	echo "podman as $user: status $1: $out"
	return "$1"
}

in_container()
{
	holds soft0 1 | sed "s,$CLIENT,client,"
}

test_the_specification_is_written_and_checked()
{
	spec_write
	want "it is good" svactl cdi check "$SPEC"
	expect "its version" "$(sed -n 's/.*"cdiVersion": "\(.*\)".*/\1/p' "$SPEC")" 0.5.0
	want_not "a device node" grep -q /dev/ "$SPEC"
	sed 's/0\.5\.0/0.6.0/' "$SPEC" >/run/bad.json
	want_not "another version" svactl cdi check /run/bad.json
	sed 's,"env": \[,"deviceNodes": [ { "path": "/dev/sva/soft0" } ], &,' "$SPEC" >/run/bad.json
	want_not "a device node" svactl cdi check /run/bad.json
	sed 's,"hostPath": "/run/svad","hostPath": "/run/nowhere",' "$SPEC" >/run/bad.json
	want_not "no socket" svactl cdi check /run/bad.json
	head -c 100 "$SPEC" >/run/bad.json
	want_not "half of it" svactl cdi check /run/bad.json
}

test_a_rootful_container_is_its_user()
{
	image_make
	spec_write
	want "alice, by her number" contain root --device sva/context=all --user 1000:1000 -- \
		sh -c "$(in_container)"
	want_not "mallory, by his" contain root --device sva/context=all --user 1002:1002 -- \
		sh -c "$(in_container)"
	want "the reason" grep -q denied-by-default <<<"$out"
	want_not "root, who is in no rule" contain root --device sva/context=all -- sh -c "$(in_container)"
	want "the reason" grep -q denied-by-default <<<"$out"
	want_not "without the device no socket" contain root --user 1000:1000 \
		-v /usr/lib/libsva.so.0:/usr/lib/libsva.so.0:ro -- sh -c "$(in_container)"
	want "the reason" grep -q no-daemon <<<"$out"
}

# Container root is alice; another user in it is a number of hers that is in no rule
test_a_rootless_container_is_who_started_it()
{
	image_make
	spec_write
	want "alice" contain alice --device sva/context=all -- sh -c "id -u; $(in_container)"
	want "who is root inside" grep -qx 0 <<<"$out"
	want "alice, with her own number" contain alice --userns=keep-id --device sva/context=all -- \
		sh -c "id -u; $(in_container)"
	want "inside, too" grep -qx 1000 <<<"$out"
	want_not "a mapped user" contain alice --user 1000 --device sva/context=all -- \
		sh -c "$(in_container)"
	want "the reason" grep -q denied-by-default <<<"$out"
	want_not "mallory" contain mallory --device sva/context=all -- sh -c "$(in_container)"
	want "the reason" grep -q denied-by-default <<<"$out"
}

# R10: the number that it has for itself is not the one by which svad knows it
test_a_process_is_known_behind_its_pid_namespace()
{
	local entry

	image_make
	spec_write
	contain alice --device sva/context=all --pid private -- client hold soft0 1 &
	want "it has its context" contexts_become 1
	entry=$(svactl ps | awk '$5 == "soft0" || $4 == "soft0" { print $2, $3 }')
	expect "whose" "${entry#* }" alice
	want "its number on the host" grep -q "^$CLIENT\|client hold" <(tr '\0' ' ' <"/proc/${entry% *}/cmdline")
	expect "its number inside" "$(awk '/^NSpid/ { print $NF }' "/proc/${entry% *}/status")" 1
	kill -TERM "${entry% *}"
	wait $!
}

# A cgroup that the policy names, and no user: the container's
test_a_policy_may_name_a_containers_cgroup()
{
	image_make
	spec_write
	printf '%s\n' '[allow]' 'cgroup = /machine.slice/allowed' 'device = soft0' >>"$POLICY"
	systemctl reload svad
	want "in it" contain root --cgroup-parent /machine.slice/allowed --user 1002:1002 \
		--device sva/context=all -- sh -c "$(in_container)"
	want_not "in another" contain root --cgroup-parent /machine.slice/other --user 1002:1002 \
		--device sva/context=all -- sh -c "$(in_container)"
}

test_the_socket_survives_svad_in_a_running_container()
{
	local pid

	image_make
	spec_write
	contain alice --device sva/context=all -- client churn soft0 >/run/churn &
	want "it is at work" until_true pgrep -f '^client churn'
	pid=$(pgrep -f '^client churn' | head -n 1)
	mark
	systemctl restart svad.service
	want "svad is back" svad_says "serving by"
	systemctl restart svad.socket svad.service
	want "it goes on" kill -0 "$pid"
	kill -TERM "$pid"
	wait $!
	expect "its exit status" $? 0
	cat /run/churn
	want "it has bound" grep -q 'bound [1-9][0-9]* times' /run/churn
}
