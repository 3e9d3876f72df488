# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2046,SC2120,SC2154
#
# mpi.sh - every rank with its own structure, binding and PASID

NODES_EACH=2000

# ranks_agree NUMBER NODES: so many ranks on so many nodes, no wrong result, no PASID twice
ranks_agree()
{
	expect "ranks that agree" "$(grep -c ': 65 searches, 0 wrong' <<<"$out")" "$1"
	expect "PASIDs" "$(grep -o 'PASID [0-9]*' <<<"$out" | sort -u | wc -l)" "$1"
	expect "sums" "$(grep -o 'sum [0-9a-f]*' <<<"$out" | sort -u | wc -l)" "$1"
	expect "nodes" "$(grep -o '^rank [0-9]* on [^:]*' <<<"$out" | cut -d' ' -f4 | sort -u | wc -l)" "$2"
}

test_ranks_under_srun()
{
	want "four ranks on two nodes" run -N2 -n4 --ntasks-per-node=2 --mpi=pmix --gres=sva:2 --sva=all \
		/rig/mpi-search "$NODES_EACH"
	ranks_agree 4 2
	want "two ranks on the third" run -w n3 -n2 --mpi=pmix --gres=svadev:1 --sva=all \
		/rig/mpi-search "$NODES_EACH"
	ranks_agree 2 1
}

# Slurm sees one launcher on each node; grants go by cgroup
test_ranks_under_mpirun()
{
	out=$(as mallory timeout 120 salloc -Q -N2 -n4 --ntasks-per-node=2 --gres=sva:2 --sva=all \
		mpirun /rig/mpi-search "$NODES_EACH" 2>&1)
	want "four ranks on two nodes" [ $? = 0 ]
	echo "$out"
	ranks_agree 4 2
}

test_ranks_that_find_no_room_say_why()
{
	want_not "two ranks, one context" run -w n1 -n2 --mpi=pmix --gres=sva:soft0:1 --sva=soft0 \
		/rig/mpi-search "$NODES_EACH"
	says limit-grant
	expect "the other computed" "$(grep -c ': 65 searches, 0 wrong' <<<"$out")" 1
}
