# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# prover.sh - the model checker CBMC of `make verify`, in $PROVER.  Debian 12 has
# none: it is the suite's own, and runs with the tree's C library.  Sourced by setup,
# whose are $purpose, $refresh and $log.

PROVER_PACKAGES=(cbmc minisat)

# shellcheck disable=SC2154
prover_wanted()
{
	[ "$purpose" = check ] && { [ -n "$refresh" ] || ! tree_complete "$PROVER"; }
}

prover_make()
{
	check_space
	say "fetching the model checker for make verify (some 23 MB)"
	from_mirror "$PROVER.new-$$" prover_fetch
	tree_publish "$PROVER.new-$$" "$PROVER"
}

# prover_fetch NEW MIRROR OPTIONS
# shellcheck disable=SC2154
prover_fetch()
{
	local new=$1 apt=$1/.apt options=${3:+[${3% }]} deb

	mkdir -p "$apt"/{lists,cache,debs} "$new/unpacked"
	printf 'deb %s %s main\n' "$options $2" "$RIG_SUITE" >"$apt/sources.list"
	kernels_apt "$apt" get update >>"$log" || return 1
	(cd "$apt/debs" && kernels_apt "$apt" get download "${PROVER_PACKAGES[@]}" >>"$log") || return 1
	for deb in "$apt"/debs/*.deb; do
		dpkg-deb -x "$deb" "$new/unpacked" || return 1
	done
	mv "$new/unpacked/usr/bin/cbmc" "$new/unpacked"/usr/lib/libminisat.so.2* "$new/" || return 1
	rm -rf "$apt" "$new/unpacked"
	printf '%s\n' "boot $(boot_id)" "made $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$new/.complete"
}
