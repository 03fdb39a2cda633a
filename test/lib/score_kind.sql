-- For pgbench: a statement scores some customers; \gset ends the session unless all scores are those of one version.
\set low random(1, 1950)
SELECT kind FROM scored s JOIN known k USING (id) WHERE id BETWEEN :low AND :low + 50
GROUP BY kind HAVING count(*) = 51 AND bool_and(k.score = s.score) \gset
