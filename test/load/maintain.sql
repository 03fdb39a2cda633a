-- For pgbench: what a night's maintenance does to the tables that models are in.
REINDEX TABLE cia_registry;
REINDEX TABLE cia_version;
REINDEX TABLE cia_promotion;
REINDEX TABLE cia_tag;
REINDEX TABLE cia_run;
VACUUM FULL cia_registry;
VACUUM FULL cia_version;
CLUSTER cia_registry USING cia_registry_name_key;
\sleep 100 ms
