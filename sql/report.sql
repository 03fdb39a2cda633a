-- cia_report: a model's validation as one page.
CREATE TABLE customer AS
SELECT i AS id, (20 + u % 50)::int AS age, CASE WHEN v % 11 > 0 THEN round((v % 97) * 1.37, 2) END AS debt, date '2020-01-01' + (w % 700)::int AS opened,
	   (ARRAY['north', 'so<u>th', '"east" & west', NULL])[1 + w % 4] AS "region <&>", u % 50 + v % 37 > 45 AND u % 7 > 0 AS churned,
	   (u % 50) * 1000.0 + v % 37 AS spend, (ARRAY['low', 'mid<dle', 'high'])[1 + (u % 50 > 20)::int + (v % 37 > 20)::int] AS class
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v, i * 7919 % 1511 AS w FROM generate_series(1, 3000) i) s;
SELECT count(*) FROM (VALUES ('churn & <co>', 'churned', 'boosted_trees'), ('spend', 'spend', 'linear'), ('class', 'class', 'multinomial')) AS m(model, target, algorithm),
	cia_train(model, 'customer', target, algorithm, id => '{id}', exclude => array_remove('{churned,spend,class}'::text[], target), options => '{"l2": 1}');
CREATE TABLE report AS SELECT model, cia_report(model) AS page FROM cia_models;

-- A page is well-formed XML, shows what is in the database as text, loads nothing and runs nothing.
SELECT model, xmlparse(DOCUMENT page) IS DOCUMENT AS well_formed, page LIKE '<!DOCTYPE html>%</html>_' AS whole,
	   page ~ '<script|https?:|url\(|@import|src=| on[a-z]+=' AS loads, page ~ '<u>|<co>|<dle>|<&>' AS raw
FROM report ORDER BY model;
SELECT model, s.n, s.heading
FROM report, XMLTABLE('//h2' PASSING xmlparse(DOCUMENT page) COLUMNS n FOR ORDINALITY, heading text PATH '.') s ORDER BY model, n;

-- Its metrics are those of cia_evaluate, its deciles those of cia_lift_table, its classes' rows those of the holdout.
SELECT model, count(*) AS metrics, bool_and(abs(shown::float8 - value) <= 1e-5 * abs(value)) AS same
FROM report, XMLTABLE('//section[h2="All metrics"]//tbody/tr' PASSING xmlparse(DOCUMENT page) COLUMNS name text PATH 'td[1]', shown text PATH 'td[2]') s,
	 cia_evaluate(model, 'customer') e
WHERE metric = name AND name <> 'rows' GROUP BY model ORDER BY model;
SELECT count(*), bool_and(l.rows = s.rows AND l.responders = s.positives AND round(100 * l.cumulative_gain::numeric, 1) || '%' = s.gain) AS same
FROM report, XMLTABLE('//section[1]//tbody/tr' PASSING xmlparse(DOCUMENT page)
					  COLUMNS bin int PATH 'td[1]', "rows" int PATH 'td[2]', positives int PATH 'td[3]', gain text PATH 'td[7]') s
	 JOIN cia_lift_table('churn & <co>', 'customer') l USING (bin)
WHERE model LIKE 'churn%';
SELECT class, s.rows, recall ~ '^[0-9.]+%$' AS has_recall
FROM report, XMLTABLE('//section[1]//tbody/tr' PASSING xmlparse(DOCUMENT page) COLUMNS class text PATH 'td[1]', "rows" int PATH 'td[2]', recall text PATH 'td[3]') s
WHERE model = 'class';

-- Where it errs: on a source whose labels are wrong in one region, that region comes first.
SELECT s.slice, s.rows > 100 AS has_rows
FROM cia_report('churn & <co>', 'SELECT id, age, debt, opened, "region <&>", churned <> coalesce("region <&>" = ''north'', false) AS churned FROM customer') AS page,
	 XMLTABLE('//section[h2="Where it errs most"]//tbody/tr' PASSING xmlparse(DOCUMENT page) COLUMNS slice text PATH 'td[1]', "rows" int PATH 'translate(td[2], ",", "")') s LIMIT 1;

-- Few rows, one class, none: the page says what there is.
SELECT n, xmlparse(DOCUMENT cia_report(model, format('SELECT * FROM customer WHERE id <= %s', n))) IS DOCUMENT AS well_formed
FROM cia_models, (VALUES (0), (1), (2)) AS few(n) ORDER BY model, n;
SELECT cia_report(NULL);
SELECT cia_report('nobody');
\echo :SQLSTATE
SELECT cia_report('spend', 'SELECT age FROM customer');
\echo :SQLSTATE
SELECT cia_report('spend', options => '{"row": "all"}');
\echo :SQLSTATE
SET client_min_messages = warning;
ALTER TABLE customer RENAME TO client;
SELECT cia_report('spend');
\echo :SQLSTATE
SELECT length(cia_report('spend', 'client')) > 5000 AS on_the_new_name;
CREATE ROLE cia_report_reader;
GRANT SELECT ON client TO cia_report_reader;
SET ROLE cia_report_reader;
\set VERBOSITY terse
SELECT cia_report('spend', 'client');
\echo :SQLSTATE
\set VERBOSITY default
RESET ROLE;
DROP OWNED BY cia_report_reader;
DROP ROLE cia_report_reader;
RESET client_min_messages;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE client, report;
