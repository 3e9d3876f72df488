# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# full.sh - the profile full: a Debian whose first process is systemd, with svad as
# `make install` installs it.  Sourced by run; what it defines stands in the place of
# initramfs.sh's functions of the same names.
#
# The whole root file system is in memory, like that of the other profiles: setup has
# made its archive (root.cpio), behind which the kernel unpacks this build's part and
# the run's.  The rig's own program is a service there, which runs the command.

PROFILE_TIMEOUT=300
PROFILE_DRIVERS=''	# of the kernel's own, below kernel/ of its modules
PROFILE_APPEND='systemd.show_status=0 systemd.log_level=notice'

profile_check()
{
	root_complete || die "the guest with systemd is not there ($ROOT)" \
		"run as root: tests/vm/setup --for check"
}

# What this build's part is made from, as lines of "guest-path host-path"
base_inputs()
{
	local file

	echo "usr/lib/rig/init $BUILD/tests/vm/init"
	for file in "$BUILD"/daemon/svad "$BUILD"/tools/{svactl,svabench} "$BUILD"/libsva/libsva.so.0 \
		"$SOURCE"/systemd/* "$SOURCE"/systemd/*.d/*.conf; do
		[ ! -f "$file" ] || echo "installed $file"
	done
	for file in "$BUILD"/modules/*.ko; do
		[ ! -e "$file" ] || echo "usr/lib/modules/$(tree_fact kernel)/updates/${file##*/} $file"
	done
	echo "etc/svad.conf $SOURCE/tests/vm/svad.conf"
	for file in $PROFILE_DRIVERS; do
		echo "driver $TREE/usr/lib/modules/$(tree_fact kernel)/kernel/$file.ko.xz"
	done
	echo "root.cpio $ROOT/root.cpio"
}

# Like the scripts of Debian's packages, from what they read; svad comes by sysusers
base_users()
{
	local stage=$1 user name id

	cat "$TREE/usr/share/base-passwd/passwd.master" >"$stage/etc/passwd"
	cat "$TREE/usr/share/base-passwd/group.master" >"$stage/etc/group"
	for user in "${GUEST_USERS[@]}"; do
		name=${user%:*} id=${user#*:}
		[ "$name" != svad ] || continue
		echo "$name:x:$id:$id::$(user_home "$name"):/bin/sh" >>"$stage/etc/passwd"
		echo "$name:x:$id:" >>"$stage/etc/group"
	done
}

# The service that runs the command, once all else has started
base_rig_service()
{
	local units=$1/etc/systemd/system

	mkdir -p "$units/multi-user.target.wants"
	cat >"$units/rig.service" <<-'UNIT'
		[Unit]
		Description=The command of tests/vm/run
		After=multi-user.target svad.service systemd-modules-load.service

		[Service]
		ExecStart=/usr/lib/rig/init --under-systemd
		StandardOutput=null
		StandardError=kmsg
		KillMode=process
		TasksMax=infinity
	UNIT
	ln -s ../rig.service "$units/multi-user.target.wants/"
	ln -s /usr/lib/systemd/system/multi-user.target "$units/default.target"
}

base_modules()
{
	local kernel modules name

	kernel=$(tree_fact kernel)
	modules=usr/lib/modules/$kernel
	mkdir -p "$1/$modules/updates"
	cp "$BUILD"/modules/*.ko "$1/$modules/updates/" 2>/dev/null
	for name in $PROFILE_DRIVERS; do
		cp "$TREE/$modules/kernel/$name.ko.xz" "$1/$modules/updates/" || return 1
	done
	cp "$TREE/$modules"/modules.{order,builtin,builtin.modinfo} "$1/$modules/"
	"$TREE/usr/lib64/ld-linux-x86-64.so.2" --argv0 depmod --library-path "$TREE/$GUEST_LIB" \
		"$TREE/usr/bin/kmod" -b "$1/usr" "$kernel"
}

# base_make OUT: the archive OUT.cpio, and OUT.libs: what libraries it and root.cpio have
base_make()
{
	local out=$1 folder stage name user

	folder=$(mktemp -d "$VM_FOLDER/base.XXXXXX") || return 1
	stage=$folder/stage
	mkdir -p "$stage"/etc "$stage"/usr/lib/rig "$stage/$GUEST_LIB" "$stage"/home
	mkdir -m 1777 "$stage/rig"
	"${MAKE:-make}" --no-print-directory -C "$SOURCE" install B="$BUILD" DESTDIR="$stage" prefix=/usr \
		>"$folder/log" 2>&1 || { cat "$folder/log" >&2; return 1; }
	rm -rf "$stage"/usr/include "$stage"/usr/share/man "$stage"/usr/lib/*.a
	cp "$SOURCE/tests/vm/svad.conf" "$stage/etc/svad.conf"
	cp "$BUILD/tests/vm/init" "$stage/usr/lib/rig/"
	base_users "$stage"
	base_rig_service "$stage"
	base_modules "$stage" || return 1
	while read -r name; do
		base_has[$name]=yes
	done <"$ROOT/libraries"
	libraries_add "$stage" '' "$stage"/usr/sbin/svad "$stage"/usr/bin/sva*
	{ cat "$ROOT/libraries"; ls "$stage/$GUEST_LIB"; echo libsva.so.0; } >"$folder/libs"
	base_pack "$stage" >"$folder/cpio" || return 1
	mv "$folder/libs" "$out.libs"
	mv "$folder/cpio" "$out.cpio"
	rm -rf "$folder"
}
base_below=$ROOT/root.cpio

# What systemd does at boot: load the modules, start svad.  $service is run's.
# shellcheck disable=SC2154
profile_job()
{
	local units=$1/etc/systemd/system name

	mkdir -p "$1/etc/modules-load.d" "$units"/{multi-user,sockets}.target.wants
	for name in $modules; do
		echo "$name"
	done >"$1/etc/modules-load.d/rig.conf"
	[ "$service" = yes ] || return 0
	ln -s /usr/lib/systemd/system/svad.service "$units/multi-user.target.wants/"
	ln -s /usr/lib/systemd/system/svad.socket "$units/sockets.target.wants/"
}
