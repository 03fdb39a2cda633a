# shellcheck shell=bash
# SPDX-License-Identifier: PostgreSQL
#
# test/lib/tap.sh: TAP from bash, and servers for a test that has to break them.
#
# Source it after script/lib.sh.  $PG_CONFIG, where the caller has set it, says whose PostgreSQL is tested.  It sets:
#   work    a directory of its own, which the test's clean_up() deletes
#   failed  1 once a check has failed: what the test ends with

if [ -n "${PG_CONFIG:-}" ]; then
	pg_config=$PG_CONFIG pg_bin=$("$PG_CONFIG" --bindir)
	# shellcheck disable=SC2034 # who sources this uses it
	pg_major=$("$PG_CONFIG" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
fi
PATH=$pg_bin:$PATH
here=$(cd "$(dirname "$0")" && pwd -P)
work=$(mktemp -d)
failed=0

# check NAME COMMAND...: one line of TAP; what went wrong is shown.
check()
{
	local name=$1

	shift
	if "$@" >"$work/check" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/# /' "$work/check" | cut -c 1-300 | head -n 20
		failed=1
	fi
}

query()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# answers EXPECTED ARGUMENT...: a query and what it must answer.
answers()
{
	local expected=$1 answer

	shift
	answer=$(query "$@" 2>&1)
	if [ "$answer" != "$expected" ]; then
		printf 'wanted: %s\nanswer: %s\n' "$expected" "$answer"
		return 1
	fi
}

# now: microseconds
now()
{
	printf '%s' "${EPOCHREALTIME/[.,]/}"
}

# pause MICROSECONDS
pause()
{
	sleep "$(printf '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000)))"
}

# private_server NAME [NAME=VALUE...]: a new server in .test/NAME, which psql then finds by itself.
private_server()
{
	server=$(cluster_home "$root/.test/$1")
	shift
	cluster_stop "$server"
	as_server rm -rf "$server/data" "$server/log"
	export PGHOST=$server PGPORT=5432 PGUSER PGDATABASE=postgres
	PGUSER=$(id -un)
	cluster_start "$server" "$@" >"$work/start" 2>&1 || { cat "$work/start" >&2; exit 1; }
}

# private_end: the server and its data are gone.
private_end()
{
	if [ -z "${server:-}" ]; then return; fi
	cluster_stop "$server"
	as_server rm -rf "$server/data"
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for()
{
	local until=$(($(now) + $1 * 1000000))

	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$(now)" -gt $until ]; then return 1; fi
		sleep 0.05
	done
}

# nothing_half_done [ARGUMENT...]: the registry is whole, and its models score.
nothing_half_done()
{
	local complaints

	complaints=$(query "$@" -f "$root/test/lib/whole.sql" 2>&1)
	if [ -n "$complaints" ]; then
		echo "$complaints"
		return 1
	fi
}
