#!/usr/bin/perl
# SPDX-License-Identifier: PostgreSQL
#
# Reads a delimited file of unknown make on standard input and writes a psql
# script that loads it as it is, every value as text:
#
#   demo.raw       one text column per column of the file: c1, c2, ...
#   demo.columns   position, the name in the file, the name in SQL, the role
#   demo.source    the name of the table to come and the delimiter
#
# Delimiter, header, quoting, line ends and encoding are found out from the
# file.  It is read once and never held in memory.  What is wrong with it is
# one sentence on standard error, and then there is no COMMIT in the script.
#
#   csv.pl --file NAME --target NAME [--id NAME] --reserved WORDS < FILE

use strict;
use warnings;
use Getopt::Long;

use constant SAMPLE => 256 * 1024;             # bytes to find the delimiter in
use constant LONGEST_RECORD => 1024 * 1024;
use constant MOST_COLUMNS => 1600;             # PostgreSQL's limit
use constant EX_DATAERR => 65;
use constant LONGEST_NAME => 59;               # 63 bytes, less "_999"

my %option = (file => 'data', reserved => '');
GetOptions(\%option, 'file=s', 'target=s', 'id=s', 'reserved=s') or exit 2;

my @system_columns = qw(tableoid xmin cmin xmax cmax ctid);
my %reserved = map { $_ => 1 } split(' ', $option{reserved}), @system_columns;
my $number = qr/^[+-]?[0-9.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?$/;

my $line_number = 0;        # of the line read last
my @ahead;                  # lines of the sample not read yet
my ($recoded, $first_recoded) = (0, 0);

binmode $_ for *STDIN, *STDOUT;
main();


sub fail
{
	my ($what, $todo) = @_;

	print STDERR "error: $what\n";
	print STDERR "       $todo\n" if defined $todo;
	exit EX_DATAERR;
}

sub main
{
	read_sample();
	my $delimiter = find_delimiter();
	my ($first, $start) = next_record($delimiter);
	my @columns = name_columns($first);
	my @roles = give_roles(\@columns, $first);

	unshift @columns, undef;    # positions count from 1
	print_tables(\@columns, \@roles, $delimiter);
	print_row(@$first) if !$columns[1]{in_file};
	copy_rows($delimiter, scalar(@$first), !$columns[1]{in_file});
	print "\\.\n", "COMMIT;\n";
	print STDERR "note: $recoded "
		. ($recoded == 1 ? 'record is' : 'records are')
		. " not valid UTF-8, the first in line $first_recoded; read as Windows-1252 (Latin-1)\n"
		if $recoded;
}


# --- Lines and records -------------------------------------------------------

sub read_sample
{
	my $sample = '';

	while (length($sample) < SAMPLE)
	{
		my $got = read(STDIN, $sample, SAMPLE - length($sample), length($sample));
		last if !$got;
	}
	fail('the file is empty') if $sample !~ /\S/;
	fail('the file is UTF-16, not UTF-8',
		'Convert it with iconv -f UTF-16 -t UTF-8.') if $sample =~ /^(?:\xFF\xFE|\xFE\xFF)/;
	fail('the file is not text', 'Save a spreadsheet as CSV first.')
		if $sample =~ /^PK\x03\x04/ || $sample =~ /\0/;
	$sample =~ s/^\xEF\xBB\xBF//;

	# Files of old Macintosh programs end their lines with CR alone.
	$/ = "\r" if $sample !~ /\n/ && $sample =~ /\r/;
	if (index($sample, $/) < 0 && length($sample) >= SAMPLE)
	{
		fail('the file has no line end in its first ' . SAMPLE / 1024 . ' kB');
	}
	my $rest = <STDIN>;
	$sample .= $rest if defined $rest;
	my $end = $/;
	@ahead = split /(?<=$end)/, $sample;
}

# The next line without its end, or undef.
sub next_line
{
	my $line = @ahead ? shift @ahead : <STDIN>;

	return undef if !defined $line;
	$line_number++;
	$line =~ s/\r?\n?\z//;
	return $line;
}

# The next record as a list of fields in UTF-8 and the number of its first line.
sub next_record
{
	my ($delimiter) = @_;
	my $line;

	do { $line = next_line() } while (defined $line && $line !~ /[^\s]/);
	return () if !defined $line;
	my $start = $line_number;
	my $fields = parse($line, $delimiter);

	while (!defined $fields)
	{
		my $more = next_line();

		fail("the quoted field that begins in line $start does not end",
			'Close it, or double a quote that belongs to the text.')
			if !defined $more || length($line) > LONGEST_RECORD;
		$line .= "\n$more";
		$fields = parse($line, $delimiter) if index($more, '"') >= 0;
	}
	if ($line =~ /[\x80-\xFF]/ && !is_utf8($line))
	{
		$recoded++;
		$first_recoded ||= $start;
		$fields = [ map { recode($_) } @$fields ];
	}
	return ($fields, $start);
}

# The fields of a record, or undef where it ends inside quotes.  A quote counts
# at the beginning of a field only; inside, two stand for one.  Blanks around a
# field without quotes do not belong to it.
sub parse
{
	my ($line, $delimiter) = @_;
	my $d = quotemeta $delimiter;
	my @fields;

	if (index($line, '"') < 0)
	{
		@fields = split /$d/, $line, -1;
		s/^\s+|\s+$//g for @fields;
		return \@fields;
	}
	pos($line) = 0;
	while (1)
	{
		if ($line =~ /\G *"/gc)
		{
			$line =~ /\G([^"]*+(?:""[^"]*+)*+)"([^$d]*)/gc or return undef;
			my ($field, $after) = ($1, $2);
			$field =~ s/""/"/g;
			$after =~ s/\s+$//;
			push @fields, $field . $after;
		}
		else
		{
			$line =~ /\G([^$d]*)/gc;
			my $field = $1;
			$field =~ s/^\s+|\s+$//g;
			push @fields, $field;
		}
		last if $line !~ /\G$d/gc;
	}
	return \@fields;
}

# Whether nothing but ASCII is left when all well-formed sequences are gone.
sub is_utf8
{
	my ($text) = @_;

	$text =~ s/[\xC2-\xDF][\x80-\xBF]
		|\xE0[\xA0-\xBF][\x80-\xBF]
		|[\xE1-\xEC\xEE\xEF][\x80-\xBF]{2}
		|\xED[\x80-\x9F][\x80-\xBF]
		|\xF0[\x90-\xBF][\x80-\xBF]{2}
		|[\xF1-\xF3][\x80-\xBF]{3}
		|\xF4[\x80-\x8F][\x80-\xBF]{2}//gx;
	return $text !~ /[\x80-\xFF]/;
}

# Windows-1252 to UTF-8: Latin-1 but for 0x80 to 0x9F.
sub recode
{
	my ($text) = @_;
	my @upper = (
		0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
		0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
		0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
		0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178);

	$text =~ s/([\x80-\x9F])/chr $upper[ord($1) - 0x80]/ge;
	utf8::encode($text);
	return $text;
}


# --- Delimiter and header ----------------------------------------------------

# The sign that cuts most of the first records into as many fields as the very
# first one has; of several such signs the one that gives most fields.
sub find_delimiter
{
	if ($ahead[0] =~ /^sep=([,;\t|])\r?\n/)
	{
		next_line();
		return $1;
	}
	my ($best, $best_share, $best_fields) = (',', 0, 1);

	for my $delimiter (',', ';', "\t", '|')
	{
		my ($share, $fields) = try_delimiter($delimiter);
		next if $fields < 2 || $share < $best_share - 0.05;
		next if $share < $best_share + 0.05 && $fields <= $best_fields;
		($best, $best_share, $best_fields) = ($delimiter, $share, $fields);
	}
	return $best;
}

sub try_delimiter
{
	my ($delimiter) = @_;
	my ($records, $alike, $expected, $text) = (0, 0, 0, '');

	for my $line (@ahead)
	{
		$text .= $line;
		(my $record = $text) =~ s/\r?\n?\z//;
		next if $record !~ /\S/;
		my $fields = parse($record, $delimiter);
		next if !defined $fields;
		$text = '';
		$expected ||= @$fields;
		$records++;
		$alike++ if @$fields == $expected;
		last if $records == 100;
	}
	return ($records ? $alike / $records : 0, $expected);
}

# The first record holds names if one of them is the target's, or if no field
# of it is a number and the target is not a number of our own naming.
sub has_header
{
	my ($first) = @_;

	return 1 if grep { same_name($_, $option{target}) } @$first;
	return 0 if grep { /$number/ } @$first;
	return $option{target} !~ /^column_[0-9]+$/;
}

sub same_name
{
	my ($a, $b) = @_;

	return lower($a) eq lower($b) || safe_name($a) eq lower($b);
}

sub lower
{
	my ($text) = @_;

	utf8::decode($text);
	$text = lc $text;
	utf8::encode($text);
	return $text;
}

# A name that SQL takes without quotes: TotalCharges becomes total_charges.
sub safe_name
{
	my ($name) = @_;

	utf8::decode($name);
	$name =~ s/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/_/g;
	$name = lc $name;
	$name =~ s/[^\w]+|_+/_/g;
	$name =~ s/_+/_/g;
	$name =~ s/^_|_$//g;
	$name = "n_$name" if $name =~ /^[0-9]/;
	utf8::encode($name);
	# A name is cut between characters, never inside one.
	$name = substr($name, 0, LONGEST_NAME);
	$name =~ s/[\xC0-\xFF][\x80-\xBF]*\z// if !is_utf8($name);
	$name .= '_' if $reserved{$name};
	return $name;
}

sub name_columns
{
	my ($first) = @_;
	my $in_file = has_header($first);
	my (@stems, %times, %taken, @columns);

	fail('the file has ' . @$first . ' columns, and a table takes ' . MOST_COLUMNS)
		if @$first > MOST_COLUMNS;
	my @originals = $in_file ? @$first : map { "column_$_" } 1 .. @$first;
	for my $position (1 .. @$first)
	{
		my $stem = safe_name($originals[$position - 1]);
		$stem = "column_$position" if $stem eq '';
		push @stems, $stem;
		$times{$stem}++;
	}
	# Names that occur once stay as they are; of the others each gets a number.
	%taken = map { $_ => 1 } grep { $times{$_} == 1 } @stems;
	for my $position (1 .. @$first)
	{
		my ($name, $copy) = ($stems[$position - 1], 0);
		if ($times{$name} > 1)
		{
			do { $name = $stems[$position - 1] . '_' . ++$copy } while $taken{$name};
			$taken{$name} = 1;
		}
		push @columns, { original => $originals[$position - 1], name => $name,
			in_file => $in_file };
	}
	fail('the file has one column only, so there is nothing to learn from',
		'Its fields may be separated by , or ; or | or a tab.') if @columns < 2;
	return @columns;
}

# The role of each column: target, id, or nothing.
sub give_roles
{
	my ($columns) = @_;
	my @roles = ('') x (@$columns + 1);

	for my $role ('target', 'id')
	{
		next if !defined $option{$role} || $option{$role} eq '';
		my $position = find_column($columns, $option{$role}, $role);
		fail("the target and the id are the same column \"$option{$role}\"")
			if $roles[$position] ne '';
		$roles[$position] = $role;
	}
	return @roles;
}

# The position of the column the user means: as it is spelled in the file, as
# it is called in SQL, or but for capitals.
sub find_column
{
	my ($columns, $wanted, $role) = @_;
	my @tests = (
		sub { $_[0]{original} eq $wanted },
		sub { $_[0]{name} eq $wanted },
		sub { same_name($_[0]{original}, $wanted) });

	for my $test (@tests)
	{
		my @found = grep { $test->($columns->[$_ - 1]) } 1 .. @$columns;

		return $found[0] if @found == 1;
		fail("the file has " . @found . " columns \"$wanted\"", 'Say which: '
			. join(', ', map { $columns->[$_ - 1]{name} } @found) . '.') if @found > 1;
	}
	my @names = map { $_->{original} } @$columns;
	splice @names, 40, @names, '...' if @names > 40;
	fail("the file has no column \"$wanted\"; choose --$role from these: "
		. join(', ', @names));
}


# --- The script --------------------------------------------------------------

sub literal
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

sub print_tables
{
	my ($columns, $roles, $delimiter) = @_;
	my $last = $#$columns;
	my $table = $option{file};

	$table =~ s{^.*/}{};
	$table =~ s/(?:\.(?:csv|tsv|tab|txt|dat|data|gz|bz2|xz|zst))+$//i;
	$table = safe_name($table);
	$table = 'data' if $table eq '';
	# A column of the table's own name would hide the row in cia_score(m, t).
	$table .= '_rows' if grep { $_->{name} eq $table } @$columns[1 .. $last];

	print "BEGIN;\nCREATE SCHEMA demo;\n";
	print "CREATE TABLE demo.source AS SELECT ", literal($table), "::text AS name, ",
		literal($delimiter), "::text AS delimiter;\n";
	print "CREATE TABLE demo.columns (position integer, original text, name text, role text);\n";
	print "COPY demo.columns FROM STDIN;\n";
	print_row($_, $columns->[$_]{original}, $columns->[$_]{name}, $roles->[$_])
		for 1 .. $last;
	print "\\.\nCREATE UNLOGGED TABLE demo.raw (",
		join(', ', map { "c$_ text" } 1 .. $last), ");\nCOPY demo.raw FROM STDIN;\n";
}

# One line for COPY; an empty field is NULL.
sub print_row
{
	my @fields = @_;
	my %escape = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");

	for (@fields)
	{
		if ($_ eq '') { $_ = '\N' }
		else { s/([\\\t\n\r])/$escape{$1}/g }
	}
	print join("\t", @fields), "\n";
}

sub copy_rows
{
	my ($delimiter, $expected, $rows) = @_;

	while (my ($fields, $start) = next_record($delimiter))
	{
		# Some programs end every row with a delimiter, and not the header.
		pop @$fields while @$fields > $expected && $fields->[-1] eq '';
		if (@$fields != $expected)
		{
			fail("line $start has " . @$fields . (@$fields == 1 ? ' field' : ' fields')
				. " where the first line has $expected",
				'Mend the line, or quote a field that holds the delimiter.');
		}
		fail("line $start contains a zero byte, so the file is not text")
			if grep { /\0/ } @$fields;
		print_row(@$fields);
		$rows++;
	}
	fail('the file has a header and no rows') if !$rows;
}
