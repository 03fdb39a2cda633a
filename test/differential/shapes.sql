-- SPDX-License-Identifier: PostgreSQL
--
-- One query for each shape that a whole row takes, with what becomes of the call:
--
--   -- columns: NAME          the planner hands over columns
--   -- record: NAME: REASON   the row is built, and the reason why
--   -- both: NAME: REASON     one call this way, one that way
--   -- fails: NAME            an error, which is the same either way
--   -- columns, since 17: NAME, -- record, until 17: NAME    for versions of PostgreSQL
--
-- Each shape runs in a transaction that is rolled back, with the rewrite and without, and must answer the
-- same.  A command ends with a semicolon at the end of a line.

-- --- Relations -----------------------------------------------------------------

-- columns: table
SELECT t.id, cia_score('small', t), cia_class('wide', t), cia_probabilities('small', t) FROM customer t;
-- columns: a function of a further argument
SELECT t.id, cia_reasons('small', t), cia_reasons('wide', y, 1 + abs(t.id) % 3) FROM customer t LEFT JOIN customer y ON y.id = t.id + 10;
-- columns: a further argument, and more features than a function takes arguments
SELECT t.id, cia_reasons('broad', t, 5) FROM broad t;
-- columns: table.*
SELECT t.id, cia_score('wide', t.*) FROM customer t;
-- columns: table with dropped and added columns
SELECT t.id, cia_score('wide', t) FROM account t;
-- columns: a version by number
SELECT t.id, cia_score('small@1', t), cia_score('small@2', t) FROM customer t;
-- columns: a model's name as an expression that folds to a constant
SELECT cia_score('sm' || 'all', t), cia_score(CASE WHEN true THEN 'wide' ELSE 'num' END, t), cia_score(model => 'small', "row" => t) FROM customer t;
-- columns: more features than a function takes arguments
SELECT t.id, cia_score('broad', t), cia_score('broad', v) FROM broad t LEFT JOIN v_broad v USING (id);
-- columns: names that need quotes
SELECT t.id, cia_score('odd', t) FROM odd t;
-- columns: partitions with columns in other orders
SELECT t.id, cia_score('wide', t), cia_class('small', t) FROM visit t;
-- columns: inheritance
SELECT t.id, cia_score('wide', t) FROM parent t;
-- columns: ONLY
SELECT t.id, cia_score('wide', t) FROM ONLY parent t;
-- columns: generated columns
SELECT t.id, cia_score('wide', t) FROM computed t;
-- columns: generated columns that are not stored
SELECT t.id, cia_score('wide', t), cia_score('small', y), cia_class('wide', y) FROM derived t LEFT JOIN derived y ON y.id = t.id + 10;
-- columns: typed table
SELECT cia_score('small', t) FROM typed t;
-- columns: temporary table
SELECT t.id, cia_score('wide', t) FROM passing t;
-- columns: foreign table
SELECT t.id, cia_score('small', t) FROM foreign_customer t;
-- columns: materialized view
SELECT t.id, cia_score('wide', t) FROM m_customer t;
-- columns: TABLESAMPLE
SELECT t.id, cia_score('small', t) FROM visit t TABLESAMPLE BERNOULLI (50) REPEATABLE (3);
-- columns: aliases for columns do not count for a row type
SELECT t.b, cia_score('small', t) FROM customer t(a, id, b, c);
-- columns: a table without a row
SELECT cia_score('wide', t), count(*) OVER () FROM vacant t;
-- columns: row level security
SET ROLE regress_cia_differential_reader;
SELECT t.id, cia_score('small', t) FROM guarded t WHERE cia_score('small', t) > 0.2;
-- columns: row level security by a score
SET ROLE regress_cia_differential_reader;
SELECT t.id, cia_class('wide', t) FROM ranked t;
-- columns: a check with a score and constraint exclusion
SET constraint_exclusion = on;
SELECT t.id, cia_score('small', t) FROM ruled t WHERE cia_score('small', t) >= 0;

-- --- Views ---------------------------------------------------------------------

-- columns: view
SELECT t.id, cia_score('wide', t) FROM v_plain t;
-- columns: view over a view
SELECT t.id, cia_score('wide', t) FROM v_view t;
-- columns: view with expressions
SELECT t.id, cia_score('wide', t) FROM v_mixed t;
-- columns: view with constants
SELECT t.id, cia_score('wide', t) FROM v_constant t;
-- columns: view of a join
SELECT t.id, cia_score('wide', t) FROM v_join t;
-- columns: view of an outer join
SELECT t.id, cia_score('wide', t) FROM v_left t;
-- columns: view of a full join
SELECT t.id, cia_score('wide', t) FROM v_full t;
-- columns: view with GROUP BY
SELECT t.id, cia_score('wide', t) FROM v_group t;
-- columns: view with LIMIT
SELECT t.id, cia_score('wide', t) FROM v_limit t;
-- columns: view with UNION ALL
SELECT t.id, cia_score('wide', t) FROM v_union t;
-- columns: view with DISTINCT
SELECT t.id, cia_score('small', t) FROM v_distinct t;
-- columns: view with a window
SELECT t.id, cia_score('small', t) FROM v_window t;
-- columns: view with a CTE
SELECT t.id, cia_score('small', t) FROM v_cte t;
-- columns: view with sublinks
SELECT t.id, cia_score('small', t) FROM v_sublink t;
-- columns: security_barrier: hidden rows are not scored
SELECT t.id, cia_score('small', t) FROM v_barrier t WHERE cia_score('small', t) > 0.1;
-- columns: security_invoker
SET ROLE regress_cia_differential_reader;
SELECT t.id, cia_score('small', t) FROM v_invoker t;
-- columns: view that scores
SELECT t.id, t.b, cia_score('small', t) FROM v_score t;
-- columns: whole row as a column of a view, pulled up
SELECT t.id, cia_score('small', t.r), cia_score('small', t.s) FROM v_row t;
-- record: view with a volatile column: a column that is left out would not be called
SELECT t.id, cia_score('small', ROW(t.id, t.b, volatile_of(t.b))::small) FROM customer t;

-- --- Clauses -------------------------------------------------------------------

-- columns: WHERE
SELECT t.id FROM customer t WHERE cia_score('wide', t) > 0.4 AND cia_class('small', t) = 'true';
-- columns: ORDER BY
SELECT t.id FROM customer t ORDER BY cia_score('wide', t) DESC, t.id LIMIT 5;
-- columns: GROUP BY and HAVING
SELECT cia_class('small', t), count(*), max(cia_score('wide', t)) FROM customer t GROUP BY cia_class('small', t) HAVING min(cia_score('small', t)) > 0;
-- columns: GROUP BY the key of the table
SELECT t.id, cia_score('wide', t), count(*) FROM customer t JOIN reading r USING (id) GROUP BY t.id;
-- columns, until 17: GROUP BY a whole row
SELECT cia_score('small', t), count(*) FROM customer t GROUP BY t;
-- record, since 18: GROUP BY a whole row: what is grouped by is a relation of its own, the row a column there
SELECT cia_score('small', t), count(*) FROM customer t GROUP BY t;
-- columns: aggregates with FILTER and WITHIN GROUP
SELECT count(*) FILTER (WHERE cia_score('small', t) > 0.5), percentile_disc(0.5) WITHIN GROUP (ORDER BY cia_score('wide', t)), min(cia_score('num', t)) FROM customer t;
-- columns: windows
SELECT t.id, rank() OVER (PARTITION BY cia_class('small', t) ORDER BY cia_score('wide', t)) FROM customer t;
-- columns: DISTINCT ON
SELECT DISTINCT ON (cia_class('small', t)) cia_class('small', t), t.id FROM customer t ORDER BY cia_class('small', t), t.id;
-- columns: set operations
SELECT t.id, cia_score('small', t) FROM customer t UNION SELECT t.id, cia_score('wide', t) FROM account t EXCEPT SELECT t.id, cia_score('small', t) FROM visit t;
-- columns: set-returning function beside it
SELECT t.id, cia_score('small', t), generate_series(1, 2) FROM customer t;
-- record: GROUPING SETS: they make the row NULL, but not its columns
SELECT cia_score('small', t), t.c, count(*) FROM customer t GROUP BY GROUPING SETS ((t), (t.c), ());
-- record: ROLLUP, also where the row is no key: the level as a whole keeps its rows
SELECT t.c, max(cia_score('small', t)) FROM customer t GROUP BY ROLLUP (t.c);

-- --- Joins ---------------------------------------------------------------------

-- columns: join
SELECT x.id, cia_score('small', x), cia_score('wide', y) FROM customer x JOIN account y USING (id);
-- columns: the condition of a join
SELECT x.id, y.id FROM customer x JOIN account y ON cia_score('small', x) < cia_score('small', y) AND x.id = y.id + 1;
-- columns: LEFT JOIN: the row may be missing
SELECT x.id, cia_score('small', y), cia_class('wide', y) FROM customer x LEFT JOIN account y ON y.id = x.id + 15;
-- columns: FULL JOIN
SELECT x.id, y.id, cia_score('small', x), cia_score('small', y) FROM customer x FULL JOIN account y ON y.id = x.id + 15;
-- columns: RIGHT JOIN with a condition on the row that may be missing
SELECT x.id, y.id FROM account x RIGHT JOIN visit y ON y.id = x.id WHERE cia_score('small', x) IS NULL OR cia_score('small', x) > 0.5;
-- columns: view on the nullable side
SELECT x.id, cia_score('wide', y), cia_class('wide', y) FROM reading x LEFT JOIN v_mixed y ON y.id = x.id AND y.a > 4;
-- columns: view of a join on the nullable side
SELECT x.id, cia_score('wide', y) FROM reading x LEFT JOIN v_left y ON y.id = x.id;
-- columns: subquery kept apart on the nullable side, below another join
SELECT y.c, cia_score('small', y) FROM customer x LEFT JOIN (SELECT * FROM account OFFSET 0) y ON y.id = x.id + 10 LEFT JOIN visit r ON r.id = x.id + 1;
-- columns: function on the nullable side
SELECT x.id, cia_score('wide', y) FROM reading x LEFT JOIN accounts(20) y ON y.id = x.id;
-- columns: grouped by a score of the nullable side
SELECT cia_score('small', y), count(*) FROM reading x LEFT JOIN v_mixed y ON y.id = x.id + 20 GROUP BY cia_score('small', y) HAVING cia_score('small', y) IS NULL OR cia_score('small', y) > 0.1;
-- columns: a score in the condition of an outer join
SELECT x.id, y.id, u.id FROM reading x LEFT JOIN account y ON y.id = x.id LEFT JOIN visit u ON u.id = x.id AND cia_score('small', y) > cia_score('small', u);
-- columns: alias of a join
SELECT k.id, cia_score('wide', k) FROM (customer x JOIN (SELECT id, c AS other FROM account) y USING (id)) k;
-- columns: alias of an outer join
SELECT k.id, cia_score('wide', k) FROM ((SELECT id, c AS other FROM account) x LEFT JOIN customer y USING (id)) k;
-- columns: semi join and anti join
SELECT x.id FROM customer x WHERE EXISTS (SELECT 1 FROM account y WHERE y.id = x.id AND cia_score('small', y) > cia_score('small', x)) OR NOT EXISTS (SELECT 1 FROM visit y WHERE y.id = x.id AND cia_score('small', y) > 0.5);
-- columns: partition by partition
SET enable_partitionwise_join = on;
SET enable_partitionwise_aggregate = on;
SELECT x.id, cia_score('small', x), cia_score('small', y) FROM visit x LEFT JOIN stay y USING (id);

-- --- Subqueries -----------------------------------------------------------------

-- columns: subquery with expressions
SELECT q.id, cia_score('small', q) FROM (SELECT id, a + 1 AS a, b * 2 AS b, upper(c) AS c FROM customer) q;
-- columns: subquery kept apart
SELECT q.id, cia_score('wide', q) FROM (SELECT * FROM customer OFFSET 0) q;
-- columns: subquery with LIMIT
SELECT q.id, cia_score('wide', q) FROM (SELECT * FROM customer ORDER BY id LIMIT 10) q;
-- columns: subquery with other names
SELECT q.id, cia_score('small', q) FROM (SELECT id, a, b, c FROM customer) q(a, id, b, c);
-- columns: a role that may read some columns
SET ROLE regress_cia_differential_reader;
SELECT q.id, cia_score('small', q) FROM (SELECT id, a, b, c FROM veiled) q;
-- columns: the columns are scores
SELECT q.id, cia_score('small', q) FROM (SELECT id, cia_class('small', t) AS c, a, cia_score('num', t) AS b FROM customer t) q;
-- columns: UNION ALL
SELECT q.id, cia_score('small', q) FROM (SELECT id, a, b, c FROM customer UNION ALL SELECT id, a::int, b::float8, c::text FROM account) q;
-- columns: VALUES
SELECT q.id, cia_score('small', q) FROM (VALUES (1, 2, 0.5::float8, 'red'), (2, NULL, 'NaN', NULL)) q(id, a, b, c);
-- columns: CTE
WITH q AS (SELECT * FROM customer) SELECT q.id, cia_score('wide', q) FROM q;
-- columns: CTE, materialized
WITH q AS MATERIALIZED (SELECT * FROM customer) SELECT q.id, cia_score('wide', q) FROM q;
-- columns: CTE, recursive
WITH RECURSIVE q AS (SELECT 1 AS level, id, a, b, c FROM customer WHERE id < 4 UNION ALL SELECT q.level + 1, q.id, q.a, cia_score('small', q), q.c FROM q WHERE q.level < 3) SELECT q.id, cia_score('small', q) FROM q;
-- columns: CTE that writes
WITH q AS (UPDATE customer SET b = 2 WHERE id < 9 RETURNING *) SELECT q.id, cia_score('wide', q) FROM q;
-- columns: sublink
SELECT t.id, (SELECT max(cia_score('small', y)) FROM reading y WHERE y.id = t.id) FROM customer t;
-- columns: sublink that scores the row outside
SELECT t.id, (SELECT count(*) FROM reading y WHERE y.id = t.id AND cia_score('small', t) > 0.4) FROM customer t;
-- columns: sublink two levels down
SELECT t.id, (SELECT (SELECT cia_score('wide', t) + count(*) FROM account z WHERE z.id = y.id) FROM visit y WHERE y.id = t.id) FROM customer t;
-- columns: sublink that becomes a hashed subplan: its WHERE is simplified as if it stood outside
SELECT x.id FROM customer x JOIN visit v USING (id) WHERE x.id < 3 OR EXISTS (SELECT 1 FROM reading y LEFT JOIN account t ON t.id = y.id AND t.a > 10 WHERE y.id = x.id AND cia_score('small', t) > 0.01);
SELECT x.id FROM v_plain x WHERE x.c <> 'blue' OR EXISTS (SELECT 1 FROM (SELECT id, a, b, c FROM account OFFSET 0) t WHERE t.id = x.id AND cia_score('small', t) > 0.5);
-- columns: function in a LATERAL subquery in a sublink: it is simplified as if it stood one level further out
SELECT o.id, (SELECT count(q.s) FROM reading y LEFT JOIN account x ON x.id = y.id AND x.a > 10, LATERAL (SELECT u.s FROM unnest(ARRAY[cia_score('small', x)]) u(s)) q WHERE y.id = o.id) FROM customer o JOIN visit v USING (id);
SELECT o.id, (SELECT max(q.s) FROM (SELECT id, a, b, c FROM account OFFSET 0) x, LATERAL (SELECT u.s FROM unnest(ARRAY[cia_score('small', x)]) u(s)) q WHERE x.id = o.id) FROM (SELECT id, b AS c, c AS a, a AS b FROM customer OFFSET 0) o;
-- columns: aggregate of the query outside
SELECT t.c, (SELECT max(cia_score('small', t))) FROM customer t GROUP BY t.c;
-- record: aggregate of the query outside, over a row that may be missing: its query level is another
SELECT (SELECT max(cia_score('small', t)) FROM visit y WHERE y.id = 3) FROM customer x LEFT JOIN account t ON t.id = x.id + 30;
-- columns: sublink under GROUP BY the key
SELECT t.id, (SELECT cia_score('small', t)) FROM customer t JOIN reading r USING (id) GROUP BY t.id;
-- columns, until 17: sublink under GROUP BY the row
SELECT (SELECT cia_score('small', t)) FROM customer t GROUP BY t;
-- record, since 18: sublink under GROUP BY the row: as without it
SELECT (SELECT cia_score('small', t)) FROM customer t GROUP BY t;
-- columns: LATERAL, pulled up
SELECT t.id, q.s FROM customer t, LATERAL (SELECT cia_score('small', t) AS s) q;
-- columns: LATERAL with the row's columns, pulled up
SELECT t.id, cia_score('small', q) FROM customer t LEFT JOIN LATERAL (SELECT t.a, t.b + 1 AS b, 'red' AS c) q ON t.id > 5;
-- columns: argument of a function in FROM
SELECT t.id, q.s FROM customer t, LATERAL unnest(ARRAY[cia_score('small', t), cia_score('num', t)]) q(s);
-- columns: LATERAL VALUES
SELECT t.id, q.s FROM customer t, LATERAL (VALUES (cia_score('small', t))) q(s);
-- columns: a row of its own in a LATERAL subquery kept apart
SELECT t.id, cia_score('small', q) FROM customer t, LATERAL (SELECT y.* FROM reading y WHERE y.id = t.id OFFSET 0) q;
-- record: LATERAL subquery kept apart: what it is given was settled before it is planned
SELECT t.id, q.s FROM customer t, LATERAL (SELECT cia_score('small', t) AS s OFFSET 0) q;
-- record: LATERAL subquery with an aggregate: kept apart, too
SELECT t.id, q.s FROM customer t, LATERAL (SELECT max(cia_score('small', t) + y.a) AS s FROM reading y WHERE y.id = t.id) q;
-- record: LATERAL with UNION ALL: what it is given was settled before it is flattened
SELECT t.id, q.s FROM customer t, LATERAL (SELECT cia_score('small', t) AS s UNION ALL SELECT 1::float8) q;
-- record: LATERAL with UNION ALL beside an outer join
SELECT t.id, q.s FROM account y LEFT JOIN v_mixed t ON t.id = y.id, LATERAL (SELECT cia_score('small', t) AS s UNION ALL SELECT cia_score('num', t)) q;
-- record: sublink that scores a row outside which may be missing: its query level is another
SELECT x.id, (SELECT count(*) FROM reading y WHERE y.id = x.id AND cia_score('small', t) > 0.4) FROM customer x LEFT JOIN account t ON t.id = x.id;
-- record: sublink that yields the row
SELECT t.id, cia_score('small', (SELECT y FROM customer y WHERE y.id = t.id)) FROM account t;

-- --- Functions in FROM -------------------------------------------------------------

-- columns: function put into the query
SELECT t.id, cia_score('wide', t) FROM customers(10) t;
-- both: function with sublinks put into the query: its rows come after the origin of rows was noted, and beside sublinks that may be another
SELECT t.id, cia_score('small', t), y.id, cia_class('small', y) FROM scored_deep(3) t LEFT JOIN scored(0.1) y ON y.id = t.id + 1;
-- columns: function put into the query, with dropped columns
SELECT t.id, cia_score('wide', t) FROM accounts(10) t;
-- columns: function
SELECT t.id, cia_score('wide', t) FROM customers_plpgsql(10) t;
-- columns: function that returns a domain
SELECT cia_score('small', t) FROM small_domains(10) t;
-- columns: function with OUT arguments
SELECT t.id, cia_score('small', t) FROM outs(10) t;
-- columns: function with a list of columns
SELECT t.id, cia_score('small', t) FROM records(10) AS t(id int, a int, b float8, c text);
-- columns: WITH ORDINALITY
SELECT t.ordinality, cia_score('wide', t) FROM customers_plpgsql(30) WITH ORDINALITY t;
-- columns: ROWS FROM
SELECT t.id, cia_score('wide', t) FROM ROWS FROM (generate_series(1, 3), customers(30)) t;
-- columns: unnest of rows
SELECT t.id, cia_score('wide', t) FROM unnest(ARRAY(SELECT x FROM customer x)) t;
-- columns: XMLTABLE
SELECT cia_score('small', t) FROM XMLTABLE('/r/i' PASSING xml '<r><i a="1" b="2.5" c="red"/><i a="2"/></r>' COLUMNS a int PATH '@a', b float8 PATH '@b', c text PATH '@c') t;
-- columns: functions that yield NULL for a row
SELECT cia_score('small', t) FROM row_of(99) t;
SELECT cia_score('small', t) FROM unnest(ARRAY[NULL::small, ROW(1, 2, 'red')::small]) t;
SELECT x.id, cia_score('small', t) FROM customer x LEFT JOIN unnest(ARRAY[NULL::small, ROW(1, 2, 'red')::small]) t ON x.id = t.a;
-- columns: jsonb_to_recordset
SELECT cia_score('small', t) FROM jsonb_to_recordset('[{"a": 1, "b": 2.5, "c": "red"}, {"a": 3}]') AS t(c text, a int, b float8);

-- --- Expressions that are rows --------------------------------------------------------

-- columns: ROW(...)::type
SELECT t.id, cia_score('small', ROW(t.a, t.b, t.c)::small), cia_score('small', ROW(t.c, 'x', t.b, t.a)::twisted) FROM customer t;
-- columns: SQL functions that are put into the query
SELECT t.id, risk(t), t.risk, risk_of('wide', t), cia_score('small', same_row(t)) FROM customer t;
-- record: ROW(...) without a column: one row, or a variable of PL/pgSQL
SELECT cia_score('small', ROW(1, 2.5, 'red')::small);
-- record: ROW(...) with a set: it counts also where the model does not use the column
SELECT t.id, cia_score('lone', ROW(generate_series(1, 3), t.b, t.c)::small) FROM customer t;
-- columns: ROW(...) of aggregates, and of windows
SELECT t.c, cia_score('small', ROW(count(*), max(b), min(c))::small) FROM customer t GROUP BY c;
SELECT t.id, cia_score('small', ROW(rank() OVER (ORDER BY t.a), b, c)::small) FROM customer t;
-- record: ROW(...)::domain: a domain may have checks of the row
SELECT t.id, cia_score('small', ROW(t.a, t.b, t.c)::small_domain) FROM customer t;
-- record: a child's row as its parent's
SELECT t.id, cia_score('wide', t::parent) FROM child1 t;
-- record: column of a composite type
SELECT t.id, cia_score('small', t.part_of) FROM customer t;
-- record: whole row as a column of a subquery kept apart
SELECT q.id, cia_score('small', q.t) FROM (SELECT t.id, t FROM customer t OFFSET 0) q;
-- record: CASE
SELECT t.id, cia_score('small', CASE WHEN t.a > 4 THEN t END) FROM customer t;
-- record: COALESCE
SELECT t.id, cia_score('small', coalesce(t, y)) FROM customer t JOIN customer y USING (id);
-- record: element of an array
SELECT t.id, cia_score('small', (ARRAY[t])[1]) FROM customer t;
-- record: window function that yields the row
SELECT t.id, cia_score('small', lag(t) OVER (ORDER BY t.id)) FROM customer t;
-- record: function that yields the row
SELECT t.id, cia_score('small', same_row_plpgsql(t)), cia_score('small', row_of(t.id)), risk_apart(t) FROM customer t WHERE t.id < 5;
-- record: NULL
SELECT cia_score('small', NULL::customer), cia_score('small', jsonb_populate_record(NULL::customer, '{"a": 2}'));

-- --- Models' names ---------------------------------------------------------------------

-- record: a name from a column
SELECT t.id, cia_score(n.name, t) FROM customer t, (VALUES ('small'), ('wide')) n(name);
-- record: a name from a sublink
SELECT t.id, cia_score((SELECT 'small'), t) FROM customer t;
-- record: a name that is only stable
SELECT t.id, cia_score(concat('sma', 'll'), t) FROM customer t;
-- record: generic plan: the name is $1
SET plan_cache_mode = force_generic_plan;
PREPARE p(text) AS SELECT t.id, cia_score($1, t) FROM customer t;
EXECUTE p('small');
EXECUTE p('wide');
DEALLOCATE p;
-- columns: custom plan
SET plan_cache_mode = force_custom_plan;
PREPARE p(text) AS SELECT t.id, cia_score($1, t) FROM customer t;
EXECUTE p('small');
EXECUTE p('wide');
DEALLOCATE p;
-- columns: generic plan with a literal name
SET plan_cache_mode = force_generic_plan;
PREPARE p(int) AS SELECT t.id, cia_score('wide', t) FROM customer t WHERE t.id < $1;
EXECUTE p(5);
EXECUTE p(10);
DEALLOCATE p;
-- columns: prepared, and trained again on other columns
PREPARE p AS SELECT t.id, cia_score('small', t) FROM customer t;
EXECUTE p;
SET client_min_messages = error;
SELECT count(*) FROM cia_train('small', 'history', 'y', features => '{f,a}');
SET client_min_messages = notice;
EXECUTE p;
DEALLOCATE p;
-- record: a model that does not exist: the record path says so, if a row comes by
SELECT cia_score('nobody', t) FROM vacant t;
-- record: a model that is another's: the record path says so
SET ROLE regress_cia_differential_reader;
SELECT cia_score('private', t) FROM vacant t;
-- record: a row that lacks a column: the record path says so
SELECT cia_score('wide', t) FROM reading t WHERE id > 1000;
-- record: a name twice in the row: the record path says so, if a row comes by
SELECT cia_score('small', q) FROM (SELECT a, b, c, a + 5 AS a FROM vacant) q;

-- --- INSERT, UPDATE, DELETE, MERGE ---------------------------------------------------------

-- columns: INSERT ... RETURNING
INSERT INTO customer (id, a, b, c) VALUES (1000, 2, 2.5, 'red'), (1001, NULL, NULL, NULL) RETURNING id, cia_score('wide', customer);
-- columns: ON CONFLICT with excluded
INSERT INTO customer (id, a, b, c) SELECT id, a, b, c FROM account ON CONFLICT (id) DO UPDATE SET b = cia_score('small', excluded) WHERE cia_score('small', excluded) > cia_score('small', customer) RETURNING id, cia_score('wide', customer);
-- columns: UPDATE ... RETURNING
UPDATE customer t SET b = cia_score('small', t), a = 3 WHERE cia_class('wide', t) = 'true' RETURNING t.id, cia_score('wide', t);
-- columns: UPDATE ... FROM with a row that may be missing
UPDATE customer t SET b = cia_score('small', y) FROM account x LEFT JOIN v_mixed y ON y.id = x.id + 12 WHERE t.id = x.id RETURNING t.id, cia_score('wide', t), cia_score('small', y), cia_score('small', x);
-- columns: UPDATE of partitions, row by row into others
UPDATE visit t SET id = id + 10, c = 'red' WHERE cia_score('small', t) > 0.3 RETURNING t.id, cia_score('wide', t);
-- columns: UPDATE of several columns from a sublink
UPDATE customer t SET (a, b) = (SELECT 4, cia_score('small', t)) WHERE t.id < 9 RETURNING t.id, t.b;
-- columns: UPDATE of a view
UPDATE v_view t SET b = 1 WHERE cia_score('small', t) > 0.5 RETURNING t.id, cia_score('wide', t);
-- columns: DELETE ... USING
DELETE FROM account t USING reading x WHERE x.id = t.id AND cia_score('small', x) > cia_score('small', t) RETURNING t.id, cia_score('wide', t);
-- columns: MERGE
MERGE INTO customer t USING (account x LEFT JOIN reading y ON y.id = x.id + 40) ON t.id = x.id AND cia_score('small', t) < 0.9
	WHEN MATCHED AND cia_score('small', t) > cia_score('small', x) THEN UPDATE SET b = cia_score('small', t) + coalesce(cia_score('small', y), 1)
	WHEN NOT MATCHED AND cia_class('small', x) = 'true' THEN INSERT (id, a, b) VALUES (x.id + 1000, 1, cia_score('small', x));
SELECT id, b FROM customer;
-- columns, since 17: MERGE with rows that the source lacks, and RETURNING
MERGE INTO customer t USING v_mixed x ON t.id = x.id + 10
	WHEN MATCHED THEN UPDATE SET b = cia_score('small', x)
	WHEN NOT MATCHED AND cia_score('small', x) > 0.5 THEN INSERT (id, a, b) VALUES (x.id + 1000, 1, cia_score('small', x))
	WHEN NOT MATCHED BY SOURCE AND cia_score('small', t) > 0.5 THEN UPDATE SET b = cia_score('small', t)
	WHEN NOT MATCHED BY SOURCE AND cia_class('small', t) = 'false' THEN DELETE
	RETURNING merge_action(), t.id, cia_score('small', t), cia_score('small', x), cia_class('wide', x);
SELECT id, b FROM customer;
-- both, since 17: MERGE with rows that the source lacks, which is a join: its rows may be missing, and their variables do not say so
MERGE INTO customer t USING (account x LEFT JOIN v_mixed y ON y.id = x.id + 10) ON t.id = x.id AND cia_score('small', t) < 0.9
	WHEN MATCHED THEN UPDATE SET b = cia_score('small', y)
	WHEN NOT MATCHED AND cia_score('small', x) > 0.5 THEN INSERT (id, a, b) VALUES (x.id + 1000, 1, cia_score('small', x))
	WHEN NOT MATCHED BY SOURCE AND cia_score('small', t) > 0.5 THEN UPDATE SET b = cia_score('small', t)
	WHEN NOT MATCHED BY SOURCE AND cia_class('small', t) = 'false' THEN DELETE
	RETURNING merge_action(), t.id, cia_score('small', t), cia_score('small', x), cia_score('small', y), cia_class('wide', y);
SELECT id, b FROM customer;
-- record, since 18: OLD and NEW: the row that is not there is NULL
INSERT INTO customer (id, a, b, c) VALUES (1000, 2, 2.5, 'red'), (1, 2, 2.5, 'red') ON CONFLICT (id) DO UPDATE SET b = excluded.b RETURNING id, cia_score('small', old), cia_score('small', new);
DELETE FROM customer WHERE id < 9 RETURNING id, cia_score('small', old.*), cia_score('small', new.*), (SELECT cia_score('small', new));
UPDATE v_view SET a = 9 WHERE id < 9 RETURNING WITH (OLD AS before, NEW AS after) id, cia_score('small', before), cia_score('small', after) - cia_score('small', before);
-- columns: FOR UPDATE
SELECT t.id, cia_score('wide', t) FROM customer t WHERE cia_score('small', t) > 0.4 FOR UPDATE;
-- columns: cursor, and WHERE CURRENT OF
DECLARE c CURSOR FOR SELECT * FROM customer t WHERE cia_score('small', t) > 0.4 ORDER BY id FOR UPDATE;
FETCH 3 FROM c;
UPDATE customer t SET a = 1 WHERE CURRENT OF c RETURNING t.id, cia_score('small', t);
CLOSE c;
-- columns: COPY
COPY (SELECT t.id, cia_score('wide', t) FROM customer t) TO STDOUT;
-- columns: CREATE TABLE AS, CREATE MATERIALIZED VIEW
CREATE TABLE kept AS SELECT t.id, cia_score('wide', t) FROM customer t;
CREATE MATERIALIZED VIEW kept_view AS SELECT t.id, cia_score('wide', t) FROM customer t;
REFRESH MATERIALIZED VIEW kept_view;
SELECT * FROM kept UNION SELECT * FROM kept_view;
-- columns: rules, with NEW and OLD
UPDATE ruled t SET b = b + 1 WHERE cia_score('small', t) > 0.3;
SELECT * FROM track_log;
-- record: triggers: NEW and OLD are variables of PL/pgSQL
INSERT INTO tracked SELECT id + 100, a, b, c FROM customer WHERE id < 5;
SELECT * FROM tracked WHERE id > 100;
-- both: transition tables: they are read like tables, beside the variables
DELETE FROM tracked WHERE id < 10;
UPDATE tracked SET b = b + 1 WHERE id > 10;
SELECT * FROM track_log;
-- columns: INSTEAD OF
UPDATE v_written t SET a = a + 1 WHERE cia_score('small', t) > 0.3 RETURNING t.id, cia_score('small', t);

-- --- PL/pgSQL and workers --------------------------------------------------------------------

-- columns: a statement in PL/pgSQL
DO $$ DECLARE least float8 := 0.5; n int; BEGIN SELECT count(*) INTO n FROM customer t WHERE cia_score('small', t) > least; PERFORM n; END $$;
-- record: a variable of PL/pgSQL that holds a row
DO $$ DECLARE r record; s float8; BEGIN FOR r IN SELECT * FROM customer LOOP SELECT cia_score('small', r) INTO s; END LOOP; END $$;
-- record: a model's name in a variable of PL/pgSQL, generic plan
SET plan_cache_mode = force_generic_plan;
DO $$ DECLARE name text := 'small'; s float8; BEGIN SELECT max(cia_score(name, t)) INTO s FROM customer t; END $$;
-- record: joins in an order by chance, planned in memory that is soon gone: a row from an expression
SET geqo_threshold = 2;
SELECT x.id, cia_score('small', coalesce(x, x)), cia_score('wide', coalesce(y, y)), cia_score('lone', coalesce(x, x)) FROM customer x LEFT JOIN account y ON y.id = x.id + 1 LEFT JOIN visit u ON u.id = x.id AND cia_score('small', coalesce(u, u)) > cia_score('small', coalesce(x, x));
-- columns: a model whose parts serve a group of rows each
SELECT t.id, cia_score('parts', t), cia_class('parts', y), cia_probabilities('parts', x) FROM customer t LEFT JOIN account y ON y.id = t.id + 1 LEFT JOIN v_mixed x ON x.id = t.id;
-- columns: workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT t.id, cia_score('wide', t), cia_score('small', y) FROM customer t LEFT JOIN v_mixed y ON y.id = t.id + 3 WHERE cia_score('small', t) > 0.2;
-- columns: compiled
SET jit = on;
SET jit_above_cost = 0;
SELECT t.id, cia_score('wide', t), cia_class('small', y) FROM customer t LEFT JOIN v_mixed y ON y.id = t.id + 3;
-- fails: no right to call the function
SET ROLE regress_cia_differential_stranger;
SELECT cia_class('small', t) FROM vacant t;
