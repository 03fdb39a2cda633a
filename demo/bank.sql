-- SPDX-License-Identifier: PostgreSQL
--
-- A retail bank of one year, made up from nothing: products, accounts,
-- transactions, and the table `customers` to train on.
--
-- Every draw is a hash of a key and of the draw's number, never random(): the
-- rows are the same on every machine, in every plan, at every repetition.
--
-- The calendar.  Customers are seen as they stand on 30 September 2025.  What
-- they did from January to September becomes columns of `customers`; whether
-- they left from October to December is the target `churned`.  No column looks
-- past September, and rows of `transactions` and `accounts.closed_on` do: who
-- makes features of his own must leave out what happened after September.
--
-- The process.  A customer leaves with the probability 1 / (1 + exp(-z)),
--
--   z = -3.3
--     + 2.2   if he complained and joined in the last three years
--     + 1.0 * min(((age - 46) / 20)^2, 2.5)          the young and the old
--     + 0.6   with one product;  + 1.7  with five or more
--     + 2.0   if his transactions fell below 0.6 of their pace and no salary
--             comes in;  + 0.4  if one does
--     + 1.4   if he holds more than 60,000 and has no investment
--     + 1.6   if he banks at a branch in the regions coast or highlands,
--             where branches close
--     + 0.9   if fees exceed 40 and the balance is below 1,000
--     - 0.9 * (credit score - 640) / 100
--     - 0.8 * ln((months since he joined + 6) / 60)
--     - 0.7   if he uses the app
--
-- where a missing credit score counts as it really is.  Thresholds, a U-shape
-- and four interactions: a linear model finds a good part of it, trees more.

\set customers 60000

CREATE SCHEMA bank;
CREATE SCHEMA making;
COMMENT ON SCHEMA bank IS 'A retail bank with made-up customers';
SELECT format('ALTER DATABASE %I SET search_path = bank, public', current_database()) \gexec
SET search_path = bank, making, public;
SET client_min_messages = warning;

-- Draw number `draw` of the key: uniform in (0, 1), by the low 53 bits of a hash.
CREATE FUNCTION making.uniform(key bigint, draw integer) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ((hashint8extended(key, draw) & 9007199254740991) + 0.5::float8) / 9007199254740992 $$;

-- Standard normal, by Box and Muller.
CREATE FUNCTION making.normal(key bigint, draw integer) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT sqrt(-2 * ln(uniform(key, draw))) * cos(2 * pi() * uniform(key, draw + 1000)) $$;


-- Products ------------------------------------------------------------------

CREATE TABLE products
(
	product_id integer PRIMARY KEY,
	product text NOT NULL UNIQUE,
	kind text NOT NULL,
	monthly_fee numeric(12,2) NOT NULL,
	interest_rate numeric(5,2) NOT NULL,
	launched_on date NOT NULL
);

INSERT INTO products VALUES
	(1, 'Current account', 'current', 3.90, 0.00, '1998-01-02'),
	(2, 'Online current account', 'current', 0.00, 0.00, '2011-05-16'),
	(3, 'Student account', 'current', 0.00, 0.10, '2004-09-01'),
	(4, 'Business account', 'current', 9.90, 0.00, '1998-01-02'),
	(5, 'Savings account', 'savings', 0.00, 1.25, '1998-01-02'),
	(6, 'Credit card', 'card', 2.50, 14.90, '2001-03-01'),
	(7, 'Consumer loan', 'loan', 0.00, 7.40, '1999-06-01'),
	(8, 'Mortgage', 'mortgage', 0.00, 3.60, '1998-01-02'),
	(9, 'Fund portfolio', 'investment', 1.50, 0.00, '2006-02-01'),
	(10, 'Household insurance', 'insurance', 6.80, 0.00, '2008-10-01');


-- Persons: what the rest is drawn from --------------------------------------

CREATE UNLOGGED TABLE making.person AS
SELECT *,
	CASE
		WHEN occupation = 'student' THEN 'student'
		WHEN occupation = 'self-employed' AND uniform(id, 30) < 0.6 THEN 'business'
		WHEN true_income > 62000 THEN 'affluent'
		WHEN age >= 65 THEN 'senior'
		ELSE 'mass'
	END AS segment,
	-- The young have given no income yet, or none that was checked.
	CASE WHEN uniform(id, 31) > 0.05 + 0.45 * exp(-(age - 18) / 9.0)
		THEN round(true_income::numeric, -2)::numeric(12,2) END AS income,
	(date '2025-09-30' - (30.44 * tenure_months)::integer) AS joined_on,
	occupation IN ('employee', 'worker', 'civil servant', 'manager')
		AND uniform(id, 32) < 0.72 AS salary_in,
	CASE
		WHEN uniform(id, 33) < 0.75 - age / 110.0 THEN 'mobile'
		WHEN uniform(id, 34) < 0.50 THEN 'online'
		WHEN uniform(id, 35) < 0.85 THEN 'branch'
		ELSE 'phone'
	END AS channel
FROM
(
	SELECT *,
		22000 * exp(0.45 * normal(id, 20)) * CASE occupation
			WHEN 'student' THEN 0.45 WHEN 'unemployed' THEN 0.5
			WHEN 'homemaker' THEN 0.6 WHEN 'retired' THEN 0.95
			WHEN 'worker' THEN 1.2 WHEN 'employee' THEN 1.6
			WHEN 'civil servant' THEN 1.7 WHEN 'self-employed' THEN 1.9
			ELSE 3.0 END AS true_income
	FROM
	(
		SELECT *,
			CASE
				WHEN age < 27 AND uniform(id, 10) < 0.62 THEN 'student'
				WHEN age >= 60 + 7 * uniform(id, 10) THEN 'retired'
				ELSE (ARRAY['employee', 'employee', 'employee', 'employee', 'worker',
					'worker', 'worker', 'civil servant', 'civil servant', 'self-employed',
					'manager', 'unemployed', 'homemaker'])[1 + floor(13 * uniform(id, 11))]
			END AS occupation,
			-- Nobody joins before he is ten.
			least(12 * (age - 10), 3 + (-110 * ln(uniform(id, 12)))::integer) AS tenure_months
		FROM
		(
			SELECT id,
				18 + (70 * power((uniform(id, 1) + uniform(id, 2)) / 2, 1.4))::integer AS age,
				(ARRAY['capital', 'capital', 'capital', 'coast', 'coast', 'south', 'south',
					'valley', 'valley', 'lakes', 'north', 'highlands'])
					[1 + floor(12 * uniform(id, 3))] AS region,
				(640 + 85 * normal(id, 4))::integer AS true_credit_score,
				uniform(id, 5) AS wealth,
				uniform(id, 6) AS liveliness,
				-- One customer in five winds down from July on.
				CASE WHEN uniform(id, 7) < 0.2 THEN 0.15 + 0.5 * uniform(id, 8)
					ELSE 0.85 + 0.3 * uniform(id, 8) END AS pace
			FROM generate_series(1, :customers) AS id
		) AS born
	) AS grown
) AS earning;

ALTER TABLE making.person ADD PRIMARY KEY (id);
ANALYZE making.person;
SELECT format('Drew %s customers', count(*)) FROM person;


-- Accounts ------------------------------------------------------------------

-- Every customer has one current account, number 10 * customer, and maybe one
-- account of each further product.
CREATE TABLE accounts AS
SELECT 10 * id::bigint + product_id - 1 AS account_id, id AS customer_id, product_id,
	greatest(joined_on, launched_on,
		joined_on + floor((date '2025-09-30' - joined_on)
			* CASE kind WHEN 'current' THEN 0 ELSE uniform(id, 100 + product_id) END)::integer)
		AS opened_on,
	round(CASE kind
		WHEN 'current' THEN true_income * 0.12 * exp(1.1 * normal(id, 40)) - 400
		WHEN 'savings' THEN true_income * exp(1.0 * normal(id, 41) + 2.4 * wealth - 1.9)
		WHEN 'investment' THEN true_income * exp(0.8 * normal(id, 42) + 1.8 * wealth - 1.2)
		WHEN 'card' THEN -600 * exp(0.8 * normal(id, 43))
		WHEN 'loan' THEN -0.4 * true_income * uniform(id, 44)
		WHEN 'mortgage' THEN -4.5 * true_income * uniform(id, 45)
		ELSE 0 END::numeric, 2)::numeric(12,2) AS balance,
	NULL::date AS closed_on
FROM person
JOIN products ON CASE product_id
	WHEN 1 THEN segment NOT IN ('student', 'business') AND uniform(id, 50) >= 0.35
	WHEN 2 THEN segment NOT IN ('student', 'business') AND uniform(id, 50) < 0.35
	WHEN 3 THEN segment = 'student'
	WHEN 4 THEN segment = 'business'
	WHEN 5 THEN uniform(id, 51) < 0.35 + 0.35 * wealth
	WHEN 6 THEN uniform(id, 52) < CASE WHEN age < 22 THEN 0.12 ELSE 0.42 END
	WHEN 7 THEN age BETWEEN 21 AND 70 AND uniform(id, 53) < 0.20
	WHEN 8 THEN age BETWEEN 28 AND 70 AND uniform(id, 54) < 0.22
	WHEN 9 THEN uniform(id, 55) < 0.05 + 0.25 * wealth
	ELSE age > 24 AND uniform(id, 56) < 0.20 END;

-- The current account comes first, whichever it is.
UPDATE accounts SET account_id = 10 * customer_id WHERE product_id <= 4;
ALTER TABLE accounts
	ADD PRIMARY KEY (account_id),
	ALTER customer_id SET NOT NULL,
	ALTER product_id SET NOT NULL,
	ALTER opened_on SET NOT NULL,
	ALTER balance SET NOT NULL,
	ADD FOREIGN KEY (product_id) REFERENCES products;
CREATE INDEX ON accounts (customer_id);
ANALYZE accounts;
SELECT format('Opened %s accounts', count(*)) FROM accounts;


-- Transactions of January to September --------------------------------------

-- What would happen in the year if nobody left: payments, salaries, and fees
-- at the end of each quarter.
CREATE VIEW making.movement AS
SELECT key AS transaction_id, month, id AS customer_id,
	CASE WHEN kind = 'card' AND card.opened_on <= booked_on AND uniform(key, 1) < 0.6
		THEN card.account_id ELSE 10 * id::bigint END AS account_id,
	booked_on,
	round(CASE kind
		WHEN 'card' THEN -28 * exp(0.9 * normal(key, 2))
		WHEN 'cash' THEN -10 * ceil(12 * uniform(key, 2))
		WHEN 'transfer' THEN -110 * exp(1.1 * normal(key, 2))
		ELSE -48 * exp(0.6 * normal(key, 2)) END::numeric, 2)::numeric(12,2) AS amount,
	kind,
	CASE WHEN kind = 'cash' THEN 'machine' WHEN kind = 'card' THEN 'shop'
		WHEN channel = 'branch' AND uniform(key, 3) < 0.5 THEN 'branch'
		WHEN uniform(key, 4) < 0.6 THEN 'mobile' ELSE 'online' END AS channel
FROM
(
	SELECT id, person.channel, joined_on, month, key,
		make_date(2025, month, 1) + floor(28 * uniform(key, 5))::integer AS booked_on,
		(ARRAY['card', 'card', 'card', 'card', 'direct debit', 'direct debit', 'transfer',
			CASE WHEN age > 55 THEN 'cash' ELSE 'card' END, 'cash'])
			[1 + floor(9 * uniform(key, 6))] AS kind
	FROM person
	CROSS JOIN generate_series(1, 12) AS month
	CROSS JOIN LATERAL generate_series(1, floor(
			(1 + 6 * liveliness * liveliness)
			* CASE WHEN month >= 7 THEN pace ELSE 1 END
			* CASE WHEN month = 12 THEN 1.25 ELSE 1 END
			+ 1.2 * uniform(id, 200 + month))::integer) AS n
	CROSS JOIN LATERAL (SELECT (id * 12::bigint + month) * 64 + n AS key) AS k
) AS payment
LEFT JOIN accounts AS card ON card.account_id = 10 * id::bigint + 5
WHERE booked_on >= joined_on
UNION ALL
SELECT (id * 12::bigint + month) * 64 + 60, month, id, 10 * id::bigint,
	make_date(2025, month, 25 + id % 3),
	round((true_income * 0.062 * (1 + 0.04 * normal(id, 220 + month)))::numeric, 2)::numeric(12,2),
	'salary', 'transfer'
FROM person
CROSS JOIN generate_series(1, 12) AS month
WHERE salary_in AND joined_on < make_date(2025, month, 25)
UNION ALL
SELECT (id * 12::bigint + month) * 64 + 61, month, id, 10 * id::bigint,
	make_date(2025, month, 30), -3 * fee, 'fee', 'bank'
FROM
(
	SELECT customer_id AS id, month, sum(monthly_fee) AS fee
	FROM accounts
	JOIN products USING (product_id)
	JOIN generate_series(3, 12, 3) AS month ON opened_on < make_date(2025, month, 1)
	GROUP BY customer_id, month
) AS charged
WHERE fee > 0;

CREATE TABLE transactions AS
SELECT transaction_id, account_id, booked_on, amount::numeric(12,2), kind, channel
FROM movement WHERE month <= 9;
ANALYZE transactions;
SELECT format('Booked %s transactions of January to September', count(*)) FROM transactions;


-- Customers -----------------------------------------------------------------

CREATE UNLOGGED TABLE making.behaviour AS
SELECT account_id / 10 AS id,
	count(*) FILTER (WHERE paid AND booked_on < '2025-07-01') AS payments_first_half,
	count(*) FILTER (WHERE paid AND booked_on >= '2025-07-01') AS payments_third_quarter,
	-sum(amount) FILTER (WHERE paid AND booked_on >= '2025-07-01') AS spent_third_quarter,
	avg((kind = 'cash')::integer) FILTER (WHERE paid) AS cash_share,
	-sum(amount) FILTER (WHERE kind = 'fee') AS fees,
	max(booked_on) FILTER (WHERE paid) AS last_payment_on
FROM transactions
CROSS JOIN LATERAL (SELECT kind NOT IN ('salary', 'fee') AS paid) AS sign
GROUP BY account_id / 10;

CREATE UNLOGGED TABLE making.holding AS
SELECT customer_id AS id, count(*) AS products,
	coalesce(sum(balance) FILTER (WHERE kind IN ('current', 'savings', 'investment')), 0) AS balance,
	coalesce(-sum(balance) FILTER (WHERE kind IN ('card', 'loan', 'mortgage')), 0) AS debt,
	bool_or(kind = 'investment') AS invests
FROM accounts JOIN products USING (product_id)
GROUP BY customer_id;
ANALYZE making.behaviour, making.holding;

-- The columns as the bank sees them, and at the end what only this script knows.
CREATE UNLOGGED TABLE making.seen AS
SELECT id AS customer_id, age, region, segment,
	CASE WHEN uniform(id, 60) > 0.03 THEN occupation END AS occupation,
	channel, uniform(id, 61) < CASE channel WHEN 'mobile' THEN 0.95 WHEN 'online' THEN 0.5
		ELSE 0.15 END AS uses_app,
	uniform(id, 62) < 0.55 AS phone_opt_in,
	joined_on, income,
	CASE WHEN uniform(id, 63) > 0.07 THEN true_credit_score END AS credit_score,
	salary_in, products::integer, invests, balance::numeric(12,2), debt::numeric(12,2),
	coalesce(payments_first_half, 0)::integer AS payments_first_half,
	coalesce(payments_third_quarter, 0)::integer AS payments_third_quarter,
	round(payments_third_quarter / (nullif(payments_first_half, 0) / 2.0), 2)::numeric(6,2)
		AS activity_trend,
	coalesce(spent_third_quarter, 0)::numeric(12,2) AS spent_third_quarter,
	round(cash_share, 3)::numeric(4,3) AS cash_share,
	coalesce(fees, 0)::numeric(12,2) AS fees,
	last_payment_on,
	least(5, floor(-ln(uniform(id, 64)) * 0.42))::integer AS complaints,
	-- Two customers in five were never called or written to.
	CASE WHEN uniform(id, 65) > 0.4 THEN date '2025-09-30' - floor(500 * uniform(id, 66))::integer
		END AS last_contact_on,
	tenure_months, true_credit_score
FROM person JOIN holding USING (id) LEFT JOIN behaviour USING (id);

CREATE UNLOGGED TABLE making.fate AS
SELECT customer_id, 1 / (1 + exp(-z)) AS probability,
	uniform(customer_id, 70) < 1 / (1 + exp(-z)) AS churned,
	date '2025-10-01' + floor(92 * uniform(customer_id, 71))::integer AS left_on
FROM seen
CROSS JOIN LATERAL (SELECT -3.3
	+ CASE WHEN complaints > 0 AND tenure_months < 36 THEN 2.2 ELSE 0 END
	+ least(power((age - 46) / 20.0, 2), 2.5)
	+ CASE WHEN products = 1 THEN 0.6 WHEN products >= 5 THEN 1.7 ELSE 0 END
	+ CASE WHEN activity_trend < 0.6 THEN CASE WHEN salary_in THEN 0.4 ELSE 2.0 END ELSE 0 END
	+ CASE WHEN balance > 60000 AND NOT invests THEN 1.4 ELSE 0 END
	+ CASE WHEN channel = 'branch' AND region IN ('coast', 'highlands') THEN 1.6 ELSE 0 END
	+ CASE WHEN fees > 40 AND balance < 1000 THEN 0.9 ELSE 0 END
	- 0.9 * (true_credit_score - 640) / 100.0
	- 0.8 * ln((tenure_months + 6) / 60.0)
	- CASE WHEN uses_app THEN 0.7 ELSE 0 END) AS sum(z);

CREATE TABLE customers AS
SELECT customer_id, age, region, segment, occupation, channel, uses_app, phone_opt_in,
	joined_on, income, credit_score, salary_in, products, invests, balance, debt,
	payments_first_half, payments_third_quarter, activity_trend, spent_third_quarter,
	cash_share, fees, last_payment_on, complaints, last_contact_on, churned
FROM seen JOIN fate USING (customer_id)
ORDER BY customer_id;

ALTER TABLE customers ADD PRIMARY KEY (customer_id), ALTER churned SET NOT NULL;
SELECT format('Described %s customers, of whom %s %% left', count(*),
	round(100 * avg(churned::integer), 1)) FROM customers;


-- October to December -------------------------------------------------------

UPDATE accounts SET closed_on = left_on
FROM fate WHERE fate.customer_id = accounts.customer_id AND churned;

INSERT INTO transactions
SELECT transaction_id, account_id, booked_on, amount, kind, movement.channel
FROM movement JOIN fate USING (customer_id)
WHERE month >= 10 AND NOT (churned AND booked_on > left_on);

ALTER TABLE transactions
	ADD PRIMARY KEY (transaction_id),
	ALTER account_id SET NOT NULL,
	ALTER booked_on SET NOT NULL,
	ALTER amount SET NOT NULL,
	ALTER kind SET NOT NULL,
	ADD FOREIGN KEY (account_id) REFERENCES accounts;
ALTER TABLE accounts ADD FOREIGN KEY (customer_id) REFERENCES customers;
CREATE INDEX ON transactions (account_id, booked_on);
DROP SCHEMA making CASCADE;
ANALYZE products, accounts, transactions, customers;
SELECT format('Completed the year: %s transactions, with keys and indexes', count(*))
FROM transactions;


-- What the tables and columns mean ------------------------------------------

COMMENT ON TABLE products IS 'What the bank offers';
COMMENT ON COLUMN products.kind IS 'current, savings, card, loan, mortgage, investment or insurance';
COMMENT ON COLUMN products.interest_rate IS 'Percent a year';

COMMENT ON TABLE accounts IS 'Which customer holds which product';
COMMENT ON COLUMN accounts.balance IS 'On 30 September 2025; negative is owed to the bank';
COMMENT ON COLUMN accounts.closed_on IS 'When the customer left; NULL while he stays. Known after September only, so not a feature';

COMMENT ON TABLE transactions IS 'Movements on the accounts in 2025';
COMMENT ON COLUMN transactions.amount IS 'Positive comes in, negative goes out';
COMMENT ON COLUMN transactions.kind IS 'card, cash, transfer, direct debit, salary or fee';
COMMENT ON COLUMN transactions.channel IS 'Where the movement was ordered';

COMMENT ON TABLE customers IS 'Customers on 30 September 2025, with their behaviour from January to September, and whether they left from October to December';
COMMENT ON COLUMN customers.age IS 'Years on 30 September 2025';
COMMENT ON COLUMN customers.segment IS 'student, mass, affluent, business or senior';
COMMENT ON COLUMN customers.channel IS 'How the customer mostly reaches the bank';
COMMENT ON COLUMN customers.phone_opt_in IS 'Whether the bank may call';
COMMENT ON COLUMN customers.income IS 'Per year; NULL where not known, which is likelier for the young';
COMMENT ON COLUMN customers.salary_in IS 'Whether a salary comes in every month';
COMMENT ON COLUMN customers.products IS 'Number of accounts, policies and portfolios';
COMMENT ON COLUMN customers.invests IS 'Whether the customer has a fund portfolio';
COMMENT ON COLUMN customers.balance IS 'Current and savings accounts and portfolios';
COMMENT ON COLUMN customers.debt IS 'Cards, loans and mortgages';
COMMENT ON COLUMN customers.payments_first_half IS 'Payments from January to June';
COMMENT ON COLUMN customers.payments_third_quarter IS 'Payments from July to September';
COMMENT ON COLUMN customers.activity_trend IS 'Payments of the third quarter as a share of an average earlier quarter';
COMMENT ON COLUMN customers.spent_third_quarter IS 'Sum of the payments from July to September';
COMMENT ON COLUMN customers.cash_share IS 'Share of cash withdrawals among the payments';
COMMENT ON COLUMN customers.fees IS 'Fees from January to September';
COMMENT ON COLUMN customers.complaints IS 'Complaints from January to September';
COMMENT ON COLUMN customers.last_contact_on IS 'When the bank last called or wrote; NULL if never';
COMMENT ON COLUMN customers.churned IS 'Left from October to December 2025: the target';
