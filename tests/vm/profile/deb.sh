# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# deb.sh - the profile deb: a Debian with apt, DKMS, a compiler and the headers of its
# kernel, under systemd, and nothing of this project.  Sourced by run, on top of full.sh.

# shellcheck source=tests/vm/profile/full.sh
. "$PROFILES/full.sh"
# shellcheck source=tests/deb/lib.sh
. "$SOURCE/tests/deb/lib.sh"

PROFILE_TIMEOUT=900
PROFILE_MODULES=''
service=no
base_below=$DEBIAN/root.cpio

# Of no use in an emulated guest, where they take seconds
DEB_MASKED=(
	ldconfig.service systemd-firstboot.service systemd-hwdb-update.service apt-daily.timer
	apt-daily-upgrade.timer dpkg-db-backup.timer systemd-journal-catalog-update.service
	systemd-update-done.service systemd-machine-id-commit.service systemd-random-seed.service
	getty.target systemd-tpm2-setup.service systemd-tpm2-setup-early.service
	systemd-remount-fs.service munge.service e2scrub_all.timer fstrim.timer systemd-tmpfiles-clean.timer
)

profile_check()
{
	tree_complete "$DEBIAN" || die "the guest for packages is not there ($DEBIAN)" \
		"run as root: tests/deb/setup --check"
}

base_inputs()
{
	echo "usr/lib/rig/init $BUILD/tests/vm/init"
	echo "profile ${BASH_SOURCE[0]}"
	echo "root.cpio $DEBIAN/root.cpio"
	echo "headers $TREE/.complete"
}

# As Debian's packages of the kernel and its headers install them.  One module is enough:
# DKMS takes a kernel that has none of its own for one that has been removed.
base_headers()
{
	local kernel

	kernel=$(tree_fact kernel)
	mkdir -p "$1/usr/lib/modules/$kernel/kernel"
	cp -a "$TREE/usr/src" "$TREE"/usr/lib/linux-kbuild-* "$1/usr/lib/"
	mv "$1/usr/lib/src" "$1/usr/src"
	cp -a "$TREE/usr/lib/modules/$kernel"/{build,source,modules.order,modules.builtin,modules.builtin.modinfo} \
		"$1/usr/lib/modules/$kernel/"
	cp "$TREE/usr/lib/modules/$kernel/kernel/drivers/net/dummy.ko.xz" "$1/usr/lib/modules/$kernel/kernel/"
}

base_make()
{
	local out=$1 folder stage unit

	folder=$(mktemp -d "$VM_FOLDER/base.XXXXXX") || return 1
	stage=$folder/stage
	mkdir -p "$stage"/etc/systemd/system "$stage"/usr/lib/rig
	mkdir -m 1777 "$stage/rig"
	cp "$BUILD/tests/vm/init" "$stage/usr/lib/rig/"
	ln -s usr/lib/systemd/systemd "$stage/init"
	for unit in "${DEB_MASKED[@]}"; do
		ln -s /dev/null "$stage/etc/systemd/system/$unit"
	done
	echo sva-guest >"$stage/etc/hostname"
	echo 5b9a0000000000000000000000000002 >"$stage/etc/machine-id"
	base_rig_service "$stage"
	base_headers "$stage" || return 1
	{ cat "$DEBIAN/root.cpio.libraries"; echo libsva.so.0; } >"$folder/libs"
	(cd "$stage" && archive +0:+0 .) >"$folder/cpio" || return 1
	mv "$folder/libs" "$out.libs"
	mv "$folder/cpio" "$out.cpio"
	rm -rf "$folder"
}
