-- The SQL surface: names, arguments, results and columns that others rely on.
BEGIN;
SELECT plan(37);

SELECT function_returns('cia_train', ARRAY['text', 'text', 'text', 'text', 'text[]', 'text[]', 'text[]', 'text', 'jsonb'], 'setof record', 'cia_train returns rows');
SELECT is(pg_get_function_result('cia_train'::regproc),
	'TABLE(model text, version integer, algorithm text, rows_used bigint, rows_skipped bigint, features integer, metric text, value double precision, seconds double precision, promoted boolean, notes text[])',
	'columns of cia_train');
SELECT is(pg_get_function_arguments('cia_train'::regproc),
	'model text, source text, target text DEFAULT NULL::text, algorithm text DEFAULT ''auto''::text, features text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], id text[] DEFAULT NULL::text[], weight text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb',
	'arguments of cia_train and their defaults');
SELECT function_returns('cia_score', ARRAY[model, row_type], 'double precision', format('cia_score(%s, %s)', model, row_type))
FROM (VALUES ('text'), ('cia_model')) m(model), (VALUES ('record'), ('jsonb')) r(row_type) ORDER BY model, row_type;
SELECT function_returns('cia_class', ARRAY[model, row_type], 'text', format('cia_class(%s, %s)', model, row_type))
FROM (VALUES ('text'), ('cia_model')) m(model), (VALUES ('record'), ('jsonb')) r(row_type) ORDER BY model, row_type;
SELECT function_returns('cia_probabilities', ARRAY[model, row_type], 'jsonb', format('cia_probabilities(%s, %s)', model, row_type))
FROM (VALUES ('text'), ('cia_model')) m(model), (VALUES ('record'), ('jsonb')) r(row_type) ORDER BY model, row_type;
SELECT is((SELECT array_agg(DISTINCT pg_get_function_result(oid)) FROM pg_proc WHERE proname = 'cia_explain'),
	ARRAY['TABLE(feature text, value text, contribution double precision)'], 'cia_explain, all four forms');
SELECT is(pg_get_function_result('cia_score_into'::regproc), 'TABLE(model text, version integer, rows bigint, inserted bigint, updated bigint, seconds double precision)', 'columns of cia_score_into');
SELECT is(pg_get_function_arguments('cia_score_into'::regproc), 'model text, source text, target_table text, id text[], options jsonb DEFAULT ''{}''::jsonb', 'arguments of cia_score_into');
SELECT is(pg_get_function_result(format('cia_features(%s)', model)::regprocedure),
	'TABLE("position" integer, feature text, type text, kind text, use text, labels text[], missing double precision, mean double precision, sd double precision, minimum double precision, maximum double precision)',
	format('columns of cia_features(%s)', model))
FROM (VALUES ('text'), ('cia_model')) m(model) ORDER BY model;
SELECT is((SELECT array_agg(DISTINCT pg_get_function_result(oid)) FROM pg_proc WHERE proname = 'cia_coefficients'),
	ARRAY['TABLE(part text, class text, term text, feature text, level text, reference boolean, coefficient double precision, standard_error double precision, statistic double precision, p_value double precision, low double precision, high double precision, ratio double precision, ratio_low double precision, ratio_high double precision, vif double precision, marginal_effect double precision, marginal_effect_error double precision)'],
	'cia_coefficients, both forms');
SELECT is((SELECT array_agg(DISTINCT pg_get_function_result(oid)) FROM pg_proc WHERE proname = 'cia_summary'),
	ARRAY['TABLE(part text, statistic text, value double precision, text text)'], 'cia_summary, both forms');
SELECT is((SELECT array_agg(DISTINCT pg_get_function_result(oid)) FROM pg_proc WHERE proname = 'cia_print'), ARRAY['text'], 'cia_print, both forms');
SELECT is((SELECT array_agg(DISTINCT pg_get_function_result(oid)) FROM pg_proc WHERE proname = 'cia_reasons'), ARRAY['text[]'], 'cia_reasons, all four forms');
SELECT ok((SELECT provolatile = 'v' AND proparallel = 'u' FROM pg_proc WHERE oid = 'cia_score_into'::regproc), 'cia_score_into is VOLATILE and PARALLEL UNSAFE');
SELECT is(pg_get_function_result('cia_evaluate'::regproc), 'TABLE(metric text, value double precision, low double precision, high double precision)', 'columns of cia_evaluate');
SELECT is(pg_get_function_arguments('cia_evaluate'::regproc), 'model text, source text, options jsonb DEFAULT ''{}''::jsonb', 'arguments of cia_evaluate');
SELECT has_function('cia_drop_model', ARRAY['text'], 'cia_drop_model(text)');
SELECT is(pg_get_function_result('cia_options'::regproc), 'TABLE(option text, type text, default_value text, minimum double precision, maximum double precision, meaning text)', 'columns of cia_options');
SELECT columns_are('cia_algorithms', ARRAY['algorithm', 'task', 'summary']);
SELECT columns_are('cia_models', ARRAY['model', 'owner', 'version', 'versions', 'algorithm', 'task', 'target', 'metric', 'value', 'rows_used', 'trained_at']);
SELECT columns_are('cia_versions', ARRAY['model', 'version', 'production', 'algorithm', 'task', 'target', 'source', 'options', 'features', 'rows_used', 'rows_skipped', 'metric',
	'value', 'metrics', 'notes', 'seconds', 'fingerprint', 'size', 'content', 'trained_by', 'trained_at',
	'request', 'parent', 'columns', 'intervals', 'seed', 'cia_version', 'pg_version', 'origin', 'tags', 'comment', 'decision']);
SELECT columns_are('cia_promotions', ARRAY['model', 'number', 'version', 'previous', 'kind', 'reason', 'promoted_by', 'promoted_at']);
SELECT has_function('cia_promote', ARRAY['text', 'integer', 'text'], 'cia_promote(text, int, text)');
SELECT has_function('cia_rollback', ARRAY['text', 'text'], 'cia_rollback(text, text)');
SELECT ok((SELECT aggkind = 'n' AND proparallel = 's' AND aggcombinefn <> 0 AND aggserialfn <> 0 AND aggdeserialfn <> 0 FROM pg_aggregate JOIN pg_proc ON oid = aggfnoid
	WHERE oid = 'cia_fit(record, "any", text, jsonb)'::regprocedure), 'cia_fit is an aggregate that can run in parts');
SELECT ok((SELECT bool_and(provolatile = CASE WHEN proargtypes[0] = 'cia_model'::regtype THEN 'i' ELSE 's' END AND proparallel = 's')
	FROM pg_proc WHERE proname IN ('cia_score', 'cia_class', 'cia_probabilities')), 'a score by name is STABLE, one by value IMMUTABLE, both PARALLEL SAFE');

SELECT * FROM finish();
ROLLBACK;
