-- A table and models of every kind: several versions, owners, odd names, labels of the world.
SET client_min_messages = error;
CREATE TABLE customer AS
SELECT i AS id, u % 1009 / 7.0::float8 AS a, (u % 997)::numeric(10, 2) / 100 AS b, CASE WHEN v % 7 > 0 THEN v % 1013 END AS c,
	   (ARRAY['Köln', 'Malmö', 'it''s "x" \', NULL])[1 + v % 4] AS town, (ARRAY['x', 'yy'])[1 + u % 2]::char(4) AS code, date '2020-01-01' + (v % 800)::int AS since,
	   ARRAY[u % 11, v % 13 / 3.0]::float4[] AS taste, u % 1009 + v % 1013 > 1000 AS y, (u % 1009) * 1e-3 - v % 1013 AS amount
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, 3000) i) s;
SELECT count(*) FROM cia_train('churn', 'customer', 'y', id => '{id}', exclude => '{amount}', options => '{"promote": "always"}');
SELECT count(*) FROM cia_train('churn', 'customer', 'y', id => '{id}', exclude => '{amount}', weight => 'c', options => '{"l2": 0.3, "max_categories": 2}');
SELECT count(*) FROM cia_train('amount', 'SELECT * FROM customer', 'amount', 'linear', id => '{id}', exclude => '{y}', options => '{"promote": "always"}');
SELECT count(*) FROM cia_train('Größe "of" it''s \ name', 'customer', 'town', 'logistic', exclude => '{id}', options => '{"positive": "Köln", "holdout": 0}');
SELECT count(*) FROM cia_train('trees', 'customer', 'y', 'boosted_trees', id => '{id}', exclude => '{amount}', options => '{"trees": 5}');
SELECT count(*) FROM cia_train('forest', 'customer', 'amount', 'random_forest', id => '{id}', exclude => '{y}', options => '{"trees": 3}');
SELECT count(*) FROM cia_train('town', 'customer', 'town', 'multinomial', id => '{id}', features => '{a,b,c}');
SELECT count(*) FROM cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', exclude => '{y,amount}', options => '{"k": 3, "promote": "always"}');
SELECT count(*) FROM cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', features => '{a,c,town,taste}', options => '{"k": 5, "scale": "robust"}');
GRANT SELECT ON customer TO regress_cia_dump;
SET ROLE regress_cia_dump;
SELECT count(*) FROM cia_train('theirs', 'customer', 'y', features => '{a,town}');
RESET ROLE;
CREATE TABLE fitted AS SELECT town, cia_fit(x, y, 'logistic', '{"features": ["a", "c"]}') AS model FROM customer x GROUP BY town;
SELECT cia_tag('churn@1', 'Prüfung "1"'), cia_tag('churn', 'approved'), cia_comment('churn@1', E'two\nlines, it''s "Größe" \\'), cia_copy_model('churn@1', 'copy');
SELECT cia_create_scoring_view('churn_scores', 'churn', 'customer', '{id}', '{"reasons": 2}'),
	   cia_create_scoring_view('"Größe"', 'Größe "of" it''s \ name', 'SELECT * FROM customer WHERE id > 10 -- few', '{id}', '{"bands": {"low": null, "it''s": 0.2}, "reasons": 0, "probabilities": true}');
CREATE MATERIALIZED VIEW kept_scores AS SELECT * FROM churn_scores;
SELECT count(*) FROM cia_train('mixture', 'customer', algorithm => 'gaussian_mixture', id => '{id}', features => '{a,b,town}', options => '{"k": 3}');
SELECT count(*) FROM cia_train('branches', 'customer', algorithm => 'hierarchical', id => '{id}', features => '{a,b,town}', options => '{"k": 4}');
SELECT count(*) FROM cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', features => '{a,b,c,code,since}', options => '{"k": 3}');
SELECT cia_name_segment('kinds', segment, format('sørte "%s" it''s \', n)) FROM cia_segment_sizes('kinds') WITH ORDINALITY s(segment, rows, share, n);
SELECT cia_create_scoring_view('customer_kind', 'kinds', 'customer', '{id}');
