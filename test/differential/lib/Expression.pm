# SPDX-License-Identifier: PostgreSQL
#
# Expressions over the items in scope: rows, scores, conditions, and what stands in a list of results.
#
# A scope is { q => the query's state, sources => [items], outer => the scope around, or undef }.
package Expression;

use strict;
use warnings;

use Draw;
use Source;

# --- Rows ---------------------------------------------------------------------

# All items whose whole row can be named, also, more rarely, those of the queries around.
sub rows_in
{
	my ($scope, $want) = @_;
	my $here = $scope;
	my %wanted = map { $_ => 1 } @{$want // []};
	while (defined $here->{outer} && chance(0.3)) { $here = $here->{outer} }
	my @rows = grep { ($_->{row} // '') ne 'no' && (!defined $want || $wanted{$_->{set}}) } @{$here->{sources}};

	return @rows if @rows || !defined $scope->{outer};
	return rows_in({%$scope, outer => undef}, $want);
}

sub with_columns
{
	my ($scope) = @_;

	return grep { !defined $_->{columns} && $_->{set} =~ /^(full|small)$/ } @{$scope->{sources}};
}

# row SCOPE, want => SETS: an expression that is a row, and the set of its columns.
sub row
{
	my ($scope, %option) = @_;
	my ($from) = shuffled(rows_in($scope, $option{want}));

	return ("ROW(3, 1.5, 'red')::small", 'abc') if !defined $from;
	my ($set, $type) = @$from{qw(set type)};
	my $x = $from->{row} // $from->{alias};
	my $named = defined $type && $type !~ /^v_|_domain$/;
	my $customer = ($type // '') eq 'customer';
	my $parts = !defined $from->{columns} && $set =~ /^(full|small|abc)$/;
	my ($other) = grep { defined $type && ($_->{type} // '') eq $type && ($_->{row} // '') ne 'no' } shuffled(@{$scope->{sources}});

	my ($sql, $new_set) = @{weighted(
		60, sub { [$x] },
		$x =~ /\./ ? 0 : 10, sub { ["$x.*"] },
		1, sub { ["($x)"] },
		$parts ? 5 : 0, sub { ["ROW($x.a, $x.b, $x.c)::small", 'abc'] },
		$parts ? 1 : 0, sub { ["ROW($x.a, $x.b, $x.c)::small_domain", 'abc'] },
		$parts ? 1 : 0, sub { ["ROW($x.c, 'note', $x.b + 1, $x.a)::twisted", 'abc'] },
		$parts ? 1 : 0, sub { ["ROW($x.a, NULL, 'blue')::small", 'abc'] },
		$parts ? 1 : 0, sub { ["ROW(3, 2.5, $x.c)::small", 'abc'] },
		$parts && $set ne 'abc' ? 1 : 0, sub { ["ROW((SELECT count(*) FROM reading y WHERE y.id = $x.id)::int, $x.b, $x.c)::small", 'abc'] },
		1, sub { ["(SELECT $x)"] },
		1, sub { ["CASE WHEN " . ($parts ? "$x.a > 4" : "$x IS NOT NULL") . " THEN $x END"] },
		0.7, sub { ["coalesce($x, " . ($other ? $other->{alias} : $x) . ")"] },
		0.7, sub { ["(ARRAY[$x])[1]"] },
		$named ? 1 : 0, sub { ["jsonb_populate_record(NULL::$type, to_jsonb($x))"] },
		$named ? 0.3 : 0, sub { ["NULL::$type"] },
		$customer ? 3 : 0, sub { ["same_row($x)"] },
		$customer ? 1 : 0, sub { ["same_row_plpgsql($x)"] },
		$customer ? 2 : 0, sub { ["$x.part_of", 'abc'] },
		($type // '') =~ /^(child[12]|grandchild)$/ ? 10 : 0, sub { ["$x\::parent"] },
		$parts && $set ne 'abc' ? 2 : 0, sub { ["(SELECT y FROM customer y WHERE y.id = $x.id)", 'full'] },
		$parts && $set ne 'abc' ? 1 : 0, sub { ["row_of($x.id)", 'full'] },
		$parts && $set ne 'abc' ? 1 : 0, sub { ["(SELECT y FROM (SELECT $x.a + 1 AS a, $x.b, 'red' AS c) y)", 'abc'] },
		$parts && $set ne 'abc' ? 1 : 0, sub { ["(SELECT y FROM v_mixed y WHERE y.id = $x.id OFFSET 0)", 'full'] })};

	return ($sql, $new_set // $set);
}

# --- Scores -------------------------------------------------------------------

my %models = (
	full => [40, 'small', 6, 'small@1', 3, 'small@2', 30, 'wide', 5, 'lone'],
	small => [70, 'small', 12, 'small@1', 18, 'lone'],
	broad => [1, 'broad'],
	odd => [1, 'odd'],
);
$models{abc} = $models{small};

# A model's name, in more than one way; a third of a per cent does not exist or is not ours.
sub model
{
	my ($scope, $set, $type) = @_;
	my $name = chance(0.004) ? pick('nobody', 'small@9', 'wide', 'private') :
		$set eq 'full' && $type eq 'float' && chance(0.25) ? 'num' : weighted(@{$models{$set}});
	my ($column) = with_columns($scope);

	return weighted(
		170, "'$name'",
		2, "'$name'::text",
		1, "'$name'::varchar",
		1, "'" . substr($name, 0, 2) . "' || '" . substr($name, 2) . "'",
		1, "CASE WHEN true THEN '$name' ELSE 'nobody' END",
		0.7, "(SELECT '$name')",
		0.5, 'NULL',
		0.7, "concat('$name')",
		0.7, "coalesce(NULL, '$name')",
		$set =~ /full|small|abc/ && defined $column ? 2 : 0, sub { "CASE WHEN $column->{alias}.a > 5 THEN 'small' ELSE 'lone' END" });
}

# score SCOPE, type => float, text or jsonb: a call of one of the functions.
sub score
{
	my ($scope, %option) = @_;
	my $type = $option{type};
	my ($row, $set) = row($scope);
	my $model = model($scope, $set, $type);
	my $function = {float => 'cia_score', text => 'cia_class', jsonb => 'cia_probabilities'}->{$type};
	my @customers = grep { ($_->{type} // '') eq 'customer' } @{$scope->{sources}};
	my ($any) = shuffled(with_columns($scope));

	if ($type eq 'float' && @customers && chance(0.08))
	{
		my $x = pick(@customers)->{alias};
		return pick("risk($x)", "risk_of('small', $x)", "$x.risk", "risk_apart($x)", "risk_plpgsql($x)", "risk_of('wide', $x)");
	}
	return weighted(
		60, "$function($model, $row)",
		2, "ext.$function($model, $row)",
		$row =~ /\.\*$/ ? 0 : 1, qq{$function(model => $model, "row" => $row)},
		$row =~ /\.\*$/ ? 0 : 1, qq{$function("row" => $row, model => $model)},
		$type eq 'jsonb' || $row =~ /\.\*$/ || $model =~ /^'num|private/ ? 0 : 1, "(cia_probabilities($model, $row) ->> 'true')" . ($type eq 'float' ? '::float8' : ''),
		$type eq 'text' ? 6 : 0, sub { "array_to_string(cia_reasons($model, $row" . pick('', ', 2', ', k => 1', defined $any ? ", 1 + abs($any->{alias}.id) % 3" : ', 9') . "), '; ')" },
		$type eq 'float' ? 1 : 0, "coalesce($function($model, $row), 0.5)");
}

# --- Conditions ----------------------------------------------------------------

sub column_condition
{
	my ($scope) = @_;
	my ($from) = shuffled(with_columns($scope));

	return 'true' if !defined $from;
	my $x = $from->{alias};
	return pick("$x.id < " . (5 + below(30)), "$x.id > " . below(15), "$x.a % 3 > 0", "$x.a BETWEEN 3 AND 15", "$x.c = 'red'", "$x.c <> 'blue'",
		"$x.b IS NULL", "$x.b < 6", "$x.a IS NOT NULL", "$x.id IN (3, 7, 12, 22, 31)", "$x.id % 4 = " . below(4));
}

sub compared
{
	my ($scope) = @_;
	my $bound = sprintf '%.2f', 0.05 + rand(0.9);

	return weighted(
		5, sub { score($scope, type => 'float') . pick(' > ', ' < ', ' >= ') . $bound },
		1, sub { score($scope, type => 'float') . " BETWEEN 0.1 AND $bound" },
		1, sub { score($scope, type => 'float') . pick(' IS NULL', ' IS NOT NULL') },
		1, sub { score($scope, type => 'float') . pick(' IS DISTINCT FROM ', ' < ', ' = ', ' IS NOT DISTINCT FROM ') . score($scope, type => 'float') },
		2, sub { score($scope, type => 'text') . pick(" = 'true'", " = 'false'", " <> 'true'", ' IS NOT NULL', " IN ('true', 'x')") },
		1, sub { '(' . score($scope, type => 'jsonb') . " ->> 'true')::float8 > $bound" });
}

sub sublink
{
	my ($scope, $depth) = @_;
	my $q = $scope->{q};
	my $inner = Source::from($q, $depth - 1, chance(0.3) ? 2 : 1, $scope);
	my ($x) = grep { Source::has_id($_) } @{$inner->{scope}{sources}};
	my ($outer) = grep { Source::has_id($_) } @{$scope->{sources}};
	my $here = $inner->{scope};
	# an aggregate over nothing but rows from outside would belong to the query there
	my $alone = {%$here, outer => undef};
	my $correlation = defined $x && defined $outer && chance(0.7) ? "$x->{alias}.id = $outer->{alias}.id" : 'true';
	my $condition = chance(0.5) ? ' AND ' . predicate($here, $depth - 1) : '';
	my $rest = " FROM $inner->{sql} WHERE $correlation$condition";

	return weighted(
		3, sub { pick('EXISTS', 'NOT EXISTS') . " (SELECT 1$rest)" },
		defined $x && defined $outer ? 3 : 0, sub { "$outer->{alias}.id " . pick('IN', 'NOT IN', 'IN') . " (SELECT $x->{alias}.id$rest)" },
		2, sub { score($scope, type => 'text') . ' IN (SELECT ' . score($here, type => 'text') . "$rest)" },
		2, sub { score($scope, type => 'float') . pick(' > ', ' <= ', ' = ') . '(SELECT ' . pick('min', 'max') . '(' . score($alone, type => 'float') . ")$rest)" },
		2, sub { score($scope, type => 'float') . pick(' > ANY', ' < ALL', ' >= ALL', ' = ANY') . ' (SELECT ' . score($here, type => 'float') . "$rest)" },
		1, sub { '(SELECT bool_or(' . compared($alone) . ")$rest)" });
}

# predicate SCOPE, DEPTH: a condition; sublinks while there is depth.
sub predicate
{
	my ($scope, $depth) = @_;
	my ($row) = rows_in($scope);

	return weighted(
		40, sub { compared($scope) },
		25, sub { column_condition($scope) },
		$depth > 0 ? 20 : 0, sub { sublink($scope, $depth) },
		defined $row ? 3 : 0, sub { ($row->{row} // $row->{alias}) . pick(' IS NULL', ' IS NOT NULL') },
		6, sub { predicate($scope, 0) . ' AND ' . predicate($scope, $depth) },
		5, sub { '(' . predicate($scope, 0) . ' OR ' . predicate($scope, $depth) . ')' },
		2, sub { 'NOT (' . predicate($scope, $depth) . ')' },
		2, sub { '(' . predicate($scope, $depth) . ') IS NOT TRUE' });
}

# --- Results -------------------------------------------------------------------

# An id to tell rows by, or what comes nearest.
sub key
{
	my ($scope) = @_;
	my ($from) = shuffled(grep { Source::has_id($_) } @{$scope->{sources}});

	return defined $from ? "$from->{alias}.id" : '1';
}

# value SCOPE, DEPTH: an expression with a score in it.
sub value
{
	my ($scope, $depth) = @_;
	my ($from) = shuffled(with_columns($scope));
	my @scalars = map { @{$_->{scalars}{float} // []} } @{$scope->{sources}};

	return weighted(
		30, sub { score($scope, type => 'float') },
		12, sub { score($scope, type => 'text') },
		10, sub { score($scope, type => 'jsonb') },
		@scalars ? 12 : 0, sub { pick(@scalars) },
		3, sub { 'round(' . score($scope, type => 'float') . '::numeric, 6)' },
		3, sub { score($scope, type => 'float') . pick(' + ', ' - ') . score($scope, type => 'float') },
		2, sub { score($scope, type => 'float') . pick(' IS NULL', ' > 0.5', ' * 100', '::text') },
		2, sub { 'coalesce(' . score($scope, type => 'text') . ", 'none') || '!'" },
		2, sub { 'greatest(' . score($scope, type => 'float') . ', ' . score($scope, type => 'float') . ')' },
		2, sub { 'CASE WHEN ' . compared($scope) . ' THEN ' . score($scope, type => 'text') . ' ELSE ' . (defined $from ? "$from->{alias}.c::text" : "'else'") . ' END' },
		2, sub { score($scope, type => 'jsonb') . pick(" ->> 'false'", " -> 'true'", " = '{}'") },
		1, sub { "cia_score('lone', (SELECT s FROM (SELECT " . score($scope, type => 'float') . ' * 10 AS b) s))' },
		$depth > 0 ? 6 : 0, sub { scalar_sublink($scope, $depth) });
}

sub scalar_sublink
{
	my ($scope, $depth) = @_;
	my $inner = Source::from($scope->{q}, $depth - 1, chance(0.25) ? 2 : 1, $scope);
	my ($x) = grep { Source::has_id($_) } @{$inner->{scope}{sources}};
	my ($outer) = grep { Source::has_id($_) } @{$scope->{sources}};
	my $here = $inner->{scope};
	my $rest = " FROM $inner->{sql}" . (defined $x && defined $outer ? " WHERE $x->{alias}.id = $outer->{alias}.id" : '');

	return weighted(
		3, sub { '(SELECT ' . pick('min', 'max', 'count') . '(' . score({%$here, outer => undef}, type => 'float') . ")$rest)" },
		2, sub { '(SELECT s FROM (SELECT ' . score($here, type => 'float') . "$rest) AS y(s) ORDER BY s LIMIT 1)" },
		1, sub { '(WITH ww AS ' . pick('', 'MATERIALIZED ') . '(SELECT ' . score($here, type => 'float') . " AS s$rest) SELECT max(ww.s) FROM ww)" },
		1, sub { '(SELECT max(y.s) FROM (SELECT ' . score($here, type => 'float') . " AS s$rest OFFSET 0) y)" },
		2, sub { 'ARRAY(SELECT ' . score($here, type => 'text') . "$rest ORDER BY 1)" });
}

sub aggregate
{
	my ($scope, $depth) = @_;
	my $s = score($scope, type => 'float');
	my $filter = chance(0.3) ? ' FILTER (WHERE ' . predicate($scope, 0) . ')' : '';

	return weighted(
		2, sub { "count($s)$filter" },
		1, sub { "count(DISTINCT $s)$filter" },
		2, sub { "min($s)$filter" },
		2, sub { "max($s)$filter" },
		2, sub { "sum($s\::numeric)$filter" },
		1, sub { "avg($s\::numeric)$filter" },
		1, sub { "array_agg($s ORDER BY $s)$filter" },
		1, sub { my $class = score($scope, type => 'text'); "string_agg($class, ',' ORDER BY $class)$filter" },
		1, sub { "bool_or($s > 0.5)$filter" },
		1, sub { "count(*) FILTER (WHERE $s > 0.4)" },
		1, sub { "percentile_disc(0.4) WITHIN GROUP (ORDER BY $s)$filter" },
		1, sub { 'min(' . score($scope, type => 'text') . ")$filter" });
}

# What orders all rows of a scope: two that are equal by it are the same.
sub total_order
{
	my ($scope) = @_;
	my @by;

	for my $item (@{$scope->{sources}})
	{
		push @by, $item->{row} // $item->{alias} if ($item->{row} // '') ne 'no';
		push @by, "$item->{alias}.id" if ($item->{columns} // '') eq 'id';
		push @by, map { @$_ } values %{$item->{scalars} // {}};
	}
	return join ', ', @by;
}

1;
