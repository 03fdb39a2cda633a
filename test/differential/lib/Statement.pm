# SPDX-License-Identifier: PostgreSQL
#
# Whole statements.  Each function gets the query's state and answers a list of SQL commands that leave
# the database as it was; the commands' rows are compared as a set.
#
# Results must not depend on the plan: floats are not summed, LIMIT and windows have a total order, and
# what is updated from a join meets one row at most.
package Statement;

use strict;
use warnings;

use Draw;
use Expression;
use Source;

sub items
{
	return weighted(5, 1, 5, 2, 3, 3, 1, 4, 0.3, 6);
}

# Lists of expressions, named so that they can be columns of a table.
sub named
{
	my @expressions = @_;

	return join ', ', map { "$expressions[$_] AS v$_" } 0 .. $#expressions;
}

sub ordinals
{
	return join ', ', 1 .. $_[0];
}

sub results
{
	my ($scope, $depth) = @_;

	return (Expression::key($scope), map { Expression::value($scope, $depth) } 1 .. weighted(5, 1, 3, 2, 1, 3));
}

sub where
{
	my ($scope, $depth, $probability) = @_;

	return chance($probability) ? ' WHERE ' . Expression::predicate($scope, $depth) : '';
}

# --- SELECT -------------------------------------------------------------------

sub plain
{
	my ($q, $depth) = @_;
	my $from = Source::from($q, $depth, items());
	my @list = results($from->{scope}, $depth);
	my $sql = ' FROM ' . $from->{sql} . where($from->{scope}, $depth, 0.6);
	my @lockable = grep { $_->{lock} } @{$from->{scope}{sources}};
	my $all = ordinals(scalar @list);

	return weighted(
		10, 'SELECT ' . named(@list) . $sql,
		2, 'SELECT DISTINCT ' . named(@list) . $sql,
		2, 'SELECT ' . named(@list) . "$sql ORDER BY $all",
		2, 'SELECT ' . named(@list) . "$sql ORDER BY $all LIMIT " . (1 + below(30)) . (chance(0.3) ? ' OFFSET ' . below(5) : ''),
		1, 'SELECT ' . named(@list) . "$sql ORDER BY $list[1] FETCH FIRST " . (1 + below(9)) . ' ROWS WITH TIES',
		1, 'SELECT ' . named(@list) . "$sql ORDER BY " . Expression::score($from->{scope}, type => 'float') . " DESC NULLS LAST, $list[0]",
		1, "SELECT DISTINCT ON (v1) * FROM (SELECT " . named(@list) . "$sql) d ORDER BY v1, $all",
		1, 'SELECT DISTINCT ON (' . $list[1] . ') ' . named(@list[1, 0, 2 .. $#list]) . "$sql ORDER BY $list[1], $all",
		@list == 2 && @{$from->{scope}{sources}} == 1 && @lockable ? 4 : 0, 'SELECT ' . named(@list) . $sql . pick(' FOR UPDATE', ' FOR SHARE', " FOR NO KEY UPDATE OF $from->{scope}{sources}[0]{alias}", ' FOR KEY SHARE SKIP LOCKED'));
}

sub aggregated
{
	my ($q, $depth) = @_;
	my $from = Source::from($q, $depth, items());
	my $scope = $from->{scope};
	my @list = map { Expression::aggregate($scope, $depth) } 1 .. 1 + below(3);

	return 'SELECT ' . named(@list) . " FROM $from->{sql}" . where($scope, $depth, 0.6)
		. (chance(0.2) ? ' HAVING ' . Expression::aggregate($scope, 0) . ' IS NOT NULL' : '');
}

# A key to group by: a column, a score, a whole row.
sub group_key
{
	my ($scope) = @_;
	my ($from) = shuffled(Expression::with_columns($scope));
	my ($row) = shuffled(Expression::rows_in($scope));

	return weighted(
		defined $from ? 4 : 0, sub { pick("$from->{alias}.c", "$from->{alias}.id % 3", "$from->{alias}.a") },
		3, sub { Expression::score($scope, type => 'text') },
		2, sub { Expression::score($scope, type => 'float') },
		2, sub { 'round(' . Expression::score($scope, type => 'float') . '::numeric, 1)' },
		1, sub { Expression::score($scope, type => 'float') . ' > 0.5' },
		defined $row && !defined $row->{row} ? 1 : 0, sub { $row->{alias} });
}

sub grouped
{
	my ($q, $depth) = @_;
	my $from = Source::from($q, $depth, items());
	my $scope = $from->{scope};
	my @keys = map { group_key($scope) } 1 .. 1 + below(2);
	my @list = (@keys, map { Expression::aggregate($scope, $depth) } 1 .. 1 + below(2));
	my $where = where($scope, $depth, 0.5);
	my ($row) = grep { /^t\d+$/ } @keys;

	# the whole row is a key: its score may stand beside it
	if (defined $row)
	{
		my ($item) = grep { $_->{alias} eq $row } @{$scope->{sources}};
		my $grouped = {%$scope, sources => [{%$item, columns => 'no'}]};
		push @list, Expression::score($grouped, type => 'float');
		if (chance(0.3)) { $list[-1] = "(SELECT $list[-1])" }
	}
	my $having = weighted(4, '', 1, sub { ' HAVING ' . Expression::aggregate($scope, 0) . ' IS NOT NULL' }, 1, sub { " HAVING $keys[0] IS NOT NULL" });
	my $by = weighted(6, join(', ', @keys), 1, 'ROLLUP (' . join(', ', @keys) . ')', 1, 'CUBE (' . join(', ', @keys) . ')', 1, 'GROUPING SETS ((' . join(', ', @keys) . "), ($keys[0]), ())");

	return 'SELECT ' . named(@list) . " FROM $from->{sql}$where GROUP BY $by$having" . weighted(3, '', 1, ' ORDER BY ' . ordinals(scalar @list));
}

# Grouping by the key of a table allows all of its columns, and its row.
sub grouped_by_key
{
	my ($q, $depth) = @_;
	my $x = Source::new_alias($q);
	my $table = pick('customer', 'account', 'computed', 'stay');
	my $scope = {q => $q, sources => [{alias => $x, set => 'full', type => $table}]};
	my $other = Source::item($q, $depth, want => ['full', 'small']);
	my $both = {q => $q, sources => [@{$scope->{sources}}, $other]};

	return "SELECT $x.id, " . named(Expression::score($scope, type => 'float'), Expression::aggregate($both, 0))
		. " FROM $table AS $x " . pick('JOIN', 'LEFT JOIN') . " $other->{sql} ON $other->{alias}.id = $x.id GROUP BY $x.id" . pick('', '', ' HAVING ' . Expression::score($scope, type => 'float') . ' > 0.2');
}

sub windowed
{
	my ($q, $depth) = @_;
	my $from = Source::from($q, $depth, items());
	my $scope = $from->{scope};
	my $total = Expression::total_order($scope);
	my $score = Expression::score($scope, type => 'float');
	my $part = weighted(1, '', 2, sub { 'PARTITION BY ' . Expression::score($scope, type => 'text') . ' ' });
	my ($row) = map { $_->{row} // $_->{alias} } shuffled(Expression::rows_in({%$scope, outer => undef}, [qw(full small abc)]));
	my @list = (
		Expression::key($scope), Expression::score($scope, type => 'float'),
		weighted(
			3, "rank() OVER (${part}ORDER BY $score)",
			2, "count($score) OVER ($part)",
			2, "sum(($score)::numeric) OVER (${part}ORDER BY $score RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
			2, "lag($score) OVER (${part}ORDER BY $total)",
			1, "first_value($score) OVER (${part}ORDER BY $score DESC NULLS LAST)",
			1, "row_number() OVER (ORDER BY $score, $total)",
			1, "ntile(3) OVER (ORDER BY $total)",
			defined $row ? 2 : 0, sub { "cia_score('small', lag($row) OVER (${part}ORDER BY $total))" },
			defined $row ? 1 : 0, sub { "cia_score('lone', first_value($row) OVER (ORDER BY $row NULLS FIRST))" }));

	return 'SELECT ' . named(@list) . " FROM $from->{sql}" . where($scope, $depth, 0.5);
}

# Arms with the same columns.
sub arm
{
	my ($q, $depth) = @_;
	my $from = Source::from($q, $depth, weighted(3, 1, 1, 2));
	my $scope = $from->{scope};

	return 'SELECT ' . named(Expression::key($scope), Expression::score($scope, type => 'float'), Expression::score($scope, type => 'text')) . " FROM $from->{sql}" . where($scope, $depth, 0.6);
}

sub set_operation
{
	my ($q, $depth) = @_;
	my $sql = arm($q, $depth - 1);

	for (1 .. 1 + below(2)) { $sql .= ' ' . weighted(4, 'UNION ALL', 2, 'UNION', 1, 'INTERSECT', 1, 'EXCEPT', 1, 'EXCEPT ALL') . ' ' . arm($q, $depth - 1) }
	return $sql . weighted(3, '', 1, ' ORDER BY 1, 2, 3 LIMIT 20');
}

# A SELECT as a subquery, whose scores are columns now: conditions go down into it, outer joins null it.
sub nested
{
	my ($q, $depth) = @_;
	my $inner = sub {
		weighted(4, sub { plain($q, $depth - 1) }, 2, sub { grouped($q, $depth - 1) }, 1, sub { windowed($q, $depth - 1) }, 2, sub { set_operation($q, $depth - 1) })
	};
	my ($x, $y) = (Source::new_alias($q), Source::new_alias($q));
	my $condition = pick("$x.v1::text > '0.3'", "$x.v1 IS NOT NULL", "$x.v0::text < '3'", "$x.v0::text LIKE '1%'");
	my $other = Source::item($q, 0, want => ['full', 'small'], row => 1);
	my $z = $other->{alias};

	return weighted(
		3, sub { "SELECT * FROM (" . $inner->() . ") AS $x WHERE $condition" },
		3, sub { "SELECT $z.id, $x.v0, $x.v1 FROM $other->{sql} LEFT JOIN (" . $inner->() . ") AS $x ON $x.v0::text = $z.id::text AND $condition" },
		2, sub { "SELECT $x.v0, $x.v1, $y.v1 FROM (" . $inner->() . ") AS $x " . pick('JOIN', 'LEFT JOIN', 'FULL JOIN') . ' (' . $inner->() . ") AS $y ON $x.v0::text = $y.v0::text" },
		1, sub { "SELECT count(*), min($x.v1::text), max($x.v0::text) FROM (" . $inner->() . ") AS $x WHERE $condition OR EXISTS (SELECT 1 FROM $other->{sql} WHERE $z.id::text = $x.v0::text AND cia_score('small', $z) > 0.4)" },
		1, sub { "SELECT $z.id, (SELECT max($x.v1::text) FROM (" . $inner->() . ") AS $x WHERE $x.v0::text = $z.id::text) FROM $other->{sql}" });
}

sub with_list
{
	my ($q, $depth) = @_;
	my @parts;

	for my $i (1 .. 1 + below(2))
	{
		my $inner = Source::subquery($q, $depth);
		my $name = "q$i";
		push @parts, sprintf '%s AS %s(%s)', $name, pick('', 'MATERIALIZED ', 'NOT MATERIALIZED '), $inner->{sql};
		push @{$q->{ctes}}, {name => $name, set => $inner->{set}, unique => $inner->{unique}};
	}
	return 'WITH ' . join(', ', @parts) . ' ' . weighted(3, sub { plain($q, $depth) }, 1, sub { grouped($q, $depth) }, 1, sub { aggregated($q, $depth) }, 1, sub { set_operation($q, $depth) });
}

# Three rounds, in each of which scores become columns.
sub recursive
{
	my ($q, $depth) = @_;
	my $start = Source::item($q, $depth, want => ['full', 'small']);
	my $x = $start->{alias};
	my $scope = {q => $q, sources => [{alias => 'r', set => 'small'}]};
	my $next = weighted(
		2, sub { 'SELECT r.level + 1, r.id + 1, r.a, ' . Expression::score($scope, type => 'float') . ', ' . Expression::score($scope, type => 'text') . ' FROM r WHERE r.level < 3' },
		2, sub {
			my $other = Source::item($q, 0, want => ['full', 'small'], row => 1);
			my $y = $other->{alias};
			my $both = {q => $q, sources => [$scope->{sources}[0], $other]};
			return "SELECT r.level + 1, $y.id::int, $y.a::int, " . Expression::score($both, type => 'float') . ", $y.c::text FROM r JOIN $other->{sql} ON $y.id = r.id + 1 WHERE r.level < 3 AND " . Expression::compared($both);
		});

	return "WITH RECURSIVE r AS (SELECT 1 AS level, " . Source::canonical($x, 'small') . " FROM $start->{sql} WHERE $x.id < 12 UNION ALL $next) SELECT r.level, "
		. named(results($scope, 0)) . ' FROM r' . where($scope, $depth, 0.5);
}

sub select
{
	my ($q, $depth) = @_;

	return weighted(
		40, sub { plain($q, $depth) },
		10, sub { aggregated($q, $depth) },
		12, sub { grouped($q, $depth) },
		2, sub { grouped_by_key($q, $depth) },
		8, sub { windowed($q, $depth) },
		6, sub { set_operation($q, $depth) },
		8, sub { with_list($q, $depth) },
		8, sub { nested($q, $depth) },
		3, sub { recursive($q, $depth) });
}

# --- Ways to run a SELECT --------------------------------------------------------

sub transaction
{
	return ('BEGIN', @_, 'ROLLBACK');
}

# $1 is a limit for the ids, or the model's name; six times or more, so that the generic plan comes into use.
sub prepared
{
	my ($q, $depth) = @_;
	my $item = Source::item($q, $depth, want => ['full', 'small']);
	my $x = $item->{alias};
	my $scope = {q => $q, sources => [$item]};
	my $mode = pick('auto', 'force_generic_plan', 'force_custom_plan');
	my @runs;
	my $statement;

	if (chance(0.5))
	{
		$statement = 'PREPARE p(int) AS SELECT ' . named(results($scope, $depth), "cia_score('small', ROW(\$1 + 1, $x.b, $x.c)::small)") . " FROM $item->{sql} WHERE $x.id < \$1 AND " . Expression::predicate($scope, $depth);
		@runs = map { "EXECUTE p(" . (5 * $_) . ')' } 1 .. ($mode eq 'auto' ? 7 : 2);
	}
	else
	{
		$statement = "PREPARE p(text) AS SELECT $x.id, " . named("cia_score(\$1, $x)", "cia_class('small', $x)", "cia_score(\$1, ROW($x.a, $x.b, $x.c)::small)") . " FROM $item->{sql}" . where($scope, $depth, 0.5);
		@runs = map { "EXECUTE p('$_')" } map { pick('small', 'lone', 'small@1') } 1 .. ($mode eq 'auto' ? 7 : 2);
	}
	return ("SET plan_cache_mode = $mode", $statement, @runs, 'DEALLOCATE p', 'RESET plan_cache_mode');
}

# Between two runs of a prepared statement something changes that its plan depends on.
sub replanned
{
	my ($q, $depth) = @_;
	my ($x, $table) = (Source::new_alias($q), pick('customer', 'account', 'computed', 'stay', 'parent'));
	my $scope = {q => $q, sources => [{alias => $x, set => 'full', type => $table}]};
	my $list = named("cia_score('small', $x)", Expression::score($scope, type => 'float'));
	my $change = pick(
		"ALTER TABLE $table ADD more text DEFAULT 'x'", "ALTER TABLE $table DROP f", "ALTER TABLE $table RENAME a TO aa", "ALTER TABLE $table ALTER n TYPE float8",
		"SELECT count(*) FROM cia_train('small', 'history', 'y', features => '{a,f,flag}')",
		"SELECT count(*) FROM cia_train('small', 'history', 'y', features => '{a,b,c}', options => '{\"l2\": 5}')",
		"SELECT count(*) FROM cia_train('small', 'SELECT z AS unknown, y FROM history', 'y')",
		"SELECT cia_drop_model('small')", "UPDATE $table SET b = 3, c = 'red' WHERE id % 2 = 0");
	my $run = 'EXECUTE p';

	return weighted(
		1, sub { transaction("DECLARE c CURSOR FOR SELECT $x.id, $list FROM $table AS $x ORDER BY 1", 'FETCH 3 FROM c', $change =~ /ALTER/ ? 'SELECT 1' : $change, 'FETCH ALL FROM c') },
		1, sub {
			transaction("CREATE FUNCTION pg_temp.run() RETURNS SETOF text LANGUAGE plpgsql AS \$\$ DECLARE s float8; BEGIN FOR i IN 1..4 LOOP IF i = 3 THEN PERFORM 1 FROM ($change) c; END IF; SELECT max(cia_score('small', $x)) INTO s FROM $table AS $x; RETURN NEXT s; END LOOP; END \$\$",
				'SELECT * FROM pg_temp.run()') if $change =~ /^SELECT/;
		}) if chance(0.3);
	return ("PREPARE p AS SELECT $x.id, $list FROM $table AS $x", $run, $run, 'BEGIN', $run, 'SAVEPOINT s', $change, $run, $run,
		pick('SAVEPOINT s2', 'ROLLBACK TO s'), $run, pick('ROLLBACK', 'ROLLBACK', 'ROLLBACK TO s'), $run, 'ROLLBACK', $run, 'DEALLOCATE p');
}

sub cursor
{
	my ($q, $depth) = @_;
	my $item = Source::item($q, $depth, want => ['full', 'small'], row => 1);
	my $scope = {q => $q, sources => [$item]};
	my @list = results($scope, $depth);

	return transaction('DECLARE c SCROLL CURSOR FOR SELECT ' . named(@list) . " FROM $item->{sql}" . where($scope, $depth, 0.6) . ' ORDER BY ' . ordinals(scalar @list),
		'FETCH 3 FROM c', 'MOVE 4 IN c', 'FETCH BACKWARD 2 FROM c', 'FETCH LAST FROM c', 'FETCH ALL FROM c', 'CLOSE c');
}

sub stored
{
	my ($q, $depth) = @_;
	my $sql = plain($q, $depth);

	return weighted(
		2, sub { transaction("CREATE TEMP TABLE kept AS $sql", 'SELECT * FROM kept') },
		1, sub { transaction("CREATE MATERIALIZED VIEW kept AS $sql", 'SELECT * FROM kept', 'REFRESH MATERIALIZED VIEW kept', 'SELECT * FROM kept') },
		1, sub { transaction("CREATE VIEW kept AS $sql", 'SELECT * FROM kept', 'SELECT v1, count(*) FROM kept GROUP BY v1') },
		2, sub { ("COPY ($sql) TO STDOUT") });
}

sub in_plpgsql
{
	my ($q, $depth) = @_;
	my $item = Source::item($q, $depth, want => ['full', 'small'], row => 1);
	my $x = $item->{alias};
	my $scope = {q => $q, sources => [$item]};
	my $where = where($scope, 0, 0.5);
	my $score = Expression::score($scope, type => 'float');
	my $body = weighted(
		2, sub { "FOR r IN SELECT $x.* FROM $item->{sql}$where LOOP s := cia_score('small', r); RETURN NEXT s; RETURN NEXT cia_class('small', r); END LOOP;" },
		2, sub { "FOR i IN 1..8 LOOP RETURN QUERY SELECT ($score)::text FROM $item->{sql} WHERE $x.id = i; END LOOP;" },
		1, sub { "FOR i IN 1..8 LOOP RETURN QUERY SELECT cia_score('small', ROW(i, $x.b, $x.c)::small)::text FROM $item->{sql} WHERE $x.id = i; END LOOP;" },
		2, sub { "FOR i IN 1..8 LOOP name := CASE WHEN i % 2 = 0 THEN 'small' ELSE 'lone' END; RETURN QUERY SELECT cia_score(name, $x)::text FROM $item->{sql} WHERE $x.id < i * 4; END LOOP;" },
		1, sub { "FOR i IN 1..3 LOOP SELECT max($score) INTO s FROM $item->{sql}$where; RETURN NEXT s; END LOOP;" },
		defined $item->{name} ? 1 : 0, sub { "RETURN QUERY EXECUTE format('SELECT cia_class(%L, $x) FROM %I AS $x', 'small', '$item->{name}');" },
		1, sub { "RETURN QUERY SELECT cia_class('small', ROW(n, 2.5, 'red')::small) FROM generate_series(1, 9) n; s := cia_score('small', ROW(3, s, name)::small); RETURN NEXT s;" });

	return transaction("CREATE FUNCTION pg_temp.run() RETURNS SETOF text LANGUAGE plpgsql AS \$\$ DECLARE r record; s float8; name text; BEGIN $body END \$\$", 'SELECT * FROM pg_temp.run()', 'SELECT count(*) FROM pg_temp.run()');
}

# --- INSERT, UPDATE, DELETE, MERGE ------------------------------------------------

# At most one row for each id, which is not NULL.
sub source_of_one
{
	my ($q, $depth) = @_;
	my $inner = Source::item($q, $depth, want => ['full', 'small'], row => 1);
	my $alias = Source::new_alias($q);

	return $inner if $inner->{unique};
	return {set => $inner->{set}, alias => $alias, sql => "(SELECT DISTINCT ON ($inner->{alias}.id) $inner->{alias}.* FROM $inner->{sql} WHERE $inner->{alias}.id IS NOT NULL ORDER BY $inner->{alias}.id, $inner->{alias}) AS $alias"};
}

# Another table on the nullable side, for RETURNING.
sub further_join
{
	my ($q, $from) = @_;
	my $other = Source::item($q, 0, want => ['full', 'small']);

	return ($from->{sql}, $from) if chance(0.5) || !$other->{unique};
	return ("$from->{sql} LEFT JOIN $other->{sql} ON $other->{alias}.id = $from->{alias}.id AND $other->{alias}.a > 6", $from, $other);
}

sub changed
{
	my ($q, $depth) = @_;
	my $t = Source::new_alias($q);
	my $table = pick('customer', 'account', 'visit', 'stay', 'v_plain', 'v_view', 'v_checked', 'ranked', 'passing', 'customer', 'foreign_customer');
	my $target = {alias => $t, set => 'full', type => $table};
	my $scope = {q => $q, sources => [$target]};
	my $from = source_of_one($q, $depth);
	my ($joined, @sources) = further_join($q, $from);
	my $both = {q => $q, sources => [$target, @sources]};
	my @versions = $q->{version} >= 18 ? map { +{%$target, alias => $_} } qw(old new) : ();
	my $answered = {q => $q, sources => [$target, @versions, @sources]};
	my $returning = ' RETURNING ' . named("$t.id", Expression::score($scope, type => 'float'), Expression::value($answered, 0));
	my $alone = ' RETURNING ' . named("$t.id", Expression::value({q => $q, sources => [$target, @versions]}, 0));
	my $key = $table =~ /^(customer|account|stay)$/;
	my $new = "SELECT s.id" . pick(' + 1000', '', ' + 5') . ", s.a, s.b, s.c FROM (SELECT " . Source::canonical($from->{alias}, 'small') . " FROM $from->{sql}) s";
	my $set = pick('b = 1.5', "b = cia_score('small', $t)", "a = $t.a + 1, c = 'red'", "(a, b) = (SELECT 4, cia_score('small', $t))", "id = $t.id + 1000, b = 2");

	# PostgreSQL cannot join with the whole row of a foreign table that it updates (42804)
	my $far = $table =~ /^foreign/;
	if ($far) { $depth = 0 }
	return transaction(weighted(
		$far ? 0 : 3, sub { "UPDATE $table AS $t SET $set FROM $joined WHERE $t.id = $from->{alias}.id AND " . Expression::predicate($both, 0) . $returning },
		2, sub { "UPDATE $table AS $t SET b = 2.5" . where($scope, $depth, 0.8) . $alone },
		$far ? 0 : 2, sub { "DELETE FROM $table AS $t USING $joined WHERE $t.id = $from->{alias}.id AND " . Expression::predicate($both, 0) . $returning },
		1, sub { "DELETE FROM $table AS $t" . where($scope, $depth, 1) . $alone },
		$key ? 3 : 0, sub {
			"INSERT INTO $table AS $t (id, a, b, c) $new ON CONFLICT (id) DO UPDATE SET b = excluded.b + 1, a = cia_score('small', excluded) * 10"
				. pick('', " WHERE cia_score('small', excluded) > cia_score('small', $t)", " WHERE cia_class('small', $t) = 'false'") . $alone
		},
		$key ? 1 : 0, sub { "INSERT INTO $table AS $t (id, a, b, c) $new ON CONFLICT DO NOTHING$alone" },
		!$far && ($table !~ /^v_/ || $q->{version} >= 17) ? 3 : 0, sub { merge($q, $table, $target, $joined, $both, @sources) . ($q->{version} >= 17 && chance(0.7) ? ' RETURNING merge_action(), ' . named("$t.id", Expression::value($answered, 0)) : '') },
		1, sub { "WITH ww AS (UPDATE $table AS $t SET b = 2 WHERE " . Expression::predicate($scope, 0) . " RETURNING $t.*) SELECT ww.id, " . named("cia_score('wide', ww)", "cia_class('small', ww)") . ' FROM ww' . pick('', ' LEFT JOIN customer y ON y.id = ww.id + 3', ' RIGHT JOIN account y ON y.id = ww.id') }),
		"SELECT id, a, b, cia_score('wide', t) FROM $table t");
}

sub merge
{
	my ($q, $table, $target, $joined, $both, $from, @others) = @_;
	my ($t, $s) = ($target->{alias}, $from->{alias});
	my $only_source = {q => $q, sources => [$from, @others]};

	return "MERGE INTO $table AS $t USING " . (@others ? "($joined)" : $joined) . " ON $t.id = $s.id"
		. weighted(2, '', 1, sub { ' AND ' . Expression::compared($both) })
		. ' WHEN MATCHED AND ' . Expression::compared($both) . ' THEN UPDATE SET b = ' . Expression::score($both, type => 'float')
		. pick('', ' WHEN MATCHED AND ' . Expression::compared($both) . ' THEN DELETE')
		. ' WHEN NOT MATCHED AND ' . Expression::compared($only_source) . " THEN INSERT (id, a, b, c) VALUES ($s.id + 2000, 3, " . Expression::score($only_source, type => 'float') . ", 'new')"
		. ($q->{version} >= 17 && chance(0.5) ? by_source($q, $target) : '');
}

# What becomes of rows that the source does not name.
sub by_source
{
	my ($q, $target) = @_;
	my $scope = {q => $q, sources => [$target]};

	return ' WHEN NOT MATCHED BY SOURCE AND ' . Expression::compared($scope) . ' THEN ' . pick('DELETE', 'UPDATE SET b = ' . Expression::score($scope, type => 'float'));
}

# Triggers, rules, transition tables, INSTEAD OF.
sub triggered
{
	my ($q) = @_;
	my $x = Source::new_alias($q);
	my $k = 1 + below(4);
	my ($table, @statements) = @{weighted(
		2, ['tracked', "UPDATE tracked $x SET b = b + $k WHERE cia_score('small', $x) > 0.$k RETURNING id, z, cia_score('small', $x) = z"],
		2, ['tracked', "INSERT INTO tracked (id, a, b, c) SELECT id + 100, a, b, c FROM reading WHERE id % $k = 0 ON CONFLICT (id) DO UPDATE SET b = excluded.b RETURNING id, z, k"],
		2, ['tracked', "DELETE FROM tracked $x WHERE id % $k = 0 RETURNING cia_class('small', $x)"],
		1, ['tracked', "MERGE INTO tracked $x USING (SELECT id, max(a) AS a FROM reading WHERE id IS NOT NULL GROUP BY id) s ON s.id = $x.id WHEN MATCHED AND cia_score('small', $x) > 0.$k THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)"],
		2, ['ruled', "UPDATE ruled $x SET b = b * 2 WHERE id < $k * 5", "INSERT INTO ruled VALUES (100 + $k, $k, 2.5, 'red')"],
		1, ['ruled', "UPDATE v_written $x SET a = a + 1 WHERE cia_score('small', $x) > 0.$k RETURNING id, cia_score('small', $x)"])};

	return transaction(@statements, "SELECT * FROM $table", 'SELECT * FROM track_log');
}

sub locked_by_cursor
{
	my ($q) = @_;
	my $x = Source::new_alias($q);
	my $table = pick('customer', 'account', 'parent', 'visit');

	return transaction("DECLARE c CURSOR FOR SELECT * FROM $table AS $x WHERE cia_score('small', $x) > 0.4 FOR UPDATE", 'FETCH 2 FROM c',
		"UPDATE $table AS $x SET b = 1 WHERE CURRENT OF c RETURNING cia_class('small', $x), cia_score('wide', $x)", "DELETE FROM $table AS $x WHERE CURRENT OF c RETURNING cia_score('lone', $x)");
}

sub any
{
	my ($q) = @_;
	my $depth = weighted(2, 0, 4, 1, 4, 2, 1, 3);

	return weighted(
		70, sub { &select($q, $depth) },
		6, sub { prepared($q, $depth) },
		$q->{role} eq '' ? 2 : 0, sub { replanned($q, $depth) },
		3, sub { cursor($q, $depth) },
		4, sub { stored($q, $depth) },
		4, sub { in_plpgsql($q, $depth) },
		9, sub { changed($q, $depth) },
		2, sub { triggered($q) },
		0.5, sub { locked_by_cursor($q) });
}

1;
