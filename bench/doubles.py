# SPDX-License-Identifier: PostgreSQL
"""The tables of doubles.sql: linear models on their columns, and statements by both paths."""

from contextlib import contextmanager

TABLE = "bench_doubles"
WIDE = "bench_wide"
COLUMNS = tuple(f"c{number}" for number in range(1, 25))
FEW = ("c2", "c11", "c20")
RECORD_PATH = "cia.see_through = off"

ROWS_TRAINED_ON = 20_000
TARGET = "c1 + 2 * c2 - c11 + c20 * c20 AS target"


class Doubles:
    """What the rows on see-through scores share."""

    def __init__(self, database):
        self._database = database
        self._trained = set()

    def model(self, columns) -> str:
        """Name of the linear model on these columns, trained now unless it has been."""
        name = f"bench_doubles_{len(columns)}"
        if name not in self._trained:
            self._database.need_cia()
            source = f"SELECT {', '.join(columns)}, {TARGET} FROM {TABLE} WHERE id <= {ROWS_TRAINED_ON}"
            self._database.execute(
                f"SELECT cia_train('{name}', '{source}', target => 'target', algorithm => 'linear')"
            )
            self._trained.add(name)
        return name

    def score(self, columns) -> str:
        """The call that scores a row t of either table."""
        return f"cia_score('{self.model(columns)}', t)"

    @contextmanager
    def record_path(self, parallel):
        """Statements of this connection that are planned meanwhile hand over the whole row."""
        self._database.execute(f"SET {RECORD_PATH}", parallel)
        try:
            yield
        finally:
            self._database.execute("RESET cia.see_through", parallel)


def sums(columns) -> str:
    """The cheapest work on these columns."""
    return ", ".join(f"sum({column})" for column in columns)
