-- Memory that is touched ahead while rows are read: what ends the reading ends the thread first.
SET client_min_messages = warning;
SET cia.threads = 2;
CREATE FUNCTION pg_temp.customers(rows int, fails_at int) RETURNS TABLE
	(id int, a float8, b float8, c float8, d float8, e float8, f float8, g float8, spent float8)
LANGUAGE sql AS $$
	SELECT i, sin(i), cos(i), i % 17, i % 29, i % 101, sqrt(i), ln(i), 3 * sin(i) + i % 7
		+ 0 / (i - fails_at)
	FROM generate_series(1, rows) AS i
$$;

SELECT rows_used, metric FROM cia_train('touched', 'SELECT * FROM pg_temp.customers(250000, 0)',
	target => 'spent', algorithm => 'linear', id => '{id}');
\set VERBOSITY sqlstate
-- an error of the source
SELECT * FROM cia_train('touched', 'SELECT * FROM pg_temp.customers(250000, 240000)',
	target => 'spent', algorithm => 'linear', id => '{id}');
-- and one of ours
SET cia.max_memory = '12MB';
SELECT * FROM cia_train('touched', 'SELECT * FROM pg_temp.customers(250000, 0)',
	target => 'spent', algorithm => 'linear', id => '{id}');
\set VERBOSITY default
RESET cia.max_memory;
-- one thread alone reads the same
SET cia.threads = 1;
SELECT version FROM cia_train('touched', 'SELECT * FROM pg_temp.customers(250000, 0)',
	target => 'spent', algorithm => 'linear', id => '{id}');
SELECT count(DISTINCT fingerprint) FROM cia_versions WHERE model = 'touched';
SELECT cia_drop_model('touched');
