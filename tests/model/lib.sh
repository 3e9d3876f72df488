# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - run the model checkers; for tests/model/run and tests/mutations/run, which
# source it beside tests/lib.sh and tests/vm/lib.sh

# Proofs of release_proof.c, and what each of them shows
PROOFS=(
	'verdict_table|R4: each evidence, claim and trust: the table'
	'verdict_rules|R4: in its own words, any values'
	'context_init|a new context: the invariant'
	'context_table|a context, any state, any step: the table'
	'context_total|a context, no state at all: refused'
	'context_life|R2, R5: a whole life in any order'
	'pasid_table|a PASID, any counts, any step: the table'
	'pasid_states|a PASID, any counts: its state'
	'r3_step|R3: any counts, any step (induction)'
	'r3_sequence|R3: a whole life in any order'
)

# Steps of the two lives in any order; all else is one step from any state
CONTEXT_LIFE=12
PASID_LIFE=9

# Beside the assertions: no access outside of an object, no overflow, signed or
# unsigned, no value that changes by conversion, no shift too far, no loop longer
# than was looked at
CBMC_CHECKS=(
	--bounds-check --pointer-check --pointer-primitive-check --pointer-overflow-check
	--signed-overflow-check --unsigned-overflow-check --conversion-check
	--undefined-shift-check --div-by-zero-check --unwind 32 --unwinding-assertions
)

# proof_run ROOT NAME: of the tree at ROOT; CBMC's words on the standard output
proof_run()
{
	local root=$1 name=$2

	prover_exec --function "prove_$name" -I"$root/include/uapi" -I"$root" \
		-DCONTEXT_LIFE="$CONTEXT_LIFE" -DPASID_LIFE="$PASID_LIFE" --drop-unused-functions \
		"${CBMC_CHECKS[@]}" "$root/tests/model/release_proof.c" "$root/kernel/core/release.c" 2>&1
}

# protocol_build ROOT FOLDER COMPILER-OPTIONS DEFINE...: the verifier FOLDER/pan
protocol_build()
{
	local root=$1 folder=$2 options=$3
	shift 3

	rm -rf "$folder"
	mkdir -p "$folder" || return
	(
		cd "$folder" || exit
		spin -a "$@" "$root/tests/model/protocol.pml" || exit
		# shellcheck disable=SC2086  # options are words
		gcc -w $options "$@" -DSAFETY -DNOREDUCE -DNOFAIR -I"$root" -I"$root/tests/model" \
			-I"$root/include/uapi" -o pan pan.c
	) >"$folder/log" 2>&1
}

# protocol_search FOLDER OPTION...: its words on the standard output
protocol_search()
{
	local folder=$1
	shift

	(cd "$folder" && ./pan "$@" 2>&1)
}

# The shortest counterexample: breadth first, in the smallest world
COUNTEREXAMPLE_BUILD='-O1 -DBFS'
COUNTEREXAMPLE_WORLD=(-DMMS=2 -DCONTEXTS=2)

# protocol_counterexample ROOT FOLDER DEFINE...: prints the rule that is broken and the
# number of steps to it; nothing if none is
protocol_counterexample()
{
	local root=$1 folder=$2
	shift 2

	protocol_build "$root" "$folder" "$COUNTEREXAMPLE_BUILD" "${COUNTEREXAMPLE_WORLD[@]}" "$@" ||
		{ cat "$folder/log" >&2; return 1; }
	protocol_search "$folder" -w22 -m100000 >"$folder/log"
	sed -n 's/^pan:[0-9]*: \(.*\) (at depth \([0-9]*\))$/\2 \1/p' "$folder/log" | head -n 1
}

# seconds_of COMMAND...: runs it; $seconds is how long it took
seconds_of()
{
	local start=$SECONDS

	"$@"
	set -- $?
	seconds=$((SECONDS - start))
	return "$1"
}
