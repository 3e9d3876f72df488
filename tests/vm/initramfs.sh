# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# initramfs.sh - what the guest's memory holds at boot: a base that is kept
# between runs, and what one run adds.  Sourced by run.

GUEST_LIB=usr/lib/x86_64-linux-gnu
GUEST_USERS=(svad:990 alice:1000 bob:1001 mallory:1002)
BASES_KEPT=4

# elf_needed FILE...: the libraries that these ELF files name; silent about
# files of other kinds
elf_needed()
{
	readelf -dW "$@" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort -u
}

# library_find NAME FOLDER: where a library is for the guest.  The tree comes
# before the host: its C library is the newer one, and runs programs of both.
library_find()
{
	local name=$1 dir

	for dir in "$2" "$BUILD/libsva" "$TREE/$GUEST_LIB" "$TREE/$GUEST_LIB/systemd" "$TREE/usr/lib64"; do
		[ -n "$dir" ] && [ -f "$dir/$name" ] && { echo "$dir/$name"; return; }
	done
	/sbin/ldconfig -p | sed -n "s/^[[:space:]]*$name (.*x86-64.*) => //p" | head -n 1
}

# libraries_add STAGE FOLDER FILE...: put into STAGE every library that the
# files need and that neither it nor the base has.  FOLDER: where to look first.
libraries_add()
{
	local stage=$1 folder=$2 queue name path
	shift 2

	queue=("$@")
	mkdir -p "$stage/$GUEST_LIB"
	while [ ${#queue[@]} -gt 0 ]; do
		mapfile -t names < <(elf_needed "${queue[@]}")
		queue=()
		for name in "${names[@]}"; do
			[ ! -e "$stage/$GUEST_LIB/$name" ] || continue
			[ -z "${base_has[$name]:-}" ] || continue
			path=$(library_find "$name" "$folder")
			[ -n "$path" ] || die "a program needs the library $name, which is neither in the guest's tree nor on this machine" \
				"give it with another --add"
			cp -L --preserve=mode,timestamps "$path" "$stage/$GUEST_LIB/$name"
			queue+=("$stage/$GUEST_LIB/$name")
		done
	done
}

# archive OWNER STARTING-POINT...: a cpio archive of what is there, on stdout;
# the kernel unpacks any number of them, one behind the other.
archive()
{
	local owner=$1
	shift
	find "$@" -print0 | tree_exec cpio --null --create --format=newc --quiet --owner="$owner"
}

# What the base is made from, as lines of "guest-path host-path"
base_inputs()
{
	local program

	echo "init $BUILD/tests/vm/init"
	for program in usr/sbin/svad:daemon/svad usr/bin/svactl:tools/svactl usr/bin/svabench:tools/svabench; do
		[ ! -x "$BUILD/${program#*:}" ] || echo "${program%:*} $BUILD/${program#*:}"
	done
	[ ! -e "$BUILD/libsva/libsva.so.0" ] || echo "$GUEST_LIB/libsva.so.0 $BUILD/libsva/libsva.so.0"
	for program in "$MODULES"/*.ko; do
		[ ! -e "$program" ] || echo "usr/lib/modules/sva/${program##*/} $program"
	done
	echo "usr/lib/udev/rules.d/60-sva.rules $SOURCE/systemd/60-sva.rules"
	[ ! -e "$SOURCE/tests/vm/svad.conf" ] || echo "etc/svad.conf $SOURCE/tests/vm/svad.conf"
}

# Folders, the shell's tools, and who there is
base_skeleton()
{
	local stage=$1 applet user

	chmod 0755 "$stage"
	mkdir -p "$stage"/{dev,proc,sys,tmp,run,root,home,rig,usr/bin,usr/sbin,usr/lib,usr/lib64,etc/udev,var/tmp} \
		"$stage/$GUEST_LIB" "$stage"/usr/lib/{systemd,udev/rules.d,modules/sva}
	for applet in bin sbin lib lib64; do
		ln -s "usr/$applet" "$stage/$applet"
	done
	ln -s /run "$stage/var/run"
	chmod 0777 "$stage/rig"
	chmod 0700 "$stage/root"
	cp "$TREE/usr/bin/busybox" "$TREE/usr/bin/bash" "$TREE/usr/bin/udevadm" "$stage/usr/bin/"
	cp -L "$TREE/usr/lib64/ld-linux-x86-64.so.2" "$stage/usr/lib64/"
	ln -s ../../bin/udevadm "$stage/usr/lib/systemd/systemd-udevd"
	for applet in $("$TREE/usr/bin/busybox" --list); do
		[ -e "$stage/usr/bin/$applet" ] || ln -s busybox "$stage/usr/bin/$applet"
	done
	{
		echo "root:x:0:0:root:/root:/bin/sh"
		for user in "${GUEST_USERS[@]}"; do
			echo "${user%:*}:x:${user#*:}:${user#*:}::$(user_home "${user%:*}"):/bin/sh"
		done
	} >"$stage/etc/passwd"
	{
		echo "root:x:0:"
		printf '%s\n' "${GUEST_USERS[@]}" | sed 's/^\(.*\):\(.*\)$/\1:x:\2:/'
	} >"$stage/etc/group"
	printf 'passwd: files\ngroup: files\nhosts: files\n' >"$stage/etc/nsswitch.conf"
	printf '127.0.0.1 localhost sva-guest\n' >"$stage/etc/hosts"
}

user_home()
{
	[ "$1" = svad ] && echo /nonexistent || echo "/home/$1"
}

# user_id NAME: its uid in the guest, which is its gid too
user_id()
{
	local user

	[ "$1" = root ] && { echo 0; return; }
	for user in "${GUEST_USERS[@]}"; do
		[ "${user%:*}" != "$1" ] || echo "${user#*:}"
	done
}

# base_pack STAGE: as an archive, with the users' homes
base_pack()
(
	local user

	cd "$1" && chmod -R a+rX etc usr && archive +0:+0 . || exit 1
	for user in alice bob mallory; do
		mkdir -m 0755 "home/$user" &&
			archive "+$(user_id "$user"):+$(user_id "$user")" "home/$user" || exit 1
	done
)

# base_make OUT: the archive OUT.cpio, and OUT.libs: what libraries it has
base_make()
{
	local out=$1 folder stage guest host user

	folder=$(mktemp -d "$VM_FOLDER/base.XXXXXX") || return 1
	stage=$folder/stage
	mkdir "$stage"
	base_skeleton "$stage"
	while read -r guest host; do
		mkdir -p "$stage/${guest%/*}"
		cp -L "$host" "$stage/$guest" || return 1
	done < <(base_inputs | sed 's/^init /.\/init /')
	# udevd loads this one by itself, and complains without
	cp -L "$TREE/$GUEST_LIB/libkmod.so.2" "$stage/$GUEST_LIB/"
	libraries_add "$stage" '' "$stage"/usr/bin/{bash,udevadm} "$stage/$GUEST_LIB/libkmod.so.2" \
		"$stage"/usr/sbin/svad "$stage"/usr/bin/sva*
	ls "$stage/$GUEST_LIB" >"$folder/libs"
	base_pack "$stage" >"$folder/cpio" || return 1
	mv "$folder/libs" "$out.libs"
	mv "$folder/cpio" "$out.cpio"
	rm -rf "$folder"
}

# base_find: the base for what is built now, made when there is none yet.
# Sets base_archive and base_has.
declare -A base_has=()
base_find()
{
	local key base name inputs

	inputs=$(base_inputs | cut -d' ' -f2- | xargs -d '\n' stat -Lc '%n %s %.Y %i') ||
		die "what the guest is made of cannot be looked at"
	key=$({
		cat "$TREE_STAMP" "${BASH_SOURCE[0]}"
		base_inputs
		echo "$inputs"
	} | sha256sum | cut -c1-16)
	base=$VM_FOLDER/base-$key
	if [ ! -s "$base.cpio" ] || [ ! -s "$base.libs" ]; then
		base_make "$base" || die "cannot make the guest's initramfs in $VM_FOLDER"
		bases_prune
	fi
	touch "$base.cpio"
	base_archive=$base.cpio
	while read -r name; do
		base_has[$name]=yes
	done <"$base.libs"
}

bases_prune()
{
	local old

	find "$VM_FOLDER" -maxdepth 1 -name 'base-*.cpio' -printf '%T@ %p\n' | sort -rn |
		sed "1,${BASES_KEPT}d" | cut -d' ' -f2- | while read -r old; do
			rm -f "$old" "${old%.cpio}.libs"
		done
	find "$VM_FOLDER" -maxdepth 1 \( -name 'base.??????' -o -name 'run.??????' \) -type d \
		-mmin +60 -exec rm -rf {} +
}
