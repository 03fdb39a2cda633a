-- Under REPEATABLE READ two statements, the second of which scores JSON, see the same version.
\set low random(1, 1950)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT kind AS first FROM (SELECT id, cia_score('churn', x) AS score FROM customer x WHERE id BETWEEN :low AND :low + 50 OFFSET 0) s
JOIN known k USING (id) GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score) \gset
SELECT kind AS second FROM (SELECT id, cia_score('churn', to_jsonb(x)) AS score FROM customer x WHERE id BETWEEN :low AND :low + 50 OFFSET 0) s
JOIN known k USING (id) GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score) \gset
SELECT 1 / (:first = :second)::int;
COMMIT;
