-- A model's text, its jsonb and its bytes are three forms of one value: from each come the same bytes.
SET client_min_messages = error;
CREATE TABLE visit AS
SELECT i AS id, u % 1009 / 7.0::float8 AS a, (u % 997)::numeric(10, 2) / 100 AS b, CASE WHEN v % 7 > 0 THEN v % 1013 END AS c,
	   (ARRAY['Köln', 'Malmö', 'it''s "x" \', NULL])[1 + v % 4] AS town, date '2020-01-01' + (v % 800)::int AS since,
	   u % 1009 + v % 1013 > 1000 AS y, i % 5 AS grade
FROM (SELECT i, i::bigint * i * 37 % 999983 AS u, i::bigint * i * 41 % 999979 AS v FROM generate_series(1, 300) i) s;
SELECT cia_train(algorithm, 'visit', target, algorithm, id => '{id}', features => '{a,b,c,town,since}', options => options::jsonb) IS NOT NULL
FROM (VALUES ('linear', 'a', '{"l2": 1}'), ('logistic', 'y', '{}'), ('multinomial', 'town', '{}'), ('poisson', 'grade', '{}'), ('boosted_trees', 'y', '{"trees": 5}'),
	('random_forest', 'a', '{"trees": 5}'), ('decision_tree', 'grade', '{}')) a (algorithm, target, options);
SELECT model, content::text::cia_model::text = content::text AS text, content::jsonb::cia_model::text = content::text AS jsonb,
	cia_model_send(content::text::cia_model) = cia_model_send(content) AS bytes
FROM cia_versions ORDER BY model COLLATE "C";
-- a leaf of the boosted trees is -0; jsonb knows one zero, so a model has no other
SELECT count(*) FROM cia_versions WHERE content::text ~ '[^0-9.e]-0[,\]}]';
SELECT count(cia_drop_model(model)) FROM cia_models;
DROP TABLE visit;
