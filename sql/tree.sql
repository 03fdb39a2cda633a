-- cia_tree: a tree as text whose conditions are SQL.
CREATE TABLE guest AS
SELECT i AS id, (20 + u % 50)::int AS age, CASE WHEN v % 11 > 0 THEN round((v % 97) * 13.37, 2) END AS "Debt of his",
	   (ARRAY['rent', 'it''s own', 'Zürich', 'other', NULL])[1 + w % 5] AS home, CASE WHEN u % 7 > 0 THEN v % 3 = 0 END AS member,
	   date '2020-01-01' + (w % 700)::int AS opened, timestamp '2021-05-05 10:00' + (u * 1777777) * interval '1 microsecond' AS seen,
	   timestamptz '2022-01-01 00:00:00+00' + (v % 50) * interval '1 hour' AS paid, ARRAY[u % 10, w % 10]::float8[] AS vec,
	   (u % 19)::float4 / 10 AS share,
	   2.0 * (u % 50) / 10 + CASE WHEN v % 97 > 60 THEN 5 ELSE 0 END + (w % 5) + CASE WHEN w % 700 > 200 THEN 3 ELSE 0 END
	   + CASE WHEN u % 500 > 100 THEN 2 ELSE 0 END + CASE WHEN u % 7 > 0 AND v % 3 = 0 THEN 4 ELSE 0 END
	   + (v % 50) / 8.0 + (u % 10) / 2.0 + (u % 19) / 4.0 AS spend
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 3000) i) s;
SET timezone = 'UTC';

SELECT algorithm FROM cia_train('rule', 'guest', 'spend', 'decision_tree', id => '{id}', options => '{"leaves": 6, "smoothing": 0, "holdout": 0}');
SELECT cia_tree('rule');

-- Every condition, with those above it, holds for as many rows as the tree says, and the leaves answer their mean: by plain SQL.
CREATE FUNCTION check_tree(tree text, source text, target text) RETURNS TABLE (lines int, rows_differ int, means_differ int) AS $$
DECLARE
	line text; facts text[]; above text[] := '{}'; depth int; n bigint; mean float8;
BEGIN
	lines := 0; rows_differ := 0; means_differ := 0;
	FOREACH line IN ARRAY string_to_array(substring(tree FROM '\n\n(.*)$'), E'\n') LOOP
		facts := regexp_match(line, '^( *)(.*): (\d+) rows, (\S+?)(, gain \S+| \*)$');
		depth := length(facts[1]) / 2;
		above[depth] := CASE WHEN depth = 0 THEN 'true' ELSE format('%s AND (%s)', above[depth - 1], facts[2]) END;
		EXECUTE format('SELECT count(*), avg(%s) FROM %s WHERE %s', target, source, above[depth]) INTO n, mean;
		lines := lines + 1;
		rows_differ := rows_differ + (n <> facts[3]::bigint)::int;
		means_differ := means_differ + (abs(mean - facts[4]::float8) > 1e-3 * abs(mean))::int;
	END LOOP;
	RETURN NEXT;
END $$ LANGUAGE plpgsql;
SELECT algorithm FROM cia_train('large', 'guest', 'spend', 'decision_tree', id => '{id}',
								options => '{"leaves": 400, "min_rows": 2, "smoothing": 0, "holdout": 0}');
SELECT * FROM check_tree(cia_tree('large'), 'guest', 'spend');
SELECT kind, count(*) > 0 AS occurs
FROM (VALUES ('age <='), ('"Debt of his" >'), ('home IN'), ('''it''''s own'''), ('NOT member'), ('opened <= DATE'), ('seen > TIMESTAMP '''),
			 ('paid <= TIMESTAMPTZ'), ('vec[1] <='), ('share >'), ('home IS NULL')) AS k(kind),
	 regexp_split_to_table(cia_tree('large'), '\n') AS line
WHERE position(kind IN line) > 0 GROUP BY kind ORDER BY kind COLLATE "C";

-- By value it is the same.
SELECT cia_tree(content) = cia_tree('rule') AS same FROM cia_versions WHERE model = 'rule';

-- Classes; a stump; boosted trees, which add up from where they begin; forests, whose trees are averaged.
SELECT algorithm FROM cia_train('gold', 'SELECT id, age, home, opened, spend > 15 AS gold FROM guest', 'gold', 'decision_tree', id => '{id}',
								options => '{"leaves": 3, "smoothing": 0, "holdout": 0}');
SELECT cia_tree('gold', 1);
SELECT algorithm FROM cia_train('stump', 'SELECT id, age, spend FROM guest', 'spend', 'decision_tree', id => '{id}', options => '{"min_rows": 2000, "holdout": 0}');
SELECT cia_tree('stump');
SELECT algorithm FROM cia_train('boost', 'SELECT id, age, home, spend > 15 AS gold FROM guest', 'gold', 'boosted_trees', id => '{id}',
								options => '{"leaves": 3, "trees": 7, "holdout": 0}');
SELECT cia_tree('boost', 7);
SELECT algorithm FROM cia_train('count', 'SELECT id, age, home, floor(spend)::int AS visits FROM guest', 'visits', 'boosted_trees', id => '{id}',
								options => '{"objective": "poisson", "leaves": 2, "trees": 2, "holdout": 0}');
SELECT cia_tree('count', 1);
SELECT algorithm FROM cia_train('amount', 'SELECT id, age, home, spend FROM guest', 'spend', 'boosted_trees', id => '{id}',
								options => '{"leaves": 2, "trees": 2, "holdout": 0}');
SELECT split_part(cia_tree('amount', 2), E'\n', 2) AS head;
SELECT algorithm FROM cia_train('forest', 'SELECT id, age, home, spend > 15 AS gold FROM guest', 'gold', 'random_forest', id => '{id}',
								options => '{"leaves": 4, "trees": 5, "holdout": 0}');
SELECT split_part(cia_tree('forest', 5), E'\n', 1) AS head, split_part(cia_tree('forest', 5), E'\n', 2) AS meaning;
-- values of a forest's tree are means, so they lie between the ends
SELECT bool_and(m[1]::float8 BETWEEN 0 AND 1) AS shares, avg(m[1]::float8) > 0.1 AS not_shrunk
FROM regexp_split_to_table(cia_tree('forest', 5), '\n') line, regexp_match(line, 'rows, (\S+?)(?:,| \*)') m WHERE m IS NOT NULL;

-- Long lists of labels are cut; rare labels that were pooled are called what they are.
SELECT algorithm FROM cia_train('many', 'SELECT id, ''branch '' || age AS branch, age / 2.0 AS y FROM guest', 'y', 'decision_tree', id => '{id}',
								options => '{"leaves": 2, "holdout": 0}');
SELECT cia_tree('many');
SELECT algorithm FROM cia_train('pool', 'SELECT id, CASE WHEN age < 30 THEN ''branch '' || age ELSE ''main'' END AS branch, age / 2.0 AS y FROM guest', 'y',
								'decision_tree', id => '{id}', options => '{"leaves": 2, "holdout": 0, "max_categories": 4}');
SELECT cia_tree('pool');

-- Errors.
SELECT cia_tree('boost', 0);
\echo :SQLSTATE
SELECT cia_tree('boost', 8);
\echo :SQLSTATE
SELECT cia_tree('nobody');
\echo :SQLSTATE
SELECT value IS NOT NULL FROM cia_train('line', 'SELECT age, spend FROM guest', 'spend', 'linear');
SELECT cia_tree('line');
\echo :SQLSTATE
SELECT algorithm FROM cia_train('by', 'SELECT id, age, home, spend FROM guest', 'spend', 'decision_tree', id => '{id}', options => '{"by": "home", "leaves": 2}');
SELECT cia_tree('by');
\echo :SQLSTATE
SELECT split_part(cia_tree(cia_part('by', 'rent')), E'\n', 2) AS part;
SELECT cia_tree(NULL::text) IS NULL AS strict;

RESET timezone;
DROP FUNCTION check_tree;
DROP TABLE guest;
SELECT count(cia_drop_model(model)) FROM cia_models;
