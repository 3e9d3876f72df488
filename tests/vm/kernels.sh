# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# kernels.sh - the other kernels that `make check` needs, in $KERNELS: headers of
# the suite's own kernel and of the newest in its backports, to build against, and
# the former's image, to boot.  They come with the compiler and libraries of the
# tree, whose usr/src and usr/lib/modules they take the place of.  Sourced by setup,
# whose are $purpose, $refresh and $log.

# shellcheck disable=SC2154
kernels_wanted()
{
	[ "$purpose" = check ] && { [ -n "$refresh" ] || ! tree_complete "$KERNELS"; }
}

kernels_make()
{
	check_space
	say "fetching other kernels' headers for make check (some 60 MB)"
	from_mirror "$KERNELS.new-$$" kernels_fetch
	tree_publish "$KERNELS.new-$$" "$KERNELS"
}

# shellcheck disable=SC2154
# kernels_apt FOLDER TOOL ARG...: apt, with the lists that lie in FOLDER
kernels_apt()
{
	local folder=$1 tool=$2
	shift 2

	"apt-$tool" -q -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" \
		-o APT::Sandbox::User=root "$@" </dev/null 2>>"$log" 9>&-
}

# The suite's own, by the metapackage that names it
kernels_stable()
{
	local version

	version=$(kernels_apt "$1" cache madison linux-headers-cloud-amd64 |
		awk -v suite="$RIG_SUITE/main" '$6 == suite { print $3; exit }')
	kernels_apt "$1" cache show "linux-headers-cloud-amd64=$version" |
		sed -n 's/^Depends:.*linux-headers-\([0-9][^ ]*-cloud-amd64\).*/\1/p'
}

# The newest of all: its metapackage may still name an older one
kernels_newest()
{
	kernels_apt "$1" cache pkgnames linux-headers- |
		sed -n 's/^linux-headers-\([0-9].*-cloud-amd64\)$/\1/p' | sort -V | tail -n 1
}

# kernels_fetch NEW MIRROR OPTIONS
kernels_fetch()
{
	local new=$1 apt=$1/.apt options=${3:+[${3% }]} stable newest kernel packages

	mkdir -p "$apt"/{lists,cache,debs}
	printf "deb $options $2 %s main\n" "$RIG_SUITE" "$RIG_SUITE-backports" >"$apt/sources.list"
	kernels_apt "$apt" get update >>"$log" || return 1
	stable=$(kernels_stable "$apt")
	newest=$(kernels_newest "$apt")
	[ -n "$stable" ] && [ -n "$newest" ] || return 1
	packages=("linux-image-$stable")
	for kernel in "$stable" "$newest"; do
		packages+=("linux-headers-$kernel" "linux-headers-${kernel%-cloud-*}-common" \
			"linux-kbuild-${kernel%-cloud-*}")
	done
	(cd "$apt/debs" && kernels_apt "$apt" get download "${packages[@]}" >>"$log") || return 1
	kernels_unpack "$new" "$apt/debs" || return 1
	rm -rf "$apt"
	vmlinux_unpack "$new/boot/vmlinuz-$stable" "$new/boot/vmlinux-$stable"
	rm -f "$new/boot/vmlinuz-$stable"
	printf '%s\n' "boot $(boot_id)" "kernel $stable" "kernel $newest" \
		"made $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$new/.complete"
}

# kernels_unpack NEW DEBS: without the drivers.  The tools of a kernel's build are
# moved beside its headers, so that usr/src has all that refers to each other.
kernels_unpack()
{
	local new=$1 deb folder link

	for deb in "$2"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$new" --exclude='./usr/share' \
			--exclude='./usr/lib/modules/*/kernel' --exclude='./lib/modules/*/kernel' || return 1
	done
	for folder in "$new"/usr/lib/linux-kbuild-*; do
		rm -f "$new/usr/src/${folder##*/}"
		mv "$folder" "$new/usr/src/" || return 1
	done
	for link in "$new"/usr/src/linux-headers-*/{scripts,tools}; do
		folder=$(readlink "$link") || return 1
		ln -sfn "../${folder#../../lib/}" "$link"
	done
}
