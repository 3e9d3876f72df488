# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# walkthrough.sh - docs/hpc.md, replayed: each command behind a prompt is run, and says what
# stands below it

# shellcheck source=tests/replay.sh
. /rig/replay.sh
# shellcheck source=tests/hpc/guest/containers.sh
. "$here/containers.sh"

# sections: the page's headings that have a prompt below them
sections()
{
	awk '/^## / { heading = substr($0, 4) }
	     /^    ([a-z0-9]*#|[a-z]+\$) / && heading != last { print heading; last = heading }' /rig/hpc.md
}

walkthrough()
{
	local section

	image_make
	cp -r /rig/slices /root/
	cp /rig/bind /rig/mpi-search /home/mallory/
	while read -r section <&3; do
		replay /rig/hpc.md "$section"
	done 3< <(sections)
}
walkthrough

test_the_walkthrough_leaves_nothing_behind()
{
	want "it had its sections" [ "$(sections | wc -l)" -ge 4 ]
}
