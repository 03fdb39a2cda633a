-- Event triggers have their way with what is made, and may train themselves.
SET cia.progress = off;
CREATE TABLE customer AS SELECT i AS id, i * 37 % 61 AS age, i * 41 % 97 AS visits, i * 37 % 61 + i * 41 % 97 > 80 AS churned FROM generate_series(1, 300) i;
SELECT version FROM cia_train('churn', 'customer', 'churned', id => '{id}');
-- Each within one transaction, so that nobody else meets it.
CREATE TABLE deed (statement text);
CREATE FUNCTION interfere() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE deed text;
BEGIN
	FOR deed IN SELECT statement FROM deed LOOP EXECUTE deed; END LOOP;
END $$;
CREATE FUNCTION scored_after(VARIADIC deeds text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text; detail text; hint text;
BEGIN
	TRUNCATE deed;
	INSERT INTO deed SELECT unnest(deeds);
	CREATE EVENT TRIGGER interfere ON ddl_command_end WHEN tag IN ('CREATE TABLE') EXECUTE FUNCTION interfere();
	SELECT format('%s rows, %s inserted', rows, inserted) INTO answer FROM cia_score_into('churn', 'customer', 'risk', '{id}');
	DROP EVENT TRIGGER interfere;
	RETURN answer;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', sqlstate, sqlerrm, nullif(detail, ''), nullif(hint, ''));
END $$;

-- A column, a key, a trigger, row security: the table has them, and the scores.
SELECT scored_after('ALTER TABLE risk ADD note text DEFAULT ''by default''', 'ALTER TABLE risk ADD PRIMARY KEY (id)');
SELECT count(*), min(note), max(note), bool_and(score = cia_score('churn', c)) AS score FROM risk r JOIN customer c USING (id);
\d risk
DROP TABLE risk;
SELECT scored_after('ALTER TABLE risk ENABLE ROW LEVEL SECURITY', 'CREATE UNIQUE INDEX ON risk (id) WHERE id < 100');
\d risk
DROP TABLE risk;
-- What makes it impossible is told.
SELECT scored_after('CREATE RULE elsewhere AS ON INSERT TO risk DO INSTEAD NOTHING');
SELECT scored_after('ALTER TABLE risk DROP class');
SELECT scored_after('ALTER TABLE risk RENAME TO other');
SELECT scored_after('ALTER TABLE customer ALTER id TYPE bigint');
SELECT scored_after('ALTER TABLE customer DROP age');
SELECT scored_after('DROP TABLE risk');
SELECT to_regclass('risk'), to_regclass('other'), count(*) FROM customer;

-- A training may be what a trigger does.
CREATE MATERIALIZED VIEW recent AS SELECT * FROM customer WHERE id > 50;
CREATE FUNCTION train_anew() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE new int;
BEGIN
	SELECT version INTO new FROM cia_train('churn', 'recent', 'churned', id => '{id}');
	RAISE NOTICE 'trained version %', new;
END $$;
BEGIN;
CREATE EVENT TRIGGER refreshed ON ddl_command_end WHEN tag IN ('REFRESH MATERIALIZED VIEW') EXECUTE FUNCTION train_anew();
REFRESH MATERIALIZED VIEW recent;
SELECT version, rows_used FROM cia_versions WHERE model = 'churn' ORDER BY version;
ROLLBACK;
SELECT version FROM cia_versions WHERE model = 'churn';

DROP MATERIALIZED VIEW recent;
DROP FUNCTION scored_after, interfere, train_anew;
DROP TABLE deed, customer;
SELECT cia_drop_model('churn');
