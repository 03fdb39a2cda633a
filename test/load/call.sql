-- For pgbench: a call of the storm.
\set kind random(1, 24)
\set model random(1, 4)
\set other random(1, 4)
\set version random(1, 6)
SELECT storm(:kind, 'm' || :model, 'm' || :other, :version);
