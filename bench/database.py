# SPDX-License-Identifier: PostgreSQL
"""The bench's database: connections, timed statements, the columns and the models."""

import os
import time
from functools import cached_property

import psycopg

from contest import Unavailable

TABLE = "bench_customers"
ID = "customer_id"
LABEL = "churned"
VALUE = "balance_next"
CLASS = "next_product"
TARGETS = {"linear": VALUE, "multinomial": CLASS}  # of the algorithms that do not take the label
PARALLEL = 2  # PostgreSQL's own default of max_parallel_workers_per_gather


class Database:
    """Statements of one bench, on one connection for each parallel setting."""

    def __init__(self):
        self._connections = {}
        self._trained = {}

    def connect(self, parallel: int = PARALLEL) -> psycopg.Connection:
        """A fresh connection that plans every statement anew; the caller closes it."""
        connection = psycopg.connect(autocommit=True, prepare_threshold=None)
        connection.execute(f"SET max_parallel_workers_per_gather = {parallel}")
        return connection

    def connection(self, parallel: int = PARALLEL) -> psycopg.Connection:
        """The one that statements go to, which has their settings and temporary tables."""
        connection = self._connections.get(parallel)
        if connection is None or connection.closed:
            connection = self._connections[parallel] = self.connect(parallel)
        return connection

    def execute(self, statement: str, parallel: int = PARALLEL) -> psycopg.Cursor:
        return self.connection(parallel).execute(statement)

    def seconds(self, statement: str, parallel: int = PARALLEL) -> float:
        """Wall clock of a statement, its answer fetched."""
        self.execute("SELECT 1", parallel)
        start = time.perf_counter()
        self.execute(statement, parallel).fetchall()
        return time.perf_counter() - start

    def _columns(self, kind: str) -> list[str]:
        found = self.execute(
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{TABLE}'::regclass"
            f" AND atttypid = '{kind}'::regtype AND attnum > 0 ORDER BY attnum"
        )
        return [name for (name,) in found if name not in (ID, LABEL, VALUE, CLASS)]

    @cached_property
    def rows(self) -> int:
        return self.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0]

    @cached_property
    def numeric(self) -> list[str]:
        return self._columns("float8")

    @cached_property
    def categories(self) -> list[str]:
        return self._columns("text")

    @cached_property
    def reading(self) -> str:
        """The floor: every feature is taken out of its row and opened, none is worked on.

        octet_length() is the cheapest function that opens a text; max() would
        compare, which no learner has to do.
        """
        sums = [f"sum({name})" for name in self.numeric]
        sums += [f"sum(octet_length({name}))" for name in self.categories]
        return f"SELECT {', '.join(sums)} FROM {TABLE}"

    @cached_property
    def cia_version(self) -> str | None:
        """Version of the extension, created where its files are installed; None where not."""
        self.execute("SET client_min_messages = warning")
        self.execute("DROP EXTENSION IF EXISTS cia CASCADE")
        try:
            self.execute("CREATE EXTENSION cia")
        except psycopg.errors.FeatureNotSupported:
            return None
        return self.execute("SELECT extversion FROM pg_extension WHERE extname = 'cia'").fetchone()[0]

    def need_cia(self):
        if self.cia_version is None:
            raise Unavailable("cia not installed")

    def training(self, algorithm: str, options: str = "{}", model: str | None = None, source: str = TABLE) -> str:
        """The statement that trains model `bench_<algorithm>`, or that one, on the 28 features."""
        target = TARGETS.get(algorithm, LABEL)
        others = ",".join(name for name in (LABEL, VALUE, CLASS) if name != target)
        return (
            f"SELECT metric, value FROM cia_train('{model or f'bench_{algorithm}'}', '{source}',"
            f" target => '{target}', algorithm => '{algorithm}',"
            # no time goes into the comparison with an earlier version
            f" exclude => '{{{others}}}', id => '{{{ID}}}', options => jsonb '{options}' || '{{\"promote\": \"always\"}}')"
        )

    def train(self, algorithm: str, parallel: int = PARALLEL, options: str = "{}") -> float:
        """Seconds of one cia_train; its metric on the holdout is kept for `metric`."""
        self.need_cia()
        self.execute("SELECT 1", parallel)
        start = time.perf_counter()
        self._trained[algorithm] = self.execute(self.training(algorithm, options), parallel).fetchone()
        return time.perf_counter() - start

    def model(self, algorithm: str) -> str:
        """Name of the model, trained now unless it has been."""
        if algorithm not in self._trained:
            self.train(algorithm)
        return f"bench_{algorithm}"

    def metric(self, algorithm: str) -> tuple[str, float] | None:
        """Name and value of the last training's metric on rows it has not seen."""
        return self._trained.get(algorithm)

    @cached_property
    def url(self) -> str:
        """The same database for clients that take an address and know no environment."""
        from urllib.parse import quote

        user, name = quote(os.environ["PGUSER"]), quote(os.environ["PGDATABASE"])
        host, port = quote(os.environ["PGHOST"], safe=""), os.environ["PGPORT"]
        return f"postgresql://{user}@localhost:{port}/{name}?host={host}"
