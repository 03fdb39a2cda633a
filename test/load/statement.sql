-- One statement scores some customers; \gset ends the session unless all scores are those of one version.
\set low random(1, 1950)
SELECT kind FROM (SELECT id, cia_score('churn', x) AS score FROM customer x WHERE id BETWEEN :low AND :low + 50 OFFSET 0) s
JOIN known k USING (id) GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score) \gset
INSERT INTO seen VALUES (:kind);
