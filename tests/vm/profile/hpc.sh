# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# hpc.sh - the profile hpc: the guest of the profile full with Slurm, MPI and podman in
# it.  None of them is started: that is for the tests.

# shellcheck disable=SC2034
ROOT=$HPC
# shellcheck source=tests/vm/profile/full.sh
. "$PROFILES/full.sh"

# MPI takes no loopback interface for a network
PROFILE_DRIVERS='drivers/net/dummy'

profile_check()
{
	root_complete || die "the guest with Slurm is not there ($ROOT)" \
		"run as root: tests/vm/setup --for hpc"
}
