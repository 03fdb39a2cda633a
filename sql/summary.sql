-- cia_summary: what is known of a regression as a whole.
CREATE TABLE customer AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   (ARRAY['shop', 'app'])[1 + i * 7 % 11 % 2] AS channel, 1 + i % 12 AS months, (u + 3 * v) % 97 > 40 + (u % 60) / 3 AS churned,
	   10 + (v % 300) / 5.0 - u % 60 + (i * 31 % 17) AS spend, (u % 5 + v % 3) * (1 + i % 12) / 4 AS claims, 1 + u % 60 + (v % 13) / 4.0 AS cost
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT version FROM cia_train('spend', 'customer', 'spend', 'linear', features => '{age,region}', options => '{"robust": true}');
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', features => '{age,visits}', options => '{"promote": "always", "holdout": 0, "l2": 0}');
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', features => '{age,visits}', options => '{"holdout": 0, "cluster": "region"}');
SELECT version FROM cia_train('claims', 'customer', 'claims', 'negative_binomial', features => '{age,channel,months}', options => '{"holdout": 0, "exposure": "months"}');

-- Statistics in a fixed order; those that a family does not have are left out.
SELECT part, statistic, value IS NOT NULL AS has_value, text FROM cia_summary('spend');
SELECT statistic, value IS NOT NULL AS has_value, text FROM cia_summary('churn@1');
SELECT statistic, text FROM cia_summary('claims') WHERE text IS NOT NULL OR statistic LIKE 'theta%';

-- A penalty has no likelihood ratio test; clusters are counted.
SELECT statistic, value, text FROM cia_summary('churn') WHERE statistic IN ('l2', 'standard_errors', 'clusters') OR statistic LIKE 'likelihood%';

-- They belong together.
CREATE VIEW s AS SELECT m AS model, statistic, value FROM unnest('{spend,churn@1,claims}'::text[]) m, cia_summary(m);
SELECT model, abs(aic - (-2 * ll + 2 * (parameters + df + 1))) < 1e-9 * aic AS aic, observations = df + residual + 1 AS degrees,
	   rows = observations + held_out AS rows
FROM (SELECT model, max(value) FILTER (WHERE statistic = 'aic') AS aic, max(value) FILTER (WHERE statistic = 'log_likelihood') AS ll,
			 max(value) FILTER (WHERE statistic = 'df_model') AS df, max(value) FILTER (WHERE statistic = 'df_residual') AS residual,
			 max(value) FILTER (WHERE statistic = 'observations') AS observations, max(value) FILTER (WHERE statistic = 'rows') AS rows,
			 max(value) FILTER (WHERE statistic = 'rows_held_out') AS held_out,
			 CASE model WHEN 'churn@1' THEN 0 ELSE 1 END AS parameters FROM s GROUP BY model) t ORDER BY model;

-- As R has them; glm.nb takes the error of theta from the step before the last.
SELECT r.model, count(*), max(abs(s.value / r.value - 1) / CASE WHEN statistic = 'theta_error' THEN 1e-4 ELSE 1e-6 END) < 1 AS same
FROM (VALUES 
	('churn@1', 'aic', 549.8216622::float8),
	('churn@1', 'bic', 561.7960558::float8),
	('churn@1', 'deviance', 543.8216622::float8),
	('churn@1', 'null_deviance', 554.5177444::float8),
	('churn@1', 'likelihood_ratio_p_value', 0.004757461117::float8),
	('churn@1', 'pseudo_r2', 0.01928898105::float8),
	('claims', 'aic', 1818.632227::float8),
	('claims', 'bic', 1834.598085::float8),
	('claims', 'theta', 5.120112328::float8),
	('claims', 'theta_error', 0.8354683825::float8),
	('claims', 'null_deviance', 451.2927421::float8),
	('claims', 'deviance', 441.7871091::float8)) AS r (model, statistic, value) JOIN s USING (model, statistic) GROUP BY 1 ORDER BY 1;

-- The same by value; what is wrong.
SELECT count(*) FROM (SELECT * FROM cia_summary('churn') EXCEPT SELECT s.* FROM cia_versions v, cia_summary(v.content) s WHERE model = 'churn' AND production) d;
SELECT count(*) FROM cia_summary(NULL::text);
SELECT * FROM cia_summary('nobody');

DROP VIEW s;
SELECT cia_drop_model(m) FROM unnest('{spend,churn,claims}'::text[]) m;
DROP TABLE customer;
