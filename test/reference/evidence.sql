-- SPDX-License-Identifier: PostgreSQL
-- Information values of cia_woe on the real data: by the rows, by a simple baseline, by optbinning.
\set QUIET on
SET client_min_messages = warning;
SELECT no_plan();

CREATE TABLE evidence_source (file text, source text, target text, event text);
INSERT INTO evidence_source VALUES
	('bank_marketing', 'SELECT age, job, marital, education, "default", balance, housing, loan, contact, day, month, duration, campaign, pdays, previous, poutcome, y FROM bank_marketing', 'y', 'yes'),
	('bank_churn', 'SELECT credit_score, geography, gender, age, tenure, balance, num_of_products, estimated_salary, exited FROM bank_churn', 'exited', '1'),
	('telco', 'SELECT gender, tenure, internet_service, contract, payment_method, monthly_charges, nullif(trim(total_charges), '''')::numeric AS total_charges, churn FROM telco_text', 'churn', 'Yes');
CREATE TABLE evidence AS
	SELECT s.file, w.* FROM evidence_source s, cia_woe(source, target, jsonb_build_object('positive', event)) w;

-- Rows as objects, for the columns go by name.
CREATE TABLE evidence_row (file text, r jsonb, event boolean);
CREATE TABLE evidence_optbinning (file text, feature text, iv float8);
\copy evidence_optbinning FROM evidence.csv WITH (format csv, header)
SELECT format('INSERT INTO evidence_row SELECT %L, to_jsonb(s), %I::text = %L FROM (%s) s', file, target, event, source) FROM evidence_source \gexec

WITH found AS (
	SELECT w.file, w.feature, w.bin, count(*) FILTER (WHERE r.event)::float8 AS e, count(*) FILTER (WHERE NOT r.event)::float8 AS g
	FROM evidence w JOIN evidence_row r ON r.file = w.file AND CASE WHEN w.missing THEN r->>feature IS NULL
		WHEN labels IS NOT NULL THEN r->>feature = ANY (labels)
		ELSE (r->>feature)::float8 >= coalesce(low, '-infinity') AND (r->>feature)::float8 < coalesce(high, 'infinity') END
	GROUP BY 1, 2, 3),
total AS (SELECT file, count(*) FILTER (WHERE event)::float8 AS e, count(*) FILTER (WHERE NOT event)::float8 AS g FROM evidence_row GROUP BY 1)
SELECT ok(bool_and(w.events = f.e AND w.non_events = f.g AND abs(w.woe - again.woe) < 1e-12
	AND abs(w.iv - (f.g / t.g - f.e / t.e) * again.woe) < 1e-12) AND count(*) = (SELECT count(*) FROM evidence v WHERE v.file = w.file),
	format('%s: %s bins have the WOE and IV that SQL finds from the rows', w.file, count(*)))
FROM evidence w JOIN found f USING (file, feature, bin) JOIN total t USING (file), LATERAL (
	SELECT ln((f.g + more) / t.g / ((f.e + more) / t.e)) AS woe FROM (SELECT CASE WHEN f.e = 0 OR f.g = 0 THEN 0.5 ELSE 0 END AS more) m) again GROUP BY w.file ORDER BY w.file;

-- The baseline: deciles, merged by pool-adjacent-violators until their event rates rise or fall; ties leave some of 4 %.
CREATE FUNCTION merged_iv(e float8[], g float8[], direction int, total_e float8, total_g float8) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	a float8[] := '{}';
	b float8[] := '{}';
	n int := 0;
	iv float8 := 0;
	more float8;
BEGIN
	FOR i IN 1 .. cardinality(e) LOOP
		n := n + 1;
		a[n] := e[i];
		b[n] := g[i];
		WHILE n > 1 AND direction * (a[n] / (a[n] + b[n]) - a[n - 1] / (a[n - 1] + b[n - 1])) <= 0 LOOP
			a[n - 1] := a[n - 1] + a[n];
			b[n - 1] := b[n - 1] + b[n];
			n := n - 1;
		END LOOP;
	END LOOP;
	FOR i IN 1 .. n LOOP
		more := CASE WHEN a[i] = 0 OR b[i] = 0 THEN 0.5 ELSE 0 END;
		iv := iv + (b[i] / total_g - a[i] / total_e) * ln((b[i] + more) / total_g / ((a[i] + more) / total_e));
	END LOOP;
	RETURN iv;
END $$;
WITH value AS (
	SELECT w.file, w.feature, (r->>feature)::float8 AS x, event
	FROM (SELECT DISTINCT file, feature FROM evidence v WHERE NOT EXISTS (SELECT FROM evidence l WHERE l.file = v.file AND l.feature = v.feature AND labels IS NOT NULL)) w
	JOIN evidence_row r USING (file)),
part AS (
	SELECT file, feature, d, count(*) FILTER (WHERE event)::float8 AS e, count(*) FILTER (WHERE NOT event)::float8 AS g
	FROM (SELECT *, CASE WHEN x IS NOT NULL THEN ceil(10 * cume_dist() OVER (PARTITION BY file, feature, x IS NULL ORDER BY x)) END AS d FROM value) s
	GROUP BY 1, 2, 3),
listed AS (
	SELECT file, feature, array_agg(e ORDER BY d) FILTER (WHERE d IS NOT NULL) AS e, array_agg(g ORDER BY d) FILTER (WHERE d IS NOT NULL) AS g,
		   sum(e) AS total_e, sum(g) AS total_g, coalesce(array_agg(e) FILTER (WHERE d IS NULL), '{}') AS missing_e, coalesce(array_agg(g) FILTER (WHERE d IS NULL), '{}') AS missing_g
	FROM part GROUP BY 1, 2),
baseline AS (
	SELECT file, feature, greatest(merged_iv(e, g, 1, total_e, total_g), merged_iv(e, g, -1, total_e, total_g)) + merged_iv(missing_e, missing_g, 1, total_e, total_g) AS iv
	FROM listed)
SELECT cmp_ok(w.feature_iv, '>', b.iv - 1e-12, format('%s, %s: IV %s, of merged deciles %s', file, feature, round(w.feature_iv::numeric, 5), round(b.iv::numeric, 5)))
FROM baseline b JOIN evidence_source s USING (file),
	LATERAL (SELECT DISTINCT feature_iv FROM cia_woe(source, target, jsonb_build_object('positive', event, 'max_bins', 10, 'min_bin', 0.04, 'features', ARRAY[feature]))) w
ORDER BY file, feature;

-- optbinning sees the target when it makes pre-bins, and keeps pooled labels in a bin of any size: a little more is to be had so.
SELECT cmp_ok(w.iv, '>', 0.985 * o.iv, format('%s, %s: IV %s, optbinning %s', file, feature, round(w.iv::numeric, 5), round(o.iv::numeric, 5)))
FROM (SELECT DISTINCT file, feature, feature_iv AS iv FROM evidence) w JOIN evidence_optbinning o USING (file, feature) WHERE o.iv >= 0.01 ORDER BY file, feature;

SELECT * FROM finish();
