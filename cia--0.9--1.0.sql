/* SPDX-License-Identifier: PostgreSQL */
-- cia--0.9--1.0.sql: from version 0.9 to 1.0; test/upgrade/write makes it.

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION cia UPDATE TO '1.0'" to load this file. \quit

DO $$
BEGIN
	EXECUTE (SELECT pg_catalog.format('CREATE OR REPLACE VIEW cia_models AS SELECT %s', pg_catalog.string_agg(
				pg_catalog.format('NULL::%s %s AS %I', pg_catalog.format_type(atttypid, atttypmod),
								  CASE WHEN attcollation <> 0 THEN 'COLLATE ' || attcollation::pg_catalog.regcollation END, attname),
				', ' ORDER BY attnum))
			 FROM pg_catalog.pg_attribute WHERE attrelid = 'cia_models'::pg_catalog.regclass AND attnum > 0);
END $$;

DO $$
BEGIN
	EXECUTE (SELECT pg_catalog.format('CREATE OR REPLACE VIEW cia_versions AS SELECT %s', pg_catalog.string_agg(
				pg_catalog.format('NULL::%s %s AS %I', pg_catalog.format_type(atttypid, atttypmod),
								  CASE WHEN attcollation <> 0 THEN 'COLLATE ' || attcollation::pg_catalog.regcollation END, attname),
				', ' ORDER BY attnum))
			 FROM pg_catalog.pg_attribute WHERE attrelid = 'cia_versions'::pg_catalog.regclass AND attnum > 0);
END $$;

CREATE TYPE cia_role;

CREATE FUNCTION cia_role_in(cstring) RETURNS cia_role
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_role_in(cstring) IS
	'input: the name of a role; one that does not exist, and any number, is nobody';

CREATE FUNCTION cia_role_out(cia_role) RETURNS cstring
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_role_out(cia_role) IS
	'output: the name of a role, the number of one that was dropped, - for everybody';

CREATE TYPE cia_role (
	INPUT = cia_role_in,
	OUTPUT = cia_role_out,
	LIKE = oid
);

COMMENT ON TYPE cia_role IS
	'regrole for what is dumped: a role that is not there when it is restored becomes nobody, not an error or somebody else; not part of the contract';

CREATE CAST (cia_role AS oid) WITHOUT FUNCTION AS IMPLICIT;

COMMENT ON CAST (cia_role AS oid) IS 'the same number';

CREATE CAST (cia_role AS regrole) WITHOUT FUNCTION;

COMMENT ON CAST (cia_role AS regrole) IS 'the same role';

CREATE CAST (oid AS cia_role) WITHOUT FUNCTION AS ASSIGNMENT;

COMMENT ON CAST (oid AS cia_role) IS 'the same number';

CREATE CAST (regrole AS cia_role) WITHOUT FUNCTION AS ASSIGNMENT;

COMMENT ON CAST (regrole AS cia_role) IS 'the same role';

ALTER TABLE cia_registry ALTER COLUMN owner TYPE cia_role;

ALTER TABLE cia_registry ADD COLUMN promote text NOT NULL DEFAULT 'better' CONSTRAINT cia_registry_promote_check CHECK (promote IN ('better', 'always', 'never'));

ALTER TABLE cia_registry ADD COLUMN scorers cia_role[] NOT NULL DEFAULT '{}';

ALTER TABLE cia_registry ADD COLUMN managers cia_role[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN cia_registry.promote IS 'when a new version goes into production by itself';

COMMENT ON COLUMN cia_registry.scorers IS 'roles that may score, besides managers and owner; - is everybody';

COMMENT ON COLUMN cia_registry.managers IS 'roles that may do what the owner may';

ALTER TABLE cia_version ALTER COLUMN trained_by TYPE cia_role;

ALTER TABLE cia_version ADD COLUMN request jsonb;

UPDATE cia_version SET request = pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
		'target', target, 'algorithm', algorithm, 'features', inputs, 'id', id, 'weight', weight, 'options', options));

ALTER TABLE cia_version ALTER COLUMN request SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN parent int;

UPDATE cia_version SET parent = (SELECT max(v.version) FROM cia_version v
		WHERE v.model = cia_version.model AND v.version < cia_version.version);

ALTER TABLE cia_version ADD COLUMN fingerprint text;

UPDATE cia_version SET fingerprint = pg_catalog.encode(pg_catalog.sha256(cia_model_send(content)), 'hex');

ALTER TABLE cia_version ALTER COLUMN fingerprint SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN cia_version text;

UPDATE cia_version SET cia_version = '0.9';

ALTER TABLE cia_version ALTER COLUMN cia_version SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN pg_version text;

UPDATE cia_version SET pg_version = pg_catalog.current_setting('server_version');

ALTER TABLE cia_version ALTER COLUMN pg_version SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN columns jsonb;

UPDATE cia_version SET columns = (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', c.name, 'type',
		(SELECT coalesce(min(f->>'type'), 'unknown') FROM pg_catalog.jsonb_array_elements(content::jsonb->'features') f
		WHERE f->>'name' = c.name), 'role', c.role) ORDER BY c.part, c.n)
		FROM (SELECT 1 AS part, n, name, 'id' AS role FROM pg_catalog.unnest(id) WITH ORDINALITY i(name, n)
			UNION ALL SELECT 2, n, name, 'feature' FROM pg_catalog.unnest(inputs) WITH ORDINALITY i(name, n)
			UNION ALL SELECT 3, 1, weight, 'weight' UNION ALL SELECT 4, 1, target, 'target') c WHERE c.name IS NOT NULL);

ALTER TABLE cia_version ALTER COLUMN columns SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN intervals jsonb;

UPDATE cia_version SET intervals = '{}';

ALTER TABLE cia_version ALTER COLUMN intervals SET NOT NULL;

ALTER TABLE cia_version ADD COLUMN origin jsonb;

ALTER TABLE cia_version ADD COLUMN decision text;

ALTER TABLE cia_version ADD COLUMN named jsonb;

ALTER TABLE cia_version ALTER COLUMN content SET STORAGE EXTERNAL;

COMMENT ON COLUMN cia_version.request IS 'arguments of the training as they were given, for another one';

COMMENT ON COLUMN cia_version.parent IS 'version in production when this one was trained';

COMMENT ON COLUMN cia_version.decision IS 'whether the training has put the version into production, and why';

COMMENT ON COLUMN cia_version.fingerprint IS 'SHA-256 of the bytes of content when it was written';

COMMENT ON COLUMN cia_version.named IS 'segments that were given a name by hand, one after the other; NULL: none was';

COMMENT ON COLUMN cia_version.columns IS 'columns of the source that were read, in order: name, type and role';

COMMENT ON COLUMN cia_version.intervals IS 'of metrics: low and high of their 95 % intervals';

COMMENT ON COLUMN cia_version.origin IS 'what a copied or imported version comes from; NULL: it was trained here';

CREATE TABLE cia_promotion (
	model       uuid NOT NULL REFERENCES cia_registry ON DELETE CASCADE,
	number      int NOT NULL,
	version     int,
	previous    int,
	kind        text NOT NULL,
	reason      text NOT NULL,
	promoted_by cia_role NOT NULL,
	promoted_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (model, number)
);

INSERT INTO cia_promotion (model, number, version, previous, kind, reason, promoted_by, promoted_at)
	SELECT model, row_number() OVER w, version, lag(version) OVER w, 'training', 'version 0.9 promoted every version',
		   trained_by, trained_at
	FROM cia_version WINDOW w AS (PARTITION BY model ORDER BY version);

COMMENT ON TABLE cia_promotion IS 'what was in production, when and why; private, see view cia_promotions';

COMMENT ON COLUMN cia_promotion.number IS 'counts the decisions about a model, from 1';

COMMENT ON COLUMN cia_promotion.version IS 'version that went into production; NULL: none is any more';

COMMENT ON COLUMN cia_promotion.previous IS 'version that was in production until then; NULL: none was';

COMMENT ON COLUMN cia_promotion.kind IS 'training, promotion or rollback; of a first version that was not trained under this name, copy or import';

CREATE TABLE cia_tag (
	model     uuid NOT NULL,
	tag       text NOT NULL,
	version   int NOT NULL,
	tagged_by cia_role NOT NULL,
	tagged_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (model, tag),
	FOREIGN KEY (model, version) REFERENCES cia_version ON DELETE CASCADE
);

CREATE INDEX cia_tag_version_idx ON cia_tag (model, version);

COMMENT ON TABLE cia_tag IS 'tags of versions, each on one version of a model; private, see view cia_versions';

COMMENT ON INDEX cia_tag_version_idx IS 'tags by version';

CREATE TABLE cia_remark (
	model      uuid NOT NULL,
	version    int NOT NULL,
	remark     text NOT NULL,
	written_by cia_role NOT NULL,
	written_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (model, version),
	FOREIGN KEY (model, version) REFERENCES cia_version ON DELETE CASCADE
);

COMMENT ON TABLE cia_remark IS 'comments on versions; private, see view cia_versions';

CREATE TABLE cia_run (
	number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	model      uuid REFERENCES cia_registry ON DELETE CASCADE,
	name       name NOT NULL,
	version    int,
	kind       text NOT NULL,
	outcome    text NOT NULL,
	sqlstate   text,
	message    text,
	detail     text,
	hint       text,
	rows       bigint NOT NULL,
	started_at timestamptz NOT NULL,
	ended_at   timestamptz NOT NULL,
	run_by     regrole NOT NULL,
	job        bigint
);

CREATE INDEX cia_run_name_idx ON cia_run (name, number);

CREATE INDEX cia_run_model_idx ON cia_run (model, number);

COMMENT ON INDEX cia_run_name_idx IS 'runs by name';

COMMENT ON INDEX cia_run_model_idx IS 'runs by model';

COMMENT ON TABLE cia_run IS 'what has become of trainings on this server, so it is not dumped; private, see view cia_runs';

COMMENT ON SEQUENCE cia_run_number_seq IS 'counts the runs';

COMMENT ON COLUMN cia_run.model IS 'NULL: there was no such model when it ended';

COMMENT ON COLUMN cia_run.name IS 'of the model, then';

COMMENT ON COLUMN cia_run.job IS 'number of pg_cron''s job that ran it';

CREATE TABLE cia_schedule (
	model      uuid PRIMARY KEY REFERENCES cia_registry ON DELETE CASCADE,
	schedule   text NOT NULL,
	options    jsonb NOT NULL,
	role       cia_role NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE cia_schedule IS 'models that are retrained by the clock; private, see view cia_schedules';

COMMENT ON COLUMN cia_schedule.schedule IS 'as it was given; pg_cron has it, too';

COMMENT ON COLUMN cia_schedule.role IS 'who gave it, and whose rights the runs have';

SELECT pg_catalog.pg_extension_config_dump('cia_promotion', '');

SELECT pg_catalog.pg_extension_config_dump('cia_schedule', '');

SELECT pg_catalog.pg_extension_config_dump('cia_tag', '');

SELECT pg_catalog.pg_extension_config_dump('cia_remark', '');

COMMENT ON FUNCTION cia_train(text, text, text, text, text[], text[], text[], text, jsonb) IS
$$trains a model and stores it as a new version, in the caller's transaction.
model: name, new or of a model of yours; source: table, view or one query, run once with your rights; target: column to predict, none for segments; algorithm: see cia_algorithms, or auto; features: columns to use, NULL for all; exclude: columns not to use; id: columns that identify a customer, whose rows then never straddle the holdout; weight: column of row weights; options: see cia_options(algorithm).
Returns one row: what was trained, its main metric on the holdout (auc, accuracy, r2 or silhouette), and notes.$$;

CREATE FUNCTION cia_retrain(
	model   text,
	source  text DEFAULT NULL,
	options jsonb DEFAULT NULL
) RETURNS TABLE (
	model text, version int, algorithm text, rows_used bigint, rows_skipped bigint,
	features int, metric text, value float8, seconds float8, promoted boolean, notes text[]
)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_retrain(text, text, jsonb) IS
$$trains a further version as one was trained, on the rows that its source has now: same arguments, options and seed.
model: name of a model of yours, for the version in production, or the newest one if there is none, or name@version; source: another table, view or query, with the same columns; options: to be laid over those of the version, where "algorithm" names another one, or auto, which else stays what it chose. Runs the source with your rights; returns the row of cia_train.$$;

CREATE FUNCTION cia_verify(model text)
	RETURNS TABLE (model text, version int, verified boolean, fingerprint text, now_fingerprint text,
				   rows_then bigint, rows_now bigint, explanation text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_verify(text) IS
$$trains a version of a model of yours once more on its source as it is now, without storing anything, and compares: the same rows and options give the same bytes.
model: name, for the version in production, or name@version. verified: are the bytes the same, and those stored what was written?; fingerprint: SHA-256 of the bytes at the training, and now; explanation: what differs, as far as that can be told.$$;

CREATE FUNCTION cia_fit_transition(internal, record, text, jsonb) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cia_fit_transition_without_target';

COMMENT ON FUNCTION cia_fit_transition(internal, record, text, jsonb) IS
	'transition function of cia_fit without a target';

COMMENT ON AGGREGATE cia_fit(record, "any", text, jsonb) IS
$$trains a model on the rows of a group and returns it as a value: cia_fit(row, target, algorithm, options).
With GROUP BY there is one model per group; over no rows the answer is NULL. A group that gives no model, since its target has one value, say, answers NULL with a warning that tells why.
A column of the row that repeats the target is left out. options as for cia_train; "id", "features" and "exclude" (arrays of columns) and "weight" (a column) may be among them. Of the C build only.$$;

CREATE AGGREGATE cia_fit(record, text, jsonb) (
	SFUNC = cia_fit_transition,
	STYPE = internal,
	COMBINEFUNC = cia_fit_combine,
	SERIALFUNC = cia_fit_serialize,
	DESERIALFUNC = cia_fit_deserialize,
	FINALFUNC = cia_fit_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE cia_fit(record, text, jsonb) IS
	'trains a model without a target, such as kmeans, on the rows of a group and returns it as a value: cia_fit(row, algorithm, options); all else as with a target';

COMMENT ON FUNCTION cia_score(text, record) IS
$$score of a row by a model: the value of a regression, the probability of the positive class of a classification; of more than two classes, unless option positive names one, the probability of the class predicted; of segments the distance from the centre of its own.
model: name, for the version in production, or name@version; row: a whole row, whose columns are matched by name; further columns are ignored.$$;

CREATE FUNCTION cia_segment(model text, "row" record) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(text, record) IS
$$label of the segment that a row belongs to: the one whose centre is nearest, or of a mixture the likeliest.
model: name, for the version in production, or name@version; row: a whole row, whose columns are matched by name; further columns are ignored.$$;

CREATE FUNCTION cia_segment(model text, "row" jsonb) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(text, jsonb) IS
	'label of the segment of a row given as a JSON object';

CREATE FUNCTION cia_segment(model cia_model, "row" record) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(cia_model, record) IS
	'label of the segment of a row, by a model given as a value';

CREATE FUNCTION cia_segment(model cia_model, "row" jsonb) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(cia_model, jsonb) IS
	'label of the segment of a row given as a JSON object, by a model given as a value';

CREATE FUNCTION cia_segment(model text, "row" float8[]) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(text, float8[]) IS
	'label of the segment of a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_segment(model cia_model, "row" float8[]) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment(cia_model, float8[]) IS
	'label of the segment of a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_segment_distance(model text, "row" record) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(text, record) IS
$$distance of a row from the centre of its segment, in units of the space that the model was trained in: standard deviations, unless option scale says otherwise; of a mixture the Mahalanobis distance, squares of which add up with twice what a label lacks of the log share of the segment's commonest one. Large ones are rows that fit no segment.
model: name, for the version in production, or name@version; row: a whole row, whose columns are matched by name; further columns are ignored.$$;

CREATE FUNCTION cia_segment_distance(model text, "row" jsonb) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(text, jsonb) IS
	'distance from the centre of its segment of a row given as a JSON object';

CREATE FUNCTION cia_segment_distance(model cia_model, "row" record) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(cia_model, record) IS
	'distance from the centre of its segment of a row, by a model given as a value';

CREATE FUNCTION cia_segment_distance(model cia_model, "row" jsonb) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(cia_model, jsonb) IS
	'distance from the centre of its segment of a row given as a JSON object, by a model given as a value';

CREATE FUNCTION cia_segment_distance(model text, "row" float8[]) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(text, float8[]) IS
	'distance from the centre of its segment of a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_segment_distance(model cia_model, "row" float8[]) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance(cia_model, float8[]) IS
	'distance from the centre of its segment of a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_segment_probabilities(model text, "row" record) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(text, record) IS
$$probability of every segment, as an object of label and probability; of a mixture given what is known of the row, of kmeans as if segments were normal distributions with the unit of its distances for deviation.
model: name, for the version in production, or name@version; row: a whole row, whose columns are matched by name; further columns are ignored.$$;

CREATE FUNCTION cia_segment_probabilities(model text, "row" jsonb) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(text, jsonb) IS
	'probability of every segment for a row given as a JSON object';

CREATE FUNCTION cia_segment_probabilities(model cia_model, "row" record) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(cia_model, record) IS
	'probability of every segment for a row, by a model given as a value';

CREATE FUNCTION cia_segment_probabilities(model cia_model, "row" jsonb) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(cia_model, jsonb) IS
	'probability of every segment for a row given as a JSON object, by a model given as a value';

CREATE FUNCTION cia_segment_probabilities(model text, "row" float8[]) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(text, float8[]) IS
	'probability of every segment for a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_segment_probabilities(model cia_model, "row" float8[]) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities(cia_model, float8[]) IS
	'probability of every segment for a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_band(model text, score float8, bands int DEFAULT 10) RETURNS int
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_band(text, float8, int) IS
$$band of a score among the scores of the rows that a model was judged on: 1 holds the highest tenth, 10 the lowest.
model: name, for the version in production, or name@version; score: as cia_score answers it; bands: 2, 4, 5, 10 or 20. A score that ends one band and begins another belongs to the higher; where many rows have one score, bands differ in size.$$;

CREATE FUNCTION cia_band(model cia_model, score float8, bands int DEFAULT 10) RETURNS int
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_band(cia_model, float8, int) IS
	'band of a score among the scores of the rows that a model given as a value was judged on';

CREATE FUNCTION cia_create_scoring_view(
	view    text,
	model   text,
	source  text,
	id      text[],
	options jsonb DEFAULT '{}'
) RETURNS regclass
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_create_scoring_view(text, text, text, text[], jsonb) IS
$$makes a view of what a model says of a source's rows, with plain columns that every dashboard reads: the id columns, score and class (or segment, distance and probability), band, version, and reasons.
view: name of the view, made with your rights; model: name, for whatever version is in production when the view is read, or name@version; source: table, view or one query; id: columns of the source that identify a row, cast where their type is not boolean, a number, text, date or timestamp; options: bands (10, see cia_band; 0 for none; or an object of names with the score at which each begins), reasons (columns of them, 4), probabilities (a column for each class or segment), columns (array of further columns of the source), replace (a view of that name), security_invoker (read the source with the reader's rights).
Returns the view. Who reads it needs SELECT on it and the privilege score on the model.$$;

CREATE FUNCTION cia_segment_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS text
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_columns(text, int, text[], boolean, "any") IS
	'cia_segment of a row given by columns; the planner puts it in place of cia_segment(model, row)';

CREATE FUNCTION cia_segment_distance_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS float8
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_distance_columns(text, int, text[], boolean, "any") IS
	'cia_segment_distance of a row given by columns; the planner puts it in place of cia_segment_distance(model, row)';

CREATE FUNCTION cia_segment_probabilities_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS jsonb
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_probabilities_columns(text, int, text[], boolean, "any") IS
	'cia_segment_probabilities of a row given by columns; the planner puts it in place of cia_segment_probabilities(model, row)';

CREATE OR REPLACE FUNCTION cia_evaluate(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (metric text, value float8, low float8, high float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 12 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_roc_curve(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (threshold float8, false_positive_rate float8, true_positive_rate float8, "rows" float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_pr_curve(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (threshold float8, "precision" float8, recall float8, "rows" float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_lift_table(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (bin int, low float8, high float8, "rows" float8, responders float8, rate float8, lift float8,
				   cumulative_share float8, cumulative_responders float8, cumulative_gain float8,
				   cumulative_lift float8, ks float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_calibration(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (bin int, low float8, high float8, "rows" float8, mean_score float8, observed_rate float8,
				   observed_low float8, observed_high float8, difference float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_confusion(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (actual text, predicted text, "rows" float8, share_of_actual float8, share_of_predicted float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_threshold(model text, source text, cost_false_positive float8, cost_false_negative float8,
							  options jsonb DEFAULT '{}')
	RETURNS TABLE (rule text, threshold float8, cost float8, cost_per_row float8, selected float8,
				   true_positives float8, false_positives float8, false_negatives float8, true_negatives float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_residuals(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (row_number bigint, id text[], target float8, score float8, residual float8, deviance_residual float8,
				   standardized float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_fairness(model text, source text, attribute text, threshold float8 DEFAULT 0.5,
							 options jsonb DEFAULT '{}')
	RETURNS TABLE ("group" text, "rows" float8, selection_rate float8, selection_low float8, selection_high float8,
				   true_positive_rate float8, false_positive_rate float8, mean_score float8, observed_rate float8,
				   selection_ratio float8, true_positive_ratio float8, false_positive_ratio float8, four_fifths boolean)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION cia_compare(model_a text, model_b text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (metric text, a float8, b float8, difference float8, low float8, high float8, p_value float8,
				   better text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME';

CREATE FUNCTION cia_choose_k(
	source    text,
	algorithm text DEFAULT 'kmeans',
	options   jsonb DEFAULT '{}',
	features  text[] DEFAULT NULL,
	exclude   text[] DEFAULT NULL,
	id        text[] DEFAULT NULL,
	weight    text DEFAULT NULL
) RETURNS TABLE (k int, inertia float8, silhouette float8, gap float8, gap_error float8, bic float8, stability float8, chosen boolean)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 11 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_choose_k(text, text, jsonb, text[], text[], text[], text) IS
$$how many segments a source has: what is found for each number of them, on a sample of the rows, and which one option k => auto of cia_train would choose; nothing is stored.
source, algorithm, options, features, exclude, id, weight: as in cia_train; option max_k is the largest number that is tried.
inertia: sum of squared distances from the centres; silhouette: how much nearer rows lie to their own segment than to the next, at most 1; gap: logarithm of how much smaller inertia is than that of rows at random, with its standard error; bic: Bayesian information criterion, less is better; stability: adjusted Rand index of the segments that two halves of the rows make, 1 if they agree wholly. gaussian_mixture is chosen by bic, and has neither inertia nor gap. A notice says if there is no clear structure.$$;

CREATE FUNCTION cia_segment_sizes(model text, source text DEFAULT NULL)
	RETURNS TABLE (segment text, rows bigint, share float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_sizes(text, text) IS
$$how many rows are in each segment of a model, segments without any too.
model: name, for the version in production, or name@version; source: table, view or one query, run once with your rights; without it the rows count that a model of yours was trained on. share: of all rows; each row counts as one.$$;

CREATE FUNCTION cia_segment_profile(model text, source text DEFAULT NULL, options jsonb DEFAULT '{}')
	RETURNS TABLE (segment text, rank int, feature text, statistic text, label text, value float8,
				   overall float8, difference float8, used boolean)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_profile(text, text, jsonb) IS
$$what segments are like: for each segment and column how it differs from all rows, the largest difference first.
model: name, for the version in production, or name@version; source: table, view or one query, run once with your rights, whose columns are all told of, but those that identify a row and the weight; without it the centres of a model of yours tell of its features, missing numbers taken for the middle; options: {"labels": 10}, the most frequent labels of a category that are told of.
rank: from 1 in each segment; statistic: mean of a number (of a time in seconds since 2000-01-01), or share of the rows that have a label, of a boolean those that are true; label: NULL for the share of rows without a value; value: in the segment; overall: in all rows; difference: of the two, in standard deviations over all rows; used: by the model. Segments without a row are not told of.$$;

CREATE FUNCTION cia_segment_migration(
	model       text,
	source_then text,
	source_now  text,
	id          text[] DEFAULT NULL
) RETURNS TABLE (from_segment text, to_segment text, rows bigint, share_of_from float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_segment_migration(text, text, text, text[]) IS
$$how many customers have gone from which segment to which: one version of a model on two sources, such as a table as it was and as it is.
model: name, for the version in production, or name@version; source_then and source_now: table, view or one query, each run once with your rights; id: columns of both that identify a customer, by default those that the model was trained with; one that comes twice in a source is an error.
from_segment is NULL for customers that are only in source_now, to_segment for those that are only in source_then; share_of_from: of the customers that were in from_segment. Pairs without a customer have no row.$$;

CREATE FUNCTION cia_rfm(
	source   text,
	customer text,
	at       text,
	amount   text,
	as_of    timestamptz DEFAULT NULL,
	bins     int DEFAULT 5,
	rules    jsonb DEFAULT NULL,
	amounts  text DEFAULT 'sum'
) RETURNS TABLE (customer_id text, recency int, frequency bigint, monetary numeric, r_score int, f_score int, m_score int, rfm text, segment text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_rfm(text, text, text, text, timestamptz, int, jsonb, text) IS
$$how recently, how often and for how much customers bought, as scores and the usual segments; one row per customer.
source: table, view or one query with a row per purchase; customer, at (date, timestamp or timestamptz), amount: its columns; as_of: rows after that moment are left out, by default the time of the latest row; bins: scores go from 1 to that number, 2 to 10; rules: what replaces cia_rfm_rules(bins), in the form of its rows as an array of objects, in which r_low, r_high, f_low, f_high, m_low, m_high, fm_low and fm_high may stand; amounts: monetary is their sum or their mean.
recency: whole days from the last purchase to as_of; frequency: number of purchases; monetary: what was paid. A score is 1 + floor(bins * share of the customers that are worse), so equals have equal scores. Rows with a negative amount are refunds: they are no purchase, and lessen what was paid. A purchase without an amount counts for recency and frequency. Rows without customer or time, and customers without a purchase, are left out with a notice.$$;

CREATE FUNCTION cia_rfm_rules(bins int DEFAULT 5)
	RETURNS TABLE (segment text, r_low int, r_high int, fm_low int, fm_high int)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_rfm_rules(int) IS
$$which scores make which segment in cia_rfm, unless its argument rules says otherwise.
A customer is of the segment whose ranges hold his r score and fm, the mean of his f and m scores rounded half up. With other than 5 bins a score stands for the fifth in which the middle of its bin lies.$$;

CREATE FUNCTION cia_behavior_features(
	source     text,
	customer   text,
	at         text,
	amount     text DEFAULT NULL,
	category   text DEFAULT NULL,
	as_of      text DEFAULT NULL,
	windows    interval[] DEFAULT '{30 days,90 days,365 days}',
	categories int DEFAULT 10,
	view       text DEFAULT NULL
) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_behavior_features(text, text, text, text, text, text, interval[], int, text) IS
$$the statement of a view with features of what customers did, as of a moment: nothing later can leak. To be run by EXECUTE or \gexec, or, without view, to be read as a source.
source: table, view or one query with a row per event; customer, at (date, timestamp or timestamptz), amount, category: its columns; as_of: a date or time, by default that of the latest row; or now, for a view that follows the clock; or a table, view or query with columns named as customer and as_of, for a row per customer and moment of his own; windows: lengths of time before as_of; categories: how many of the commonest ones, 1 to 100, have shares of their own; view: its name.
Ever: count, sum, days since the first and the last row, active days and months, mean and deviation of the days between rows. Per window: count, active_days, trend (of the count, -1 to 1: what the later half has more), sum, mean, max, and share of the rows by category. A row at as_of counts, and one at its beginning does not count for a window. Categories are chosen among rows not later than as_of, the earliest if there are several.$$;

CREATE OR REPLACE FUNCTION cia_woe(source text, target text, options jsonb DEFAULT '{}')
	RETURNS TABLE (feature text, bin int, low float8, high float8, labels text[], missing boolean,
				   "rows" float8, events float8, non_events float8, event_rate float8, woe float8,
				   iv float8, feature_iv float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_importance(text) IS
$$what each feature means to a model, by what the model itself has learned: the most important feature first.
model: name, for the version in production, or name@version.
part: of a model by group, NULL for the model of all rows; importance: share of the feature in the sum of shap, where that is NULL of gain, where that is NULL of deviation; shap: mean of the absolute Shapley values over training rows, in units of the margin; gain: what all splits by the feature took off the loss of the training rows, and gain_share its share in that of all features; splits: how many these are; cover: training rows of such a split, on average; deviation: of a regression, standard deviation over the training rows of what the feature adds to the margin, which for a number is the absolute standardised coefficient; of segments, that of their centres, by whose square importance goes. NULL: not known of this kind of model.$$;

CREATE OR REPLACE FUNCTION cia_importance(model text, source text, method text DEFAULT 'permutation',
							   options jsonb DEFAULT '{}')
	RETURNS TABLE (feature text, importance float8, deviation float8, metric text, value float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
	AS 'MODULE_PATHNAME', 'cia_permutation_importance';

CREATE FUNCTION cia_dendrogram(model text)
	RETURNS TABLE (step int, "left" int, "right" int, height float8, "rows" bigint, segments text[])
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 255 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_dendrogram(text) IS
$$what a model of algorithm hierarchical has joined, step by step, the closest first.
model: name, for the version in production, or name@version.
left and right: what the step joins, -1, -2, ... for a leaf and 1, 2, ... for what an earlier step has made, as R's hclust has it; height: how far apart the two were, in the units of the model's distances; rows: training rows of both; segments: those that the two are of, one below the cut and several above.$$;

CREATE FUNCTION cia_dendrogram(model cia_model)
	RETURNS TABLE (step int, "left" int, "right" int, height float8, "rows" bigint, segments text[])
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 255 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_dendrogram(cia_model) IS
	'what a model given as a value has joined, step by step';

CREATE OR REPLACE FUNCTION cia_partial_dependence(model text, source text, feature text,
									   options jsonb DEFAULT '{}')
	RETURNS TABLE (value text, "number" float8, class text, score float8, low float8, high float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME';

CREATE FUNCTION cia_promote(model text, version int DEFAULT NULL, reason text DEFAULT NULL) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_promote(text, int, text) IS
$$puts a version of a model of yours into production, in the caller's transaction: the plain name stands for it from the commit on.
model: name, or name@version; version: which one, as in view cia_versions; reason: for the record in view cia_promotions. Returns the version.$$;

CREATE FUNCTION cia_rollback(model text, reason text DEFAULT NULL) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_rollback(text, text) IS
$$puts the version of a model of yours back into production that was there before the current one, in the caller's transaction; once more goes a further step back.
reason: for the record in view cia_promotions. Returns the version.$$;

CREATE OR REPLACE FUNCTION cia_drop_model(model text) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_drop_model(text) IS
$$drops a model of yours with all its versions, or the one version that name@version names, unless that is in production.
True, or an error if there is none.$$;

CREATE FUNCTION cia_drop_model(model text, keep_last int) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'cia_drop_versions';

COMMENT ON FUNCTION cia_drop_model(text, int) IS
$$drops old versions of a model of yours, and answers how many.
model: name; keep_last: how many of the newest versions stay. The version in production and versions with a tag stay as well.$$;

CREATE FUNCTION cia_rename_model(model text, new_name text) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_rename_model(text, text) IS
$$gives a model of yours another name, with all its versions, tags, comments and rights. True, or an error.
model: name; new_name: one that no model has.$$;

CREATE FUNCTION cia_copy_model(model text, new_name text) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_copy_model(text, text) IS
$$copies one version of a model to another name, and answers the number that it has there.
model: name, for the version in production, or name@version; new_name: a new one, whose first version the copy is, in production at once; or that of a model of yours, which gets one more version, to be put into production with cia_promote. Column origin of cia_versions says what a copy comes from.$$;

CREATE FUNCTION cia_tag(model text, tag text) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_tag(text, text) IS
$$puts a tag on a version, and answers the version's number. A tag is on one version of a model at most: it moves there.
model: name, for the version in production, or name@version; tag: of your choice, 1 to 63 bytes.$$;

CREATE FUNCTION cia_untag(model text, tag text) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_untag(text, text) IS
$$takes a tag away from a model, whichever version it is on, and answers the number of that.
model: name; tag: as given to cia_tag.$$;

CREATE FUNCTION cia_comment(model text, comment text) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_comment(text, text) IS
$$writes a comment on a version in place of the one before, and answers the version's number.
model: name, for the version in production, or name@version; comment: what it is for, who approved it; NULL or empty takes it away.$$;

CREATE FUNCTION cia_name_segment(model text, segment text, name text) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_name_segment(text, text, text) IS
$$gives a segment of a model of yours another name, at COMMIT for everybody's next statement, and answers the version's number. Versions that are trained later keep it for the segment that follows this one.
model: name, for the version in production, or name@version; segment: what it is called now, see cia_segment_sizes; name: one that no other segment of the version has, 1 to 200 bytes. The version's fingerprint is then that of the model with the name; column named of cia_versions tells who has called what how.$$;

CREATE FUNCTION cia_diff(model text, v1 int, v2 int)
	RETURNS TABLE (aspect text, item text, old text, new text, difference float8)
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 50 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_diff(text, int, int) IS
$$what changed from version v1 of a model of yours to version v2; only what differs, NULL for what is not there.
aspect and item: training (source, algorithm, task, target), request (other arguments), option (in force), column (read, by name: type and role), rows (used, skipped), metric, target (mean and sd of a number), class or segment (share of the training rows), feature (that the model knows: type, kind and use), missing, mean and sd of a feature, labels (of a category, that one of both knows), drift (of a number the difference of the means in standard deviations of v1, of a category the population stability index), made (by whom, with which cia and PostgreSQL), model (fingerprint); difference: new less old, of dates in seconds.$$;

CREATE FUNCTION cia_export(model text) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_export(text) IS
$$one version of a model of yours as a document that cia_import reads, here or in another database: the model itself, its lineage, tags and comment.
model: name, for the version in production, or name@version. A version always gives the same document, with numbers in their shortest exact form. For git: psql -Atc "SELECT jsonb_pretty(cia_export('churn'))" > churn.json$$;

CREATE FUNCTION cia_import(model text, export jsonb) RETURNS int
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_import(text, jsonb) IS
$$makes a version from a document of cia_export, and answers its number. Damaged documents are refused.
model: a new name, whose first version it is, in production at once; or that of a model of yours, which gets one more version, to be put into production with cia_promote; export: the document. Column origin of cia_versions says where it was trained, and by whom; a tag that is on another version stays there.$$;

CREATE FUNCTION cia_model_card(model text) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_model_card(text) IS
$$one version of a model of yours as a document for validation, in Markdown: intended use (its comment), details and lineage, training data, performance with 95 % intervals and by group, calibration, importance, limitations, options, and the statement that trains it again.
model: name, for the version in production, or name@version. Nothing runs; a version has one card until its tags, its comment or its place in production change. psql -Atc "SELECT cia_model_card('churn')" > churn.md$$;

CREATE FUNCTION cia_grant(model text, role text, privilege text) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_grant(text, text, text) IS
$$grants a privilege on a model to a role and its members; for whoever may manage the model.
model: name, without a version; role: its name, letter by letter as in pg_roles, or public for everybody; privilege: score (to ask it for scores, classes, explanations and measures on rows of one's own) or manage (what the owner may, but for giving it another owner: see weights and training text, train, promote, drop, grant).$$;

CREATE FUNCTION cia_grant(model text, role regrole, privilege text) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_grant(text, regrole, text) IS 'grants a privilege on a model to a role';

CREATE FUNCTION cia_revoke(model text, role text, privilege text) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_revoke(text, text, text) IS
$$takes back a privilege that cia_grant has granted, at COMMIT from everybody's next statement; a notice tells if the role has it all the same, through another one.
model, role, privilege: as for cia_grant.$$;

CREATE FUNCTION cia_revoke(model text, role regrole, privilege text) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_revoke(text, regrole, text) IS
	'takes back a privilege that cia_grant has granted to a role';

CREATE FUNCTION cia_owner(model text, role text) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_owner(text, text) IS
$$gives a model of yours to a role that you could become, as ALTER ... OWNER TO does.
model: name, without a version; role: its name, letter by letter as in pg_roles.$$;

CREATE FUNCTION cia_owner(model text, role regrole) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_owner(text, regrole) IS 'gives a model of yours to a role';

CREATE FUNCTION cia_has_privilege(model text, privilege text) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_has_privilege(text, text) IS
	'may you use a model: score or manage; as has_table_privilege for tables';

CREATE FUNCTION cia_has_privilege(role text, model text, privilege text) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cia_has_privilege_of_role';

COMMENT ON FUNCTION cia_has_privilege(text, text, text) IS
	'may a role use a model; public: may everybody';

CREATE FUNCTION cia_has_privilege(role regrole, model text, privilege text) RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'cia_has_privilege_of_role';

COMMENT ON FUNCTION cia_has_privilege(regrole, text, text) IS 'may a role use a model';

CREATE FUNCTION cia_may(privilege text, owner cia_role, scorers cia_role[], managers cia_role[])
	RETURNS boolean
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_may(text, cia_role, cia_role[], cia_role[]) IS
	'may you use a model of which the registry says this: the condition of the views; not part of the contract';

CREATE OR REPLACE VIEW cia_models WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   r.owner::regrole AS owner,
		   r.production AS version,
		   (SELECT count(*) FROM cia_version a WHERE a.model = r.id) AS versions,
		   v.algorithm, v.task, v.target, v.metric, v.value, v.rows_used, v.trained_at
	FROM cia_registry r
	LEFT JOIN cia_version v ON v.model = r.id AND v.version = r.production
	WHERE cia_may('score', r.owner, r.scorers, r.managers);

COMMENT ON VIEW cia_models IS 'models that you may score with, with the version in production; NULLs if there is none';

CREATE OR REPLACE VIEW cia_versions WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   v.version,
		   v.version IS NOT DISTINCT FROM r.production AS production,
		   v.algorithm, v.task, v.target, v.source, v.options, v.features, v.rows_used,
		   v.rows_skipped, v.metric, v.value, v.metrics, v.notes, v.seconds,
		   v.fingerprint,
		   pg_catalog.pg_column_size(v.content) AS size,
		   v.content, v.trained_by::regrole AS trained_by, v.trained_at,
		   v.request, v.parent, v.columns, v.intervals, (v.options->'seed')::bigint AS seed,
		   v.cia_version, v.pg_version, v.origin,
		   ARRAY(SELECT t.tag FROM cia_tag t WHERE t.model = v.model AND t.version = v.version
				 ORDER BY t.tag COLLATE "C") AS tags,
		   (SELECT c.remark FROM cia_remark c WHERE c.model = v.model AND c.version = v.version) AS comment,
		   v.decision, v.named
	FROM cia_registry r
	JOIN cia_version v ON v.model = r.id
	WHERE cia_may('manage', r.owner, r.scorers, r.managers);

COMMENT ON VIEW cia_versions IS
$$versions of the models that you may manage, with their lineage.
fingerprint: SHA-256 of the model's bytes; request: arguments of the training as they were given; parent: version in production at that time; columns: columns of the source that were read, with type and role; intervals: of metrics, low and high; origin: of a copied or imported version, what it comes from; tags and comment: see cia_tag and cia_comment; decision: whether the training has put the version into production, and why; named: segments that cia_name_segment has given a name.$$;

CREATE VIEW cia_promotions WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   p.number, p.version, p.previous, p.kind, p.reason, p.promoted_by::regrole AS promoted_by, p.promoted_at
	FROM cia_registry r
	JOIN cia_promotion p ON p.model = r.id
	WHERE cia_may('manage', r.owner, r.scorers, r.managers);

COMMENT ON VIEW cia_promotions IS
	'what was in production of the models that you may manage, when and why: kind is training, promotion or rollback, of a first version that was not trained under this name copy or import; number counts from 1 for each model';

CREATE VIEW cia_privileges WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   CASE WHEN g.role = 0::oid THEN 'PUBLIC'
				ELSE pg_catalog.pg_get_userbyid(g.role)::text END AS role,
		   g.privilege
	FROM cia_registry r
	CROSS JOIN LATERAL (
		SELECT r.owner::oid AS role, 'owner' AS privilege
		UNION ALL
		SELECT pg_catalog.unnest(r.managers)::oid, 'manage'
		UNION ALL
		SELECT pg_catalog.unnest(r.scorers)::oid, 'score'
	) g
	WHERE cia_may('manage', r.owner, r.scorers, r.managers)
	   OR g.role = 0::oid
	   OR pg_catalog.pg_has_role(g.role, 'USAGE');

COMMENT ON VIEW cia_privileges IS
	'who may use models: all of it for those that you may manage, else what you have yourself; privilege: owner, manage or score; role: as cia_grant and cia_revoke take it';

GRANT SELECT ON cia_promotions, cia_privileges TO PUBLIC;

CREATE FUNCTION cia_job_list(OUT model text, OUT kind text, OUT stage text, OUT done float8,
							 OUT rows bigint, OUT loss float8, OUT role regrole,
							 OUT started_at timestamptz, OUT pid int)
	RETURNS SETOF record
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 5 AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_job_list() IS 'internal: see view cia_jobs';

CREATE VIEW cia_jobs AS
	SELECT model, kind, stage, done, rows, loss, role, started_at,
		   extract(epoch FROM clock_timestamp() - started_at)::float8 AS seconds, pid
	FROM cia_job_list();

COMMENT ON VIEW cia_jobs IS
$$long calls of this database that run now, in all sessions: those of your own roles, or all of them for superusers and members of pg_read_all_stats.
kind: train, retrain, verify, cross-validate, judge or score; stage: reading, ordering, fitting, fitting groups, fitting folds, judging, permuting or storing; done: share of the whole, from 0 to 1, estimated; rows: read so far; loss: of a fit that stops early, on the rows that tell it when; role: whose rights it has; pid: for pg_cancel_backend. Nothing is shown of sessions with track_activities = off.$$;

CREATE VIEW cia_runs WITH (security_barrier) AS
	SELECT u.number,
		   coalesce(r.name, u.name)::text AS model,
		   u.version, u.kind, u.outcome, u.sqlstate, u.message, u.detail, u.hint, u.rows,
		   extract(epoch FROM u.ended_at - u.started_at)::float8 AS seconds,
		   u.started_at, u.ended_at, u.run_by, u.job
	FROM cia_run u
	LEFT JOIN cia_registry r ON r.id = u.model
	WHERE cia_may('manage', r.owner, r.scorers, r.managers)
	   OR pg_catalog.pg_has_role(u.run_by, 'USAGE');

COMMENT ON VIEW cia_runs IS
$$trainings that have ended, of the models that you may manage and those that you ran yourself; the last hundred of each name are kept.
kind: train or retrain; version: that came of it; outcome: succeeded, failed, canceled (by a user, a timeout or the end of the server) or skipped (another run of its schedule was under way); sqlstate, message, detail and hint: of the error; rows: read until then; run_by: whose rights it had; job: number of the schedule in cia_schedules.$$;

CREATE FUNCTION cia_schedule(model text, schedule text, options jsonb DEFAULT '{}') RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_schedule(text, text, jsonb) IS
$$has pg_cron retrain a model by the clock, with your rights; answers the number of pg_cron's job. A model has one schedule: a new one takes the place of the old.
model: name, without a version; schedule: minute, hour, day, month and weekday as in crontab, in pg_cron's time zone (cron.timezone, else GMT), or @hourly, @daily, @weekly, @monthly, @yearly, or, from pg_cron 1.5 on, "30 seconds"; options: for cia_retrain, every time.$$;

CREATE FUNCTION cia_unschedule(model text) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_unschedule(text) IS
	'ends the schedule of a model, whoever gave it; true, or an error if there is none';

CREATE PROCEDURE cia_run_schedule(id uuid)
	LANGUAGE C AS 'MODULE_PATHNAME';

COMMENT ON PROCEDURE cia_run_schedule(uuid) IS
	'internal: what pg_cron calls, with the id of the model; retrains it and records what came of it, in transactions of its own';

CREATE FUNCTION cia_unscheduled() RETURNS trigger
	LANGUAGE C AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_unscheduled() IS
	'internal: takes pg_cron''s job out when a schedule goes, be it with its model';

CREATE TRIGGER cia_unscheduled AFTER DELETE ON cia_schedule
	FOR EACH ROW EXECUTE FUNCTION cia_unscheduled();

COMMENT ON TRIGGER cia_unscheduled ON cia_schedule IS 'takes pg_cron''s job out';

CREATE FUNCTION cia_next_run(schedule text, after timestamptz DEFAULT now(), timezone text DEFAULT NULL)
	RETURNS timestamptz
	LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_next_run(text, timestamptz, text) IS
$$when a schedule comes next after a time; NULL for @reboot and for a day that is not in the calendar.
schedule: as for cia_schedule; timezone: in which it is read, by default that of pg_cron (cron.timezone, else GMT).$$;

CREATE FUNCTION cia_scheduled_job(model uuid, OUT job bigint, OUT schedule text, OUT active boolean,
								  OUT next_run timestamptz)
	LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION cia_scheduled_job(uuid) IS
	'internal: what pg_cron knows of a model''s job; see view cia_schedules';

CREATE VIEW cia_schedules WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   coalesce(j.schedule, s.schedule) AS schedule,
		   s.options, s.role::regrole AS role,
		   coalesce(j.active, false) AS active,
		   u.started_at AS last_run, u.outcome, u.message AS error, j.next_run, j.job
	FROM cia_schedule s
	JOIN cia_registry r ON r.id = s.model
	CROSS JOIN LATERAL cia_scheduled_job(s.model) j
	LEFT JOIN LATERAL (
		SELECT started_at, outcome, message FROM cia_run
		WHERE model = s.model AND cia_run.job IS NOT NULL ORDER BY number DESC LIMIT 1
	) u ON true
	WHERE cia_may('manage', r.owner, r.scorers, r.managers);

COMMENT ON VIEW cia_schedules IS
$$schedules of the models that you may manage.
role: whose rights the runs have; active: does pg_cron have the job, and does it run it; last_run, outcome and error: of the last run, as in cia_runs; next_run: NULL if there will be none; job: number of pg_cron's job, as in cron.job and cron.job_run_details.$$;

GRANT SELECT ON cia_jobs, cia_runs, cia_schedules TO PUBLIC;
