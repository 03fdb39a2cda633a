/* SPDX-License-Identifier: PostgreSQL */
-- cia--0.9--1.0.sql: from version 0.9 to 1.0; test/upgrade/write makes it.

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION cia UPDATE TO '1.0'" to load this file. \quit

ALTER TABLE cia_registry ADD COLUMN promote text NOT NULL DEFAULT 'better' CONSTRAINT cia_registry_promote_check CHECK (promote IN ('better', 'always', 'never'));

ALTER TABLE cia_registry ADD COLUMN scorers regrole[] NOT NULL DEFAULT '{}';

ALTER TABLE cia_registry ADD COLUMN managers regrole[] NOT NULL DEFAULT '{}';

COMMENT ON COLUMN cia_registry.promote IS 'when a new version goes into production by itself';

COMMENT ON COLUMN cia_registry.scorers IS 'roles that may score, besides managers and owner; - is everybody';

COMMENT ON COLUMN cia_registry.managers IS 'roles that may do what the owner may';

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

COMMENT ON COLUMN cia_version.request IS 'arguments of the training as they were given, for another one';

COMMENT ON COLUMN cia_version.parent IS 'version in production when this one was trained';

COMMENT ON COLUMN cia_version.fingerprint IS 'SHA-256 of the bytes of content when it was written';

CREATE TABLE cia_promotion (
	model       uuid NOT NULL REFERENCES cia_registry ON DELETE CASCADE,
	number      int NOT NULL,
	version     int,
	previous    int,
	kind        text NOT NULL,
	reason      text NOT NULL,
	promoted_by regrole NOT NULL,
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

COMMENT ON COLUMN cia_promotion.kind IS 'training, promotion or rollback';

SELECT pg_catalog.pg_extension_config_dump('cia_promotion', '');

CREATE OR REPLACE VIEW cia_versions WITH (security_barrier) AS
	SELECT r.name::text AS model,
		   v.version,
		   v.version = r.production AS production,
		   v.algorithm, v.task, v.target, v.source, v.options, v.features, v.rows_used,
		   v.rows_skipped, v.metric, v.value, v.metrics, v.notes, v.seconds,
		   v.fingerprint,
		   pg_catalog.pg_column_size(v.content) AS size,
		   v.content, v.trained_by, v.trained_at
	FROM cia_registry r
	JOIN cia_version v ON v.model = r.id
	WHERE pg_catalog.pg_has_role(r.owner, 'USAGE');
