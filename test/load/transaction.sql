-- For pgbench: under REPEATABLE READ two statements, the second of which scores JSON, see the same version.
\set low random(1, 1950)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT kind AS first FROM scored s JOIN known k USING (id) WHERE id BETWEEN :low AND :low + 50
GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score) \gset
SELECT kind AS second FROM scored s JOIN known k USING (id) WHERE id BETWEEN :low AND :low + 50
GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score_of_json) \gset
SELECT 1 / (:first = :second)::int;
INSERT INTO seen VALUES (:first);
COMMIT;
