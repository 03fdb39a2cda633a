-- What sqlsmith plays with: models, tables of which it knows the columns, and calls that it can make without
-- knowing how to write a whole row.
SET client_min_messages = error;
CREATE ROLE smith LOGIN;
GRANT SELECT ON customer TO smith;
SET ROLE smith;
SELECT count(*) FROM cia_train('churn', 'customer', 'y', 'logistic', id => '{id}', exclude => '{amount}');
SELECT count(*) FROM cia_train('amount', 'customer', 'amount', 'linear', id => '{id}', exclude => '{y}');
SELECT count(*) FROM cia_train('trees', 'customer', 'y', 'boosted_trees', id => '{id}', exclude => '{amount}', options => '{"trees": 5}');
SELECT count(*) FROM cia_train('town', 'customer', 'town', 'multinomial', id => '{id}', features => '{a,b,c}');
SELECT count(*) FROM cia_train('kinds', 'customer', algorithm => 'kmeans', id => '{id}', exclude => '{y}', options => '{"k": 3}');
SELECT count(*) FROM cia_train('mixture', 'customer', algorithm => 'gaussian_mixture', id => '{id}', features => '{a,b,c,town}', options => '{"k": 3}');
SELECT count(*) FROM cia_train('branches', 'customer', algorithm => 'hierarchical', id => '{id}', exclude => '{y}', options => '{"k": 4}');
RESET ROLE;
CREATE SCHEMA smith AUTHORIZATION smith;
SET search_path = smith, public;
SET ROLE smith;
CREATE TABLE smith.name AS SELECT model FROM cia_models UNION SELECT model || '@1' FROM cia_models UNION SELECT unnest('{customer,y,amount,logistic,linear,boosted_trees,kmeans,gaussian_mixture,hierarchical,id,town}'::text[]);
CREATE TABLE smith.content AS SELECT model, version, content, content::jsonb AS json, cia_model_send(content) AS bytes FROM cia_versions;
CREATE TABLE smith.option AS SELECT o::jsonb AS options, '{id}'::text[] AS columns, '{a,town}'::text[] AS features
FROM unnest(ARRAY['{}', '{"l2": 3}', '{"holdout": 0}', '{"trees": 2}', '{"k": 2}', '[]', 'null', '{"a": 1, "town": "Köln", "b": 2, "c": null, "since": "2020-02-02"}']) o;
CREATE VIEW smith.scored AS SELECT x.*, cia_score('churn', x) AS churn, cia_score('amount', x) AS expected, cia_class('town', x) AS predicted,
	cia_probabilities('town', x) AS probabilities, cia_score('trees', to_jsonb(x)) AS of_trees,
	cia_segment('kinds', x) AS segment, cia_segment_distance('kinds', x) AS distance, cia_segment_probabilities('kinds', to_jsonb(x)) AS segments,
	cia_segment('mixture', x) AS likeliest, cia_segment_distance('mixture', to_jsonb(x)) AS mahalanobis, cia_segment_probabilities('mixture', x) AS shares, cia_segment('branches', x) AS branch FROM customer x;
CREATE VIEW smith.joined AS SELECT d.* FROM cia_dendrogram('branches') d;
CREATE VIEW smith.explained AS SELECT id, e.* FROM customer x, cia_explain('trees', x) e WHERE id < 20;
CREATE FUNCTION smith.score(model text, a float8, b numeric, c bigint, town text, since date) RETURNS float8 LANGUAGE sql STABLE
	AS 'SELECT cia_score($1, r) FROM (SELECT $2 AS a, $3 AS b, $4 AS c, $5 AS town, $6 AS since) r';
CREATE FUNCTION smith.score(model cia_model, a float8, b numeric, c bigint, town text, since date) RETURNS float8 LANGUAGE sql STABLE
	AS 'SELECT cia_score($1, r) FROM (SELECT $2 AS a, $3 AS b, $4 AS c, $5 AS town, $6 AS since) r';
CREATE FUNCTION smith.fit(algorithm text, options jsonb) RETURNS cia_model LANGUAGE sql STABLE
	AS 'SELECT cia_fit(x, y, $1, $2) FROM customer x';
RESET ROLE;
ANALYZE;
