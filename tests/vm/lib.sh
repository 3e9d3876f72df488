# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the scripts of the rig share: words on the terminal, and where
# the cached Debian tree is.  Sourced, never run.

RIG_SUITE=trixie
RIG_ARCH=amd64

# What the tree holds.  The compiler is the one that Debian built its kernel
# with; the names without a version follow the newest kernel by themselves.
RIG_PACKAGES=(
	base-files dash bash coreutils sed grep mawk findutils diffutils
	gcc-14 libc6-dev make kmod cpio zstd sparse pahole
	linux-image-cloud-amd64 linux-headers-cloud-amd64
	qemu-system-x86 seabios ipxe-qemu
	busybox-static udev
	libsystemd0 libudev1 libseccomp2 libinih1 libjansson4
)

# Raised when setup makes a tree of the same packages differently.
RIG_RECIPE=2

# What the guest of the profile full is: a Debian that boots with systemd
ROOT_PACKAGES=(
	base-files base-passwd bash dash coreutils util-linux mount procps sed grep mawk findutils
	diffutils kmod systemd udev dbus
	libsystemd0 libudev1 libseccomp2 libinih1 libjansson4
)
ROOT_RECIPE=1

SVA_CACHE=${SVA_CACHE:-/var/cache/sva}

if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
	RIG_BOLD=$'\e[1m' RIG_RED=$'\e[31m' RIG_OFF=$'\e[0m'
else
	RIG_BOLD='' RIG_RED='' RIG_OFF=''
fi

# say WORDS: one line of progress, with the seconds since the script began
say()
{
	printf '%s[%3ds]%s %s\n' "$RIG_BOLD" "$SECONDS" "$RIG_OFF" "$*" >&2
}

# die WHAT-AND-WHY [WHAT-TO-DO]...
die()
{
	printf '%s%s:%s %s\n' "$RIG_RED" "${0##*/}" "$RIG_OFF" "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit "${RIG_DIE_STATUS:-1}"
}

# tree_key: names the tree of this recipe
tree_key()
{
	printf '%s\n' "$RIG_RECIPE" "$RIG_SUITE" "$RIG_ARCH" "${RIG_PACKAGES[@]}" |
		sha256sum | cut -c1-12
}

root_key()
{
	printf '%s\n' "$ROOT_RECIPE" "$RIG_SUITE" "$RIG_ARCH" "${ROOT_PACKAGES[@]}" |
		sha256sum | cut -c1-12
}

TREE=$SVA_CACHE/tree-$(tree_key)
ROOT=$SVA_CACHE/root-$(root_key)
TREE_STAMP=$TREE/.complete
TREE_SYNCED=$TREE/.synced

boot_id()
{
	cat /proc/sys/kernel/random/boot_id 2>/dev/null
}

# The stamp is written last.  That all which was written before it has reached
# the disk is certain once the second stamp is there; until then it is only as
# long as the machine has not been started again.
tree_complete()
{
	[ -s "$TREE_STAMP" ] && { [ -e "$TREE_SYNCED" ] || [ "$(tree_fact boot)" = "$(boot_id)" ]; }
}

# root_complete: the archive is small, and synced before it gets its name
root_complete()
{
	[ -s "$ROOT/root.cpio" ] && [ -s "$ROOT/libraries" ]
}

# tree_fact NAME: what the stamp recorded: kernel, qemu, gcc
tree_fact()
{
	sed -n "s/^$1 //p" "$TREE_STAMP"
}

# tree_exec PROGRAM ARG...: run a program of the tree outside of it, as anyone
tree_exec()
{
	local lib=$TREE/usr/lib/x86_64-linux-gnu

	"$TREE/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$TREE/usr/bin/$1" "${@:2}"
}
