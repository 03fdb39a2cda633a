# SPDX-License-Identifier: PostgreSQL
#
# What a query reads: items of FROM, and joins of them.
#
# An item is described by a hash: sql, alias, set (which columns its row has), type (the name of its row
# type, if it has one), unique (id is unique and not NULL), lock (FOR UPDATE may name it).  "columns" says
# no if columns cannot be named through the alias, or id if only that can; "row" says no if there is no
# row, or what to write for it if that is not the alias; "scalars" are further columns, by type.
package Source;

use strict;
use warnings;

use Draw;
use Expression;

our %columns = (
	full => [qw(id a b c e n d f v flag)],
	small => [qw(id a b c)],
	abc => [qw(a b c)],
	broad => [qw(id c)],
	odd => [qw(id)],
);

# The types of training, for the arms of a union and the like.
our %type_of = (
	id => 'int', a => 'int', b => 'float8', c => 'text', e => 'mood', n => 'numeric', d => 'date',
	f => 'float4', v => 'float4[]', flag => 'bool',
);

# name, set, and what else holds: u(nique ids), t(able of its own: can be locked, sampled), r(eader only),
# i(nheritance).
my @relations = (
	[10, 'customer', 'full', 'ut'],
	[8, 'account', 'full', 'ut'],
	[5, 'reading', 'small', 't'],
	[2, 'vacant', 'full', 'ut'],
	[3, 'computed', 'full', 'ut'],
	[3, 'derived', 'full', 'ut'],
	[6, 'visit', 'full', 'uti'],
	[4, 'stay', 'full', 'uti'],
	[1, 'visit2', 'full', 'ut'],
	[1, 'visit3', 'full', 'uti'],
	[5, 'parent', 'full', 'ti'],
	[2, 'child1', 'full', 'ti'],
	[1, 'child2', 'full', 't'],
	[1, 'grandchild', 'full', 't'],
	[1, 'typed', 'abc', 't'],
	[2, 'ranked', 'full', 'ut'],
	[3, 'guarded', 'full', 'utr'],
	[2, 'v_invoker', 'full', 'ur'],
	[1, 'passing', 'full', 'ut'],
	[3, 'foreign_customer', 'full', 'u'],
	[1, 'foreign_reading', 'small', ''],
	[2, 'm_customer', 'full', 'u'],
	[1, 'broad', 'broad', 'ut'],
	[1, 'v_broad', 'broad', 'u'],
	[1, 'odd', 'odd', 'ut'],
	[3, 'v_plain', 'full', 'u'],
	[1, 'v_checked', 'full', 'u'],
	[3, 'v_view', 'full', 'u'],
	[5, 'v_mixed', 'full', 'u'],
	[5, 'v_constant', 'full', 'u'],
	[3, 'v_join', 'full', 'u'],
	[4, 'v_left', 'full', ''],
	[3, 'v_full', 'full', 'u'],
	[3, 'v_group', 'full', 'u'],
	[2, 'v_limit', 'full', 'u'],
	[4, 'v_union', 'full', ''],
	[2, 'v_distinct', 'small', ''],
	[4, 'v_barrier', 'full', 'u'],
	[3, 'v_score', 'small', 'u'],
	[2, 'v_window', 'full', 'u'],
	[2, 'v_cte', 'full', 'u'],
	[2, 'v_volatile', 'small', 'u'],
	[2, 'v_sublink', 'small', 'u'],
	[2, 'v_lateral', 'small', 'u'],
	[2, 'v_deep', 'full', ''],
	[2, 'v_union_left', 'small', ''],
);

sub new_alias
{
	my ($q) = @_;

	return 't' . ++$q->{aliases};
}

sub usable
{
	my ($q, $want, $relation) = @_;
	my (undef, undef, $set, $flags) = @$relation;

	return 0 if $flags =~ /r/ && $q->{role} ne 'reader';
	return 0 if defined $want && !grep { $_ eq $set } @$want;
	return 1;
}

# relation Q [, WANTED SETS]: one of the relations above, as an item without an alias.
sub relation
{
	my ($q, $want) = @_;
	my @usable = grep { usable($q, $want, $_) } @relations;
	my $chosen = weighted(map { ($_->[0], $_) } @usable);
	my (undef, $name, $set, $flags) = @$chosen;

	return {
		name => $name, set => $set, type => $name,
		map { $_->[0] => $flags =~ $_->[1] ? 1 : 0 } (['unique', qr/u/], ['lock', qr/t/], ['table', qr/t/], ['inherits', qr/i/]),
	};
}

# The columns of an item in the types of training, under their own names.
sub canonical
{
	my ($alias, $set) = @_;

	return join ', ', map { "$alias.${_}::$type_of{$_} AS $_" } @{$columns{$set}};
}

sub plain
{
	my ($q, $want) = @_;
	my $item = relation($q, $want);

	$item->{alias} = new_alias($q);
	$item->{sql} = "$item->{name} AS $item->{alias}";
	if ($item->{table} && chance(0.04))
	{
		my $method = pick('BERNOULLI', 'SYSTEM');
		$item->{sql} .= sprintf ' TABLESAMPLE %s (%d) REPEATABLE (%d)', $method, 30 + below(60), below(9);
	}
	elsif ($item->{inherits} && chance(0.1))
	{
		$item->{sql} = 'ONLY ' . $item->{sql};
	}
	elsif ($item->{type} eq 'customer' && chance(0.05))
	{
		# other names for the columns: a row type keeps its own
		$item->{sql} .= '(id, w, b, a)';
		$item->{columns} = 'id';
	}
	return $item;
}

# Rows without a table.
sub values_list
{
	my ($q) = @_;
	my $alias = new_alias($q);
	my @rows = map {
		sprintf '(%s, %s, %s, %s)', 1 + below(30), chance(0.2) ? 'NULL::int' : below(20),
			chance(0.2) ? "'NaN'::float8" : sprintf('%.2f::float8', rand(12)), pick("'red'", "'blue'", "'none'", 'NULL')
	} 1 .. 1 + below(4);

	return {alias => $alias, set => 'small', sql => sprintf('(VALUES %s) AS %s(id, a, b, c)', join(', ', @rows), $alias)};
}

sub function
{
	my ($q) = @_;
	my $alias = new_alias($q);
	my $low = below(25);
	my ($call, $set, $type, $unique) = @{weighted(
		4, ["customers($low) AS $alias", 'full', 'customer', 1],
		4, ["accounts($low) AS $alias", 'full', 'account', 1],
		2, ["customers_plpgsql($low) AS $alias", 'full', 'customer', 1],
		2, ["customers_plpgsql($low) WITH ORDINALITY AS $alias", 'full', undef, 1],
		2, ["ROWS FROM (generate_series(1, 7), customers($low)) AS $alias", 'full', undef, 0],
		1, ["ROWS FROM (accounts($low), generate_series(1, 40)) WITH ORDINALITY AS $alias", 'full', undef, 0],
		3, ["scored(0.$low) AS $alias", 'small', undef, 1],
		2, ["scored_deep($low) AS $alias", 'small', undef, 0],
		2, ["smalls($low) AS $alias", 'abc', 'small', 0],
		2, ["small_domains($low) AS $alias", 'abc', 'small_domain', 0],
		2, ["outs($low) AS $alias", 'small', undef, 0],
		2, ["row_of($low * 2) AS $alias", 'full', 'customer', 0],
		2, ["records($low) AS $alias(id int, a int, b float8, c text)", 'small', undef, 1],
		1, ["unnest(ARRAY[NULL, ROW(3, 4.5, 'red'), ROW(NULL, NULL, NULL)]::small[]) AS $alias", 'abc', 'small', 0],
		2, ["unnest(ARRAY(SELECT y FROM customer y WHERE y.id > $low)) AS $alias", 'full', 'customer', 1],
		2, ["unnest(ARRAY[1, 2, NULL], ARRAY[0.5, 'NaN']::float8[], ARRAY['red', 'blue', NULL, 'none']) AS $alias(a, b, c)", 'abc', undef, 0],
		2, [qq{jsonb_to_recordset('[{"id": 3, "a": $low, "b": 2.5, "c": "red"}, {"id": 4, "c": "blue"}]') AS $alias(c text, id int, b numeric, a int)}, 'small', undef, 1],
		1, [qq{jsonb_populate_record(NULL::customer, '{"id": $low, "a": 3, "c": "red", "f": 1.5}') AS $alias}, 'full', 'customer', 1])};

	return {alias => $alias, set => $set, type => $type, unique => $unique, sql => $call};
}

# --- Subqueries ---------------------------------------------------------------

my @with_columns = qw(full small);

sub where
{
	my ($scope, $depth, $probability) = @_;

	return chance($probability) ? ' WHERE ' . Expression::predicate($scope, $depth) : '';
}

sub star
{
	my ($q, $depth, $tail) = @_;
	my $in = item($q, $depth, want => ['full', 'small', 'abc', 'broad', 'odd'], row => 1);
	my $scope = {q => $q, sources => [$in], outer => $q->{around}};

	return {%$in{qw(set unique)}, sql => "SELECT $in->{alias}.* FROM $in->{sql}" . where($scope, $depth, 0.4) . ($tail // '')};
}

# Every column an expression of its own, in any order, among others.
sub expressions
{
	my ($q, $depth) = @_;
	my $in = item($q, $depth, want => \@with_columns);
	my $x = $in->{alias};
	my $scope = {q => $q, sources => [$in], outer => $q->{around}};
	my %column = map { $_ => "$x.$_" } @{$columns{$in->{set}}};

	$column{id} = weighted(5, "$x.id", 1, "$x.id + 1", 1, "coalesce($x.id, 0)");
	$column{a} = weighted(3, "$x.a", 2, "$x.a + 1", 1, 3, 1, 'NULL::int', 2, "$x.id % 7",
		1, "(SELECT max(y.a) FROM reading y WHERE y.id = $x.id)");
	$column{b} = weighted(3, "$x.b", 2, "$x.b * 2", 1, '1.5::float8', 1, 'NULL::float8', 1, "stable_of($x.b::float8)",
		0.5, "volatile_of($x.b::float8)", 2, sub { Expression::score($scope, type => 'float') });
	$column{c} = weighted(3, "$x.c", 1, "$x.c || ''", 1, "upper($x.c)", 1, "'red'", 1, "'blue'::text", 1, 'NULL::text',
		1, "coalesce($x.c, 'grey')", 1, sub { Expression::score($scope, type => 'text') });
	if ($in->{set} eq 'full')
	{
		$column{n} = pick("$x.n", "$x.a::numeric", 'NULL::numeric', "$x.n / 2");
		$column{flag} = pick("$x.flag", "$x.a > 5", "$x.flag IS NULL");
		$column{e} = pick("$x.e", "'mid'::mood", "coalesce($x.e, 'low')");
	}
	if (chance(0.3)) { $column{further} = pick("$x.id", "'text'", $x) }
	return {
		set => $in->{set}, unique => 0,
		sql => 'SELECT ' . join(', ', map { "$column{$_} AS $_" } shuffled(sort keys %column)) . " FROM $in->{sql}" . where($scope, $depth, 0.3),
	};
}

sub grouped
{
	my ($q, $depth) = @_;
	my $in = item($q, $depth, want => \@with_columns);
	my $x = $in->{alias};
	my %by = (flag => 'bool_or', c => 'min', id => '');

	return {
		set => $in->{set}, unique => 0,
		sql => "SELECT $x.id, " . join(', ', map { sprintf '%s(%s.%s) AS %s', $by{$_} // pick('min', 'max'), $x, $_, $_ } grep { $_ ne 'id' } @{$columns{$in->{set}}})
			. " FROM $in->{sql} GROUP BY $x.id",
	};
}

sub set_operation
{
	my ($q, $depth) = @_;
	my $set = pick('full', 'small');
	my $operator = weighted(6, 'UNION ALL', 1, 'UNION', 1, 'INTERSECT', 1, 'EXCEPT');
	my @arms = map {
		my $in = item($q, $depth - 1, want => ['full', $set]);
		'SELECT ' . canonical($in->{alias}, $set) . " FROM $in->{sql}" . where({q => $q, sources => [$in], outer => $q->{around}}, 0, 0.3)
	} 1 .. 2 + below(2);

	return {set => $set, unique => 0, sql => join(" $operator ", @arms)};
}

# One side of a join, or both under one name.
sub of_join
{
	my ($q, $depth) = @_;
	my $left = item($q, $depth - 1, want => \@with_columns, row => 1);
	my $right = item($q, $depth - 1, want => \@with_columns, row => 1);
	my $join = pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN');

	if (chance(0.3))
	{
		my $j = new_alias($q);
		return {set => $left->{set}, unique => 0, sql => "SELECT $j.* FROM ($left->{sql} $join (SELECT $right->{alias}.id, $right->{alias}.c AS other FROM $right->{sql}) AS ${j}r USING (id)) AS $j"};
	}
	my $from = pick($left, $right);
	return {set => $from->{set}, unique => 0, sql => "SELECT $from->{alias}.* FROM $left->{sql} $join $right->{sql} ON $left->{alias}.id = $right->{alias}.id"};
}

sub ranked
{
	my ($q, $depth) = @_;
	my $in = item($q, $depth, want => \@with_columns, row => 1);
	my $x = $in->{alias};

	return {set => $in->{set}, unique => $in->{unique}, sql => "SELECT $x.*, rank() OVER (PARTITION BY $x.c ORDER BY $x.a) AS place FROM $in->{sql}"};
}

sub first_rows
{
	my ($q, $depth) = @_;
	my $in = item($q, $depth, want => \@with_columns, row => 1);
	my $x = $in->{alias};

	return weighted(
		2, {set => $in->{set}, unique => $in->{unique}, sql => "SELECT $x.* FROM $in->{sql} ORDER BY $x LIMIT " . (1 + below(25))},
		1, {set => $in->{set}, unique => 0, sql => "SELECT DISTINCT $x.* FROM $in->{sql}"},
		1, {set => $in->{set}, unique => 0, sql => "SELECT DISTINCT ON ($x.id) $x.* FROM $in->{sql} ORDER BY $x.id, $x"});
}

sub subquery
{
	my ($q, $depth) = @_;

	return weighted(
		4, sub { star($q, $depth - 1) },
		2, sub { star($q, $depth - 1, ' OFFSET 0') },
		6, sub { expressions($q, $depth - 1) },
		2, sub { first_rows($q, $depth - 1) },
		2, sub { grouped($q, $depth - 1) },
		3, sub { set_operation($q, $depth - 1) },
		2, sub { of_join($q, $depth - 1) },
		1, sub { ranked($q, $depth - 1) },
		1, sub {
			my $inner = star($q, $depth - 1);
			my $name = new_alias($q);
			return {%$inner, sql => sprintf('WITH %s AS %s(%s) SELECT * FROM %s', $name, pick('', 'MATERIALIZED ', 'NOT MATERIALIZED '), $inner->{sql}, $name)};
		});
}

sub from_subquery
{
	my ($q, $depth) = @_;
	my $inner = subquery($q, $depth);
	my $alias = new_alias($q);

	return {%$inner, alias => $alias, sql => "($inner->{sql}) AS $alias"};
}

# The reader may see these columns; a whole row he may not.
sub allowed_columns
{
	my ($q) = @_;
	my $alias = new_alias($q);

	return {alias => $alias, set => 'small', unique => 1, sql => "(SELECT c, a, id, b FROM veiled) AS $alias"};
}

# Names by alias, where id and a change places: in a record they are what counts.
sub renamed
{
	my ($q) = @_;
	my $alias = new_alias($q);

	return {alias => $alias, set => 'small', sql => "(SELECT id, a, b, c FROM customer) AS $alias(a, id, b, c)"};
}

# A whole row, or a row of chosen columns, as a column of a subquery.
sub rows_as_column
{
	my ($q, $depth) = @_;
	my $in = item($q, $depth, want => \@with_columns, row => 1);
	my $x = $in->{alias};
	my $t = new_alias($q);
	my $barrier = pick('', '', ' OFFSET 0');

	return weighted(
		2, {alias => $t, set => $in->{set}, columns => 'id', row => "$t.r", unique => $in->{unique}, sql => "(SELECT $x.id, $x AS r FROM $in->{sql}$barrier) AS $t"},
		2, {alias => $t, set => 'abc', columns => 'id', row => "$t.r", unique => $in->{unique}, sql => "(SELECT ROW($x.a, $x.b, $x.c)::small AS r, $x.id FROM $in->{sql}$barrier) AS $t"},
		1, {alias => $t, set => 'full', columns => 'id', row => "$t.r", unique => 1, sql => "v_row AS $t"},
		1, {alias => $t, set => 'abc', columns => 'id', row => "$t.s", unique => 1, sql => "v_row AS $t"});
}

# The row of a join that has a name.
sub joined
{
	my ($q, $depth) = @_;
	my $left = item($q, $depth, want => \@with_columns, row => 1);
	my $right = item($q, $depth, want => \@with_columns);
	my $t = new_alias($q);
	my $join = pick('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN');

	return {alias => $t, set => $left->{set}, sql => "($left->{sql} $join (SELECT $right->{alias}.id, $right->{alias}.a AS other FROM $right->{sql}) AS ${t}r USING (id)) AS $t"};
}

# item Q, DEPTH, want => SETS, row => 1 if its whole row is needed: any item of FROM.
sub item
{
	my ($q, $depth, %option) = @_;
	my %wanted = map { $_ => 1 } @{$option{want} // []};
	my @ctes = grep { !defined $option{want} || $wanted{$_->{set}} } @{$q->{ctes}};
	my $item;

	if (@ctes && chance(0.4))
	{
		my $cte = pick(@ctes);
		my $alias = new_alias($q);
		return {alias => $alias, set => $cte->{set}, unique => $cte->{unique}, sql => "$cte->{name} AS $alias"};
	}
	for (1 .. 30)
	{
		$item = weighted(
			55, sub { plain($q, $option{want}) },
			$depth > 0 ? 30 : 0, sub { from_subquery($q, $depth) },
			10, sub { function($q) },
			3, sub { values_list($q) },
			1, sub { allowed_columns($q) },
			$option{row} || $depth < 1 ? 0 : 3, sub { rows_as_column($q, $depth - 1) },
			$depth < 1 ? 0 : 3, sub { joined($q, $depth - 1) },
			2, sub { renamed($q) });
		next if defined $option{want} && !$wanted{$item->{set}};
		next if $option{want} && defined $item->{columns};
		return $item;
	}
	return plain($q, ['full']);
}

# --- Joins --------------------------------------------------------------------

# LATERAL items: of values computed from the rows to the left, or of rows that depend on them.
sub lateral
{
	my ($scope, $depth) = @_;
	my $q = $scope->{q};
	my $x = new_alias($q);
	my ($left) = shuffled(Expression::with_columns($scope));
	my $barrier = pick('', '', ' OFFSET 0', ' LIMIT 1');
	my $score = sub { Expression::score($scope, type => 'float') };
	my $values = {alias => $x, columns => 'no', row => 'no', set => 'none', scalars => {float => ["$x.s"]}};

	return weighted(
		4, sub { return {%$values, sql => '(SELECT ' . $score->() . " AS s$barrier) AS $x"} },
		2, sub { return {%$values, sql => '(SELECT max(s) AS s FROM (VALUES (' . $score->() . '), (' . $score->() . ")) AS v(s)) AS $x"} },
		2, sub { return {%$values, sql => '(VALUES (' . $score->() . '), (' . $score->() . ")) AS $x(s)"} },
		2, sub { return {%$values, sql => 'unnest(ARRAY[' . $score->() . ', ' . $score->() . "]) AS $x(s)"} },
		2, sub { return {%$values, sql => '(SELECT u.s FROM unnest(ARRAY[' . $score->() . ']) AS u(s)' . pick('', ' WHERE u.s > 0.2') . "$barrier) AS $x"} },
		2, sub { return {%$values, sql => '(SELECT ' . $score->() . ' AS s UNION ALL SELECT ' . $score->() . ") AS $x"} },
		1, sub {
			my ($row) = Expression::row($scope, want => ['full', 'small', 'abc']);
			return {%$values, sql => "(SELECT max(e.contribution) AS s FROM cia_explain('lone', $row) e) AS $x"};
		},
		5, sub {
			return lateral($scope, $depth) if !defined $left;
			my $l = $left->{alias};
			my %column = (id => "$l.id", a => pick("$l.a", "$l.a + 2", '1'), b => pick("$l.b", "$l.b + 1"), c => pick("$l.c", "'red'"));
			return {alias => $x, set => 'small', sql => '(SELECT ' . join(', ', map { "$column{$_} AS $_" } shuffled(sort keys %column)) . "$barrier) AS $x"};
		},
		5, sub {
			return lateral($scope, $depth) if !defined $left;
			local $q->{around} = $scope;
			my $in = item($q, $depth - 1, want => \@with_columns, row => 1);
			my $y = $in->{alias};
			return {alias => $x, set => $in->{set}, sql => "(SELECT $y.* FROM $in->{sql} WHERE $y.id = $left->{alias}.id" . pick('', '', ' OFFSET 0', " ORDER BY $y LIMIT 2") . ") AS $x"};
		},
		2, sub {
			my ($same) = grep { ($_->{type} // '') eq 'customer' } @{$scope->{sources}};
			return lateral($scope, $depth) if !defined $same;
			return {alias => $x, set => 'full', type => 'customer', sql => pick('same_row', 'same_row_plpgsql') . "($same->{alias}) AS $x"};
		});
}

sub has_id
{
	my ($item) = @_;

	return ($item->{columns} // '') eq 'id' || !defined $item->{columns} && $item->{set} ne 'abc';
}

# The condition of a join between what is on the left and one item.  The product of two whole tables is
# allowed once in a query.
sub condition
{
	my ($scope, $right, $depth) = @_;
	my $q = $scope->{q};
	my ($left) = grep { has_id($_) } shuffled(@{$scope->{sources}});
	my $all = {%$scope, sources => [@{$scope->{sources}}, $right]};
	my $equal = defined $left && has_id($right) ? pick("$left->{alias}.id = $right->{alias}.id", "$left->{alias}.id + 1 = $right->{alias}.id") : undef;

	if (!defined $equal || (!$q->{loose} && chance(0.06)))
	{
		$q->{loose}++;
		return $q->{loose} > 1 ? 'false' : weighted(
			2, sub { Expression::predicate($all, 0) },
			2, sub { Expression::score($all, type => 'float') . ' < ' . Expression::score($all, type => 'float') },
			1, sub { Expression::score($all, type => 'text') . ' = ' . Expression::score($all, type => 'text') });
	}
	return weighted(
		6, sub { $equal },
		3, sub { "$equal AND " . Expression::predicate($all, 0) },
		2, sub { "$equal AND " . Expression::score($all, type => 'float') . pick(' > ', ' < ', ' <> ') . Expression::score($all, type => 'float') },
		1, sub { "$equal AND " . Expression::score($all, type => 'float') . ' IS NOT NULL' });
}

# from Q, DEPTH, COUNT [, OUTER SCOPE]: a join of COUNT items, as { sql, scope }.
sub from
{
	my ($q, $depth, $count, $outer) = @_;
	# subqueries in FROM may name the rows around a sublink
	local $q->{around} = $outer // $q->{around};
	my $first = item($q, $depth);
	my $scope = {q => $q, sources => [$first], outer => $outer};
	my $sql = $first->{sql};

	for (2 .. $count)
	{
		my $right;
		if (chance(0.2))
		{
			$right = lateral($scope, $depth);
			my $join = weighted($_ == $count ? 3 : 0, ', LATERAL ', 3, ' CROSS JOIN LATERAL ', 4, ' LEFT JOIN LATERAL ');
			$sql .= $join . $right->{sql} . ($join =~ /LEFT/ ? ' ON ' . weighted(2, 'true', 1, sub { Expression::predicate({%$scope, sources => [@{$scope->{sources}}, $right]}, 0) }) : '');
		}
		elsif (chance(0.2) && $count > 2)
		{
			# a join on the right side: its rows are nulled together
			my $inner = from($q, $depth, 2);
			my $join = pick('LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'JOIN');
			my ($l) = grep { has_id($_) } @{$scope->{sources}};
			my ($r) = grep { has_id($_) } @{$inner->{scope}{sources}};
			if (!defined $l || !defined $r) { next }
			$inner->{sql} =~ s/, LATERAL / CROSS JOIN LATERAL /g;
			$sql = "$sql $join ($inner->{sql}) ON $l->{alias}.id = $r->{alias}.id";
			push @{$scope->{sources}}, @{$inner->{scope}{sources}};
			next;
		}
		else
		{
			$right = item($q, $depth);
			my $join = weighted(4, 'JOIN', 5, 'LEFT JOIN', 2, 'RIGHT JOIN', 3, 'FULL JOIN');
			my $on = condition($scope, $right, $depth);
			# a full join needs a condition that can be merged or hashed
			if ($join eq 'FULL JOIN' && $on !~ /^t\d+\.id( \+ 1)? = t\d+\.id$/) { $join = 'LEFT JOIN' }
			$sql = chance(0.25) && @{$scope->{sources}} > 1 ? "($sql) $join $right->{sql} ON $on" : "$sql $join $right->{sql} ON $on";
		}
		push @{$scope->{sources}}, $right;
	}
	return {sql => $sql, scope => $scope};
}

1;
