-- Quality floors: on data whose law is known, models come near to what could be known.
BEGIN;
SELECT plan(21);
SET LOCAL client_min_messages = error;

-- Uniform numbers without chance: multiples of an irrational, without their integer part.
CREATE FUNCTION u(i bigint, irrational float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$SELECT i * irrational - floor(i * irrational)$$;

-- Churn follows from four columns by a logistic law; noise and flag say nothing.
CREATE TABLE customer AS
SELECT id, balance, visits, region, vip, noise, truth, draw < truth AS churned,
	   1000 - 30 * visits + 0.002 * balance + CASE region WHEN 'north' THEN 100 WHEN 'east' THEN -50 ELSE 0 END + 40 * (noise - 0.5) AS spend
FROM (SELECT i AS id, round((20000 * u(i, sqrt(2)))::numeric, 2) AS balance, floor(25 * u(i, sqrt(3)))::int AS visits,
			 CASE WHEN u(i, sqrt(5)) < 0.3 THEN 'north' WHEN u(i, sqrt(5)) < 0.6 THEN 'south' WHEN u(i, sqrt(5)) < 0.9 THEN 'east' END AS region,
			 u(i, sqrt(7)) < 0.2 AS vip, u(i, sqrt(11)) AS noise, u(i, sqrt(13)) AS draw FROM generate_series(1, 20000) i) s,
	 LATERAL (SELECT 1 / (1 + exp(1.5 - balance::float8 / 6000 + visits * 0.15 - CASE region WHEN 'north' THEN 1 WHEN 'east' THEN -1 ELSE 0 END + vip::int)) AS truth) t;

-- The first five statements of DESIGN.
SELECT lives_ok($$CREATE TEMP TABLE trained AS SELECT * FROM cia_train('churn', source => 'customer', target => 'churned', algorithm => 'logistic', id => '{id}', exclude => '{truth,spend}')$$, 'cia_train');
SELECT lives_ok($$SELECT id, cia_score('churn', c) AS risk FROM customer c ORDER BY risk DESC LIMIT 10$$, 'the ten customers most at risk');
SELECT lives_ok($$CREATE TEMP TABLE judged AS SELECT * FROM cia_evaluate('churn', 'customer')$$, 'cia_evaluate');
SELECT lives_ok($$SELECT * FROM customer c, cia_explain('churn', c) WHERE id = 42$$, 'cia_explain');

-- Discrimination: within a hundredth of the law itself, on the same rows.
SELECT is((SELECT value FROM trained), (SELECT value FROM judged WHERE metric = 'auc'), 'the metric of the training is that of its holdout');
CREATE TEMP TABLE scored AS SELECT c.*, cia_score('churn', c) AS score FROM customer c;
CREATE FUNCTION auc(column_name text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	answer float8;
BEGIN
	EXECUTE format('SELECT (sum(rank) FILTER (WHERE churned) - n1 * (n1 + 1) / 2) / (n1 * n0) FROM (SELECT churned, rank() OVER (ORDER BY %1$I) + (count(*) OVER (PARTITION BY %1$I) - 1) / 2.0 AS rank,
		count(*) FILTER (WHERE churned) OVER () AS n1, count(*) FILTER (WHERE NOT churned) OVER () AS n0 FROM scored) s GROUP BY n1, n0', column_name) INTO answer;
	RETURN answer;
END $$;
SELECT cmp_ok(auc('score'), '>', auc('truth') - 0.01, 'AUC comes within 0.01 of that of the true probability');
SELECT cmp_ok(abs(auc('score') - (SELECT value FROM cia_evaluate('churn', 'SELECT * FROM customer') WHERE metric = 'auc')), '<', 1e-9::float8, 'and is the AUC that ranks give');
SELECT cmp_ok((SELECT value FROM judged WHERE metric = 'auc'), '>', 0.7::float8, 'which is well above chance');

-- Calibration: means of score and outcome agree, in all and in each tenth.
SELECT cmp_ok((SELECT abs(avg(score) - avg(churned::int)) FROM scored), '<', 0.01::float8, 'the mean score is the share of churners');
SELECT cmp_ok((SELECT max(abs(score - truth)) FROM scored), '<', 0.08::float8, 'no score is far from the true probability');
SELECT cmp_ok((SELECT max(gap) FROM (SELECT abs(avg(score) - avg(churned::int)) AS gap FROM (SELECT *, ntile(10) OVER (ORDER BY score) AS tenth FROM scored) t GROUP BY tenth) g), '<', 0.04::float8, 'and so in each tenth');
SELECT cmp_ok((SELECT value FROM judged WHERE metric = 'log_loss'), '<', (SELECT -avg(ln(CASE WHEN churned THEN truth ELSE 1 - truth END)) + 0.02 FROM scored)::float8, 'log loss comes near to that of the law');
SELECT ok((SELECT bool_and(low <= value AND value <= high) FROM judged WHERE low IS NOT NULL), 'each value lies in its interval');
SELECT ok((SELECT high - low FROM judged WHERE metric = 'auc') BETWEEN 0.005 AND 0.06, 'the interval of the AUC has a sensible width');

-- Coefficients within four standard errors of the law; what says nothing gets next to nothing.
CREATE TEMP TABLE learned AS SELECT m->'features' AS f, m #> '{learned,coefficients}' AS c, m #> '{learned,standard_errors}' AS e
FROM (SELECT content::jsonb AS m FROM cia_versions WHERE model = 'churn') v;
SELECT ok((SELECT abs((c->>n)::float8 - law) < 4 * (e->>(n + 1))::float8 FROM learned), what)
FROM (VALUES ('balance', 0, 1 / 6000.0), ('visits', 1, -0.15)) v(what, n, law);
SELECT ok((SELECT abs((c->>-1)::float8) < 4 * (e->>-1)::float8 FROM learned), 'noise has a coefficient that is no different from zero');

-- A regression finds its law.
SELECT cmp_ok((SELECT value FROM cia_train('spend', 'customer', 'spend', 'linear', exclude => '{id,truth,churned,vip,noise}')), '>', 0.98::float8, 'r2 of a regression with little noise');
SELECT cmp_ok((SELECT max(abs(cia_score('spend', c) - (spend - 40 * (noise - 0.5)))) FROM customer c), '<', 2::float8, 'which is right to a twentieth of the noise');

-- Missing values do not spoil what is there.
CREATE TABLE holes AS SELECT id, CASE WHEN id % 10 > 0 THEN balance END AS balance, CASE WHEN id % 7 > 0 THEN visits END AS visits, region, vip, churned FROM customer;
SELECT cmp_ok((SELECT value FROM cia_train('holes', 'holes', 'churned', 'logistic', id => '{id}')), '>', auc('truth') - 0.04, 'AUC with a tenth of one column and a seventh of another missing');

-- A rare class.
SELECT cmp_ok((SELECT value FROM cia_train('rare', 'SELECT balance, visits, region, vip, churned FROM customer WHERE NOT churned OR id % 40 = 0', 'churned', 'logistic')), '>', 0.65::float8, 'AUC with one churner in a hundred');

SELECT * FROM finish();
ROLLBACK;
