# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# hpc.sh - the guest of the profile hpc, in $HPC: a Debian that boots with systemd and
# has Slurm, MPI and podman; beside its archive what programs for it are built with.
# Sourced by setup, whose are $purpose and $refresh.

# shellcheck disable=SC2154
hpc_wanted()
{
	[ "$purpose" = hpc ] && { [ -n "$refresh" ] || ! root_complete "$HPC"; }
}

hpc_make()
{
	local new=$HPC.new-$$

	mkdir "$new" || die "cannot make $new"
	say "making the guest with Slurm, MPI and podman (some 300 MB to fetch, some 40 s)"
	from_mirror "$new/root" debian_unpack "${HPC_PACKAGES[@]}"
	hpc_develop "$new"
	root_trim "$new/root"
	hpc_trim "$new/root"
	root_finish "$new/root"
	hpc_finish "$new/root"
	root_publish "$new" "$HPC"
}

# hpc_develop NEW: headers, and the library that MPI programs are linked with
hpc_develop()
{
	local lib=$1/root/usr/lib/x86_64-linux-gnu

	mkdir -p "$1"/include "$1"/lib &&
		cp -r "$1/root/usr/include/slurm" "$1/include/" &&
		cp -r "$lib/openmpi/include" "$1/include/openmpi" &&
		cp -L "$lib/libmpi.so.40" "$1/lib/libmpi.so" ||
		die "the packages have no headers of Slurm or MPI where they were looked for"
}

# Compilers, and what drives accelerators that are not there
hpc_trim()
{
	local lib=$1/usr/lib/x86_64-linux-gnu

	rm -rf "$1"/usr/{include,lib/gcc,libexec/gcc,lib/cni,lib/linux,share/gcc,games} \
		"$1"/usr/bin/*-linux-gnu-* "$1"/usr/lib/podman/aardvark-dns \
		"$lib"/lib{LLVM,amd_comgr,amdhip64,hsa-runtime64,z3,ze_}* "$lib"/ucx/*rocm* \
		"$lib"/hwloc/hwloc_{levelzero,opencl,gl,nvml,cuda,rsmi}* \
		"$lib"/lib{asan,tsan,lsan,ubsan,hwasan,gprofng,bfd,opcodes,perl}* "$lib"/ldscripts \
		"$lib"/*.a "$lib"/openmpi/include "$lib"/pmix2/include "$lib"/slurm-wlm/data_parser* \
		"$lib"/slurm-wlm/{openapi,rest}_*
}

# What the packages' own scripts would have done.  The kernel's first root cannot be left
# by pivot_root(), as container engines do it: /init lays another mount of it on top.
hpc_finish()
{
	local name

	for name in slurmd slurmctld slurmstepd; do
		ln -sf "$name-wlm" "$1/usr/sbin/$name"
	done
	ln -sf mpirun.openmpi "$1/usr/bin/mpirun"
	cat >"$1/usr/lib/sysusers.d/hpc.conf" <<-'USERS'
		u munge 101 - /nonexistent
		u slurm 102 - /nonexistent
	USERS
	cat >"$1/usr/lib/tmpfiles.d/hpc.conf" <<-'FOLDERS'
		d /etc/munge 0700 munge munge
		d /var/lib/munge 0700 munge munge
		d /var/log/munge 0700 munge munge
		d /var/log/slurm 0755 slurm slurm
		d /var/spool/slurmctld 0755 slurm slurm
	FOLDERS
	printf '%s:100000:65536\n' alice >"$1/etc/subuid"
	printf '%s:200000:65536\n' mallory >>"$1/etc/subuid"
	cp "$1/etc/subuid" "$1/etc/subgid"
	rm "$1/init"
	cat >"$1/init" <<-'INIT'
		#!/bin/sh
		mkdir -p /mnt && mount --bind / /mnt && cd /mnt && mount --move . / && exec chroot . /usr/lib/systemd/systemd
	INIT
	chmod 0755 "$1/init"
	for name in munge slurmctld slurmd podman podman-restart podman-auto-update \
		podman-clean-transient; do
		rm -f "$1"/etc/systemd/system/*.wants/"$name".{service,socket,timer}
	done
}
