# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# debug-kernel.sh - the kernel of `make check-debug`, built from Debian's source of the
# tree's own kernel with the configuration of debug-kernel.config.  What is kept of it
# lies as the folder of the other kernels does (kernels.sh): usr/src has what modules
# are built against, usr/lib/modules its own, boot the image.  Sourced by setup, whose
# are $purpose, $refresh and $log.

# What builds it, beside the source
DEBUG_PACKAGES=(
	base-files dash bash coreutils sed grep mawk findutils diffutils tar gzip xz-utils zstd
	gcc-14 libc6-dev make bc bison flex m4 libelf-dev libssl-dev libdw-dev
	python3-minimal perl-base kmod cpio
)
DEBUG_MIN_FREE_MB=6000

# shellcheck disable=SC2154
debug_wanted()
{
	[ "$purpose" = debug ] && ! tree_complete "$(debug_folder)"
}

# debug_source VERSION: the package with the source of a kernel, as in 7.2.12-1: the
# same version, from the same repository
debug_source()
{
	local series

	series=$(cut -d. -f1,2 <<<"${1%%[-+]*}")
	echo "linux-source-$series=$1"
}

# With a lock and a log of its own: no other setup has to wait for what takes so long,
# and none may take what it makes for remains
debug_setup()
{
	exec 9>"$SVA_CACHE/lock-debug"
	flock 9
	log=$SVA_CACHE/setup-debug.log
	: >"$log"
	debug_wanted || return 0	# another one has built it meanwhile
	tree_remove "$SVA_CACHE"/debug-*.new-* "$SVA_CACHE"/debug-*.old-* "$(debug_folder)"
	debug_make
}

# shellcheck disable=SC2154
debug_make()
{
	local folder new version
	folder=$(debug_folder)
	new=$folder.new-$$
	version=$(tree_fact kernel-package)

	[ "$(free_mb "$SVA_CACHE")" -ge "$DEBUG_MIN_FREE_MB" ] ||
		die "the debug kernel needs $DEBUG_MIN_FREE_MB MB at $SVA_CACHE while it is built" \
			"free some, or set SVA_CACHE to a folder on another disk"
	say "fetching the source of Linux $version (some 220 MB)"
	mkdir -p "$new"
	from_mirror "$new/build" debian_unpack "${DEBUG_PACKAGES[@]}" "$(debug_source "$version")"
	say "building the debug kernel (10 to 20 minutes; $log tells)"
	cp "$here/debug-kernel.config" "$new/build/debug-kernel.config"
	debug_build "$new/build" ||
		die_log "the debug kernel cannot be built" \
			"configuration: tests/vm/debug-kernel.config; all of the log: $log"
	debug_keep "$new" "$version"
	# all the files of a source take minutes to remove on a slow disk: behind it
	mv -T "$new/build" "$folder.old-build-$$"
	tree_publish "$new" "$folder"
}

# The image stays compressed: what starts an uncompressed one in QEMU (PVH) runs C code
# before there is the memory that KASAN looks at.
#
# Runs in a mount and pid namespace of its own, in the unpacked tree.  That the kernel
# gives all that the fragment asks for is looked at: it would leave out in silence what
# it has another name for.
# shellcheck disable=SC2016
debug_inside='
set -eu
cd /usr/src
tar -xf linux-source-*.tar.xz
rm -f linux-source-*.tar.xz
cd linux-source-*
export KBUILD_BUILD_USER=sva KBUILD_BUILD_HOST=debug
set -- CC=gcc-14 HOSTCC=gcc-14
make -s "$@" KCONFIG_ALLCONFIG=/debug-kernel.config allnoconfig
missing=$(grep "^CONFIG_" /debug-kernel.config | grep -vxFf .config || true)
[ -z "$missing" ] || { echo "This kernel does not give:"; echo "$missing"; exit 1; }
make -s "$@" "-j$JOBS" bzImage modules
kernel=$(make -s "$@" kernelrelease)
make -s "$@" INSTALL_MOD_PATH=/out/usr DEPMOD=true modules_install
make -s "$@" run-command KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build /out/usr/src/linux-$kernel"
mkdir /out/boot
cp arch/x86/boot/bzImage "/out/boot/vmlinuz-$kernel"
for link in build source; do
	ln -sfn "../../../src/linux-$kernel" "/out/usr/lib/modules/$kernel/$link"
done
echo "$kernel" >/out/kernel
'

# debug_build FOLDER
debug_build()
{
	local folder=$1 jobs
	jobs=$(nproc)

	mkdir -p "$folder/out"
	ln -sf mawk "$folder/usr/bin/awk"
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child sh -c '
		mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" &&
		mount -t tmpfs none "$1/tmp" &&
		exec chroot "$1" /usr/bin/env -i PATH=/usr/bin:/usr/sbin LC_ALL=C "JOBS=$2" \
			nice /bin/sh -c "$3"' \
		debug_build "$folder" "$((jobs < 2 ? jobs : 2))" "$debug_inside" \
		</dev/null >>"$log" 2>&1 9>&-
}

# debug_keep NEW VERSION: what modules and guests need, and nothing of the rest
debug_keep()
{
	local new=$1 kernel
	kernel=$(cat "$new/build/out/kernel") || die "the debug kernel has no name"

	mv "$new/build/out/usr" "$new/build/out/boot" "$new/"
	printf '%s\n' "boot $(boot_id)" "kernel $kernel" "source $2" \
		"made $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$new/.complete"
}
