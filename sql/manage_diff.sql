-- What changed between versions.
SET cia.progress = off;
CREATE TABLE points AS
SELECT i AS id, i % 17 AS x, (i * 7 % 5)::float8 AS y, (ARRAY['a', 'b', 'c'])[1 + i % 3] AS kind, i * i % 11 > 5 AS label, CASE WHEN i % 9 > 0 THEN i % 4 END AS gaps,
	   ARRAY[i % 8, i % 13]::float8[] AS both, date '2020-01-01' + i % 50 AS since, timestamptz '2020-01-01 00:00 UTC' + (i * 7 % 60) * interval '1 hour' AS seen
FROM generate_series(1, 400) i;
SELECT version FROM cia_train('m', 'points', 'label', 'logistic', id => '{id}');
SELECT version FROM cia_train('m', 'points', 'label', 'logistic', id => '{id}');
-- nothing but the time it took, which is not told
SELECT * FROM cia_diff('m', 1, 2);
SELECT * FROM cia_diff('m', 1, 1);

-- Everything at once: source, columns, types, options, rows, metrics, classes, labels, profile.
CREATE VIEW later AS
SELECT id, x + 5 AS x, y::text AS y, CASE kind WHEN 'a' THEN 'd "new"' ELSE kind END AS kind, label, 2 AS weight, i AS fresh, since + 31 AS since, seen + interval '1 day' AS seen
FROM points, LATERAL (SELECT id % 6) f(i) WHERE label OR id % 3 > 0;
SELECT version FROM cia_train('m', 'later', 'label', 'logistic', id => '{id}', weight => 'weight', exclude => '{}', options => '{"l2": 5, "holdout": 0.3}');
SELECT aspect, item, old, new, difference IS NOT NULL AS number FROM cia_diff('m', 1, 3) WHERE aspect NOT IN ('metric', 'model', 'mean', 'sd', 'class', 'drift');
SELECT aspect, item, abs(old::float8 - v.value) < 1e-5 AS old, abs(new::float8 - w.value) < 1e-5 AS new, abs(difference - (w.value - v.value)) < 1e-12 AS difference
FROM cia_diff('m', 1, 3) d, cia_versions v, cia_versions w WHERE v.version = 1 AND w.version = 3 AND aspect = 'metric' AND item = 'auc';
SELECT count(*) > 10 AS metrics FROM cia_diff('m', 1, 3) WHERE aspect = 'metric';
SELECT item, round(old::numeric, 3) AS old, round(new::numeric, 3) AS new, round(difference::numeric, 3) AS difference FROM cia_diff('m', 1, 3) WHERE aspect = 'class' ORDER BY item;
-- means, deviations and drift are those of cia_features
SELECT d.item, abs(d.difference - (b.mean - a.mean) / a.sd) < 1e-12 AS drift, abs(m.difference - (b.mean - a.mean)) < 1e-12 AS mean, abs(s.difference - (b.sd - a.sd)) < 1e-12 AS sd
FROM cia_diff('m', 1, 3) d JOIN cia_diff('m', 1, 3) m ON m.item = d.item AND m.aspect = 'mean' JOIN cia_diff('m', 1, 3) s ON s.item = d.item AND s.aspect = 'sd'
JOIN cia_features('m@1') a ON a.feature = d.item JOIN cia_features('m@3') b ON b.feature = d.item WHERE d.aspect = 'drift';
-- dates are told as dates, whatever the settings of who asks
SET datestyle = 'German'; SET timezone = 'Asia/Kathmandu'; SET extra_float_digits = -10;
SELECT aspect, item, substr(old, 1, 10) AS old, substr(new, 1, 10) AS new, difference / 86400 BETWEEN 0 AND 33 AS plausible FROM cia_diff('m', 1, 3) WHERE item IN ('since', 'seen') AND aspect = 'mean';
SELECT aspect, item, old ~ '^[0-9.]+ days$' AS old, new ~ '^[0-9.]+ days$' AS new FROM cia_diff('m', 1, 3) WHERE item IN ('since', 'seen') AND aspect = 'sd';
SELECT * FROM cia_diff('m', 1, 9);
SHOW timezone;
RESET datestyle; RESET timezone; RESET extra_float_digits;
-- of labels: the population stability index, a share of nothing counting as 0.0001
SELECT abs(difference - (SELECT sum((q - p) * ln(q / p)) FROM (
	SELECT greatest(coalesce(a.n / v.rows, 0), 0.0001) AS p, greatest(coalesce(b.n / w.rows, 0), 0.0001) AS q
	FROM (SELECT l AS label, n::float8 FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f, jsonb_array_elements_text(f->'labels') WITH ORDINALITY e(l, i),
			jsonb_array_elements_text(f->'counts') WITH ORDINALITY c(n, k) WHERE version = 1 AND f->>'name' = 'kind' AND i = k) a
	FULL JOIN (SELECT l AS label, n::float8 FROM cia_versions, jsonb_array_elements(content::jsonb->'features') f, jsonb_array_elements_text(f->'labels') WITH ORDINALITY e(l, i),
			jsonb_array_elements_text(f->'counts') WITH ORDINALITY c(n, k) WHERE version = 3 AND f->>'name' = 'kind' AND i = k) b USING (label),
		(SELECT (content::jsonb->'rows')::float8 AS rows FROM cia_versions WHERE version = 1) v, (SELECT (content::jsonb->'rows')::float8 AS rows FROM cia_versions WHERE version = 3) w) t)) < 1e-12 AS drift
FROM cia_diff('m', 1, 3) WHERE aspect = 'drift' AND item = 'kind';
-- the other way round: the same items, the sign turned
SELECT count(*) FILTER (WHERE a.old IS DISTINCT FROM b.new OR a.new IS DISTINCT FROM b.old OR (a.aspect <> 'drift' AND a.difference <> -b.difference)) AS differ, count(*) > 30 AS many
FROM cia_diff('m', 1, 3) a FULL JOIN cia_diff('m', 3, 1) b USING (aspect, item);

-- Other tasks: several classes, a number, another algorithm altogether.
SELECT version FROM cia_train('m', 'SELECT id, x, y, kind FROM points', 'kind', 'decision_tree', id => '{id}');
SELECT version FROM cia_train('m', 'SELECT id, x, y, kind FROM points', 'x', 'linear', id => '{id}');
SELECT version FROM cia_train('m', 'SELECT id, x + 1 AS x, y, kind FROM points WHERE y < 4', 'x', 'linear', id => '{id}');
SELECT aspect, item, old, new FROM cia_diff('m', 4, 5) WHERE aspect IN ('training', 'class', 'target', 'column', 'feature');
SELECT aspect, item, difference > 0 AS more FROM cia_diff('m', 5, 6) WHERE aspect = 'target';
-- more labels than are listed
SELECT version FROM cia_train('labels', 'SELECT id, ''l'' || id % 40 AS name, label FROM points', 'label', 'logistic', id => '{id}');
SELECT version FROM cia_train('labels', 'SELECT id, ''n'' || id % 40 AS name, label FROM points', 'label', 'logistic', id => '{id}', options => '{"max_categories": 5}');
SELECT item, old, new FROM cia_diff('labels', 1, 2) WHERE aspect = 'labels';

-- What cannot be compared.
SELECT * FROM cia_diff('m', 1, 9);
\echo :SQLSTATE
SELECT * FROM cia_diff('m', 0, 1);
\echo :SQLSTATE
SELECT * FROM cia_diff('m@1', 1, 2);
\echo :SQLSTATE
SELECT * FROM cia_diff('nobody', 1, 2);
\echo :SQLSTATE
SELECT count(*) FROM cia_diff(NULL, 1, 2);
CREATE ROLE regress_cia_other;
SET ROLE regress_cia_other;
\set VERBOSITY terse
SELECT * FROM cia_diff('m', 1, 2);
\echo :SQLSTATE
\set VERBOSITY default
RESET ROLE;

SELECT count(cia_drop_model(model)) FROM cia_models;
DROP VIEW later;
DROP TABLE points;
DROP ROLE regress_cia_other;
