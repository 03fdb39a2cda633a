-- SPDX-License-Identifier: PostgreSQL
--
-- What the random queries read: relations of every kind, in which the same columns (id, a, b, c, e, n, d,
-- f, v, flag) stand at other places, have other types, come and go; and models of some of them.
--
-- Names that the generator relies on are in lib/Source.pm.  :setup_host and :setup_port lead back to this
-- server, for the foreign table.
\set ON_ERROR_STOP on
SET client_min_messages = error;

CREATE ROLE regress_cia_differential_owner;
CREATE ROLE regress_cia_differential_reader IN ROLE regress_cia_differential_owner;
CREATE ROLE regress_cia_differential_stranger;

-- In a schema of its own, so that nothing can rely on the search path.
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA ext TO PUBLIC;
CREATE EXTENSION cia SCHEMA ext;
SELECT current_database() AS this_database \gset
ALTER DATABASE :"this_database" SET search_path = public, ext;
SET search_path = public, ext;
GRANT CREATE ON SCHEMA public TO regress_cia_differential_reader;

-- --- Types -------------------------------------------------------------------

CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN rate AS float8 CHECK (VALUE IS NULL OR VALUE > -1e9);
CREATE DOMAIN label AS varchar(20);
CREATE TYPE small AS (a int, b float8, c text);
CREATE DOMAIN small_domain AS small;
-- a composite type whose columns are in another order, with a column too many
CREATE TYPE twisted AS (c text, note text, b float8, a int);

-- --- Rows --------------------------------------------------------------------

-- Rows from a formula: NULLs in every column, NaN, repeated labels, a label that training does not know.
CREATE FUNCTION draw(seed int, rows int)
	RETURNS TABLE (id int, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool, y bool, z float8)
	LANGUAGE sql STABLE AS $$
SELECT i,
	   CASE WHEN p % 11 > 0 THEN p % 23 END,
	   CASE WHEN q % 13 = 0 THEN 'NaN' WHEN q % 7 > 0 THEN (q % 101) / 8.0 END,
	   (ARRAY['red', 'green', 'blue', 'grey', NULL, CASE WHEN i % 3 = 0 AND seed > 0 THEN 'unheard of' ELSE 'red' END])[1 + (p + q) % 6],
	   CASE WHEN r % 5 > 0 THEN (ARRAY['low', 'mid', 'high'])[1 + r % 3]::mood END,
	   CASE WHEN r % 9 > 0 THEN (r % 1009)::numeric(10, 2) / 4 END,
	   CASE WHEN (p + r) % 8 > 0 THEN date '2024-01-01' + ((p * r) % 700)::int END,
	   CASE WHEN (q + r) % 6 > 0 THEN ((q * r) % 97 / 16.0)::float4 END,
	   CASE WHEN (p + q + r) % 7 > 0 THEN ARRAY[(p % 5)::float4, CASE WHEN q % 4 > 0 THEN (q % 9)::float4 END, (r % 3)::float4] END,
	   CASE WHEN p * q % 5 > 0 THEN q % 2 = 0 END,
	   (p % 23) * 4 + (q % 101) + (r % 40) > 110,
	   (p % 23) * 0.25 - (q % 101) / 8.0 + (r % 7)
FROM (SELECT i, i::bigint * i * 37 % 9973 + seed * 31 AS p, i::bigint * i * 41 % 9967 + seed * 17 AS q, i::bigint * i * 43 % 9949 + seed * 13 AS r
	  FROM generate_series(1, rows) i) s
$$;

CREATE TABLE history AS SELECT * FROM draw(0, 600);

-- The plain table, with much beside what the models use; w is stored out of line.
CREATE TABLE customer (
	id int PRIMARY KEY, w text, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool, j jsonb, part_of small, z float8
);
ALTER TABLE customer ALTER w SET STORAGE EXTERNAL;
INSERT INTO customer
SELECT id, repeat(md5(id::text), 100), a, b, c, e, n, d, f, v, flag, jsonb_build_object('id', id),
	   CASE WHEN id % 4 > 0 THEN ROW(a, b, c)::small END, z FROM draw(1, 40);

-- Columns dropped before, between and behind, others added later, of which old rows hold nothing; the
-- types differ from those of training where a cast would be silent.
CREATE TABLE account (
	gone1 text, n float8, c label, gone2 int NOT NULL, b rate, id int PRIMARY KEY, a bigint, gone3 float8[], e mood, v float8[], flag bool
);
INSERT INTO account SELECT 'x', n, c, 7, b, id, a, '{1}', e, v, flag FROM draw(2, 30);
ALTER TABLE account DROP gone1, DROP gone2, DROP gone3;
ALTER TABLE account ADD d timestamp DEFAULT '2024-05-05 12:00', ADD f float4 DEFAULT 2.5, ADD z float8;
INSERT INTO account SELECT n, c, b, id + 20, a, e, v, flag, d, f FROM draw(3, 25) WHERE id > 10;

-- Ids repeat and are NULL; only what the small model needs, c as char(n).
CREATE TABLE reading (b numeric, id int, c char(12), a smallint);
INSERT INTO reading SELECT nullif(b, 'NaN')::numeric, nullif(id % 25, 0), c, a FROM draw(4, 45);
CREATE INDEX ON reading (id);
CREATE INDEX ON customer (b, id);

CREATE TABLE vacant (LIKE customer INCLUDING ALL);

CREATE TABLE computed (
	id int PRIMARY KEY, base float8, a int, b float8 GENERATED ALWAYS AS (base * 2) STORED, c text, e mood, n numeric, d date, f float4,
	v float4[], flag bool GENERATED ALWAYS AS (a > 10) STORED, z float8
);
INSERT INTO computed (id, base, a, c, e, n, d, f, v) SELECT id, b / 2, a, c, e, n, d, f, v FROM draw(5, 35);

-- Columns that nobody stores, where PostgreSQL has such: they are put into the query.
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'VIRTUAL' ELSE 'STORED' END AS if_virtual \gset
CREATE TABLE derived (
	flag bool GENERATED ALWAYS AS (base > 6) :if_virtual, gone int, c text GENERATED ALWAYS AS (CASE WHEN base < 5 THEN colour ELSE 'blue' END) :if_virtual,
	colour text, id int PRIMARY KEY, a int, base float8, b float8 GENERATED ALWAYS AS (base * 2) :if_virtual, e mood, n numeric, d date, f float4, v float4[]
);
ALTER TABLE derived DROP gone;
INSERT INTO derived (id, base, a, colour, e, n, d, f, v) SELECT id, b / 2, a, c, e, n, d, f, v FROM draw(23, 35);

-- Partitions whose columns are in other orders, one with a dropped column, one with partitions below.
CREATE TABLE visit (
	id int NOT NULL, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool, z float8
) PARTITION BY RANGE (id);
CREATE TABLE visit1 PARTITION OF visit FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE visit2 (
	z float8, flag bool, v float4[], gone text, f float4, d date, n numeric, e mood, c text, b float8, a int, id int NOT NULL
);
ALTER TABLE visit2 DROP gone;
ALTER TABLE visit ATTACH PARTITION visit2 FOR VALUES FROM (10) TO (20);
CREATE TABLE visit3 (
	b float8, id int NOT NULL, c text, a int, e mood, d date, n numeric, v float4[], f float4, z float8, flag bool
) PARTITION BY LIST (c);
ALTER TABLE visit ATTACH PARTITION visit3 FOR VALUES FROM (20) TO (30);
CREATE TABLE visit3_red (
	c text, a int, e mood, d date, gone int, n numeric, v float4[], b float8, id int NOT NULL, f float4, z float8, flag bool
);
ALTER TABLE visit3_red DROP gone;
ALTER TABLE visit3 ATTACH PARTITION visit3_red FOR VALUES IN ('red');
CREATE TABLE visit3_rest PARTITION OF visit3 DEFAULT;
CREATE TABLE visit4 PARTITION OF visit DEFAULT;
INSERT INTO visit SELECT id, a, b, c, e, n, d, f, v, flag, z FROM draw(6, 40);

-- The same bounds again, so that joins can go partition by partition.
CREATE TABLE stay (
	flag bool, id int NOT NULL PRIMARY KEY, b float8, a int, c text, e mood, n numeric, d date, f float4, v float4[], z float8
) PARTITION BY RANGE (id);
CREATE TABLE stay1 PARTITION OF stay FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE stay2 PARTITION OF stay FOR VALUES FROM (10) TO (20);
CREATE TABLE stay3 (
	a int, id int NOT NULL, b float8, v float4[], c text, e mood, n numeric, z float8, d date, f float4, flag bool
);
ALTER TABLE stay ATTACH PARTITION stay3 FOR VALUES FROM (20) TO (30);
CREATE TABLE stay4 PARTITION OF stay DEFAULT;
INSERT INTO stay SELECT flag, id, b, a, c, e, n, d, f, v, z FROM draw(7, 36);

-- Inheritance: a child with columns of its own in front, one with two parents.
CREATE TABLE parent (id int, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool);
CREATE TABLE side (extra text, b float8);
CREATE TABLE child1 (more int, own text) INHERITS (parent);
CREATE TABLE child2 (c text, own numeric, b float8, id int, a int, e mood, n numeric, d date, f float4, v float4[], flag bool);
ALTER TABLE child2 INHERIT parent;
CREATE TABLE grandchild () INHERITS (side, child1);
INSERT INTO parent SELECT id, a, b, c, e, n, d, f, v, flag FROM draw(8, 12);
INSERT INTO child1 SELECT id + 8, a, b, c, e, n, d, f, v, flag, id, 'own' FROM draw(9, 12);
INSERT INTO child2 SELECT c, id, b, id + 16, a, e, n, d, f, v, flag FROM draw(10, 12);
INSERT INTO grandchild (extra, b, id, a, c, e, n, d, f, v, flag) SELECT 'x', b, id + 24, a, c, e, n, d, f, v, flag FROM draw(11, 12);

CREATE TABLE typed OF small;
INSERT INTO typed SELECT a, b, c FROM draw(12, 20);

-- More columns than a function takes arguments.
DO $$
BEGIN
	EXECUTE (SELECT 'CREATE TABLE broad AS SELECT id, y AS target, ' || string_agg(format('CASE WHEN (id * %s) %% 17 > 0 THEN (id * id * %s %% 53)::float4 END AS x%s', k, 7 + k, k), ', ' ORDER BY k)
		|| ', c FROM draw(13, 60)' FROM generate_series(1, 120) k);
END $$;
CREATE VIEW v_broad AS SELECT * FROM broad WHERE id % 7 > 0;

CREATE TABLE odd (id int, "Größe" float8, "a b" numeric, "it's ""x""" text, "select" int,
	"a_name_of_as_many_bytes_as_a_name_may_have_in_postgresql_1234567" float4, target bool);
INSERT INTO odd SELECT id, b, n, c, a, f, y FROM draw(14, 60);

-- Infinity is an error when it is scored: whoever may not see such a row must not meet the error either.
CREATE TABLE guarded (id int PRIMARY KEY, secret bool NOT NULL, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool, z float8);
INSERT INTO guarded SELECT id, id % 3 = 0, a, CASE WHEN id % 3 = 0 THEN 'Infinity' ELSE b END, c, e, n, d, f, v, flag FROM draw(15, 36);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON guarded USING (NOT secret);
CREATE TABLE ranked (id int PRIMARY KEY, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[], flag bool, z float8);
INSERT INTO ranked SELECT id, a, b, c, e, n, d, f, v, flag FROM draw(16, 36);
ALTER TABLE ranked ENABLE ROW LEVEL SECURITY;

-- The reader may see some columns only.
CREATE TABLE veiled (id int PRIMARY KEY, a int, b float8, hidden text, c text);
INSERT INTO veiled SELECT id, a, b, 'hidden', c FROM draw(17, 20);

-- Triggers and rules have rows of their own.
CREATE TABLE tracked (id int PRIMARY KEY, a int, b float8, c text, z float8, k text);
INSERT INTO tracked SELECT id, a, b, c FROM draw(18, 30);
CREATE TABLE track_log (op text, id int, score float8);
CREATE TABLE ruled (id int PRIMARY KEY, a int, b float8, c text);
INSERT INTO ruled SELECT id, a, b, c FROM draw(19, 30);

-- --- Models ------------------------------------------------------------------

GRANT SELECT ON history, broad, odd TO regress_cia_differential_owner;
SET ROLE regress_cia_differential_owner;
SELECT count(*) FROM cia_train('small', 'history', 'y', features => '{c,a}', options => '{"promote": "always"}');
SELECT count(*) FROM cia_train('small', 'history', 'y', features => '{b,c,a}');
SELECT count(*) FROM cia_train('wide', 'history', 'y', exclude => '{id,z}', options => '{"l2": 1}');
SELECT count(*) FROM cia_train('parts', 'history', 'y', exclude => '{id,z}', options => '{"by": "c", "l2": 1}');
SELECT count(*) FROM cia_train('num', 'history', 'z', 'linear', features => '{f,b,n}');
SELECT count(*) FROM cia_train('lone', 'history', 'y', features => '{b}');
SELECT count(*) FROM cia_train('broad', 'broad', 'target', exclude => '{id}', options => '{"l2": 10, "holdout": 0}');
SELECT count(*) FROM cia_train('odd', 'odd', 'target', exclude => '{id}', options => '{"holdout": 0, "l2": 1}');
RESET ROLE;
-- nobody but superusers may use this one
SELECT count(*) FROM cia_train('private', 'history', 'y', features => '{a,b}');

CREATE POLICY seen ON ranked USING (cia_score('small', ranked) > 0.3 OR id % 5 = 0);
ALTER TABLE ruled ADD CONSTRAINT likely CHECK (cia_score('small', ruled.*) >= 0);

-- --- Functions ---------------------------------------------------------------

-- Names are qualified: materialized views are made with a search path of their own since version 17.

CREATE FUNCTION volatile_of(float8) RETURNS float8 LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION stable_of(float8) RETURNS float8 LANGUAGE plpgsql STABLE PARALLEL SAFE AS 'BEGIN RETURN $1; END';
-- these are put into the query
CREATE FUNCTION risk(x customer) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT ext.cia_score('small', x) $$;
CREATE FUNCTION risk_of(model text, x anyelement) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT ext.cia_score(model, x) $$;
CREATE FUNCTION same_row(x customer) RETURNS customer LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE FUNCTION scored(above float8) RETURNS TABLE (id int, a int, b float8, c text, s float8) LANGUAGE sql STABLE AS
	$$ SELECT x.id, x.a, x.b, x.c, ext.cia_score('wide', x) FROM public.customer x WHERE ext.cia_score('small', x) > above $$;
CREATE FUNCTION customers(above int) RETURNS SETOF customer LANGUAGE sql STABLE AS $$ SELECT * FROM public.customer x WHERE x.id > above $$;
CREATE FUNCTION accounts(above int) RETURNS SETOF account LANGUAGE sql STABLE AS $$ SELECT * FROM public.account x WHERE x.id > above $$;
CREATE FUNCTION scored_deep(above int) RETURNS TABLE (id int, a int, b float8, c text) LANGUAGE sql STABLE AS $$
SELECT x.id, y.a::int, ext.cia_score('wide', y) + coalesce((SELECT max(ext.cia_score('small', r)) FROM public.reading r WHERE r.id = x.id AND ext.cia_score('lone', x) > 0.2), 0), ext.cia_class('small', x)
FROM public.customer x LEFT JOIN public.accounts(above) y ON y.id = x.id AND ext.cia_score('small', y) > 0.3
WHERE x.id > above / 2 AND (x.a > 15 OR EXISTS (SELECT 1 FROM public.reading r LEFT JOIN public.account u ON u.id = r.id AND u.a > 10 WHERE r.id = x.id AND ext.cia_score('small', u) > 0.01))
$$;
-- and these are not
CREATE FUNCTION risk_apart(x customer) RETURNS float8 LANGUAGE sql STABLE SET work_mem = '4MB' AS $$ SELECT ext.cia_score('small', x) $$;
CREATE FUNCTION risk_plpgsql(x record) RETURNS float8 LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN ext.cia_score('small', x); END $$;
CREATE FUNCTION same_row_plpgsql(x customer) RETURNS customer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN x; END $$;
CREATE FUNCTION row_of(which int) RETURNS customer LANGUAGE plpgsql STABLE AS
	$$ DECLARE r public.customer; BEGIN SELECT * INTO r FROM public.customer x WHERE x.id = which; RETURN r; END $$;
CREATE FUNCTION customers_plpgsql(above int) RETURNS SETOF customer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT * FROM public.customer x WHERE x.id > above; END $$;
CREATE FUNCTION smalls(rows int) RETURNS SETOF small LANGUAGE sql STABLE ROWS 20 AS $$ SELECT a, b, c FROM public.draw(20, rows) OFFSET 0 $$;
CREATE FUNCTION small_domains(rows int) RETURNS SETOF small_domain LANGUAGE sql STABLE ROWS 20 AS $$ SELECT ROW(a, b, c)::public.small_domain FROM public.draw(20, rows) OFFSET 0 $$;
CREATE FUNCTION outs(which int, OUT id int, OUT b float8, OUT c text, OUT a int) LANGUAGE sql STABLE AS $$ SELECT x.id, x.b, x.c, x.a FROM public.customer x WHERE x.id = which $$;
CREATE FUNCTION records(rows int) RETURNS SETOF record LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT x.id, x.a, x.b, x.c FROM public.draw(21, rows) x; END $$;

CREATE FUNCTION track() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.z := cia_score('small', NEW);
	SELECT cia_class('small', NEW) INTO NEW.k;
	RETURN NEW;
END $$;
CREATE TRIGGER before_row BEFORE INSERT OR UPDATE ON tracked FOR EACH ROW EXECUTE FUNCTION track();
CREATE FUNCTION track_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO track_log VALUES (TG_OP, OLD.id, cia_score('small', OLD));
	RETURN NULL;
END $$;
CREATE TRIGGER after_row AFTER UPDATE ON tracked FOR EACH ROW
	WHEN (cia_score('small', NEW.*) > 0.3 AND cia_score('small', OLD.*) IS DISTINCT FROM cia_score('small', NEW.*)) EXECUTE FUNCTION track_change();
CREATE FUNCTION track_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO track_log SELECT 'gone', o.id, cia_score('small', o) FROM old_rows o WHERE cia_class('small', o) = 'true';
	RETURN NULL;
END $$;
CREATE TRIGGER after_statement AFTER DELETE ON tracked REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION track_statement();

CREATE RULE update_too AS ON UPDATE TO ruled DO ALSO INSERT INTO track_log SELECT 'rule', NEW.id, cia_score('small', NEW) + coalesce(cia_score('small', OLD), 0);
CREATE RULE insert_too AS ON INSERT TO ruled DO ALSO INSERT INTO track_log VALUES ('rule', NEW.id, cia_score('small', NEW.*));

-- --- Views -------------------------------------------------------------------

CREATE VIEW v_plain AS SELECT * FROM customer;
CREATE VIEW v_view AS SELECT * FROM v_plain WHERE id % 5 > 0;
CREATE VIEW v_checked AS SELECT * FROM account x WHERE cia_score('lone', x) < 0.95 WITH CHECK OPTION;
CREATE VIEW v_mixed AS SELECT f, x.c || '' AS c, id, coalesce(a, 3) AS a, b * 1.5 AS b, e, n + 1 AS n, d, v, NOT flag AS flag FROM customer x;
CREATE VIEW v_constant AS SELECT id, 4 AS a, 2.5::float8 AS b, 'red'::text AS c, NULL::mood AS e, n, d, f, NULL::float4[] AS v, true AS flag FROM account;
CREATE VIEW v_join AS SELECT x.id, y.a, x.b, y.c, x.e, y.n, x.d, y.f, x.v, y.flag FROM customer x JOIN account y USING (id);
CREATE VIEW v_left AS SELECT x.id, y.a, y.b, y.c, y.e, y.n, y.d, y.f, y.v, y.flag FROM customer x LEFT JOIN account y ON x.id = y.id + 10;
CREATE VIEW v_full AS SELECT id, x.a, y.b, coalesce(x.c, y.c::text) AS c, x.e, y.n, x.d, y.f, x.v, y.flag FROM customer x FULL JOIN account y USING (id);
CREATE VIEW v_group AS SELECT id % 12 AS id, max(a) AS a, min(b) AS b, max(c) AS c, min(e) AS e, sum(n) AS n, max(d) AS d, min(f) AS f, max(v) AS v, bool_or(flag) AS flag
	FROM customer GROUP BY 1;
CREATE VIEW v_limit AS SELECT * FROM customer ORDER BY id DESC LIMIT 15;
CREATE VIEW v_union AS SELECT id, a, b, c, e, n, d, f, v, flag FROM customer
	UNION ALL SELECT id, a, b, c, e, n::numeric, d::date, f, v::float4[], flag FROM account
	UNION ALL SELECT id, a, b, c, e, n, d, f, v, flag FROM visit;
CREATE VIEW v_distinct AS SELECT DISTINCT a, b, c, id % 6 AS id FROM reading;
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, a, b, c, e, n, d, f, v, flag FROM guarded WHERE NOT secret;
CREATE VIEW v_invoker WITH (security_invoker) AS SELECT * FROM guarded WHERE b IS DISTINCT FROM 'Infinity';
CREATE VIEW v_score AS SELECT id, a, cia_score('wide', x) * 10 AS b, c FROM customer x WHERE cia_class('small', x) = 'false' OR id < 20;
CREATE VIEW v_row AS SELECT x.id, x AS r, ROW(x.a, x.b, x.c)::small AS s FROM customer x;
CREATE VIEW v_window AS SELECT *, rank() OVER (PARTITION BY flag ORDER BY a) AS place FROM customer;
CREATE VIEW v_cte AS WITH q AS MATERIALIZED (SELECT * FROM account) SELECT * FROM q WHERE id > 5;
CREATE VIEW v_volatile AS SELECT id, a, volatile_of(b) AS b, c FROM customer;
CREATE VIEW v_lateral AS SELECT x.id, q.a, q.b, q.c FROM customer x LEFT JOIN LATERAL (SELECT x.a + 1 AS a, x.b, upper(x.c) AS c) q ON x.id % 3 > 0;
CREATE VIEW v_deep AS SELECT x.id, y.a, z.b, coalesce(y.c, x.c) AS c, x.e, z.n, y.d, u.f, y.v, NULL::bool AS flag
	FROM v_left x LEFT JOIN (v_mixed y JOIN reading r ON r.id = y.id AND r.a > 3) ON y.id = x.id
	LEFT JOIN LATERAL (SELECT max(w.b) AS b, sum(w.n) AS n FROM v_union w WHERE w.id = y.id) z ON x.a > 2
	FULL JOIN (SELECT f, id AS other FROM account) u ON u.other = x.id;
CREATE VIEW v_union_left AS SELECT x.id, y.a, y.b, y.c FROM reading x LEFT JOIN v_constant y ON y.id = x.id
	UNION ALL SELECT y.id, x.a, x.b, x.c FROM v_barrier x RIGHT JOIN visit y ON y.id = x.id;
CREATE VIEW v_sublink AS SELECT id, (SELECT max(y.a) FROM reading y WHERE y.id = x.id) AS a, b, (SELECT c) AS c FROM customer x;
CREATE MATERIALIZED VIEW m_customer AS SELECT *, cia_score('num', x) AS s FROM customer x;
CREATE UNIQUE INDEX ON m_customer (id);
CREATE VIEW v_written AS SELECT id, a, b, c FROM ruled;
CREATE FUNCTION write_view() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO track_log VALUES ('view', NEW.id, cia_score('small', NEW)), ('view', OLD.id, cia_score('small', OLD));
	RETURN NEW;
END $$;
CREATE TRIGGER instead INSTEAD OF UPDATE ON v_written FOR EACH ROW EXECUTE FUNCTION write_view();

-- --- A foreign table: this very server -----------------------------------------

CREATE EXTENSION postgres_fdw;
CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'setup_host', port :'setup_port', dbname :'this_database');
CREATE USER MAPPING FOR PUBLIC SERVER loopback OPTIONS (user :'USER', password_required 'false');
CREATE TABLE far_customer AS SELECT id, a, b, c, e, n, d, f, v, flag, w FROM customer WHERE id < 30;
CREATE FOREIGN TABLE foreign_customer (flag bool, id int, w text, a int, b float8, c text, e mood, n numeric, d date, f float4, v float4[])
	SERVER loopback OPTIONS (table_name 'far_customer');
CREATE TABLE far_reading AS SELECT * FROM reading;
CREATE FOREIGN TABLE foreign_reading (b numeric, id int, c char(12), a smallint) SERVER loopback OPTIONS (table_name 'far_reading');
CREATE TABLE far_child AS SELECT id + 30 AS id, a, b, c, e, n, d, f, v, flag FROM draw(22, 8);
CREATE FOREIGN TABLE child3 (far_note text) INHERITS (parent) SERVER loopback OPTIONS (table_name 'far_child');
ALTER FOREIGN TABLE child3 DROP far_note;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO regress_cia_differential_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO regress_cia_differential_stranger;
REVOKE ALL ON veiled FROM regress_cia_differential_reader, regress_cia_differential_stranger;
GRANT SELECT (id, a, b, c) ON veiled TO regress_cia_differential_reader;
-- the right to call is that of the function in the query, whatever the plan calls
REVOKE EXECUTE ON FUNCTION cia_class(text, record) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cia_class(text, record) TO regress_cia_differential_owner, regress_cia_differential_reader;
ALTER ROLE regress_cia_differential_stranger SET search_path = public, ext;
VACUUM ANALYZE;
