# shellcheck shell=bash
# SPDX-License-Identifier: PostgreSQL
#
# What script/setup, script/demo and script/test share: words to the user, the
# right user for each job, packages, the build, and a private server.
#
# Source it after `set -euo pipefail`.  It sets:
#   root      the repository         pg_bin    the server's programs
#   pg_major  the server's version   server_user  who owns the private server
#   clang_major  the version of clang, for the tests

umask 022
export LC_ALL=C.UTF-8
# Programs of the administrator are not on the path of every `su`.
PATH=$PATH:/usr/sbin:/sbin
# A PGHOST or PGOPTIONS of the caller's must not lead psql to another server; whose PostgreSQL a test is to take is his to say.
for variable in "${!PG@}"; do
	if [ "$variable" != PG_CONFIG ]; then unset "$variable"; fi
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Debian's own PostgreSQL and clang; CIA_PG_MAJOR and CIA_CLANG_MAJOR ask for others.
# shellcheck source=/dev/null disable=SC2034
case $(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-}${VERSION_ID:-}") in
	debian13) pg_major=17 clang_major=19 ;;
	*) pg_major=15 clang_major=14 ;;
esac
pg_major=${CIA_PG_MAJOR:-$pg_major}
clang_major=${CIA_CLANG_MAJOR:-$clang_major}
pg_bin=/usr/lib/postgresql/$pg_major/bin
pg_config=$pg_bin/pg_config

# PostgreSQL refuses to run as root, so root lends the job to Debian's
# `postgres`; anybody else runs the server as himself.
if [ "$EUID" -eq 0 ]; then server_user=postgres; else server_user=$(id -un); fi


# --- Words -----------------------------------------------------------------

say()
{
	printf '%s\n' "$*"
}

# die MESSAGE...: each argument is one line; the first says what is wrong, the
# others what to do.
die()
{
	printf 'error: %s\n' "$1" >&2
	shift
	if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
	exit 1
}

# seconds START: the seconds since START, a value of EPOCHREALTIME.
seconds()
{
	local us=$((${EPOCHREALTIME/./} - ${1/./}))

	printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

# step TEXT COMMAND...: runs the command and answers in one line with the
# seconds it took.  What it says is shown only when it fails, except lines that
# begin with "note: ".  Status 65 (EX_DATAERR) says that the user's input is at
# fault and that the command's own words suffice.  Descriptor 3 is the terminal.
step()
{
	local text=$1 started=$EPOCHREALTIME log status=0

	shift
	log=$(mktemp)
	if [ -t 1 ]; then printf '         %s ...' "$text"; fi
	# A subshell outside any condition keeps `set -e` alive in the command.
	set +e
	(set -e; "$@") 3>&1 >"$log" 2>&1
	status=$?
	set -e
	if [ -t 1 ]; then printf '\r\033[K'; fi
	if [ $status -eq 0 ]; then
		printf '%6s s %s\n' "$(seconds "$started")" "$text"
		sed -n 's/^note: /         /p' "$log"
	else
		tail -n 25 "$log" >&2
	fi
	rm -f "$log"
	if [ $status -eq 65 ]; then exit 1; fi
	if [ $status -ne 0 ]; then
		die "could not finish this step: $text" "What it said stands above."
	fi
}


# --- The right user --------------------------------------------------------

# as_root COMMAND...: as the administrator, through sudo where need be.
as_root()
{
	if [ "$EUID" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "this needs the administrator's rights and there is no sudo: $*" \
			"Run it as root, or install sudo."
	fi
}

# as_server COMMAND...: as the server's user, in a place and with an
# environment which that user can use.
as_server()
(
	cd /
	if [ "$EUID" -eq 0 ]; then
		exec runuser -u "$server_user" -- \
			env -i PATH="$PATH" LC_ALL="$LC_ALL" HOME=/ "$@"
	fi
	exec "$@"
)


# --- Packages --------------------------------------------------------------

# missing_packages NAME...: those of them that are not installed.
missing_packages()
{
	local installed name

	command -v dpkg-query >/dev/null ||
		die "this machine has no Debian packages" \
			"The scripts are made for Debian 12 and 13; see the README for other systems."
	installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		sed -n 's/ installed$//p') || true
	for name in "$@"; do
		grep -qxF -- "$name" <<<"$installed" || printf '%s\n' "$name"
	done
}

apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 "$@"
}

# Debian makes and starts a cluster when the server is first installed.  A
# drop-in file holds it back meanwhile, so that the administrator's own
# configuration stays as it is.
hold_back_cluster()
{
	local conf=/etc/postgresql-common/createcluster.conf

	if [ -e $conf ] && ! grep -Eq "^ *include_dir.*createcluster\.d" $conf; then
		die "$conf does not read createcluster.d, so installing PostgreSQL would start a server" \
			"Install postgresql-$pg_major by hand and come back."
	fi
	as_root mkdir -p "${held_back%/*}"
	as_root tee "$held_back" >/dev/null <<<'create_main_cluster = false'
}
held_back=/etc/postgresql-common/createcluster.d/zz-cia-setup.conf

release_cluster()
{
	as_root rm -f "$held_back"
	as_root rmdir --ignore-fail-on-non-empty "${held_back%/*}"
}

install_packages()
(
	if [[ " $* " == *" postgresql-$pg_major "* ]]; then
		trap release_cluster EXIT
		hold_back_cluster
	fi
	# Without the network the lists on disk may still do.
	apt_get update || true
	apt_get install --no-install-recommends "$@"
)

# need_packages NAME...: installs what is missing; silent when nothing is.
need_packages()
{
	local missing

	mapfile -t missing < <(missing_packages "$@")
	if [ ${#missing[@]} -eq 0 ]; then return; fi
	# sudo asks for its password here, where the question can be seen.
	as_root true
	step "Installing ${#missing[@]} of Debian's packages: ${missing[*]}" \
		install_packages "${missing[@]}"
}

# offered_packages NAME...: those of them that this Debian has.
offered_packages()
{
	local name policy

	for name in "$@"; do
		# not by a pipe to grep -q, which would be done before apt-cache: to pipefail a failure
		policy=$(apt-cache policy "$name" 2>/dev/null) || continue
		if [[ $policy == *'Candidate: '* && $policy != *'Candidate: (none)'* ]]; then
			printf '%s\n' "$name"
		fi
	done
}


# --- The build -------------------------------------------------------------

# is_installed: whether PostgreSQL's directories hold what make has just made.
is_installed()
{
	local library extension file

	library=$("$pg_config" --pkglibdir)
	extension=$("$pg_config" --sharedir)/extension
	cmp -s "$root/cia.so" "$library/cia.so" || return 1
	for file in "$root"/cia.control "$root"/cia--*.sql; do
		cmp -s "$file" "$extension/${file##*/}" || return 1
	done
}

# build_install [VARIABLE=VALUE...]: builds the extension and installs it where
# PostgreSQL looks for it, unless the same files are there already.
build_install()
{
	step "Building cia" \
		make -C "$root" -j "$(nproc)" PG_CONFIG="$pg_config" "$@"
	if is_installed; then return; fi
	if [ -w "$("$pg_config" --pkglibdir)" ]; then
		step "Installing cia" make -C "$root" PG_CONFIG="$pg_config" "$@" install
	else
		# sudo asks for its password here, where the question can be seen.
		as_root true
		step "Installing cia" \
			as_root make -C "$root" PG_CONFIG="$pg_config" "$@" install
	fi
}


# --- A private server ------------------------------------------------------
#
# DIR holds all of a server: data/, log, and the socket.  DIR belongs to the
# server's user and has mode 0700, and the server listens nowhere else: who can
# reach the socket is the server's user or root, so `trust` trusts nobody new.

# A socket's path has 107 bytes at the most, and psql reads a comma in a host
# as a list; other signs would need quoting in the commands that we print.
is_socket_dir()
{
	local longest=/.s.PGSQL.5432

	[ $((${#1} + ${#longest})) -le 107 ] && [[ $1 =~ ^/[A-Za-z0-9_./+-]+$ ]]
}

# cluster_home LINK: prints the DIR of the server that LINK (in the repository)
# stands for, and makes it if need be.  It is LINK itself, or, where the
# server's user cannot enter the repository or the path does not fit, a
# directory under /var/tmp that LINK points to.
cluster_home()
{
	local link=$1 dir

	mkdir -p "${link%/*}"
	if [ ! -e "${link%/*}/.gitignore" ]; then printf '*\n' >"${link%/*}/.gitignore"; fi
	if [ -L "$link" ] && [ ! -d "$link" ]; then rm "$link"; fi
	if [ ! -e "$link" ]; then
		make_home "$link"
	fi
	dir=$(cd "$link" 2>/dev/null && pwd -P) || dir=$(readlink -f "$link")
	if [ "$(stat -c '%U %a' "$dir")" != "$server_user 700" ]; then
		die "$link is not a private directory of the user \"$server_user\"" \
			"Run the command as the user who ran it first, or stop the server and delete $link."
	fi
	printf '%s\n' "$dir"
}

make_home()
{
	local link=$1 dir

	mkdir -m 0700 "$link"
	if [ "$EUID" -eq 0 ]; then chown "$server_user": "$link"; fi
	if is_socket_dir "$link" && as_server test -w "$link"; then return; fi
	rmdir "$link"
	dir=$(as_server mktemp -d /var/tmp/cia.XXXXXX)
	ln -s "$dir" "$link"
}

# Settings for a server whose data can be made again: no flush to disk, no
# write-ahead log to keep.  Shared memory from files does not depend on the
# size of /dev/shm, which is small in containers.
cluster_settings()
{
	cat <<-END
		listen_addresses = ''
		unix_socket_directories = '$1'
		unix_socket_permissions = 0700
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		wal_level = minimal
		max_wal_senders = 0
		max_wal_size = '4GB'
		checkpoint_timeout = '30min'
		shared_buffers = '256MB'
		work_mem = '64MB'
		maintenance_work_mem = '256MB'
		dynamic_shared_memory_type = mmap
		jit = off
		timezone = 'UTC'
		log_timezone = 'UTC'
		lc_messages = 'C'
	END
}

# cluster_create DIR: initdb, with the caller's name as the superuser's so that
# `psql -h DIR` needs no further words.
cluster_create()
{
	local dir=$1

	as_server rm -rf "$dir/data" "$dir/log"
	as_server "$pg_bin/initdb" --pgdata="$dir/data" --username="$(id -un)" \
		--auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync
	as_server tee "$dir/data/pg_hba.conf" >/dev/null <<<'local all all trust'
	as_server tee -a "$dir/data/postgresql.conf" >/dev/null <<<"include 'private.conf'"
}

cluster_running()
{
	[ -x "$pg_bin/pg_ctl" ] && as_server "$pg_bin/pg_ctl" -D "$1/data" status >/dev/null 2>&1
}

# cluster_start DIR [NAME=VALUE...]: starts the server of DIR if it is not
# running, and makes it if there is none; later settings win over ours.
cluster_start()
{
	local dir=$1

	shift
	if cluster_running "$dir"; then return; fi
	if [ "$(as_server cat "$dir/data/PG_VERSION" 2>/dev/null)" != "$pg_major" ]; then
		cluster_create "$dir"
	fi
	{ cluster_settings "$dir"; printf '%s\n' "$@"; } |
		as_server tee "$dir/data/private.conf" >/dev/null
	# Our own descriptors must not live on in the server: a pipe that this script
	# writes to would never end.
	if ! as_server "$pg_bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start \
		</dev/null 3>&- 9>&-; then
		as_server tail -n 15 "$dir/log"
		return 1
	fi
}

cluster_stop()
{
	if cluster_running "$1"; then
		as_server "$pg_bin/pg_ctl" -D "$1/data" -m fast -w -t 60 stop >/dev/null
	fi
}

# cluster_psql DIR ARGUMENT...: psql on the server of DIR, as the caller (who
# can read his own files), without his psqlrc.
cluster_psql()
{
	local dir=$1

	shift
	"$pg_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$dir" "$@"
}
