-- The SQL surface: names, arguments, results and columns that others rely on.
BEGIN;
SELECT * FROM no_plan();

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
	'request', 'parent', 'columns', 'intervals', 'seed', 'cia_version', 'pg_version', 'origin', 'tags', 'comment', 'decision', 'named']);
SELECT columns_are('cia_promotions', ARRAY['model', 'number', 'version', 'previous', 'kind', 'reason', 'promoted_by', 'promoted_at']);
SELECT has_function('cia_promote', ARRAY['text', 'integer', 'text'], 'cia_promote(text, int, text)');
SELECT has_function('cia_retrain', ARRAY['text', 'text', 'jsonb'], 'cia_retrain(text, text, jsonb)');
SELECT is(pg_get_function_result('cia_retrain'::regproc), pg_get_function_result('cia_train'::regproc), 'cia_retrain has the columns of cia_train');
SELECT has_function('cia_verify', ARRAY['text'], 'cia_verify(text)');
SELECT has_function('cia_rollback', ARRAY['text', 'text'], 'cia_rollback(text, text)');
SELECT ok((SELECT aggkind = 'n' AND proparallel = 's' AND aggcombinefn <> 0 AND aggserialfn <> 0 AND aggdeserialfn <> 0 FROM pg_aggregate JOIN pg_proc ON oid = aggfnoid
	WHERE oid = 'cia_fit(record, "any", text, jsonb)'::regprocedure), 'cia_fit is an aggregate that can run in parts');
SELECT ok((SELECT bool_and(provolatile = CASE WHEN proargtypes[0] = 'cia_model'::regtype THEN 'i' ELSE 's' END AND proparallel = 's')
	FROM pg_proc WHERE proname IN ('cia_score', 'cia_class', 'cia_probabilities')), 'a score by name is STABLE, one by value IMMUTABLE, both PARALLEL SAFE');

-- Functions that judge and look into models: arguments with their defaults, columns, volatility and parallel safety.
SELECT is((SELECT concat(pg_get_function_result(oid), ' ', provolatile, proparallel) FROM pg_proc WHERE proname = name AND pg_get_function_arguments(oid) = arguments),
	format('%s %s', result, marks), format('%s(%s)', name, arguments))
FROM (VALUES
	('cia_band', 'model text, score double precision, bands integer DEFAULT 10', 'integer', 'ss'),
	('cia_band', 'model cia_model, score double precision, bands integer DEFAULT 10', 'integer', 'is'),
	('cia_create_scoring_view', 'view text, model text, source text, id text[], options jsonb DEFAULT ''{}''::jsonb', 'regclass', 'vu'),
	('cia_behavior_features', 'source text, customer text, at text, amount text DEFAULT NULL::text, category text DEFAULT NULL::text, as_of text DEFAULT NULL::text, windows interval[] DEFAULT ''{"30 days","90 days","365 days"}''::interval[], categories integer DEFAULT 10, view text DEFAULT NULL::text',
		'text', 'vu'),
	('cia_calibration', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(bin integer, low double precision, high double precision, rows double precision, mean_score double precision, observed_rate double precision, observed_low double precision, observed_high double precision, difference double precision)', 'vu'),
	('cia_compare', 'model_a text, model_b text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(metric text, a double precision, b double precision, difference double precision, low double precision, high double precision, p_value double precision, better text)', 'vu'),
	('cia_confusion', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(actual text, predicted text, rows double precision, share_of_actual double precision, share_of_predicted double precision)', 'vu'),
	('cia_cross_validate', 'source text, target text, algorithm text DEFAULT ''auto''::text, options jsonb DEFAULT ''{}''::jsonb, folds integer DEFAULT 5, by text DEFAULT NULL::text, order_by text DEFAULT NULL::text, features text[] DEFAULT NULL::text[], exclude text[] DEFAULT NULL::text[], id text[] DEFAULT NULL::text[], weight text DEFAULT NULL::text',
		'TABLE(fold integer, metric text, value double precision, deviation double precision)', 'vu'),
	('cia_dendrogram', 'model cia_model',
		'TABLE(step integer, "left" integer, "right" integer, height double precision, rows bigint, segments text[])', 'ss'),
	('cia_dendrogram', 'model text',
		'TABLE(step integer, "left" integer, "right" integer, height double precision, rows bigint, segments text[])', 'ss'),
	('cia_fairness', 'model text, source text, attribute text, threshold double precision DEFAULT 0.5, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE("group" text, rows double precision, selection_rate double precision, selection_low double precision, selection_high double precision, true_positive_rate double precision, false_positive_rate double precision, mean_score double precision, observed_rate double precision, selection_ratio double precision, true_positive_ratio double precision, false_positive_ratio double precision, four_fifths boolean)', 'vu'),
	('cia_groups', 'model cia_model',
		'TABLE(group_value text, rows bigint, trained boolean, metric text, value double precision, note text)', 'ss'),
	('cia_groups', 'model text',
		'TABLE(group_value text, rows bigint, trained boolean, metric text, value double precision, note text)', 'ss'),
	('cia_importance', 'model cia_model',
		'TABLE(part text, feature text, importance double precision, shap double precision, gain double precision, gain_share double precision, splits bigint, cover double precision, deviation double precision)', 'is'),
	('cia_importance', 'model text',
		'TABLE(part text, feature text, importance double precision, shap double precision, gain double precision, gain_share double precision, splits bigint, cover double precision, deviation double precision)', 'ss'),
	('cia_importance', 'model text, source text, method text DEFAULT ''permutation''::text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(feature text, importance double precision, deviation double precision, metric text, value double precision)', 'vu'),
	('cia_lift_table', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(bin integer, low double precision, high double precision, rows double precision, responders double precision, rate double precision, lift double precision, cumulative_share double precision, cumulative_responders double precision, cumulative_gain double precision, cumulative_lift double precision, ks double precision)', 'vu'),
	('cia_part', 'model cia_model, group_value text',
		'cia_model', 'is'),
	('cia_part', 'model text, group_value text',
		'cia_model', 'ss'),
	('cia_partial_dependence', 'model text, source text, feature text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(value text, number double precision, class text, score double precision, low double precision, high double precision)', 'vu'),
	('cia_path', 'model cia_model',
		'TABLE(part text, step integer, lambda double precision, df integer, deviance_ratio double precision, cv_mean double precision, cv_error double precision, chosen boolean, coefficients jsonb)', 'is'),
	('cia_path', 'model text',
		'TABLE(part text, step integer, lambda double precision, df integer, deviance_ratio double precision, cv_mean double precision, cv_error double precision, chosen boolean, coefficients jsonb)', 'ss'),
	('cia_pr_curve', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(threshold double precision, "precision" double precision, recall double precision, rows double precision)', 'vu'),
	('cia_report', 'model text, source text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb',
		'text', 'vu'),
	('cia_residuals', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(row_number bigint, id text[], target double precision, score double precision, residual double precision, deviance_residual double precision, standardized double precision)', 'vu'),
	('cia_rfm', 'source text, customer text, at text, amount text, as_of timestamp with time zone DEFAULT NULL::timestamp with time zone, bins integer DEFAULT 5, rules jsonb DEFAULT NULL::jsonb, amounts text DEFAULT ''sum''::text',
		'TABLE(customer_id text, recency integer, frequency bigint, monetary numeric, r_score integer, f_score integer, m_score integer, rfm text, segment text)', 'vu'),
	('cia_rfm_rules', 'bins integer DEFAULT 5',
		'TABLE(segment text, r_low integer, r_high integer, fm_low integer, fm_high integer)', 'is'),
	('cia_roc_curve', 'model text, source text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(threshold double precision, false_positive_rate double precision, true_positive_rate double precision, rows double precision)', 'vu'),
	('cia_scorecard', 'model cia_model, pdo double precision DEFAULT 20, base_points double precision DEFAULT 600, base_odds double precision DEFAULT 50',
		'TABLE(part text, feature text, bin integer, low double precision, high double precision, labels text[], missing boolean, woe double precision, coefficient double precision, points double precision)', 'is'),
	('cia_scorecard', 'model text, pdo double precision DEFAULT 20, base_points double precision DEFAULT 600, base_odds double precision DEFAULT 50',
		'TABLE(part text, feature text, bin integer, low double precision, high double precision, labels text[], missing boolean, woe double precision, coefficient double precision, points double precision)', 'ss'),
	('cia_segment_migration', 'model text, source_then text, source_now text, id text[] DEFAULT NULL::text[]',
		'TABLE(from_segment text, to_segment text, rows bigint, share_of_from double precision)', 'vu'),
	('cia_segment_profile', 'model text, source text DEFAULT NULL::text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(segment text, rank integer, feature text, statistic text, label text, value double precision, overall double precision, difference double precision, used boolean)', 'vu'),
	('cia_segment_sizes', 'model text, source text DEFAULT NULL::text',
		'TABLE(segment text, rows bigint, share double precision)', 'vu'),
	('cia_threshold', 'model text, source text, cost_false_positive double precision, cost_false_negative double precision, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(rule text, threshold double precision, cost double precision, cost_per_row double precision, selected double precision, true_positives double precision, false_positives double precision, false_negatives double precision, true_negatives double precision)', 'vu'),
	('cia_tree', 'model cia_model, n integer DEFAULT 1',
		'text', 'ss'),
	('cia_tree', 'model text, n integer DEFAULT 1',
		'text', 'ss'),
	('cia_woe', 'source text, target text, options jsonb DEFAULT ''{}''::jsonb',
		'TABLE(feature text, bin integer, low double precision, high double precision, labels text[], missing boolean, rows double precision, events double precision, non_events double precision, event_rate double precision, woe double precision, iv double precision, feature_iv double precision)', 'vu')) f(name, arguments, result, marks) ORDER BY name, arguments;

SELECT * FROM finish();
ROLLBACK;
