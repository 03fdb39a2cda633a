-- SPDX-License-Identifier: PostgreSQL
--
-- bench_customers: the table that every row of the bench reads.
--
-- 24 numeric columns (skewed, discrete, correlated, 5 % NULL in five of them),
-- 4 categories of 3, 8, 30 and 200 values, an id, a label (15 % true) whose
-- log odds hold thresholds and interactions that no linear model can draw,
-- a value to predict, and a class of five.  Every number is a hash of the customer's id, so the same
-- :rows give the same table on every machine.
--
-- psql -v rows=1000000 -f customers.sql

\set ON_ERROR_STOP on

-- Uniform in [0, 1) for a customer and a stream.
CREATE FUNCTION pg_temp.u(id bigint, stream bigint) RETURNS float8
LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(id, stream) >> 11) / 9007199254740992::float8 + 0.5;

-- Standard normal, by Box and Muller; 1 - u is never 0.
CREATE FUNCTION pg_temp.z(id bigint, stream bigint) RETURNS float8
LANGUAGE sql IMMUTABLE
RETURN sqrt(-2 * ln(1 - pg_temp.u(id, stream)))
	* cos(6.283185307179586 * pg_temp.u(id, stream + 1000));

-- The value, or NULL for one customer in twenty.
CREATE FUNCTION pg_temp.gap(value float8, id bigint, stream bigint) RETURNS float8
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN pg_temp.u(id, stream) < 0.05 THEN NULL ELSE value END;

-- The place of the largest of some utilities, each with Gumbel's noise: a draw by the
-- probabilities of softmax regression.
CREATE FUNCTION pg_temp.choice(utility float8[], id bigint, stream int) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN (
	SELECT place FROM unnest(utility) WITH ORDINALITY AS u(value, place)
	ORDER BY value - ln(-ln(pg_temp.u(id, stream + place) + 1e-17)) DESC LIMIT 1
);

SET client_min_messages = warning;
DROP TABLE IF EXISTS bench_customers;

CREATE TABLE bench_customers AS
WITH drivers AS MATERIALIZED (
	-- What moves a customer: four hidden scores and the category numbers.
	SELECT id,
		pg_temp.z(id, 1) AS wealth,
		pg_temp.z(id, 2) AS activity,
		pg_temp.z(id, 3) AS trouble,
		floor(18 + 70 * pg_temp.u(id, 4) ^ 1.3) AS age,
		floor(-60 * ln(1 - pg_temp.u(id, 5))) AS tenure_months,
		1 + floor(8 * pg_temp.u(id, 6) ^ 1.6)::int AS channel_no,
		floor(30 * pg_temp.u(id, 7))::int AS occupation_no,
		floor(200 * pg_temp.u(id, 8) ^ 2)::int AS city_no
	FROM generate_series(1, :rows::bigint) AS id
),
money AS MATERIALIZED (
	SELECT *,
		exp(10.2 + 0.5 * wealth + 0.3 * pg_temp.z(id, 10)) AS income,
		exp(7.5 + 0.8 * wealth + 0.6 * pg_temp.z(id, 11)) - 400 AS balance,
		500 * (1 + floor(exp(1.5 + 0.6 * wealth + 0.4 * pg_temp.z(id, 12)))) AS credit_limit,
		floor(exp(2.0 + 0.8 * activity + 0.4 * pg_temp.z(id, 13))) AS logins_30d,
		floor(-12 * exp(-0.5 * activity) * ln(1 - pg_temp.u(id, 14))) AS days_since_login,
		floor(exp(1.8 + 0.6 * activity + 0.5 * pg_temp.z(id, 15))) AS payments_30d,
		1 + floor(4 * pg_temp.u(id, 16) ^ 2.2) AS products,
		floor(exp(0.9 * trouble + 0.5 * pg_temp.z(id, 17) - 0.9)) AS complaints_12m,
		round(640 + 55 * wealth - 40 * trouble + 45 * pg_temp.z(id, 18)) AS credit_score
	FROM drivers
),
behaviour AS MATERIALIZED (
	SELECT *,
		(balance + 900 * pg_temp.z(id, 20)) AS balance_mean_3m,
		(0.8 * balance + 1500 * pg_temp.z(id, 21) + 300) AS balance_mean_12m,
		least(1.2, abs(0.35 + 0.2 * trouble - 0.1 * wealth + 0.2 * pg_temp.z(id, 22))) AS utilisation,
		payments_30d * exp(3.3 + 0.4 * wealth + 0.4 * pg_temp.z(id, 23)) AS payment_amount_30d,
		-3 * ln(1 - pg_temp.u(id, 24)) * exp(0.5 * pg_temp.z(id, 25)) AS branch_km
	FROM money
),
odds AS (
	-- Base, what is linear, the categories, then what is not.
	SELECT *,
		- 1.80 - 0.010 * least(tenure_months, 120) - 0.30 * (products - 1)
		+ 0.45 * ln(1 + complaints_12m) + 0.03 * least(days_since_login, 60)
		+ 0.60 * utilisation - 0.20 * wealth
		+ 1.0 * (pg_temp.u(city_no, 30) - 0.5) + 0.8 * (pg_temp.u(occupation_no, 31) - 0.5)
		+ 0.9 * (pg_temp.u(channel_no, 32) - 0.5)
		+ CASE WHEN days_since_login > 30 AND balance < 500 THEN 1.2 ELSE 0 END
		+ CASE WHEN complaints_12m >= 2 AND tenure_months < 24 THEN 1.1 ELSE 0 END
		- CASE WHEN products >= 3 AND age > 55 THEN 0.9 ELSE 0 END
		+ 0.5 * sin(age / 9) * (CASE WHEN utilisation > 0.6 THEN 1.5 ELSE 0.4 END)
		AS log_odds
	FROM behaviour
)
SELECT
	id AS customer_id,
	age,
	tenure_months,
	pg_temp.gap(income, id, 40) AS income,
	balance,
	pg_temp.gap(balance_mean_3m, id, 41) AS balance_mean_3m,
	balance_mean_12m,
	pg_temp.gap(credit_limit, id, 42) AS credit_limit,
	utilisation,
	products,
	floor(3 * pg_temp.u(id, 50) * sqrt(products)) AS cards,
	logins_30d,
	floor(3 * logins_30d + 4 * abs(pg_temp.z(id, 51))) AS logins_90d,
	days_since_login,
	payments_30d,
	payment_amount_30d,
	floor(exp(1.1 + 0.5 * activity + 0.6 * pg_temp.z(id, 52))) AS transfers_in_30d,
	floor(exp(1.0 + 0.5 * activity + 0.7 * pg_temp.z(id, 53))) AS transfers_out_30d,
	floor(-4 * ln(1 - pg_temp.u(id, 54))) AS withdrawals_30d,
	round(40 * pg_temp.u(id, 55) ^ 3 * 12) / 4 AS fees_12m,
	complaints_12m,
	floor(-1.5 * ln(1 - pg_temp.u(id, 56)) + 0.8 * complaints_12m) AS calls_12m,
	pg_temp.gap(credit_score, id, 43) AS credit_score,
	pg_temp.gap(branch_km, id, 44) AS branch_km,
	floor(10 * pg_temp.u(id, 57) ^ 4) / 10 AS offers_taken,
	CASE WHEN wealth < 0.5 THEN 'mass' WHEN wealth < 1.6 THEN 'affluent' ELSE 'private' END AS segment,
	(ARRAY['mobile', 'web', 'branch', 'phone', 'agent', 'partner', 'mail', 'chat'])[channel_no] AS channel,
	'occupation ' || lpad(occupation_no::text, 2, '0') AS occupation,
	'city ' || lpad(city_no::text, 3, '0') AS city,
	pg_temp.u(id, 60) < 1 / (1 + exp(- log_odds)) AS churned,
	200 + 0.85 * balance + 0.04 * income - 0.3 * payment_amount_30d
		- CASE WHEN utilisation > 0.8 THEN 600 ELSE 0 END
		+ 800 * (pg_temp.u(city_no, 61) - 0.5)
		+ 1800 * pg_temp.z(id, 62) AS balance_next,
	(ARRAY['card', 'deposit', 'fund', 'loan', 'mortgage'])[pg_temp.choice(ARRAY[
		0.6 + 0.02 * least(logins_30d, 40),
		0.0002 * least(balance, 5000) - 0.01 * age + 0.8 * pg_temp.u(city_no, 71),
		0.00004 * least(balance_mean_12m, 20000) + 0.3 * wealth + 0.8 * pg_temp.u(occupation_no, 72),
		1.2 * utilisation - 0.01 * age + 0.3 * trouble,
		0.3 * products - abs(age - 35) / 15 - 0.5], id, 73)] AS next_product
FROM odds
ORDER BY id;

ALTER TABLE bench_customers ADD PRIMARY KEY (customer_id);

VACUUM (FREEZE, ANALYZE) bench_customers;
