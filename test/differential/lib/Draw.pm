# SPDX-License-Identifier: PostgreSQL
#
# Random choices.  All of them come from here, so that a query depends on its seed and number alone.
package Draw;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(sow below chance pick weighted shuffled);

# sow SEED, NUMBER: begins the choices of one query.
sub sow
{
	my ($seed, $number) = @_;
	my $mixed = ($seed * 2654435761 + $number * 40503 + 12345) % 4294967296;

	srand($mixed);
	rand() for 1 .. 3;    # the first numbers of neighbouring seeds resemble each other
	return;
}

# below LIMIT: a whole number from 0.
sub below
{
	return int(rand($_[0]));
}

# chance PROBABILITY
sub chance
{
	return rand() < $_[0];
}

sub pick
{
	return $_[below(scalar @_)];
}

# weighted WEIGHT, VALUE, WEIGHT, VALUE, ...: a value that is code is called with what it stands for.
sub weighted
{
	my @pairs = @_;
	my ($sum, $at) = (0, 0);

	for (my $i = 0; $i < @pairs; $i += 2) { $sum += $pairs[$i] }
	my $point = rand($sum);
	for (; $at < @pairs - 2; $at += 2)
	{
		$point -= $pairs[$at];
		last if $point < 0;
	}
	my $value = $pairs[$at + 1];
	return ref $value eq 'CODE' ? $value->() : $value;
}

sub shuffled
{
	my @list = @_;

	for (my $i = @list - 1; $i > 0; $i--)
	{
		my $j = below($i + 1);
		@list[$i, $j] = @list[$j, $i];
	}
	return @list;
}

1;
