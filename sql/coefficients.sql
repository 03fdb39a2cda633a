-- cia_coefficients: the table of coefficients, with tests and intervals.
CREATE TABLE customer AS
SELECT i AS id, 18 + u % 60 AS age, (v % 300) / 10.0 AS visits, (ARRAY['north', 'south', 'east', NULL])[1 + i % 4] AS region,
	   (ARRAY['shop', 'app'])[1 + i * 7 % 11 % 2] AS channel, ARRAY[u % 7, v % 5 / 10.0]::float8[] AS taste,
	   1 + i % 12 AS months, (u + 3 * v) % 97 > 40 + (u % 60) / 3 AS churned,
	   10 + (v % 300) / 5.0 - u % 60 + (i * 31 % 17) AS spend, (u % 5 + v % 3) * (1 + i % 12) / 4 AS claims
FROM (SELECT i, i * i * 37 % 1009 AS u, i * i * 41 % 1013 + i % 5 AS v FROM generate_series(1, 400) i) s;
SELECT version FROM cia_train('spend', 'customer', 'spend', 'linear', features => '{age,region,channel,taste}', options => '{"holdout": 0}');
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', features => '{age,region,visits}', options => '{"promote": "always", "holdout": 0, "l2": 0, "marginal_effects": true}');
SELECT version FROM cia_train('claims', 'customer', 'claims', 'poisson', features => '{age,channel,months}', options => '{"holdout": 0, "exposure": "months"}');

-- The intercept, features in order, labels in order with the reference, missing where it occurs; no exposure.
SELECT part, class, term, feature, level, reference, coefficient IS NULL AS none, standard_error IS NULL AS no_error,
	   ratio IS NULL AS no_ratio, vif IS NULL AS no_vif, marginal_effect IS NULL AS no_effect
FROM cia_coefficients('spend');
SELECT term, reference, ratio IS NULL AS no_ratio, vif IS NULL AS no_vif, marginal_effect IS NULL AS no_effect FROM cia_coefficients('churn');
SELECT term FROM cia_coefficients('claims');

-- As R has them: lm and t, glm and z.
CREATE TABLE r (model text, term text, coefficient float8, error float8, statistic float8, p float8, low float8, high float8);
\copy r FROM stdin csv
spend,(Intercept),57.9883535332,3.82102123513,15.1761400853,2.99938903e-41,50.4760955,65.5006116
spend,age,-0.879945703353,0.0564812266978,-15.5794368288,6.16753729e-43,-0.990989721,-0.768901685
spend,region = north,0.813276105201,2.64956966997,0.30694648811,0.75904709,-4.39586824,6.02242045
spend,region = south,-0.726683602878,2.67110933344,-0.272053110587,0.785724414,-5.97817566,4.52480845
spend,region = (missing),-1.67771189437,2.65133222697,-0.632780712017,0.527245797,-6.89032148,3.53489769
spend,channel = shop,-1.07806900523,1.87103258046,-0.576189328017,0.56481788,-4.75658287,2.60044486
spend,taste[1],0.242390502628,0.463043409493,0.523472524733,0.600941258,-0.667968634,1.15274964
spend,taste[2],0.235207078613,6.5277628216,0.0360318052358,0.971275339,-12.5985973,13.0690114
churn,(Intercept),1.06910382996,0.363438339232,2.9416374514,0.00326481915,0.356777774,1.78142989
churn,age,-0.0189786297138,0.00625626174567,-3.03354151174,0.00241701455,-0.0312406774,-0.00671658201
churn,region = north,-0.237893611415,0.287449321213,-0.827601924442,0.407895978,-0.801283928,0.325496706
churn,region = south,-0.238685582853,0.290234576512,-0.822388516634,0.410855813,-0.8075349,0.330163734
churn,region = (missing),-0.118495511897,0.28749055016,-0.412171849932,0.680213468,-0.681966636,0.444975612
churn,visits,-0.00307544790132,0.0115973686516,-0.26518497374,0.79086697,-0.0258058728,0.019654977
claims,(Intercept),-0.585674574075,0.0748523199218,-7.82440109654,5.10079358e-15,-0.732382425,-0.438966723
claims,age,0.00555644001184,0.00138795493006,4.00332884842,6.245739e-05,0.00283609834,0.00827678169
claims,channel = shop,-0.00477505304358,0.0464298172691,-0.102844536646,0.918086358,-0.0957758227,0.0862257166
\.
SELECT r.model, count(*), max(abs(c.coefficient / r.coefficient - 1)) < 1e-7 AS coefficient, max(abs(c.standard_error / r.error - 1)) < 1e-7 AS error,
	   max(abs(c.statistic / r.statistic - 1)) < 1e-7 AS statistic, max(abs(c.p_value / r.p - 1)) < 1e-5 AS p,
	   max(abs(c.low - r.low) + abs(c.high - r.high)) < 1e-6 AS bounds
FROM r, cia_coefficients(r.model) c WHERE c.term = r.term GROUP BY 1 ORDER BY 1;

-- Ratios are exp of what they are of; intervals of another confidence.
SELECT count(*), max(abs(ratio - exp(coefficient)) + abs(ratio_low - exp(low)) + abs(ratio_high - exp(high))) < 1e-12 AS ratios
FROM cia_coefficients('churn') WHERE NOT reference;
SELECT max(abs(n.high - n.low - 2 * 1.2815515655446004 * n.standard_error)) < 1e-12 AS eighty, bool_and(w.low < n.low AND w.p_value = n.p_value) AS narrower
FROM cia_coefficients('claims', confidence => 0.8) n JOIN cia_coefficients('claims') w USING (term);

-- The same by version and by value.
SELECT count(*) AS differences FROM (
	(SELECT * FROM cia_coefficients('churn') EXCEPT SELECT * FROM cia_coefficients('churn@1'))
	UNION ALL
	(SELECT * FROM cia_coefficients('churn') EXCEPT SELECT c.* FROM cia_versions v, cia_coefficients(v.content) c WHERE v.model = 'churn')) d;

-- Of each model of a GROUP BY; missing occurs in one of them only.
SELECT channel, c.term FROM (SELECT channel, cia_fit(c, spend, 'linear', '{"holdout": 0, "features": ["region"]}') AS model
	FROM customer c WHERE channel = 'shop' OR region IS NOT NULL GROUP BY channel) m, cia_coefficients(m.model) c
ORDER BY channel, c.term COLLATE "C";

-- Several classes: a set of coefficients for each but the first, the reference.
CREATE TABLE chosen AS SELECT *, (ARRAY['basic', 'plus', 'premium'])[1 + ((age * 7 + visits::int * 3 + id * 31 % 53) % 90) / 30] AS product FROM customer;
SELECT version FROM cia_train('product', 'chosen', 'product', 'multinomial', features => '{age,channel}', options => '{"holdout": 0, "l2": 0}');
SELECT class, term, reference, ratio IS NULL AS no_ratio, p_value IS NULL AS no_test FROM cia_coefficients('product');
SELECT statistic, value, text FROM cia_summary('product') WHERE statistic IN ('family', 'classes', 'positive', 'reference', 'df_model');
SELECT line FROM regexp_split_to_table(cia_print('product'), '\n') line WHERE line ~ 'class|against';
DROP TABLE chosen;
SELECT cia_drop_model('product');

-- A model by group: the part of all rows, then a part for each group, each as if it were alone.
SELECT version FROM cia_train('parts', 'customer', 'spend', 'linear', features => '{age,channel}', options => '{"holdout": 0, "by": "channel"}');
SELECT part, count(*), min(term) FROM cia_coefficients('parts') GROUP BY part ORDER BY part NULLS FIRST;
SELECT count(*) AS differ FROM (SELECT channel, (cia_coefficients(cia_fit(c, spend, 'linear', '{"holdout": 0, "features": ["age", "channel"]}'))).* FROM customer c GROUP BY channel) alone
JOIN cia_coefficients('parts') p ON p.part = channel AND p.term = alone.term
WHERE p.coefficient <> alone.coefficient OR p.standard_error <> alone.standard_error OR p.p_value <> alone.p_value;
SELECT part, value FROM cia_summary('parts') WHERE statistic = 'observations';
SELECT line FROM regexp_split_to_table(cia_print('parts'), '\n') line WHERE line LIKE '====%' OR line LIKE 'linear(%';
SELECT cia_drop_model('parts');

-- A feature encoded as weight of evidence is one term.
SELECT version FROM cia_train('churn', 'customer', 'churned', 'logistic', features => '{age,channel}', options => '{"holdout": 0, "encode": "woe"}');
SELECT term, feature, level, reference FROM cia_coefficients('churn');
SELECT split_part(cia_print('churn'), E'\n', 2);

-- What is wrong.
SELECT * FROM cia_coefficients('churn', 1);
SELECT * FROM cia_coefficients('churn', 0);
SELECT * FROM cia_coefficients('churn', 'NaN');
SELECT count(*) FROM cia_coefficients('churn', NULL);
SELECT * FROM cia_coefficients('nobody');

SELECT cia_drop_model(m) FROM unnest('{spend,churn,claims}'::text[]) m;
DROP TABLE customer, r;
