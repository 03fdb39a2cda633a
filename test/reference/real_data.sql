-- SPDX-License-Identifier: PostgreSQL
-- The real files of shared/data as tables; :shared is their folder.
\set QUIET on
SET client_min_messages = warning;

CREATE TABLE norris (y float8, x float8);
CREATE TABLE longley (y float8, x1 float8, x2 float8, x3 float8, x4 float8, x5 float8, x6 float8);
CREATE TABLE wampler1 (y float8, x float8);
CREATE TABLE certified (file text, quantity text, name text, certified float8, exact float8);
CREATE TABLE bank_marketing (n int GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0),
	age int, job text, marital text, education text, "default" text, balance int, housing text,
	loan text, contact text, day int, month text, duration int, campaign int, pdays int,
	previous int, poutcome text, y text);
CREATE TABLE bank_churn (row_number int, customer_id int, surname text, credit_score int,
	geography text, gender text, age int, tenure int, balance numeric, num_of_products int,
	has_cr_card int, is_active_member int, estimated_salary numeric, exited int);
CREATE TABLE telco_text (n int GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0),
	customer_id text, gender text, senior_citizen int, partner text, dependents text,
	tenure int, phone_service text, multiple_lines text, internet_service text,
	online_security text, online_backup text, device_protection text, tech_support text,
	streaming_tv text, streaming_movies text, contract text, paperless_billing text,
	payment_method text, monthly_charges numeric, total_charges text, churn text);
CREATE TABLE glm (model text, kind text, name text, value float8, std_error float8, z float8);
