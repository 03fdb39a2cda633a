-- SPDX-License-Identifier: PostgreSQL
-- The aggregates against scikit-learn and written-out formulas (aggregates.py), to 1e-12 of the value or of 1.
CREATE FUNCTION expression(metric text, weighted boolean) RETURNS text LANGUAGE sql AS $$
	SELECT 'cia_' || name || '(' || concat_ws(', ', columns, option, CASE WHEN weighted THEN 'weight' END) || ')'
	FROM (SELECT split_part(metric, ' ', 1) AS name, split_part(metric, ' ', 2) AS given) m,
	LATERAL (SELECT CASE WHEN name IN ('rmse', 'mae', 'mape', 'r2', 'deviance', 'concordance', 'psi') THEN 'predicted, actual'
			WHEN name = 'ndcg' THEN 'score, actual' ELSE 'score, label = 1' END AS columns,
		CASE WHEN name = 'deviance' THEN quote_literal(given) WHEN given <> '' THEN given WHEN NOT weighted THEN NULL
			WHEN name = 'ece' THEN '10' WHEN name IN ('accuracy', 'precision', 'recall', 'f1', 'mcc') THEN '0.5' END AS option) o
$$;
CREATE FUNCTION found(file text, metric text, weighted boolean) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	answer float8;
BEGIN
	EXECUTE format('SELECT %s FROM aggregate_row WHERE "case" = %L', expression(metric, weighted), file) INTO answer;
	RETURN answer;
END $$;
SELECT plan((SELECT count(DISTINCT metric)::int + 1 FROM aggregate_value));
SELECT ok(count(*) > 0 AND bool_and(coalesce(abs(found - value) <= 1e-12 * greatest(1, abs(value)), false)),
	format('cia_%s: %s values, the worst of them off by %s', metric, count(*), to_char(max(abs(found - value) / greatest(1, abs(value))), '9.9EEEE')))
FROM (SELECT *, found("case", metric, weighted) AS found FROM aggregate_value) v GROUP BY metric ORDER BY metric;
SELECT is((SELECT count(*) FROM aggregate_value WHERE abs(found("case", metric, weighted) / nullif(value, 0) - 1) > 1e-9), 0::bigint, 'none is off by more than 1e-9 of itself, however small');
SELECT * FROM finish();
