/* SPDX-License-Identifier: PostgreSQL */
-- cia--1.0.sql: the whole SQL surface, in reading order.

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION cia" to load this file. \quit

--
-- The model as a value
--

CREATE TYPE cia_model;

CREATE FUNCTION cia_model_in(cstring) RETURNS cia_model
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_model_in(cstring) IS 'input: the JSON text of a model';

CREATE FUNCTION cia_model_out(cia_model) RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_model_out(cia_model) IS 'output: the JSON text of a model';

CREATE FUNCTION cia_model_recv(internal) RETURNS cia_model
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_model_recv(internal) IS 'binary input: checked bytes of a model';

CREATE FUNCTION cia_model_send(cia_model) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_model_send(cia_model) IS
	'binary output: the bytes of a model, of which the fingerprint is the SHA-256';

CREATE TYPE cia_model (
	INPUT = cia_model_in,
	OUTPUT = cia_model_out,
	RECEIVE = cia_model_recv,
	SEND = cia_model_send,
	INTERNALLENGTH = VARIABLE,
	STORAGE = extended
);
COMMENT ON TYPE cia_model IS
	'a trained model: schema, learned numbers and training summary; immutable, checksummed, written as JSON';

CREATE CAST (cia_model AS jsonb) WITH INOUT;
COMMENT ON CAST (cia_model AS jsonb) IS 'the parts of a model, to be taken out with ->';

CREATE CAST (jsonb AS cia_model) WITH INOUT;
COMMENT ON CAST (jsonb AS cia_model) IS 'a model from its parts, checked';

--
-- The registry: private tables
--

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

CREATE TABLE cia_registry (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	name       name NOT NULL CONSTRAINT cia_registry_name_key UNIQUE,
	owner      cia_role NOT NULL,
	production int,
	latest     int NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	promote    text NOT NULL DEFAULT 'better'
			   CONSTRAINT cia_registry_promote_check CHECK (promote IN ('better', 'always', 'never')),
	scorers    cia_role[] NOT NULL DEFAULT '{}',
	managers   cia_role[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE cia_registry IS 'models by name; private, see view cia_models';
COMMENT ON COLUMN cia_registry.owner IS 'role that trained the first version; its members may use and retrain the model';
COMMENT ON COLUMN cia_registry.production IS 'version that the plain name stands for';
COMMENT ON COLUMN cia_registry.latest IS 'highest version given out';
COMMENT ON COLUMN cia_registry.promote IS 'when a new version goes into production by itself';
COMMENT ON COLUMN cia_registry.scorers IS 'roles that may score, besides managers and owner; - is everybody';
COMMENT ON COLUMN cia_registry.managers IS 'roles that may do what the owner may';

CREATE TABLE cia_version (
	model        uuid NOT NULL REFERENCES cia_registry ON DELETE CASCADE,
	version      int NOT NULL,
	content      cia_model NOT NULL,
	source       text NOT NULL,
	inputs       text[] NOT NULL,
	id           text[],
	weight       text,
	options      jsonb NOT NULL,
	algorithm    text NOT NULL,
	task         text NOT NULL,
	target       text,
	features     int NOT NULL,
	rows_used    bigint NOT NULL,
	rows_skipped bigint NOT NULL,
	metric       text NOT NULL,
	value        float8,
	metrics      jsonb NOT NULL,
	notes        text[] NOT NULL,
	seconds      float8 NOT NULL,
	trained_by   cia_role NOT NULL,
	trained_at   timestamptz NOT NULL DEFAULT now(),
	request      jsonb NOT NULL,
	parent       int,
	fingerprint  text NOT NULL,
	cia_version  text NOT NULL,
	pg_version   text NOT NULL,
	columns      jsonb NOT NULL,
	intervals    jsonb NOT NULL,
	origin       jsonb,
	decision     text,
	named        jsonb,
	PRIMARY KEY (model, version)
);
-- numbers hardly shrink, and whoever scores first in a session would wait for them to be unpacked
ALTER TABLE cia_version ALTER COLUMN content SET STORAGE EXTERNAL;
COMMENT ON TABLE cia_version IS 'versions of models; private, see view cia_versions';
COMMENT ON COLUMN cia_version.content IS 'the model itself';
COMMENT ON COLUMN cia_version.inputs IS 'columns of the source that were read as candidates for features';
COMMENT ON COLUMN cia_version.options IS 'all options in force, defaults included';
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
COMMENT ON TABLE cia_promotion IS 'what was in production, when and why; private, see view cia_promotions';
COMMENT ON COLUMN cia_promotion.number IS 'counts the decisions about a model, from 1';
COMMENT ON COLUMN cia_promotion.version IS 'version that went into production; NULL: none is any more';
COMMENT ON COLUMN cia_promotion.previous IS 'version that was in production until then; NULL: none was';
COMMENT ON COLUMN cia_promotion.kind IS 'training, promotion or rollback; of a first version that was not trained under this name, copy or import';

-- what may change of a version stands beside it, so that no change makes backends load models anew
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

-- pg_dump takes the models along
SELECT pg_catalog.pg_extension_config_dump('cia_registry', '');
SELECT pg_catalog.pg_extension_config_dump('cia_version', '');
SELECT pg_catalog.pg_extension_config_dump('cia_promotion', '');
SELECT pg_catalog.pg_extension_config_dump('cia_schedule', '');
SELECT pg_catalog.pg_extension_config_dump('cia_tag', '');
SELECT pg_catalog.pg_extension_config_dump('cia_remark', '');

--
-- Learn
--

CREATE FUNCTION cia_train(
	model     text,
	source    text,
	target    text DEFAULT NULL,
	algorithm text DEFAULT 'auto',
	features  text[] DEFAULT NULL,
	exclude   text[] DEFAULT NULL,
	id        text[] DEFAULT NULL,
	weight    text DEFAULT NULL,
	options   jsonb DEFAULT '{}'
) RETURNS TABLE (
	model text, version int, algorithm text, rows_used bigint, rows_skipped bigint,
	features int, metric text, value float8, seconds float8, promoted boolean, notes text[]
)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME';
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

CREATE FUNCTION cia_fit_transition(internal, record, "any", text, jsonb) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fit_transition(internal, record, "any", text, jsonb) IS 'transition function of cia_fit';

CREATE FUNCTION cia_fit_transition(internal, record, text, jsonb) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'cia_fit_transition_without_target';
COMMENT ON FUNCTION cia_fit_transition(internal, record, text, jsonb) IS
	'transition function of cia_fit without a target';

CREATE FUNCTION cia_fit_combine(internal, internal) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fit_combine(internal, internal) IS 'combine function of cia_fit';

CREATE FUNCTION cia_fit_serialize(internal) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fit_serialize(internal) IS 'serialization function of cia_fit';

CREATE FUNCTION cia_fit_deserialize(bytea, internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fit_deserialize(bytea, internal) IS 'deserialization function of cia_fit';

CREATE FUNCTION cia_fit_final(internal) RETURNS cia_model
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fit_final(internal) IS 'final function of cia_fit';

CREATE AGGREGATE cia_fit(record, "any", text, jsonb) (
	SFUNC = cia_fit_transition,
	STYPE = internal,
	COMBINEFUNC = cia_fit_combine,
	SERIALFUNC = cia_fit_serialize,
	DESERIALFUNC = cia_fit_deserialize,
	FINALFUNC = cia_fit_final,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = SAFE
);
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

CREATE FUNCTION cia_algorithm_list(OUT algorithm text, OUT task text, OUT summary text)
	RETURNS SETOF record
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_algorithm_list() IS 'the rows of view cia_algorithms';

CREATE VIEW cia_algorithms AS
	SELECT algorithm, task, summary FROM cia_algorithm_list();
COMMENT ON VIEW cia_algorithms IS 'algorithms that cia_train and cia_fit take';

CREATE FUNCTION cia_options(algorithm text)
	RETURNS TABLE (option text, type text, default_value text, minimum float8, maximum float8,
				   meaning text)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_options(text) IS
	'options of an algorithm, with defaults, ranges and meaning; auto shows those that all share';

--
-- Use
--

CREATE FUNCTION cia_score_support(internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score_support(internal) IS
	'planner support of cia_score and its sisters: hands over the columns that a model uses instead of a whole row, and tells costs';

CREATE FUNCTION cia_score(model text, "row" record) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(text, record) IS
$$score of a row by a model: the value of a regression, the probability of the positive class of a classification; of more than two classes, unless option positive names one, the probability of the class predicted; of segments the distance from the centre of its own.
model: name, for the version in production, or name@version; row: a whole row, whose columns are matched by name; further columns are ignored.$$;

CREATE FUNCTION cia_score(model text, "row" jsonb) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(text, jsonb) IS
	'score of a row given as a JSON object, whose members are matched by name';

CREATE FUNCTION cia_score(model cia_model, "row" record) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(cia_model, record) IS 'score of a row by a model given as a value';

CREATE FUNCTION cia_score(model cia_model, "row" jsonb) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(cia_model, jsonb) IS
	'score of a row given as a JSON object by a model given as a value';

CREATE FUNCTION cia_score(model text, "row" float8[]) RETURNS float8
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(text, float8[]) IS
	'score of a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_score(model cia_model, "row" float8[]) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score(cia_model, float8[]) IS
	'score of a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_class(model text, "row" record) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(text, record) IS
	'label of the class that a model predicts: of two the positive one from a probability of one half on, of more the likeliest';

CREATE FUNCTION cia_class(model text, "row" jsonb) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(text, jsonb) IS
	'label of the class that a model predicts for a row given as a JSON object';

CREATE FUNCTION cia_class(model cia_model, "row" record) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(cia_model, record) IS
	'label of the class that a model given as a value predicts';

CREATE FUNCTION cia_class(model cia_model, "row" jsonb) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(cia_model, jsonb) IS
	'label of the class that a model given as a value predicts for a JSON object';

CREATE FUNCTION cia_class(model text, "row" float8[]) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(text, float8[]) IS
	'label of the class that a model predicts for a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_class(model cia_model, "row" float8[]) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class(cia_model, float8[]) IS
	'label of the class that a model predicts for a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_probabilities(model text, "row" record) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(text, record) IS
	'probability of every class, as an object of label and probability';

CREATE FUNCTION cia_probabilities(model text, "row" jsonb) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(text, jsonb) IS
	'probability of every class for a row given as a JSON object';

CREATE FUNCTION cia_probabilities(model cia_model, "row" record) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(cia_model, record) IS
	'probability of every class by a model given as a value';

CREATE FUNCTION cia_probabilities(model cia_model, "row" jsonb) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(cia_model, jsonb) IS
	'probability of every class for a JSON object by a model given as a value';

CREATE FUNCTION cia_probabilities(model text, "row" float8[]) RETURNS jsonb
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(text, float8[]) IS
	'probability of every class for a row given as numbers in the order of cia_features(model); a label is given as its place among the labels, from 1';

CREATE FUNCTION cia_probabilities(model cia_model, "row" float8[]) RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities(cia_model, float8[]) IS
	'probability of every class for a row given as numbers in the order of cia_features(model) by a model given as a value; a label is given as its place among the labels, from 1';

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

CREATE FUNCTION cia_explain(model text, "row" record)
	RETURNS TABLE (feature text, value text, contribution float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 20 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_explain(text, record) IS
$$why a row has its score: what each feature adds to the margin, the largest first.
The margin is the value of a regression and the log odds of a classification; the first row, bias, is the margin of the average row, and the contributions add up to the margin of this one.
Of more than two classes the one is explained whose probability cia_score answers; its margin is the log of that probability, less the mean of the logs over all classes.$$;

CREATE FUNCTION cia_explain(model text, "row" jsonb)
	RETURNS TABLE (feature text, value text, contribution float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 20 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_explain(text, jsonb) IS
	'why a row given as a JSON object has its score';

CREATE FUNCTION cia_explain(model cia_model, "row" record)
	RETURNS TABLE (feature text, value text, contribution float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_explain(cia_model, record) IS
	'why a row has its score by a model given as a value';

CREATE FUNCTION cia_explain(model cia_model, "row" jsonb)
	RETURNS TABLE (feature text, value text, contribution float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_explain(cia_model, jsonb) IS
	'why a JSON object has its score by a model given as a value';

CREATE FUNCTION cia_reasons(model text, "row" record, k int DEFAULT 4) RETURNS text[]
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_reasons(text, record, int) IS
$$the principal reasons for a high score: features that raise it most above the score of the average row, the strongest first, as "feature = value" or "feature is missing".
model, row: as for cia_score; k: at most so many, 1 to 100. Fewer if fewer features raise the score; none gives an empty array.$$;

CREATE FUNCTION cia_reasons(model text, "row" jsonb, k int DEFAULT 4) RETURNS text[]
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_reasons(text, jsonb, int) IS
	'the principal reasons for a high score of a row given as a JSON object';

CREATE FUNCTION cia_reasons(model cia_model, "row" record, k int DEFAULT 4) RETURNS text[]
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_reasons(cia_model, record, int) IS
	'the principal reasons for a high score by a model given as a value';

CREATE FUNCTION cia_reasons(model cia_model, "row" jsonb, k int DEFAULT 4) RETURNS text[]
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_reasons(cia_model, jsonb, int) IS
	'the principal reasons for a high score of a JSON object by a model given as a value';

CREATE FUNCTION cia_score_into(
	model        text,
	source       text,
	target_table text,
	id           text[],
	options      jsonb DEFAULT '{}'
) RETURNS TABLE (
	model text, version int, rows bigint, inserted bigint, updated bigint, seconds float8
)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score_into(text, text, text, text[], jsonb) IS
$$scores all rows of a source into a table, in the caller's transaction and with the caller's rights: new ids are inserted, ids that are there are updated.
model: name, for the version in production, or name@version; source: table, view or one query, run once; target_table: table with the id columns, score, class (of a classifier), version and scored_at, made if it does not exist, else with a unique index on the id columns; id: columns of the source that identify a row; options: none yet.
inserted and updated are NULL where target_table is a view. Rows that the source no longer has stay as they are: scored_at tells them.$$;

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

--
-- What the planner makes of cia_score and its sisters; not part of the contract
--

CREATE FUNCTION cia_pack(internal, VARIADIC "values" "any") RETURNS internal
	LANGUAGE C STABLE PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_pack(internal, "any") IS
	'values of columns for cia_score_columns, where they are more than a function takes';

CREATE FUNCTION cia_if_present(present boolean, answer anyelement) RETURNS anyelement
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_if_present(boolean, anyelement) IS
	'the answer, or NULL for a row that is not there: strict, so that the planner can make an inner join of an outer one';

CREATE FUNCTION cia_score_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS float8
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_score_columns(text, int, text[], boolean, "any") IS
	'cia_score of a row given by columns; the planner puts it in place of cia_score(model, row)';

CREATE FUNCTION cia_class_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS text
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_class_columns(text, int, text[], boolean, "any") IS
	'cia_class of a row given by columns; the planner puts it in place of cia_class(model, row)';

CREATE FUNCTION cia_probabilities_columns(
	model text, version int, columns text[], present boolean, VARIADIC "values" "any"
) RETURNS jsonb
	LANGUAGE C STABLE PARALLEL SAFE COST 50 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_probabilities_columns(text, int, text[], boolean, "any") IS
	'cia_probabilities of a row given by columns; the planner puts it in place of cia_probabilities(model, row)';

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

CREATE FUNCTION cia_reasons_columns(
	model text, version int, columns text[], present boolean, k int, VARIADIC "values" "any"
) RETURNS text[]
	LANGUAGE C STABLE PARALLEL SAFE COST 100 SUPPORT cia_score_support
	AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_reasons_columns(text, int, text[], boolean, int, "any") IS
	'cia_reasons of a row given by columns; the planner puts it in place of cia_reasons(model, row, k)';

--
-- Judge
--

CREATE FUNCTION cia_evaluate(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (metric text, value float8, low float8, high float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 12 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_evaluate(text, text, jsonb) IS
$$how good a model is on the rows of a source, with 95 % intervals.
source: table, view or one query that has the model's columns and its target; options: {"rows": "auto" | "all" | "holdout"}, where auto judges only the holdout if source is the very source that the model was trained on.$$;

CREATE FUNCTION cia_roc_curve(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (threshold float8, false_positive_rate float8, true_positive_rate float8, "rows" float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_roc_curve(text, text, jsonb) IS
$$the ROC curve of a classifier of two classes on the rows of a source: at each threshold the share of the negatives and of the positives whose score is that or more, and how many rows that is.
source and rows as in cia_evaluate; options: rows, points (1000: the curve is thinned to so many points, evenly along its length; 0: all). Points between which the curve goes straight on are left out, as by scikit-learn's roc_curve. The first threshold is infinity. With weights, rows is their sum.$$;

CREATE FUNCTION cia_pr_curve(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (threshold float8, "precision" float8, recall float8, "rows" float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_pr_curve(text, text, jsonb) IS
$$the precision-recall curve of a classifier of two classes on the rows of a source: of the rows whose score is the threshold or more, the share that is positive, the share of all positives that they are, and how many rows that is.
source and rows as in cia_evaluate; options: rows, points (1000: at most so many; 0: all). The first threshold is infinity, where precision is 1 by convention.$$;

CREATE FUNCTION cia_lift_table(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (bin int, low float8, high float8, "rows" float8, responders float8, rate float8, lift float8,
				   cumulative_share float8, cumulative_responders float8, cumulative_gain float8,
				   cumulative_lift float8, ks float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_lift_table(text, text, jsonb) IS
$$rows of a source in deciles by the score of a classifier of two classes, the highest first, with the positives (responders) in each.
source and rows as in cia_evaluate; options: rows, bins (10). low and high bound the scores of a bin; rate is responders / rows, lift that rate over the one of all rows; the cumulative columns are of this bin and all before it: share of the rows, responders, gain (share of all responders), lift, and ks (gain less the same share of the others). Rows of one score stay in one bin, that in which the middle of them falls, so bins may differ in size and a number may be missing.$$;

CREATE FUNCTION cia_calibration(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (bin int, low float8, high float8, "rows" float8, mean_score float8, observed_rate float8,
				   observed_low float8, observed_high float8, difference float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_calibration(text, text, jsonb) IS
$$what the score of a classifier of two classes promises and what came out, by bins of the score.
source and rows as in cia_evaluate; options: rows, bins (10), strategy (quantile, the default, for bins of about as many rows, or uniform for bins of the same width, as in scikit-learn's calibration_curve). low and high bound the scores that fell into the bin; mean_score is their mean, observed_rate the share of positives with Wilson's 95 % interval, difference the one less the other. Empty bins are left out.$$;

CREATE FUNCTION cia_confusion(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (actual text, predicted text, "rows" float8, share_of_actual float8, share_of_predicted float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_confusion(text, text, jsonb) IS
$$the confusion matrix of a classifier on the rows of a source: one line for each class that came out and each that was predicted.
source and rows as in cia_evaluate; options: rows, threshold (0.5: of two classes, the least score of a row that is called positive). share_of_actual is the recall of a class where both are the same, share_of_predicted its precision. Rows of a class that the model does not know have actual NULL.$$;

CREATE FUNCTION cia_threshold(model text, source text, cost_false_positive float8, cost_false_negative float8,
							  options jsonb DEFAULT '{}')
	RETURNS TABLE (rule text, threshold float8, cost float8, cost_per_row float8, selected float8,
				   true_positives float8, false_positives float8, false_negatives float8, true_negatives float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_threshold(text, text, float8, float8, jsonb) IS
$$the cut-off of a score of two classes whose errors cost least on the rows of a source, and what other cut-offs cost.
cost_false_positive, cost_false_negative: what it costs to select a negative and to miss a positive; source and rows as in cia_evaluate; options: rows. A row is selected if its score is the threshold or more. Rules: cheapest (on these rows; of several the one that selects least), by costs alone (cost_false_positive over the sum of both, which is best for a calibrated score and needs no rows), one half, all and none.$$;

CREATE FUNCTION cia_residuals(model text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (row_number bigint, id text[], target float8, score float8, residual float8, deviance_residual float8,
				   standardized float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_residuals(text, text, jsonb) IS
$$what a regression or a classifier of two classes leaves unexplained on the rows of a source, row by row.
source and rows as in cia_evaluate; options: rows. row_number counts the rows of the source from 1 as they came; id holds the id columns that the model was trained with, where the source has them all. residual is target - score, the target of two classes being 1 or 0; deviance_residual has the same sign, and its squares add up to the deviance that the algorithm makes small (squared errors, unless it says otherwise; of classes -2 log likelihood); standardized is that over the root of its mean square.$$;

CREATE FUNCTION cia_fairness(model text, source text, attribute text, threshold float8 DEFAULT 0.5,
							 options jsonb DEFAULT '{}')
	RETURNS TABLE ("group" text, "rows" float8, selection_rate float8, selection_low float8, selection_high float8,
				   true_positive_rate float8, false_positive_rate float8, mean_score float8, observed_rate float8,
				   selection_ratio float8, true_positive_ratio float8, false_positive_ratio float8, four_fifths boolean)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_fairness(text, text, text, float8, jsonb) IS
$$how a decision by the score of a classifier of two classes treats groups of the rows of a source.
attribute: column of the source that names the groups, which need not be a feature; NULL is a group, the last one; threshold: least score of a row that is selected; source and rows as in cia_evaluate; options: rows, favourable (selected, the default, or rejected where the score is a risk).
selection_rate has Wilson's 95 % interval; mean_score and observed_rate show calibration. The ratios are a group's rates over the highest of all groups (of the share that is not selected, if that is favourable); four_fifths says whether selection_ratio is 0.8 or more.$$;

CREATE FUNCTION cia_compare(model_a text, model_b text, source text, options jsonb DEFAULT '{}')
	RETURNS TABLE (metric text, a float8, b float8, difference float8, low float8, high float8, p_value float8,
				   better text)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 5 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_compare(text, text, text, jsonb) IS
$$whether one model is better than another of the same target, on the same rows of a source.
source and rows as in cia_evaluate; options: rows. On a source that a model was trained on only rows that were kept out of its training count, for both.
difference is a - b with its 95 % interval, p_value that of there being none, from rows in pairs: DeLong's test of the AUC, McNemar's mid-p test of accuracy, else the normal one of what each row adds to the difference. better names the model that is, if p_value < 0.05. Weights are those of model_a.$$;

CREATE FUNCTION cia_cross_validate(
	source    text,
	target    text,
	algorithm text DEFAULT 'auto',
	options   jsonb DEFAULT '{}',
	folds     int DEFAULT 5,
	by        text DEFAULT NULL,
	order_by  text DEFAULT NULL,
	features  text[] DEFAULT NULL,
	exclude   text[] DEFAULT NULL,
	id        text[] DEFAULT NULL,
	weight    text DEFAULT NULL
) RETURNS TABLE (fold int, metric text, value float8, deviation float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 72 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_cross_validate(text, text, text, jsonb, int, text, text, text[], text[], text[], text) IS
$$how good a training is: once per fold it is trained on the other rows and judged on the fold; nothing is stored.
source, target, algorithm, options, features, exclude, id, weight: as in cia_train; folds: how many, 2 to 100; a row's fold follows from its id, else from its content, so no customer straddles two; by: column whose groups stay whole instead; order_by: column that tells when a row happened, so that each fold is judged by a model of earlier rows alone.
Returns the mean of each metric and its standard deviation over the folds (fold is NULL), then each fold's metrics.$$;

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

CREATE FUNCTION cia_woe(source text, target text, options jsonb DEFAULT '{}')
	RETURNS TABLE (feature text, bin int, low float8, high float8, labels text[], missing boolean,
				   "rows" float8, events float8, non_events float8, event_rate float8, woe float8,
				   iv float8, feature_iv float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_woe(text, text, jsonb) IS
$$what each column alone tells of a target of two classes: optimal bins with weight of evidence and information value, the most telling column first.
source: table, view or one query; target: column whose rarer class (or true, or 1) is the event; options: max_bins (8), min_bin (0.05, share of the rows), monotone (auto, increasing, decreasing or none), positive (label of the event), max_categories (255), weight (a column), id, features and exclude (arrays of columns).
A bin holds low <= value < high of a number, NULL being no bound, or the labels of a category, or the missing values, which come last. woe is ln(share of the non-events / share of the events); iv is what the bin adds to feature_iv. With weights, rows, events and non_events are their sums.$$;

CREATE FUNCTION cia_scorecard(model text, pdo float8 DEFAULT 20, base_points float8 DEFAULT 600,
							  base_odds float8 DEFAULT 50)
	RETURNS TABLE (part text, feature text, bin int, low float8, high float8, labels text[],
				   missing boolean, woe float8, coefficient float8, points float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_scorecard(text, float8, float8, float8) IS
$$points of a logistic regression per bin or label, so that a row's points add up to its score on the scale asked for.
pdo: points that double the odds; base_points: points at base_odds; base_odds: odds of good (non-event) to bad (event).
A row has offset - factor * ln(p / (1 - p)) points, where factor = pdo / ln 2, offset = base_points - factor * ln(base_odds) and p is its cia_score; intercept and offset are spread evenly over the features. Needs a model trained with {"encode": "woe"}, or one of categories alone. low <= value < high of a number, NULL being no bound; the last line of each feature is for missing values; woe is NULL for labels that are not in bins; part is the group that a part of a model by groups serves, NULL for the one that serves all others and for models without parts.$$;

CREATE FUNCTION cia_scorecard(model cia_model, pdo float8 DEFAULT 20, base_points float8 DEFAULT 600,
							  base_odds float8 DEFAULT 50)
	RETURNS TABLE (part text, feature text, bin int, low float8, high float8, labels text[],
				   missing boolean, woe float8, coefficient float8, points float8)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_scorecard(cia_model, float8, float8, float8) IS
	'points of a logistic regression given as a value per bin or label';

--
-- Judge by aggregates: any two columns, with FILTER, GROUP BY and OVER
--

CREATE TYPE cia_tally;

CREATE FUNCTION cia_tally_in(cstring) RETURNS cia_tally
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_in(cstring) IS 'input: the hexadecimal digits of a state';

CREATE FUNCTION cia_tally_out(cia_tally) RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_out(cia_tally) IS 'output: the hexadecimal digits of a state';

CREATE FUNCTION cia_tally_recv(internal) RETURNS cia_tally
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_recv(internal) IS 'binary input: checked bytes of a state';

CREATE FUNCTION cia_tally_send(cia_tally) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_send(cia_tally) IS 'binary output: the bytes of a state';

CREATE TYPE cia_tally (
	INPUT = cia_tally_in,
	OUTPUT = cia_tally_out,
	RECEIVE = cia_tally_recv,
	SEND = cia_tally_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE cia_tally IS
	'state of the aggregates that are made of sums: exact sums, which do not depend on the order of the rows';

CREATE FUNCTION cia_tally_merge(cia_tally, cia_tally) RETURNS cia_tally
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_merge(cia_tally, cia_tally) IS 'combine function: one state for the rows of both';

CREATE FUNCTION cia_tally_log_loss(cia_tally, float8, boolean) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_log_loss(cia_tally, float8, boolean) IS 'transition function of cia_log_loss';

CREATE FUNCTION cia_tally_log_loss(cia_tally, float8, boolean, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_log_loss(cia_tally, float8, boolean, float8) IS 'transition function of cia_log_loss';

CREATE FUNCTION cia_tally_log_loss_number(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_log_loss_number(cia_tally, float8, float8) IS 'transition function of cia_log_loss';

CREATE FUNCTION cia_tally_log_loss_number(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_log_loss_number(cia_tally, float8, float8, float8) IS 'transition function of cia_log_loss';

CREATE FUNCTION cia_tally_brier(cia_tally, float8, boolean) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_brier(cia_tally, float8, boolean) IS 'transition function of cia_brier';

CREATE FUNCTION cia_tally_brier(cia_tally, float8, boolean, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_brier(cia_tally, float8, boolean, float8) IS 'transition function of cia_brier';

CREATE FUNCTION cia_tally_brier_number(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_brier_number(cia_tally, float8, float8) IS 'transition function of cia_brier';

CREATE FUNCTION cia_tally_brier_number(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_brier_number(cia_tally, float8, float8, float8) IS 'transition function of cia_brier';

CREATE FUNCTION cia_tally_calibration(cia_tally, float8, boolean) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration(cia_tally, float8, boolean) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_calibration(cia_tally, float8, boolean, int) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration(cia_tally, float8, boolean, int) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_calibration(cia_tally, float8, boolean, int, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration(cia_tally, float8, boolean, int, float8) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_calibration_number(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration_number(cia_tally, float8, float8) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_calibration_number(cia_tally, float8, float8, int) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration_number(cia_tally, float8, float8, int) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_calibration_number(cia_tally, float8, float8, int, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_calibration_number(cia_tally, float8, float8, int, float8) IS 'transition function of cia_ece';

CREATE FUNCTION cia_tally_confusion(cia_tally, float8, boolean) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion(cia_tally, float8, boolean) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_confusion(cia_tally, float8, boolean, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion(cia_tally, float8, boolean, float8) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_confusion(cia_tally, float8, boolean, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion(cia_tally, float8, boolean, float8, float8) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_confusion_number(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion_number(cia_tally, float8, float8) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_confusion_number(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion_number(cia_tally, float8, float8, float8) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_confusion_number(cia_tally, float8, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_confusion_number(cia_tally, float8, float8, float8, float8) IS 'transition function of cia_accuracy, cia_precision, cia_recall, cia_f1 and cia_mcc';

CREATE FUNCTION cia_tally_squared(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_squared(cia_tally, float8, float8) IS 'transition function of cia_rmse';

CREATE FUNCTION cia_tally_squared(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_squared(cia_tally, float8, float8, float8) IS 'transition function of cia_rmse';

CREATE FUNCTION cia_tally_absolute(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_absolute(cia_tally, float8, float8) IS 'transition function of cia_mae';

CREATE FUNCTION cia_tally_absolute(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_absolute(cia_tally, float8, float8, float8) IS 'transition function of cia_mae';

CREATE FUNCTION cia_tally_percentage(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_percentage(cia_tally, float8, float8) IS 'transition function of cia_mape';

CREATE FUNCTION cia_tally_percentage(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_percentage(cia_tally, float8, float8, float8) IS 'transition function of cia_mape';

CREATE FUNCTION cia_tally_variance(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_variance(cia_tally, float8, float8) IS 'transition function of cia_r2';

CREATE FUNCTION cia_tally_variance(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_variance(cia_tally, float8, float8, float8) IS 'transition function of cia_r2';

CREATE FUNCTION cia_tally_deviance(cia_tally, float8, float8, text) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_deviance(cia_tally, float8, float8, text) IS 'transition function of cia_deviance';

CREATE FUNCTION cia_tally_deviance(cia_tally, float8, float8, text, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_deviance(cia_tally, float8, float8, text, float8) IS 'transition function of cia_deviance';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, boolean) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, boolean) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, boolean, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, boolean, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, boolean, int) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, boolean, int) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, boolean, int, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, boolean, int, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, int) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, int) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, int, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, int, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, boolean, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, boolean, float8, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, float8, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, float8, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, text) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, text) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_drop(cia_tally, float8, float8, text, float8) RETURNS cia_tally
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_drop(cia_tally, float8, float8, text, float8) IS 'inverse transition function: takes a row out of a state again';

CREATE FUNCTION cia_tally_mean(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_mean(cia_tally) IS 'final function: weighted mean of the losses';

CREATE FUNCTION cia_tally_rmse(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_rmse(cia_tally) IS 'final function: cia_rmse';

CREATE FUNCTION cia_tally_r2(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_r2(cia_tally) IS 'final function: cia_r2';

CREATE FUNCTION cia_tally_ece(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_ece(cia_tally) IS 'final function: cia_ece';

CREATE FUNCTION cia_tally_accuracy(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_accuracy(cia_tally) IS 'final function: cia_accuracy';

CREATE FUNCTION cia_tally_precision(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_precision(cia_tally) IS 'final function: cia_precision';

CREATE FUNCTION cia_tally_recall(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_recall(cia_tally) IS 'final function: cia_recall';

CREATE FUNCTION cia_tally_f1(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_f1(cia_tally) IS 'final function: cia_f1';

CREATE FUNCTION cia_tally_mcc(cia_tally) RETURNS float8
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tally_mcc(cia_tally) IS 'final function: cia_mcc';

CREATE AGGREGATE cia_log_loss(probability float8, label boolean) (
	SFUNC = cia_tally_log_loss, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_log_loss, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_log_loss(probability float8, label boolean) IS
$$log loss (cross entropy): the mean of -ln(p) where the label is true and of -ln(1 - p) where it is not, with p within 1e-15 of 0 and 1; 0 is best (Good 1952).
probability: of the label being true, from 0 to 1. Rows with a NULL are skipped; no rows, NULL. The sum is exact, so the answer does not depend on the order of the rows.$$;

CREATE AGGREGATE cia_log_loss(probability float8, label boolean, weight float8) (
	SFUNC = cia_tally_log_loss, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_log_loss, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_log_loss(probability float8, label boolean, weight float8) IS
	'log loss, weights';

CREATE AGGREGATE cia_log_loss(probability float8, label float8) (
	SFUNC = cia_tally_log_loss_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_log_loss_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_log_loss(probability float8, label float8) IS
	'log loss, labels 1 and 0';

CREATE AGGREGATE cia_log_loss(probability float8, label float8, weight float8) (
	SFUNC = cia_tally_log_loss_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_log_loss_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_log_loss(probability float8, label float8, weight float8) IS
	'log loss, labels 1 and 0, weights';

CREATE AGGREGATE cia_brier(probability float8, label boolean) (
	SFUNC = cia_tally_brier, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_brier, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_brier(probability float8, label boolean) IS
$$Brier score: the mean of (p - label)^2; 0 is best (Brier 1950).
probability: of the label being true, from 0 to 1. Rows with a NULL are skipped; no rows, NULL.$$;

CREATE AGGREGATE cia_brier(probability float8, label boolean, weight float8) (
	SFUNC = cia_tally_brier, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_brier, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_brier(probability float8, label boolean, weight float8) IS
	'Brier score, weights';

CREATE AGGREGATE cia_brier(probability float8, label float8) (
	SFUNC = cia_tally_brier_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_brier_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_brier(probability float8, label float8) IS
	'Brier score, labels 1 and 0';

CREATE AGGREGATE cia_brier(probability float8, label float8, weight float8) (
	SFUNC = cia_tally_brier_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_brier_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_brier(probability float8, label float8, weight float8) IS
	'Brier score, labels 1 and 0, weights';

CREATE AGGREGATE cia_ece(probability float8, label boolean) (
	SFUNC = cia_tally_calibration, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label boolean) IS
$$expected calibration error: the mean, over bins of equal width weighted by their rows, of |share of true labels - mean probability|; 0 is best (Naeini, Cooper and Hauskrecht 2015).
probability: of the label being true, from 0 to 1; a bin holds (lower edge, upper edge], the first one 0 too; there are 10 of them. Rows with a NULL are skipped; no rows, NULL.$$;

CREATE AGGREGATE cia_ece(probability float8, label boolean, bins int) (
	SFUNC = cia_tally_calibration, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label boolean, bins int) IS
	'expected calibration error, bins';

CREATE AGGREGATE cia_ece(probability float8, label boolean, bins int, weight float8) (
	SFUNC = cia_tally_calibration, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label boolean, bins int, weight float8) IS
	'expected calibration error, bins and weights';

CREATE AGGREGATE cia_ece(probability float8, label float8) (
	SFUNC = cia_tally_calibration_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label float8) IS
	'expected calibration error, labels 1 and 0';

CREATE AGGREGATE cia_ece(probability float8, label float8, bins int) (
	SFUNC = cia_tally_calibration_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label float8, bins int) IS
	'expected calibration error, labels 1 and 0, bins';

CREATE AGGREGATE cia_ece(probability float8, label float8, bins int, weight float8) (
	SFUNC = cia_tally_calibration_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_ece, MSFUNC = cia_tally_calibration_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_ece, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ece(probability float8, label float8, bins int, weight float8) IS
	'expected calibration error, labels 1 and 0, bins and weights';

CREATE AGGREGATE cia_accuracy(score float8, label boolean) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label boolean) IS
$$accuracy: the share of the rows that are called what they are, (TP + TN) / rows; 1 is best.
A row is called positive if its score is at least the threshold, 0.5 by default. Rows with a NULL are skipped. No rows, NULL.$$;

CREATE AGGREGATE cia_accuracy(score float8, label boolean, threshold float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label boolean, threshold float8) IS
	'accuracy, threshold';

CREATE AGGREGATE cia_accuracy(score float8, label boolean, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label boolean, threshold float8, weight float8) IS
	'accuracy, threshold and weights';

CREATE AGGREGATE cia_accuracy(score float8, label float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label float8) IS
	'accuracy, labels 1 and 0';

CREATE AGGREGATE cia_accuracy(score float8, label float8, threshold float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label float8, threshold float8) IS
	'accuracy, labels 1 and 0, threshold';

CREATE AGGREGATE cia_accuracy(score float8, label float8, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_accuracy, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_accuracy, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_accuracy(score float8, label float8, threshold float8, weight float8) IS
	'accuracy, labels 1 and 0, threshold and weights';

CREATE AGGREGATE cia_precision(score float8, label boolean) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label boolean) IS
$$precision (positive predictive value): the share of the rows called positive that are, TP / (TP + FP); 1 is best.
A row is called positive if its score is at least the threshold, 0.5 by default. Rows with a NULL are skipped. No row called positive, NULL.$$;

CREATE AGGREGATE cia_precision(score float8, label boolean, threshold float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label boolean, threshold float8) IS
	'precision, threshold';

CREATE AGGREGATE cia_precision(score float8, label boolean, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label boolean, threshold float8, weight float8) IS
	'precision, threshold and weights';

CREATE AGGREGATE cia_precision(score float8, label float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label float8) IS
	'precision, labels 1 and 0';

CREATE AGGREGATE cia_precision(score float8, label float8, threshold float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label float8, threshold float8) IS
	'precision, labels 1 and 0, threshold';

CREATE AGGREGATE cia_precision(score float8, label float8, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_precision, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_precision(score float8, label float8, threshold float8, weight float8) IS
	'precision, labels 1 and 0, threshold and weights';

CREATE AGGREGATE cia_recall(score float8, label boolean) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label boolean) IS
$$recall (sensitivity, true positive rate): the share of the positive rows that are called so, TP / (TP + FN); 1 is best.
A row is called positive if its score is at least the threshold, 0.5 by default. Rows with a NULL are skipped. No positive row, NULL.$$;

CREATE AGGREGATE cia_recall(score float8, label boolean, threshold float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label boolean, threshold float8) IS
	'recall, threshold';

CREATE AGGREGATE cia_recall(score float8, label boolean, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label boolean, threshold float8, weight float8) IS
	'recall, threshold and weights';

CREATE AGGREGATE cia_recall(score float8, label float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label float8) IS
	'recall, labels 1 and 0';

CREATE AGGREGATE cia_recall(score float8, label float8, threshold float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label float8, threshold float8) IS
	'recall, labels 1 and 0, threshold';

CREATE AGGREGATE cia_recall(score float8, label float8, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_recall, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall(score float8, label float8, threshold float8, weight float8) IS
	'recall, labels 1 and 0, threshold and weights';

CREATE AGGREGATE cia_f1(score float8, label boolean) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label boolean) IS
$$F1: the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 1 is best (van Rijsbergen 1979).
A row is called positive if its score is at least the threshold, 0.5 by default. Rows with a NULL are skipped. No row is positive or called so, NULL.$$;

CREATE AGGREGATE cia_f1(score float8, label boolean, threshold float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label boolean, threshold float8) IS
	'F1, threshold';

CREATE AGGREGATE cia_f1(score float8, label boolean, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label boolean, threshold float8, weight float8) IS
	'F1, threshold and weights';

CREATE AGGREGATE cia_f1(score float8, label float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label float8) IS
	'F1, labels 1 and 0';

CREATE AGGREGATE cia_f1(score float8, label float8, threshold float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label float8, threshold float8) IS
	'F1, labels 1 and 0, threshold';

CREATE AGGREGATE cia_f1(score float8, label float8, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_f1, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_f1, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_f1(score float8, label float8, threshold float8, weight float8) IS
	'F1, labels 1 and 0, threshold and weights';

CREATE AGGREGATE cia_mcc(score float8, label boolean) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label boolean) IS
$$Matthews correlation of what rows are and are called, (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN)); from -1 to 1, 0 is chance (Matthews 1975).
A row is called positive if its score is at least the threshold, 0.5 by default. Rows with a NULL are skipped. Rows are all of one class, or called so, NULL.$$;

CREATE AGGREGATE cia_mcc(score float8, label boolean, threshold float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label boolean, threshold float8) IS
	'Matthews correlation, threshold';

CREATE AGGREGATE cia_mcc(score float8, label boolean, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label boolean, threshold float8, weight float8) IS
	'Matthews correlation, threshold and weights';

CREATE AGGREGATE cia_mcc(score float8, label float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label float8) IS
	'Matthews correlation, labels 1 and 0';

CREATE AGGREGATE cia_mcc(score float8, label float8, threshold float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label float8, threshold float8) IS
	'Matthews correlation, labels 1 and 0, threshold';

CREATE AGGREGATE cia_mcc(score float8, label float8, threshold float8, weight float8) (
	SFUNC = cia_tally_confusion_number, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mcc, MSFUNC = cia_tally_confusion_number, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mcc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mcc(score float8, label float8, threshold float8, weight float8) IS
	'Matthews correlation, labels 1 and 0, threshold and weights';

CREATE AGGREGATE cia_rmse(predicted float8, actual float8) (
	SFUNC = cia_tally_squared, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_rmse, MSFUNC = cia_tally_squared, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_rmse, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_rmse(predicted float8, actual float8) IS
$$root mean squared error: sqrt(mean of (actual - predicted)^2), in the units of the columns; 0 is best. Rows with a NULL are skipped; no rows, NULL.$$;

CREATE AGGREGATE cia_rmse(predicted float8, actual float8, weight float8) (
	SFUNC = cia_tally_squared, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_rmse, MSFUNC = cia_tally_squared, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_rmse, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_rmse(predicted float8, actual float8, weight float8) IS
	'root mean squared error, weights';

CREATE AGGREGATE cia_mae(predicted float8, actual float8) (
	SFUNC = cia_tally_absolute, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_absolute, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mae(predicted float8, actual float8) IS
$$mean absolute error: the mean of |actual - predicted|, in the units of the columns; 0 is best. Rows with a NULL are skipped; no rows, NULL.$$;

CREATE AGGREGATE cia_mae(predicted float8, actual float8, weight float8) (
	SFUNC = cia_tally_absolute, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_absolute, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mae(predicted float8, actual float8, weight float8) IS
	'mean absolute error, weights';

CREATE AGGREGATE cia_mape(predicted float8, actual float8) (
	SFUNC = cia_tally_percentage, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_percentage, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mape(predicted float8, actual float8) IS
$$mean absolute percentage error, as a share: the mean of |actual - predicted| / |actual|, where |actual| counts as 2.2e-16 at least, as in scikit-learn; 0 is best. Leave rows of actual 0 out with FILTER. Rows with a NULL are skipped; no rows, NULL.$$;

CREATE AGGREGATE cia_mape(predicted float8, actual float8, weight float8) (
	SFUNC = cia_tally_percentage, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_percentage, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_mape(predicted float8, actual float8, weight float8) IS
	'mean absolute percentage error, as a share, weights';

CREATE AGGREGATE cia_r2(predicted float8, actual float8) (
	SFUNC = cia_tally_variance, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_r2, MSFUNC = cia_tally_variance, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_r2, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_r2(predicted float8, actual float8) IS
$$R squared: 1 - sum of (actual - predicted)^2 / sum of (actual - mean of actual)^2; 1 is best, 0 is as good as the mean.
The sums are exact, so the answer is right however far from zero the values lie. Rows with a NULL are skipped; no rows, or actual never varies, NULL.$$;

CREATE AGGREGATE cia_r2(predicted float8, actual float8, weight float8) (
	SFUNC = cia_tally_variance, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_r2, MSFUNC = cia_tally_variance, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_r2, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_r2(predicted float8, actual float8, weight float8) IS
	'R squared, weights';

CREATE AGGREGATE cia_deviance(predicted float8, actual float8, family text) (
	SFUNC = cia_tally_deviance, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_deviance, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_deviance(predicted float8, actual float8, family text) IS
$$mean deviance of a family of distributions (McCullagh and Nelder 1989); 0 is best. With y actual and m predicted it is, per row:
gaussian (y - m)^2; binomial 2 (y ln(y / m) + (1 - y) ln((1 - y) / (1 - m))), m within 1e-15 of 0 and 1; poisson 2 (y ln(y / m) - y + m); gamma 2 (ln(m / y) + y / m - 1); inverse_gaussian (y - m)^2 / (m^2 y); tweedie 2 (y^(2-p) / ((1-p) (2-p)) - y m^(1-p) / (1-p) + m^(2-p) / (2-p)), p = 1.5, or as in tweedie(1.7).
Rows with a NULL are skipped; no rows, NULL. The share of deviance explained is 1 - cia_deviance(m, y, f) / cia_deviance(mean of y, y, f).$$;

CREATE AGGREGATE cia_deviance(predicted float8, actual float8, family text, weight float8) (
	SFUNC = cia_tally_deviance, STYPE = cia_tally, COMBINEFUNC = cia_tally_merge,
	FINALFUNC = cia_tally_mean, MSFUNC = cia_tally_deviance, MINVFUNC = cia_tally_drop,
	MSTYPE = cia_tally, MFINALFUNC = cia_tally_mean, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_deviance(predicted float8, actual float8, family text, weight float8) IS
	'mean deviance of a family of distributions, weights';


CREATE FUNCTION cia_ranking_class(internal, float8, boolean) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_class(internal, float8, boolean) IS 'transition function of cia_auc, cia_gini, cia_ks and cia_pr_auc';

CREATE FUNCTION cia_ranking_class(internal, float8, boolean, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_class(internal, float8, boolean, float8) IS 'transition function of cia_auc, cia_gini, cia_ks and cia_pr_auc';

CREATE FUNCTION cia_ranking_class_number(internal, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_class_number(internal, float8, float8) IS 'transition function of cia_auc, cia_gini, cia_ks and cia_pr_auc';

CREATE FUNCTION cia_ranking_class_number(internal, float8, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_class_number(internal, float8, float8, float8) IS 'transition function of cia_auc, cia_gini, cia_ks and cia_pr_auc';

CREATE FUNCTION cia_ranking_top(internal, float8, boolean, int) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_top(internal, float8, boolean, int) IS 'transition function of cia_recall_at and cia_map_at';

CREATE FUNCTION cia_ranking_top_number(internal, float8, float8, int) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_top_number(internal, float8, float8, int) IS 'transition function of cia_recall_at and cia_map_at';

CREATE FUNCTION cia_ranking_relevance(internal, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_relevance(internal, float8, float8) IS 'transition function of cia_ndcg';

CREATE FUNCTION cia_ranking_relevance(internal, float8, float8, int) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_relevance(internal, float8, float8, int) IS 'transition function of cia_ndcg';

CREATE FUNCTION cia_ranking_outcome(internal, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_outcome(internal, float8, float8) IS 'transition function of cia_concordance';

CREATE FUNCTION cia_ranking_outcome(internal, float8, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_outcome(internal, float8, float8, float8) IS 'transition function of cia_concordance';

CREATE FUNCTION cia_ranking_samples(internal, float8, float8) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_samples(internal, float8, float8) IS 'transition function of cia_psi';

CREATE FUNCTION cia_ranking_samples(internal, float8, float8, int) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_samples(internal, float8, float8, int) IS 'transition function of cia_psi';

CREATE FUNCTION cia_ranking_combine(internal, internal) RETURNS internal
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_combine(internal, internal) IS 'combine function of the aggregates that need all scores';

CREATE FUNCTION cia_ranking_serialize(internal) RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_serialize(internal) IS 'serialization function of the aggregates that need all scores';

CREATE FUNCTION cia_ranking_deserialize(bytea, internal) RETURNS internal
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_deserialize(bytea, internal) IS 'deserialization function of the aggregates that need all scores';

CREATE FUNCTION cia_ranking_auc(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_auc(internal) IS 'final function of cia_auc';

CREATE FUNCTION cia_ranking_gini(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_gini(internal) IS 'final function of cia_gini';

CREATE FUNCTION cia_ranking_ks(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_ks(internal) IS 'final function of cia_ks';

CREATE FUNCTION cia_ranking_pr_auc(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_pr_auc(internal) IS 'final function of cia_pr_auc';

CREATE FUNCTION cia_ranking_recall(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_recall(internal) IS 'final function of cia_recall_at';

CREATE FUNCTION cia_ranking_precision(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_precision(internal) IS 'final function of cia_map_at';

CREATE FUNCTION cia_ranking_ndcg(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_ndcg(internal) IS 'final function of cia_ndcg';

CREATE FUNCTION cia_ranking_concordance(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_concordance(internal) IS 'final function of cia_concordance';

CREATE FUNCTION cia_ranking_psi(internal) RETURNS float8
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_ranking_psi(internal) IS 'final function of cia_psi';

CREATE AGGREGATE cia_auc(score float8, label boolean) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_auc(score float8, label boolean) IS
$$area under the ROC curve: the share of the pairs of a row with a true and one with a false label where the former has the higher score, ties half (Mann and Whitney 1947); 1 is best, 0.5 is chance.
Rows with a NULL are skipped; without rows of both classes, NULL. All scores are kept, 8 bytes a row, within cia.max_memory; aggregates of one list of arguments share them.$$;

CREATE AGGREGATE cia_auc(score float8, label boolean, weight float8) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_auc(score float8, label boolean, weight float8) IS
	'area under the ROC curve, weights';

CREATE AGGREGATE cia_auc(score float8, label float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_auc(score float8, label float8) IS
	'area under the ROC curve, labels 1 and 0';

CREATE AGGREGATE cia_auc(score float8, label float8, weight float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_auc(score float8, label float8, weight float8) IS
	'area under the ROC curve, labels 1 and 0, weights';

CREATE AGGREGATE cia_gini(score float8, label boolean) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_gini, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_gini(score float8, label boolean) IS
$$Gini coefficient (accuracy ratio, Somers' D): 2 AUC - 1; 1 is best, 0 is chance.
Rows with a NULL are skipped; without rows of both classes, NULL. All scores are kept, 8 bytes a row, within cia.max_memory; aggregates of one list of arguments share them.$$;

CREATE AGGREGATE cia_gini(score float8, label boolean, weight float8) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_gini, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_gini(score float8, label boolean, weight float8) IS
	'Gini coefficient, weights';

CREATE AGGREGATE cia_gini(score float8, label float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_gini, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_gini(score float8, label float8) IS
	'Gini coefficient, labels 1 and 0';

CREATE AGGREGATE cia_gini(score float8, label float8, weight float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_gini, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_gini(score float8, label float8, weight float8) IS
	'Gini coefficient, labels 1 and 0, weights';

CREATE AGGREGATE cia_ks(score float8, label boolean) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ks, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ks(score float8, label boolean) IS
$$Kolmogorov-Smirnov statistic: the largest distance between the distributions of the scores of both classes, from 0 to 1.
Rows with a NULL are skipped; without rows of both classes, NULL. All scores are kept, 8 bytes a row, within cia.max_memory; aggregates of one list of arguments share them.$$;

CREATE AGGREGATE cia_ks(score float8, label boolean, weight float8) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ks, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ks(score float8, label boolean, weight float8) IS
	'Kolmogorov-Smirnov statistic, weights';

CREATE AGGREGATE cia_ks(score float8, label float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ks, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ks(score float8, label float8) IS
	'Kolmogorov-Smirnov statistic, labels 1 and 0';

CREATE AGGREGATE cia_ks(score float8, label float8, weight float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ks, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ks(score float8, label float8, weight float8) IS
	'Kolmogorov-Smirnov statistic, labels 1 and 0, weights';

CREATE AGGREGATE cia_pr_auc(score float8, label boolean) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_pr_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_pr_auc(score float8, label boolean) IS
$$area under the precision-recall curve as average precision: the sum, over the distinct scores from the highest down, of the recall gained times the precision there, without interpolation (scikit-learn's average_precision_score); 1 is best, the share of true labels is chance.
Rows with a NULL are skipped; without rows of both classes, NULL. All scores are kept, 8 bytes a row, within cia.max_memory; aggregates of one list of arguments share them.$$;

CREATE AGGREGATE cia_pr_auc(score float8, label boolean, weight float8) (
	SFUNC = cia_ranking_class, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_pr_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_pr_auc(score float8, label boolean, weight float8) IS
	'area under the precision-recall curve, weights';

CREATE AGGREGATE cia_pr_auc(score float8, label float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_pr_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_pr_auc(score float8, label float8) IS
	'area under the precision-recall curve, labels 1 and 0';

CREATE AGGREGATE cia_pr_auc(score float8, label float8, weight float8) (
	SFUNC = cia_ranking_class_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_pr_auc, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_pr_auc(score float8, label float8, weight float8) IS
	'area under the precision-recall curve, labels 1 and 0, weights';

CREATE AGGREGATE cia_recall_at(score float8, label boolean, k int) (
	SFUNC = cia_ranking_top, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall_at(score float8, label boolean, k int) IS
$$recall at k: the share of the rows with a true label that are among the k highest scores of the group; 1 is best.
One list per group: GROUP BY customer, then take the mean. Rows of one score share their places: the answer is the mean over all their orders (McSherry and Najork 2008). Rows with a NULL are skipped; no true label, NULL.$$;

CREATE AGGREGATE cia_recall_at(score float8, label float8, k int) (
	SFUNC = cia_ranking_top_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_recall, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_recall_at(score float8, label float8, k int) IS
	'recall at k, labels 1 and 0';

CREATE AGGREGATE cia_map_at(score float8, label boolean, k int) (
	SFUNC = cia_ranking_top, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_map_at(score float8, label boolean, k int) IS
$$average precision at k of one list, of which the mean over lists is MAP@k: the sum, over the places up to k that hold a true label, of the share of true labels up to there, divided by the lesser of k and the number of true labels; 1 is best.
One list per group: SELECT avg(ap) FROM (SELECT cia_map_at(score, bought, 10) AS ap FROM offer GROUP BY customer) list. Rows of one score share their places: the answer is the mean over all their orders (McSherry and Najork 2008). Rows with a NULL are skipped; no true label, NULL.$$;

CREATE AGGREGATE cia_map_at(score float8, label float8, k int) (
	SFUNC = cia_ranking_top_number, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_precision, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_map_at(score float8, label float8, k int) IS
	'average precision at k of one list, labels 1 and 0';

CREATE AGGREGATE cia_ndcg(score float8, relevance float8) (
	SFUNC = cia_ranking_relevance, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ndcg, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ndcg(score float8, relevance float8) IS
$$normalized discounted cumulative gain of one list: the sum of relevance / log2(place + 1) by that of the best order; 1 is best (Jarvelin and Kekalainen 2002, with linear gain as in scikit-learn's ndcg_score).
relevance: zero or more, such as 1 for bought. One list per group: GROUP BY customer, then take the mean. Rows of one score have their mean relevance (McSherry and Najork 2008). Rows with a NULL are skipped; nothing relevant, NULL.$$;

CREATE AGGREGATE cia_ndcg(score float8, relevance float8, k int) (
	SFUNC = cia_ranking_relevance, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_ndcg, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_ndcg(score float8, relevance float8, k int) IS
	'normalized discounted cumulative gain of the k highest scores of one list';

CREATE AGGREGATE cia_concordance(score float8, outcome float8) (
	SFUNC = cia_ranking_outcome, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_concordance, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_concordance(score float8, outcome float8) IS
$$concordance (c statistic, Harrell 1982) of scores and outcomes that are numbers: the share of the pairs of rows of different outcome where the higher outcome has the higher score, ties of score half; 1 is best, 0.5 is chance. For outcomes 0 and 1 it is the AUC.
Rows with a NULL are skipped; without two different outcomes, NULL. All rows are kept, 16 bytes each, within cia.max_memory.$$;

CREATE AGGREGATE cia_concordance(score float8, outcome float8, weight float8) (
	SFUNC = cia_ranking_outcome, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_concordance, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_concordance(score float8, outcome float8, weight float8) IS
	'concordance of scores and outcomes, weights: a pair counts by the product of both';

CREATE AGGREGATE cia_psi(expected float8, actual float8) (
	SFUNC = cia_ranking_samples, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_psi, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_psi(expected float8, actual float8) IS
$$population stability index of two samples: the sum of (a - e) ln(a / e) over 10 bins between the quantiles of expected, whose shares of the rows are e, a those of actual; 0 is no shift, from 0.1 on some, from 0.25 on a large one (Siddiqi 2006).
Each column is a sample of its own, and NULL is no value of it: join them with UNION ALL, or use cia_psi(score, NULL) rows for one and cia_psi(NULL, score) rows for the other. Where a bin lacks one of the samples half a row is added to both. Without values in both columns, NULL.$$;

CREATE AGGREGATE cia_psi(expected float8, actual float8, bins int) (
	SFUNC = cia_ranking_samples, STYPE = internal, COMBINEFUNC = cia_ranking_combine,
	SERIALFUNC = cia_ranking_serialize, DESERIALFUNC = cia_ranking_deserialize,
	FINALFUNC = cia_ranking_psi, PARALLEL = SAFE
);
COMMENT ON AGGREGATE cia_psi(expected float8, actual float8, bins int) IS
	'population stability index of two samples, over so many bins';


--
-- Read a regression
--

CREATE FUNCTION cia_coefficients(model text, confidence float8 DEFAULT 0.95)
	RETURNS TABLE (part text, class text, term text, feature text, level text, reference boolean,
				   coefficient float8, standard_error float8, statistic float8, p_value float8,
				   low float8, high float8, ratio float8, ratio_low float8, ratio_high float8,
				   vif float8, marginal_effect float8, marginal_effect_error float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_coefficients(text, float8) IS
$$coefficients of a regression: the intercept, then the features in order, each level of a category on a row of its own.
model: name, for the version in production, or name@version; confidence: of the intervals low to high and ratio_low to ratio_high.
part: of a model by group, NULL for the model of all rows; class: of a multinomial model, against the first class; level: of a category, "(missing)" if it was missing in training; reference: the level that the others are compared with, 0 by definition; statistic: coefficient by standard error, t where the dispersion is estimated (linear, gamma), else z; p_value: of both sides; ratio: exp(coefficient), an odds ratio or, with a log link, a rate ratio; vif: variance inflation factor; marginal_effect: average change of the probability per unit (logistic). NULL: not known, or none.$$;

CREATE FUNCTION cia_coefficients(model cia_model, confidence float8 DEFAULT 0.95)
	RETURNS TABLE (part text, class text, term text, feature text, level text, reference boolean,
				   coefficient float8, standard_error float8, statistic float8, p_value float8,
				   low float8, high float8, ratio float8, ratio_low float8, ratio_high float8,
				   vif float8, marginal_effect float8, marginal_effect_error float8)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_coefficients(cia_model, float8) IS
	'coefficients of a regression given as a value';

CREATE FUNCTION cia_summary(model text)
	RETURNS TABLE (part text, statistic text, value float8, "text" text)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_summary(text) IS
$$what is known of a regression as a whole, one row per statistic, in a fixed order.
part: of a model by group, NULL for the model of all rows; statistic: its name; value: a number; text: what is no number, such as the family. Statistics that a family does not have are left out.$$;

CREATE FUNCTION cia_summary(model cia_model)
	RETURNS TABLE (part text, statistic text, value float8, "text" text)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_summary(cia_model) IS
	'what is known of a regression given as a value';

CREATE FUNCTION cia_path(model text)
	RETURNS TABLE (part text, step int, lambda float8, df int, deviance_ratio float8,
				   cv_mean float8, cv_error float8, chosen boolean, coefficients jsonb)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_path(text) IS
$$penalties that a regression with option lambda has walked along, the largest first.
model: name, for the version in production, or name@version.
part: of a model by groups; NULL: all rows; lambda: the penalty; df: coefficients that are not zero, without the intercept; deviance_ratio: share of the null deviance that is explained, R squared for linear; cv_mean: mean deviance of a row in folds that the fit has not seen, the mean squared error for linear; cv_error: its standard error over the folds; chosen: the penalty of the model; coefficients: those that are not zero, by term, in the units of the data.$$;

CREATE FUNCTION cia_path(model cia_model)
	RETURNS TABLE (part text, step int, lambda float8, df int, deviance_ratio float8,
				   cv_mean float8, cv_error float8, chosen boolean, coefficients jsonb)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_path(cia_model) IS
	'penalties that a regression given as a value has walked along';

CREATE FUNCTION cia_print(model text) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_print(text) IS
	'a regression as text, in the look of R''s summary(): coefficients with tests and stars, dispersion, deviances or R squared, AIC';

CREATE FUNCTION cia_print(model cia_model) RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_print(cia_model) IS
	'a regression given as a value as text, in the look of R''s summary()';

--
-- Look into a model
--

CREATE FUNCTION cia_importance(model text)
	RETURNS TABLE (part text, feature text, importance float8, shap float8, gain float8,
				   gain_share float8, splits bigint, cover float8, deviation float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_importance(text) IS
$$what each feature means to a model, by what the model itself has learned: the most important feature first.
model: name, for the version in production, or name@version.
part: of a model by group, NULL for the model of all rows; importance: share of the feature in the sum of shap, where that is NULL of gain, where that is NULL of deviation; shap: mean of the absolute Shapley values over training rows, in units of the margin; gain: what all splits by the feature took off the loss of the training rows, and gain_share its share in that of all features; splits: how many these are; cover: training rows of such a split, on average; deviation: of a regression, standard deviation over the training rows of what the feature adds to the margin, which for a number is the absolute standardised coefficient; of segments, that of their centres, by whose square importance goes. NULL: not known of this kind of model.$$;

CREATE FUNCTION cia_importance(model cia_model)
	RETURNS TABLE (part text, feature text, importance float8, shap float8, gain float8,
				   gain_share float8, splits bigint, cover float8, deviation float8)
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_importance(cia_model) IS
	'what each feature means to a model given as a value';

CREATE FUNCTION cia_importance(model text, source text, method text DEFAULT 'permutation',
							   options jsonb DEFAULT '{}')
	RETURNS TABLE (feature text, importance float8, deviation float8, metric text, value float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
	AS 'MODULE_PATHNAME', 'cia_permutation_importance';
COMMENT ON FUNCTION cia_importance(text, text, text, jsonb) IS
$$what a metric of a model loses on the rows of a source if they swap their values of a feature: the most important feature first.
model: name, for the version in production, or name@version; source: table, view or one query that has the model's columns and its target; method: permutation; options: metric (auc, accuracy or r2 by the kind of the target; any of cia_evaluate that is better when larger or smaller), repeats (5), seed (1), sample (100000, most rows that are looked at), rows (auto, all or holdout, as for cia_evaluate).
feature: a column; the elements of an array move together; importance: the loss, on average over the repeats; deviation: standard deviation over the repeats; value: the metric on the rows as they are.$$;

CREATE FUNCTION cia_tree(model text, n int DEFAULT 1) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tree(text, int) IS
$$one tree of a model as text: line by line a condition in SQL, the training rows that meet it and all conditions above it, what the tree answers for them on average and, unless it is a leaf (*), what their split gained.
model: name, for the version in production, or name@version; n: which tree, from 1.$$;

CREATE FUNCTION cia_tree(model cia_model, n int DEFAULT 1) RETURNS text
	LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_tree(cia_model, int) IS
	'one tree of a model given as a value as text';

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

CREATE FUNCTION cia_partial_dependence(model text, source text, feature text,
									   options jsonb DEFAULT '{}')
	RETURNS TABLE (value text, "number" float8, class text, score float8, low float8, high float8)
	LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_partial_dependence(text, text, text, jsonb) IS
$$what a model says of the rows of a source, on average, if all of them had the same value of a feature: partial dependence, value by value.
model: name, for the version in production, or name@version; source: table, view or one query that has the model's columns; feature: as cia_features names it; options: points (20, most values: quantiles of a number that has more, the most frequent labels of a category), sample (10000, most rows that are looked at).
value: of the feature, NULL for missing, which comes last; number: the same as a number, NULL where it is none; class: of more than two classes, each of which has its rows; score: mean score, or mean probability of the class, over the rows with their weights; low and high: the scores that a tenth and nine tenths of the rows do not exceed.$$;

--
-- Manage
--

CREATE FUNCTION cia_features(model text)
	RETURNS TABLE ("position" int, feature text, type text, kind text, use text, labels text[],
				   missing float8, mean float8, sd float8, minimum float8, maximum float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_features(text) IS
$$features of a model in their order, as they were in training.
kind: number or category; use: term, or offset, exposure or group, of which nothing is learned; labels: of a category, in their order, where "other" stands last if rare labels were pooled; missing: share of the training rows without a value; mean, sd (of the population), minimum and maximum: of a number, over the training rows with a value.$$;

CREATE FUNCTION cia_features(model cia_model)
	RETURNS TABLE ("position" int, feature text, type text, kind text, use text, labels text[],
				   missing float8, mean float8, sd float8, minimum float8, maximum float8)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_features(cia_model) IS 'features of a model given as a value';

CREATE FUNCTION cia_groups(model text)
	RETURNS TABLE (group_value text, rows bigint, trained boolean, metric text, value float8,
				   note text)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_groups(text) IS
$$groups of a model that was trained with option "by", and what became of each; no rows for other models.
group_value: value of the column, NULL for the rows without one; rows: training and holdout; trained: does the group have a part of its own, or is it served by the model of all rows; metric and value: the main metric of the group's part on the group's holdout; note: why there is no part.$$;

CREATE FUNCTION cia_groups(model cia_model)
	RETURNS TABLE (group_value text, rows bigint, trained boolean, metric text, value float8,
				   note text)
	LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 20 AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_groups(cia_model) IS 'groups of a model given as a value';

CREATE FUNCTION cia_part(model text, group_value text) RETURNS cia_model
	LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_part(text, text) IS
	'the part of a model by groups that serves a group, as a model of its own; for NULL the model of all rows, which serves what has no part';

CREATE FUNCTION cia_part(model cia_model, group_value text) RETURNS cia_model
	LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_part(cia_model, text) IS
	'the part of a model given as a value, as a model of its own';

CREATE FUNCTION cia_report(model text, source text DEFAULT NULL, options jsonb DEFAULT '{}') RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION cia_report(text, text, jsonb) IS
$$a model's validation as one HTML page that needs nothing else: metrics with intervals, curves, lift, calibration, importance, where it errs most, notes, options and lineage.
model: name, for the version in production, or name@version; source: a table, a view or one query with the columns of the training, by default the source of the training, of which only the holdout is judged; options: rows, as in cia_evaluate. The page is well-formed XML as well, without scripts, light or dark by the reader's setting, and prints on paper. psql -Atc "SELECT cia_report('churn')" > churn.html$$;

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

CREATE FUNCTION cia_drop_model(model text) RETURNS boolean
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

CREATE VIEW cia_models WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   r.owner::regrole AS owner,
		   r.production AS version,
		   (SELECT count(*) FROM cia_version a WHERE a.model = r.id) AS versions,
		   v.algorithm, v.task, v.target, v.metric, v.value, v.rows_used, v.trained_at
	FROM cia_registry r
	LEFT JOIN cia_version v ON v.model = r.id AND v.version = r.production
	WHERE cia_may('score', r.owner, r.scorers, r.managers);
COMMENT ON VIEW cia_models IS 'models that you may score with, with the version in production; NULLs if there is none';

CREATE VIEW cia_versions WITH (security_barrier) AS
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

GRANT SELECT ON cia_algorithms, cia_models, cia_versions TO PUBLIC;
GRANT SELECT ON cia_promotions, cia_privileges TO PUBLIC;

--
-- Jobs: what runs, and what has run
--

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

--
-- Schedules: retraining by the clock
--

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
