# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# vtd.sh - emulated Intel VT-d, and behind it the accelerator as a PCIe device, which
# is loaded into the tree's QEMU.  Sourced by run.

PROFILE_MODULES='sva sva_pci'
PROFILE_APPEND='intel_iommu=on,sm_on'

VTD_IOMMU=scalable-mode=on,fsts=on,pasid-bits=20,device-iotlb=on,svm=on,aw-bits=48

# Each accelerator has a root port, and so an IOMMU group, of its own
profile_qemu()
{
	local device=$BUILD/tests/vm/sva-accel.so port=0 args

	[ -e "$device" ] || die "$device is not built" "run: make"
	preload=(--preload "$device")
	machine=q35,kernel-irqchip=split
	[ "$iommu_args" = none ] ||
		hardware+=(-device "intel-iommu,$VTD_IOMMU${iommu_args:+,$iommu_args}")
	[ ${#device_args[@]} -gt 0 ] || device_args=('')
	for args in "${device_args[@]}"; do
		[ "$args" != none ] || continue
		hardware+=(-device "pcie-root-port,id=port$port,chassis=$port,slot=$port")
		hardware+=(-device "sva-accel,id=accel$port,bus=port$port${args:+,$args}")
		port=$((port + 1))
	done
}
