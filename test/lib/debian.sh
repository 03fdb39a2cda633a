# shellcheck shell=bash
# SPDX-License-Identifier: PostgreSQL
#
# test/lib/debian.sh: other Debians, in trees that debootstrap makes once and that stay in .test/debian
# or $CIA_DEBIAN.  They need root, the network the first time, and some three gigabytes each.
#
# Source it after script/lib.sh.

debian_home=${CIA_DEBIAN:-$root/.test/debian}
in_tree=/srv/cia/main # the working tree there; the real data stand beside it, as ../shared

# debian_lacks: why this machine cannot have such trees, or nothing.
debian_lacks()
{
	if [ "$EUID" -ne 0 ]; then
		echo "only root can make a Debian in a directory"
	elif ! command -v debootstrap >/dev/null; then
		echo "there is no debootstrap"
	elif ! apart true 2>/dev/null; then
		echo "this machine does not let root mount"
	elif ! git -c safe.directory='*' -C "$root" rev-parse >/dev/null 2>&1; then
		echo "this is no clone"
	fi
}

# apart COMMAND...: with mounts and processes of its own, which end with it however it ends.
apart()
{
	unshare --mount --pid --fork --kill-child -- "$@"
}

# inside SUITE COMMAND...: in that tree, with nothing of our environment but the way to the network.
inside()
{
	local tree=$debian_home/$1

	shift
	# shellcheck disable=SC2016
	apart bash -c '
		tree=$1; shift
		for name in dev sys; do mount --rbind /$name "$tree/$name" || exit; done
		mount -t proc proc "$tree/proc" || exit
		exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' \
		bash "$tree" "${proxies[@]}" "$@"
}

# mirror: where this machine has its own Debian from; without an answer debootstrap knows one.
mirror()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -n '/security/d; s/^Debian //p' | head -n 1
}

# What apt needs here to reach its mirror, it needs there.
lend_network()
{
	cp -L /etc/resolv.conf "$1/etc/resolv.conf" &&
		apt-config dump | grep -iE '^Acquire::(.*proxy|check-)' >"$1/etc/apt/apt.conf.d/90host"
	return 0
}

# make_tree SUITE: under another name until it is whole.
make_tree()
{
	local tree=$debian_home/$1 from http_proxy

	# debootstrap knows a proxy from the environment only
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	if [ -n "${http_proxy:-}" ]; then export http_proxy; fi
	mapfile -t proxies < <(env | grep -iE '^(http|https|no)_proxy=')
	if [ ! -d "$tree" ]; then
		from=$(mirror)
		rm -rf --one-file-system "$tree.part"
		mkdir -p "$tree.part" &&
			apart env "${proxies[@]}" debootstrap --variant=minbase "$1" "$tree.part" ${from:+"$from"} &&
			mv "$tree.part" "$tree" || return
	fi
	lend_network "$tree"
}

# copy_here SUITE: the working tree with what is not committed, and the real data where they are.
copy_here()
{
	local tree=$debian_home/$1

	rm -rf "$tree/srv/cia" && mkdir -p "$tree$in_tree" || return
	git -c safe.directory='*' -C "$root" ls-files -z --cached --others --exclude-standard |
		tar -C "$root" --no-recursion --ignore-failed-read --null -T - -cf - 2>/dev/null |
		tar -C "$tree$in_tree" --no-same-owner -xf - || return
	if [ -d "$root/../shared/data" ]; then
		mkdir "$tree${in_tree%/*}/shared" && cp -rL "$root/../shared/data" "$tree${in_tree%/*}/shared/"
	fi
}

# newest_in SUITE PACKAGE: the number of the version that the package without a number stands for.
newest_in()
{
	inside "$1" apt-cache depends "$2" | sed -nE "s/^ *Depends: $2-([0-9]+)\$/\1/p" | head -n 1
}

# prepare SUITE LOG: the tree with today's working tree and the packages of the tests; sets `versions_of`,
# which script/setup and script/test want there.  Answers 2 where the tree or its packages are out of reach.
prepare()
{
	local suite=$1 log=$2

	make_tree "$suite" >"$log" 2>&1 || return 2
	copy_here "$suite" >"$log" 2>&1 || return 1
	inside "$suite" apt-get -q update --error-on=any >"$log" 2>&1 || return 2
	versions_of=("CIA_PG_MAJOR=$(newest_in "$suite" postgresql)" "CIA_CLANG_MAJOR=$(newest_in "$suite" clang)")
	inside "$suite" env "${versions_of[@]}" "$in_tree/script/setup" test >"$log" 2>&1
}
