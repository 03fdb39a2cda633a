-- SPDX-License-Identifier: PostgreSQL
-- Models of every shape, for test/fuzz/corpus/make: name, JSON, bytes in hex.
SET cia.progress = off;
CREATE TEMP TABLE seed AS
SELECT i AS id, (i * 37 % 101)::float8 AS x, i % 3 = 0 AS flag, date '2024-01-01' + i AS day,
	(ARRAY['a', 'b', 'c', NULL])[i % 4 + 1] AS letter, 'label ' || i % 9 AS many,
	ARRAY[i % 7, i % 5]::float8[] AS pair, i * 37 % 101 > 50 AS y
FROM generate_series(1, 60) i;
CREATE TEMP TABLE model AS
SELECT 'logistic' AS name, cia_fit(s, y, 'logistic', '{"id": ["id"], "max_categories": 4}') AS m FROM seed s
UNION ALL SELECT 'linear', cia_fit(s, x * 2, 'linear', '{"id": ["id"], "l2": 1, "exclude": ["x"]}') FROM seed s
UNION ALL SELECT 'evidence', cia_fit(s, flag, 'logistic', '{"encode": "woe", "holdout": 0, "min_bin": 0, "exclude": ["flag", "id"]}') FROM seed s
UNION ALL SELECT 'multinomial', cia_fit(s, letter, 'multinomial', '{"id": ["id"], "exclude": ["letter"], "positive": "b"}') FROM seed s
UNION ALL SELECT 'parts', cia_fit(s, x > 40, 'logistic', '{"id": ["id"], "max_categories": 4, "by": "letter", "features": ["x", "flag", "many", "pair"]}') FROM seed s
UNION ALL SELECT 'boosted', cia_fit(s, y, 'boosted_trees', '{"id": ["id"], "trees": 3, "min_rows": 4, "max_categories": 4, "early_stopping": 2, "validation_share": 0.2}') FROM seed s
UNION ALL SELECT 'several', cia_fit(s, letter, 'boosted_trees', '{"id": ["id"], "exclude": ["letter"], "trees": 2, "min_rows": 4}') FROM seed s
UNION ALL SELECT 'shares', cia_fit(s, letter, 'random_forest', '{"id": ["id"], "exclude": ["letter"], "trees": 3, "min_rows": 2}') FROM seed s
UNION ALL SELECT 'counts', cia_fit(s, x::int, 'boosted_trees', '{"exclude": ["id", "x"], "objective": "poisson", "trees": 2, "min_rows": 4, "category_smoothing": 1, "monotone": {"day": 1}}') FROM seed s
UNION ALL SELECT 'forest', cia_fit(s, y, 'random_forest', '{"id": ["id"], "exclude": ["x"], "trees": 9, "min_rows": 2, "category_smoothing": 1}') FROM seed s
UNION ALL SELECT 'tree', cia_fit(s, x, 'decision_tree', '{"features": ["day", "many"], "min_rows": 1, "leaves": 90, "holdout": 0, "category_smoothing": 0}') FROM seed s
UNION ALL SELECT 'trees_by', cia_fit(s, x > 40, 'boosted_trees', '{"id": ["id"], "by": "letter", "features": ["x", "flag", "many"], "trees": 2, "min_rows": 2}') FROM seed s
UNION ALL SELECT 'segments', cia_fit(s, 'kmeans', '{"id": ["id"], "k": 4, "max_categories": 4, "restarts": 2}') FROM seed s
UNION ALL SELECT 'segments_robust', cia_fit(s, 'kmeans', '{"features": ["x", "many"], "k": 2, "scale": "robust", "restarts": 1, "holdout": 0}') FROM seed s
UNION ALL SELECT 'mixture', cia_fit(s, 'gaussian_mixture', '{"features": ["x", "day", "letter", "many"], "k": 3, "max_categories": 4, "restarts": 1}') FROM seed s
UNION ALL SELECT 'mixture_diagonal', cia_fit(s, 'gaussian_mixture', '{"features": ["x", "flag", "letter", "pair"], "k": 2, "covariance": "diagonal", "restarts": 1, "holdout": 0}') FROM seed s
UNION ALL SELECT 'dendrogram', cia_fit(s, 'hierarchical', '{"features": ["x", "many"], "k": 3}') FROM seed s
UNION ALL SELECT 'one', cia_fit(s, y, 'logistic', '{"features": ["x"], "holdout": 0}') FROM seed s;
SELECT name, m, encode(cia_model_send(m), 'hex') FROM model ORDER BY name;
