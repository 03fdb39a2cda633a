-- cia_print: a regression in the look of R's summary().
CREATE TABLE customer AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   (ARRAY['shop', 'app'])[1 + i * 7 % 11 % 2] AS channel, 1 + i % 12 AS months, (u + 3 * v) % 97 > 40 + (u % 60) / 3 AS churned,
	   10 + (v % 300) / 5.0 - u % 60 + (i * 31 % 17) AS spend, (u % 5 + v % 3) * (1 + i % 12) / 4 AS claims, 1 + u % 60 + (v % 13) / 4.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
CREATE FUNCTION print(algorithm text, target text, features text[], options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cia_train('printed', 'customer', target, algorithm, features => features,
		options => CASE WHEN options ? 'lambda' THEN '{"holdout": 0}' ELSE '{"holdout": 0, "l2": 0}'::jsonb END || options || '{"promote": "always"}');
	RETURN QUERY SELECT regexp_split_to_table(regexp_replace(cia_print('printed'), 'iterations: [0-9]+', 'iterations: some'), '\n');
END $$;
\pset format unaligned
\pset tuples_only on

-- The tables, the lines below and their digits are those of R 4.2's lm, glm and glm.nb on these rows.
SELECT print('linear', 'spend', '{age,region,visits}');
SELECT print('logistic', 'churned', '{age,region,channel}');
SELECT print('poisson', 'claims', '{age,channel,months}', '{"exposure": "months"}');
SELECT print('gamma', 'cost', '{age,visits,channel}', '{"link": "log"}');
SELECT print('negative_binomial', 'claims', '{age,channel,months}', '{"exposure": "months"}');

-- What R does not say: holdout, skipped rows, penalty, robust and clustered errors.
UPDATE customer SET spend = NULL WHERE id <= 7;
SELECT print('linear', 'spend', '{age}', '{"holdout": 0.25, "l2": 3, "robust": true}');
SELECT print('linear', 'spend', '{age}', '{"cluster": "region"}');

-- An elastic net has no errors; what it has dropped is a point.
SELECT print('logistic', 'churned', '{age,visits,region,claims}', '{"lambda": 0.02}');
SELECT print('linear', 'spend', '{age,visits,region}', '{"lambda": 2, "alpha": 0.5}');

-- A call of many columns is wrapped; names may be of any length and letters.
ALTER TABLE customer RENAME age TO "Alter in vollen Jahren am Stichtag";
ALTER TABLE customer RENAME region TO "Größe";
SELECT print('logistic', 'churned', '{"Alter in vollen Jahren am Stichtag",visits,"Größe",channel,months}', '{"max_iterations": 2}');

-- By version and by value it is the same; what is wrong.
SELECT cia_print('printed@1') = cia_print(content) FROM cia_versions WHERE model = 'printed' AND version = 1;
SELECT cia_print(NULL::text) IS NULL;
SELECT cia_print('nobody');

SELECT cia_drop_model('printed');
DROP FUNCTION print;
DROP TABLE customer;
