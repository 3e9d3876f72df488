# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# mini.sh - a plain machine; the accelerator is the one in software.  Sourced by run.

PROFILE_MODULES='sva sva_softiommu sva_soft'
PROFILE_APPEND=

profile_qemu()
{
	[ ${#device_args[@]} -eq 0 ] && [ -z "$iommu_args" ] ||
		bad_usage "--device-args and --iommu-args are for --profile vtd"
}
