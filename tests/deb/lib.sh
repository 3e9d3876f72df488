# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what packages are built and installed in, and with which others.  Sourced
# behind tests/vm/lib.sh.

DEB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# What debian/control asks for, beside what `make` does; and what looks at the result
DEB_PACKAGES=(build-essential debhelper dh-dkms dpkg-dev libslurm-dev scdoc)
DEB_CHECK_PACKAGES=(lintian)

# A Debian as its installer leaves it, with what users compile with, and what the
# packages of kernel headers and ours depend on, a site's Slurm among it: the guest has
# no network
DEB_GUEST_PACKAGES=(
	systemd systemd-sysv udev dbus kmod passwd procps mount util-linux
	dkms gcc libc6-dev make pkgconf
	pahole libelf1t64 libssl3t64 zlib1g
	libsystemd0 libudev1 libseccomp2 libinih1 libjansson4
	slurm-client
)

# What packages are built with there
DEB_BUILD_PACKAGES=(
	build-essential debhelper dh-dkms dpkg-dev lintian scdoc
	libsystemd-dev libudev-dev libseccomp-dev libinih-dev libjansson-dev libslurm-dev
)

# Raised when setup makes it of the same packages differently
DEB_RECIPE=1

DEBIAN=$SVA_CACHE/debian-$(printf '%s\n' "$DEB_RECIPE" "$RIG_SUITE" "$RIG_ARCH" \
	"${DEB_GUEST_PACKAGES[@]}" / "${DEB_BUILD_PACKAGES[@]}" | sha256sum | cut -c1-12)
