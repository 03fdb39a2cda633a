-- SPDX-License-Identifier: PostgreSQL
-- The tables that regression_data.R makes: one by the same formula, the others from real_data.sql.
\set QUIET on
SET client_min_messages = warning;
-- apart, as names here are those of regression_data.R
CREATE SCHEMA regression;
SET search_path = regression, public;

-- Whole numbers below the prime 1000003, of row i and column k.
CREATE FUNCTION draw(i bigint, k bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
	'SELECT ((i * i) % 1000003 * (7919 * k + 13) + i * (104729 * k + 7) + 31 * k) % 1000003';

CREATE TABLE synthetic AS
WITH a AS (
	SELECT i, draw(i, 1) % 1000 / 100.0 AS x1, (draw(i, 2) % 2001 - 1000) / 250.0 AS x2, draw(i, 5) % 4 AS r, draw(i, 6) % 3 AS s,
		draw(i, 7) % 7 AS b, draw(i, 8) % 60 AS household, draw(i, 1) % 1000 / 100 AS x
	FROM generate_series(1, 1500) AS i)
SELECT i AS n, x1, x2, 50000 + draw(i, 3) % 40001 + 1000 * (draw(i, 2) % 7) AS x3,
	CASE WHEN draw(i, 4) % 10 <> 0 THEN draw(i, 4) % 900 / 8.0 END AS x4,
	('{east,north,south,west}'::text[])[r + 1] AS region,
	('{mass,private,small business}'::text[])[s + 1] AS segment,
	('{a,b,c,d,e,f}'::text[])[b + 1] AS branch,
	household, 1 + draw(i, 9) % 4 AS w, draw(i, 10) % 9 / 16.0 AS o, (1 + draw(i, 11) % 12)::float8 / 12 AS e,
	(10 * x - 3 * x2 + 5 * r * s + household % 5)::float8 + (draw(i, 12) % 401 - 200) / (4 + 2 * s)::float8 AS amount,
	CASE WHEN draw(i, 13) % 100 < 10 + 4 * x + 8 * r + 5 * s + floor(3 * x2) THEN 'yes' ELSE 'no' END AS bought,
	draw(i, 14) % (2 + r) * (draw(i, 15) % (x + 3) > 2)::int AS claims,
	(20 + draw(i, 16) % 1000) * (10 + x + 2 * r) / 500.0 AS cost,
	draw(i, 17) % (3 + s) * (draw(i, 18) % (2 + x / 2)) * (draw(i, 19) % 2) AS visits,
	('{card,loan,account}'::text[])[1 + ((draw(i, 20) % 100 + 4 * x) / 40 + r * (draw(i, 21) % 3 = 0)::int) % 3] AS product3,
	'p' || ((draw(i, 22) % 100 + 5 * x) / 31 + s * (draw(i, 23) % 2)) % 5 AS product5
FROM a;

CREATE VIEW tiny AS SELECT n, x1, x2, region, segment, claims, cost, visits, e / 1e5 AS e, o / 100 AS o FROM synthetic;

-- Real data under the names of regression_data.R; a view is empty where its file is not here.
CREATE VIEW telco AS
SELECT tenure, tenure + 1 AS months, monthly_charges, contract, internet_service, paperless_billing, senior_citizen,
	payment_method, partner, 't' || least(4, tenure / 15) AS tenure_band, churn
FROM telco_text;

CREATE VIEW churn AS
SELECT surname, credit_score, geography, gender, age, tenure, balance, num_of_products, has_cr_card, is_active_member,
	estimated_salary, 'a' || greatest(0, least(4, age / 10 - 2)) AS age_band, exited
FROM bank_churn;

CREATE VIEW marketing AS SELECT * FROM bank_marketing;
CREATE VIEW calls AS SELECT * FROM bank_marketing WHERE duration > 0;

CREATE VIEW twice AS
SELECT age, job, marital, education, balance, month, 'd' || day AS day, duration, campaign, y
FROM calls, generate_series(1, 2);

CREATE TABLE public.cdnow_text (line text);
CREATE TABLE public.cdnow_summary (id int, x int, t_x float8, t float8, zbar numeric);
CREATE VIEW cdnow AS
WITH purchases AS (
	SELECT part[2]::int AS id, part[3]::date AS day, part[4]::int AS cds, part[5]::numeric AS dollars
	FROM cdnow_text, regexp_split_to_array(trim(line, E' \r'), ' +') AS part),
opening AS (
	SELECT id, min(day) AS day, sum(cds) AS first_cds, sum(dollars) AS first_dollars
	FROM (SELECT *, rank() OVER (PARTITION BY id ORDER BY day) AS place FROM purchases) AS p
	WHERE place = 1 GROUP BY id)
SELECT s.x, s.zbar, 'm' || extract(month FROM o.day) AS month, (date '1997-09-30' - o.day)::float8 / 7 AS t,
	o.first_cds, o.first_dollars
FROM cdnow_summary AS s JOIN opening AS o USING (id);
CREATE VIEW repeaters AS SELECT * FROM cdnow WHERE zbar > 0;

CREATE TABLE public.regression_model (model text PRIMARY KEY, dataset text, algorithm text, target text, features text, options text);
CREATE TABLE public.regression_coefficient (model text, name text, coefficient float8, error float8, p float8, vif float8, effect float8, effect_error float8);
CREATE TABLE public.regression_statistic (model text, name text, value float8);
CREATE TABLE public.regression_path (model text, step int, name text, value float8);

CREATE TABLE public.polynomial (problem text, y numeric, x numeric);
CREATE TABLE public.polynomial_exact (problem text, power int, coefficient float8, error float8, rounded_coefficient float8, rounded_error float8);

CREATE TABLE public.aggregate_row ("case" text, score float8, label float8, weight float8, predicted float8, actual float8);
CREATE TABLE public.aggregate_value ("case" text, metric text, weighted boolean, value float8);
