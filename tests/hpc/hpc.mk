# SPDX-License-Identifier: GPL-2.0-or-later
#
# hpc.mk - the tests in a guest with Slurm, MPI and podman

.PHONY: hpc-tests
hpc-tests: all $(FULL_CLIENT)
	SVA_BUILD='$(abspath $(B))' tests/hpc/run $(HPC_PARTS)
