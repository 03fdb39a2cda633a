-- cia_model: the type, its text and binary forms, and what is no model.
CREATE TABLE points AS
SELECT i % 17 AS x, (ARRAY['red', 'green', 'ü"\'])[1 + i % 3] AS colour, i * 7 % 5 AS y, i * i % 11 > 5 AS label
FROM generate_series(1, 100) i;
CREATE TABLE models AS
SELECT 'linear' AS name, cia_fit(p, y, 'linear', '{"exclude": ["y"]}') AS model FROM points p
UNION ALL SELECT 'logistic', cia_fit(p, label, 'logistic', '{"exclude": ["label"]}') FROM points p;

-- Text and jsonb there and back give the same bytes.
SELECT name, cia_model_send(model::text::cia_model) = cia_model_send(model) AS text,
	   cia_model_send(model::jsonb::cia_model) = cia_model_send(model) AS jsonb,
	   cia_model_send(cia_model_in(cia_model_out(model))) = cia_model_send(model) AS functions,
	   pg_column_size(model) < 4096 AS small
FROM models ORDER BY name;

-- The parts of a model.
SELECT name, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(model::jsonb) k) AS parts,
	   model::jsonb->'format' AS format, model::jsonb->>'task' AS task, model::jsonb->'target'->>'name' AS target
FROM models ORDER BY name;
SELECT f->>'name' AS name, f->>'kind' AS kind, f->>'type' AS type, f->'labels' AS labels
FROM models, jsonb_array_elements(model::jsonb->'features') f WHERE name = 'linear' ORDER BY 1;

-- Members in another order, further members and members given twice make no difference.
SELECT cia_model_send((model::jsonb || '{"comment": "none", "more": [1, {"deep": null}]}')::cia_model) = cia_model_send(model) AS same
FROM models ORDER BY name;
SELECT cia_model_send(replace(model::text, '"mean": ', '"mean": 0.0e5, "mean": ')::cia_model) = cia_model_send(model) AS same
FROM models ORDER BY name;

-- receive(bytes): a value by way of the binary input function, which only COPY and drivers call.
CREATE TABLE received (model cia_model);
CREATE FUNCTION receive(bytes bytea) RETURNS cia_model LANGUAGE plpgsql AS $$
DECLARE
	file bytea := '\x5047434f50590aff0d0a000000000000000000'::bytea || int2send(1::int2) || int4send(length(bytes)) || bytes || int2send((-1)::int2);
	answer cia_model;
BEGIN
	EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)',
		format('echo %s | base64 -d', translate(encode(file, 'base64'), E'\n', '')));
	DELETE FROM received RETURNING model INTO answer;
	RETURN answer;
END $$;
SELECT name, receive(cia_model_send(model))::text = model::text AS same FROM models ORDER BY name;

-- How an input ends: SQLSTATE, message and hint.
CREATE FUNCTION outcome(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE what;
	RETURN 'accepted';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ' ' || SQLERRM || coalesce(' / ' || nullif(hint, ''), '');
END $$;

-- A text cut short anywhere is no model.
SELECT outcome(format('SELECT cia_model_in(%L)', left(model::text, n)::cstring)) AS outcome, count(*) > 100 AS often
FROM models, generate_series(0, length(model::text) - 1, 7) n GROUP BY 1 ORDER BY 1;

-- Bytes cut short, or with one byte flipped anywhere, are no model (or of a newer format).
SELECT outcome(format('SELECT receive(%L)', substr(cia_model_send(model), 1, n))) AS outcome, count(*) > 10 AS often
FROM models, generate_series(0, length(cia_model_send(model)) - 1, 50) n WHERE name = 'logistic' GROUP BY 1 ORDER BY 1;
SELECT outcome(format('SELECT receive(%L)', set_byte(b, n, get_byte(b, n) # 1))) AS outcome, count(*) > 10 AS often
FROM models, LATERAL (SELECT cia_model_send(model) AS b) s,
	 LATERAL (SELECT n FROM generate_series(0, length(b) - 1) n WHERE n < 16 OR n % 40 = 0) i
WHERE name = 'logistic' AND n <> 4 GROUP BY 1 ORDER BY 1;
SELECT outcome(format('SELECT receive(%L)', cia_model_send(model) || '\x00'::bytea)) AS trailing,
	   outcome(format('SELECT receive(%L)', set_byte(cia_model_send(model), 4, 2))) AS newer,
	   outcome(format('SELECT receive(%L)', set_byte(cia_model_send(model), 5, 1))) AS much_newer,
	   outcome(format('SELECT receive(%L)', set_byte(cia_model_send(model), 4, 0))) AS format_0
FROM models WHERE name = 'linear';

-- Texts that are no model.
SELECT 'no json'::cia_model;
\echo :SQLSTATE
SELECT ''::cia_model;
SELECT '{}'::cia_model;
\echo :SQLSTATE
SELECT '[1]'::cia_model;
SELECT 'null'::cia_model;
SELECT '3'::cia_model;
SELECT '{"a": "\u0000"}'::cia_model;
SELECT ('{"a": ' || repeat('[', 100000) || repeat(']', 100000) || '}')::cia_model;
SELECT (model::jsonb || '{"format": 2}')::cia_model FROM models WHERE name = 'linear';
\echo :SQLSTATE
SELECT '{"format": 99}'::cia_model;

-- Each member matters: without it, or with a value of the wrong kind or range, it is no model.
CREATE TABLE faults (path text[], value jsonb);
INSERT INTO faults VALUES
	('{algorithm}', '"forest"'), ('{algorithm}', '1'), ('{task}', '"regression"'), ('{task}', '"both"'), ('{format}', '0'), ('{format}', '"1"'),
	('{format}', '1.5'), ('{rows}', '-1'), ('{rows}', '1e400'), ('{target}', '[]'), ('{target,classes}', '["a"]'), ('{target,classes}', '["a", 1]'),
	('{target,counts}', '[1]'), ('{target,counts}', '[1, -1]'), ('{target,counts}', '[1, null]'), ('{target,rest}', 'null'),
	('{features}', '[]'), ('{features}', '{}'), ('{features,0}', '5'), ('{features,0,name}', '5'), ('{features,0,kind}', '"text"'),
	('{features,0,mean}', 'null'), ('{features,0,mean}', '1e400'), ('{features,0,sd}', '-1'), ('{features,0,min}', '1e9'), ('{features,0,missing}', '-1'),
	('{features,0,element}', '0.5'), ('{features,0,element}', '-3'), ('{features,1,element}', '1'), ('{features,1,labels}', '[]'),
	('{features,1,labels}', '["a", "a", "a"]'), ('{features,1,labels}', '[1, 2, 3]'), ('{features,1,counts}', '[1, 2]'), ('{features,1,pooled}', '1'),
	('{options}', '[]'), ('{training}', '0'), ('{learned}', '[]'), ('{learned,intercept}', '[]'), ('{learned,intercept}', '[1, 2]'),
	('{learned,intercept}', '[null]'), ('{learned,intercept}', '[1e400]'), ('{learned,intercept}', '["1"]'), ('{learned,coefficients}', '[1]'),
	('{learned,coefficients,0}', 'null'), ('{learned,coefficients,1}', '-1e999');
SELECT path, value, outcome(format('SELECT (%L::jsonb)::cia_model', jsonb_set(model::jsonb, path, value))) AS outcome
FROM models, faults WHERE name = 'logistic'
	AND outcome(format('SELECT (%L::jsonb)::cia_model', jsonb_set(model::jsonb, path, value))) <> '22P02 invalid input syntax for type cia_model'
ORDER BY path, value;
SELECT k AS member, outcome(format('SELECT (%L::jsonb)::cia_model', model::jsonb - k)) AS without
FROM models, jsonb_object_keys(model::jsonb) k WHERE name = 'logistic' ORDER BY k;

-- What is taken in can be given out again.
SELECT count(*) AS taken, bool_and(outcome(format('SELECT (%L::jsonb)::cia_model::text::cia_model', m)) = 'accepted') AS given_out
FROM (SELECT jsonb_set(model::jsonb, path, value) AS m FROM models,
		(VALUES ('{training,score_quantiles}'::text[], '[1e400, null]'::jsonb), ('{options,l2}', '1e999'), ('{options,new}', '["x", {"y": []}]'),
		 ('{learned,standard_errors}', '[]'), ('{learned,new}', '[1e999]'), ('{target,name}', '""')) x(path, value)) m
WHERE outcome(format('SELECT (%L::jsonb)::cia_model', m)) = 'accepted';

-- What is nested deeper than bytes can be is refused.
SELECT depth, outcome(format('SELECT (%L::jsonb)::cia_model::text::cia_model', jsonb_set(model::jsonb, '{options,new}', (repeat('[', depth) || repeat(']', depth))::jsonb)))
FROM models, (VALUES (10), (30), (3000)) d(depth) WHERE name = 'linear' ORDER BY depth;

-- Damage in storage, made by a cast that checks nothing.
CREATE CAST (bytea AS cia_model) WITHOUT FUNCTION;
SELECT '\x'::bytea::cia_model;
\echo :SQLSTATE
SELECT set_byte(cia_model_send(model), 30, 255)::cia_model::text FROM models;
\echo :SQLSTATE
SELECT cia_score(set_byte(cia_model_send(model), 30, 255)::cia_model, p) FROM models, points p;
\echo :SQLSTATE
SELECT cia_score(set_byte(cia_model_send(model), 4, 9)::cia_model, p) FROM models, points p;
\echo :SQLSTATE
SELECT outcome(format('SELECT %L::bytea::cia_model::text', set_byte(b, n, get_byte(b, n) # 128))) AS outcome, count(*) > 10 AS often
FROM models, LATERAL (SELECT cia_model_send(model) AS b) s, generate_series(0, length(b) - 1) n
WHERE name = 'logistic' AND n NOT IN (4, 5) GROUP BY 1 ORDER BY 1;
DROP CAST (bytea AS cia_model);

-- A large model is stored out of line and read back.
CREATE TABLE wide AS SELECT ARRAY(SELECT i * k % 97 FROM generate_series(1, 2000) k)::float8[] AS v, i % 7 AS y FROM generate_series(1, 60) i;
INSERT INTO models SELECT 'wide', cia_fit(w, y, 'linear', '{"exclude": ["y"], "l2": 1, "holdout": 0}') FROM wide w;
SELECT length(cia_model_send(model)) > 100000 AS large, jsonb_array_length(model::jsonb->'features') AS features,
	   cia_model_send(model::text::cia_model) = cia_model_send(model) AS same
FROM models WHERE name = 'wide';
SELECT count(cia_score(model, w)) FROM models, wide w WHERE name = 'wide';

-- NULL stays NULL.
SELECT NULL::cia_model, NULL::cia_model::jsonb, cia_model_send(NULL), cia_model_out(NULL);

DROP TABLE points, models, received, faults, wide;
DROP FUNCTION receive, outcome;
