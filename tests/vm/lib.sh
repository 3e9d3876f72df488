# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the scripts of the rig share: words on the terminal, and where
# the cached Debian tree is.  Sourced, never run.

# What is made here is for everybody, in the cache and in the guest
umask 022

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

# The same for the folder with the other kernels that `make check` builds for:
# the suite's own and the newest in its backports (setup, kernels_fetch()).
RIG_KERNELS_RECIPE=1

# The same for the folder with the model checker of `make verify` (prover.sh).
RIG_PROVER_RECIPE=1

# The same for the debug kernel of `make check-debug` (debug-kernel.sh).
RIG_DEBUG_RECIPE=1

# What the guest of the profile full is: a Debian that boots with systemd
ROOT_PACKAGES=(
	base-files base-passwd bash dash coreutils util-linux mount procps sed grep mawk findutils
	diffutils kmod systemd udev dbus
	libsystemd0 libudev1 libseccomp2 libinih1 libjansson4
)
ROOT_RECIPE=1

# The guest of the profile hpc: the same with Slurm, MPI and podman (hpc.sh)
HPC_PACKAGES=(
	"${ROOT_PACKAGES[@]}"
	slurmd slurmctld slurm-client slurm-wlm-basic-plugins munge libslurm-dev
	openmpi-bin libopenmpi-dev podman crun uidmap iproute2
)
HPC_RECIPE=2

SVA_CACHE=${SVA_CACHE:-/var/cache/sva}

# Exit status of what cannot run here and says why: neither a pass nor a failure
RIG_NOT_RUN=77

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

# root_key RECIPE PACKAGE...: the same for an archive of a guest with systemd
root_key()
{
	printf '%s\n' "$1" "$RIG_SUITE" "$RIG_ARCH" "${@:2}" | sha256sum | cut -c1-12
}

TREE=$SVA_CACHE/tree-$(tree_key)
ROOT=$SVA_CACHE/root-$(root_key "$ROOT_RECIPE" "${ROOT_PACKAGES[@]}")
HPC=$SVA_CACHE/hpc-$(root_key "$HPC_RECIPE" "${HPC_PACKAGES[@]}")
TREE_STAMP=$TREE/.complete
KERNELS=$SVA_CACHE/kernels-$RIG_SUITE-$RIG_ARCH-$RIG_KERNELS_RECIPE
PROVER=$SVA_CACHE/prover-$RIG_SUITE-$RIG_ARCH-$RIG_PROVER_RECIPE

# debug_folder: of the debug kernel, named by all that it is made from
debug_folder()
{
	local fragment
	fragment=$(dirname "${BASH_SOURCE[0]}")/debug-kernel.config

	echo "$SVA_CACHE/debug-$({
		printf '%s\n' "$RIG_DEBUG_RECIPE" "$RIG_SUITE" "$RIG_ARCH"
		tree_fact kernel-package
		tree_fact gcc
		grep '^CONFIG_' "$fragment"
	} | sha256sum | cut -c1-12)"
}

boot_id()
{
	cat /proc/sys/kernel/random/boot_id 2>/dev/null
}

# The stamp is written last.  That all which was written before it has reached
# the disk is certain once the second stamp is there; until then it is only as
# long as the machine has not been started again.  FOLDER: $TREE, $KERNELS or $PROVER
tree_complete()
{
	local folder=${1:-$TREE}

	[ -s "$folder/.complete" ] &&
		{ [ -e "$folder/.synced" ] || [ "$(tree_fact boot "$folder")" = "$(boot_id)" ]; }
}

# root_complete [FOLDER]: the archive is small, and synced before it gets its name
root_complete()
{
	[ -s "${1:-$ROOT}/root.cpio" ] && [ -s "${1:-$ROOT}/libraries" ]
}

# tree_fact NAME [FOLDER]: what the stamp recorded: kernel, qemu, gcc
tree_fact()
{
	sed -n "s/^$1 //p" "${2:-$TREE}/.complete" 2>/dev/null
}

# debug_kernel: the name of the debug kernel; nothing if it has not been built
debug_kernel()
{
	local folder
	folder=$(debug_folder)

	! tree_complete "$folder" || tree_fact kernel "$folder"
}

# kernel_find VERSION: the name of the kernel that begins with VERSION; of the
# tree's own without one; "debug" is the debug kernel
kernel_find()
{
	local kernel

	if [ "${1:-}" = debug ]; then
		debug_kernel | grep . && return
		RIG_DIE_STATUS=$RIG_NOT_RUN die "not run: the debug kernel has not been built" \
			"run as root: tests/vm/setup --for debug (some 15 minutes), or make check-debug"
	fi
	for kernel in "$(tree_fact kernel)" $(tree_complete "$KERNELS" && tree_fact kernel "$KERNELS") \
		$(debug_kernel); do
		[[ $kernel != "${1:-}"* ]] || { echo "$kernel"; return; }
	done
	die "there is no kernel $1 in $SVA_CACHE" \
		"there are: $(tree_fact kernel) $(tree_fact kernel "$KERNELS" 2>/dev/null | tr '\n' ' ')" \
		"if none but the first: run as root: tests/vm/setup --for check"
}

# kernel_folder NAME: where usr/src, usr/lib/modules and boot/ of this kernel are
kernel_folder()
{
	case $1 in
	"$(tree_fact kernel)") echo "$TREE" ;;
	"$(debug_kernel)") debug_folder ;;
	*) echo "$KERNELS" ;;
	esac
}

# tree_exec PROGRAM ARG...: run a program of the tree outside of it, as anyone
tree_exec()
{
	local lib=$TREE/usr/lib/x86_64-linux-gnu

	"$TREE/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib" "$TREE/usr/bin/$1" "${@:2}"
}

# prover_exec ARG...: run CBMC, with the tree's C library
prover_exec()
{
	"$TREE/usr/lib64/ld-linux-x86-64.so.2" \
		--library-path "$TREE/usr/lib/x86_64-linux-gnu:$PROVER" "$PROVER/cbmc" "$@"
}
