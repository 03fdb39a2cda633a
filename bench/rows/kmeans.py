# SPDX-License-Identifier: PostgreSQL
"""k-means of cia_train against scikit-learn's on the array, and what a segment costs in a scan.

Three tables of a million rows and 24 numbers: bench_doubles has no structure at all, bench_blobs is made of
kinds, and the numbers of bench_customers lie in between, as those of a customer table do.  Both sides
take all rows, at most 20 iterations and no other reason to stop than that nothing moves any more; the first
ones of cia_train look at a part of the rows, and the last one at all of them.
scikit-learn begins once (k-means++ over all rows), cia_train ten times on a sample of the rows, as it does by
default; whose centres are better is the ratio of the inertias.
"""

import json
import time
import warnings
from functools import cached_property

import connectorx
import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from contest import Budget, Claim, Contest, Entrant, Quality
from database import ID, PARALLEL, TABLE
from doubles import COLUMNS
from doubles import TABLE as DOUBLES

BLOBS = "bench_blobs"
FEW, MANY = 8, 64
ITERATIONS = 20
PRECISIONS = {"float64": np.float64, "float32": np.float32}


class Rows:
    """Numbers of a table, for both sides."""

    def __init__(self, database, table, key, columns):
        self._database = database
        self._table = table
        self._key = key
        self._columns = columns
        self.inertia = {}

    @cached_property
    def columns(self):
        return self._columns() if callable(self._columns) else self._columns

    def reading(self):
        sums = ", ".join(f"sum({name})" for name in self.columns)
        return self._database.seconds(f"SELECT {sums} FROM {self._table}", parallel=0)

    @cached_property
    def matrix(self):
        """The columns in standard deviations from the mean, which is what stands for a missing number."""
        names = ", ".join([self._key, *self.columns])
        table = connectorx.read_sql(
            self._database.url,
            f"SELECT {names} FROM {self._table}",
            return_type="arrow",
            partition_on=self._key,
            partition_num=2,
        )
        matrix = np.empty((table.num_rows, len(self.columns)))
        for position, name in enumerate(self.columns):
            column = table[name].to_numpy()
            matrix[:, position] = np.nan_to_num((column - np.nanmean(column)) / np.nanstd(column))
        return matrix

    def name(self, k):
        return f"{self._table}_{k}"

    def train(self, k, parallel=PARALLEL):
        """Seconds of cia_train, reading included; nothing is kept out to judge it by."""
        self._database.need_cia()
        options = {"k": k, "max_iterations": ITERATIONS, "tolerance": 0, "holdout": 0, "promote": "always"}
        names = ", ".join([self._key, *self.columns])
        statement = (
            f"SELECT 1 FROM cia_train('{self.name(k)}', 'SELECT {names} FROM {self._table}', algorithm => 'kmeans',"
            f" id => '{{{self._key}}}', options => '{json.dumps(options)}')"
        )
        seconds = self._database.seconds(statement, parallel)
        learned = self._database.execute(
            f"SELECT cia_export('{self.name(k)}')::jsonb #>> '{{content,learned,inertia,0}}'"
        ).fetchone()
        self.inertia["cia", k] = float(learned[0])
        return seconds

    def peer(self, k, precision):
        """Seconds of scikit-learn with the array in memory."""
        rows = self.matrix.astype(PRECISIONS[precision])
        peer = KMeans(k, n_init=1, max_iter=ITERATIONS, tol=0, random_state=1)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peer.fit(rows)
        seconds = time.perf_counter() - start
        self.inertia[precision, k] = float(peer.inertia_)
        return seconds

    def train_alone(self, k):
        """cia_train, and the same less the time that reading takes by itself: ordering and storing are in."""
        reading, whole = self.reading(), self.train(k)
        return {f"k = {k}, reading included": whole, f"k = {k}, less reading": whole - reading}


def quality(tables):
    """Inertia in units of scikit-learn's better one; at most 1 means centres as good."""
    found = []
    for title, rows in tables.items():
        for k in (FEW, MANY):
            peers = [rows.inertia[p, k] for p in PRECISIONS if (p, k) in rows.inertia]
            if peers and ("cia", k) in rows.inertia:
                ratio = rows.inertia["cia", k] / min(peers)
                found.append(Quality(f"kmeans, {title}, k = {k}", "inertia / scikit-learn's", ratio))
    return found


def training(title, rows):
    """Entrants and claims of one table."""

    def ours(k):
        return {f"{title}, {name}": value for name, value in rows.train_alone(k).items()}

    entrants, claims = [], []
    for k in (FEW, MANY):
        peers = tuple(f"{title}, k = {k}, scikit-learn {precision}" for precision in PRECISIONS)
        entrants.append(Entrant(f"{title}, k = {k}", lambda k=k: ours(k)))
        entrants += [
            Entrant(name, lambda k=k, p=precision: rows.peer(k, p), rounds=3)
            for name, precision in zip(peers, PRECISIONS, strict=True)
        ]
        for part, budget in (("less reading", Budget(0.5)), ("reading included", Budget(1))):
            name = f"{title}, k = {k}, {part}"
            claims.append(Claim(f"k-means, {name} / scikit-learn's quickest on the array", name, peers, budget))
    few, many = (f"{title}, k = {k}, less reading" for k in (FEW, MANY))
    claims.append(Claim(f"k-means, {title}, less reading: k = {MANY} / k = {FEW}", many, few, Budget(MANY / FEW)))
    return entrants, claims


def scans(database, rows, table):
    """The segments of all rows against a function of the whole row that does next to nothing."""
    trivial, distance, count = "trivial function of the row", "cia_segment_distance", "cia_segment"

    def scan(expression):
        return database.seconds(f"SELECT {expression} FROM {table} t", parallel=0)

    def by_model(expression):
        if ("cia", FEW) not in rows.inertia:
            rows.train(FEW)
        return scan(expression.format(f"'{rows.name(FEW)}'"))

    entrants = [
        Entrant(trivial, lambda: scan("sum(pg_column_size(t))")),
        Entrant("sum of the columns", lambda: scan(", ".join(f"sum({name})" for name in rows.columns))),
        Entrant(distance, lambda: by_model("sum(cia_segment_distance({}, t))")),
        Entrant(count, lambda: by_model("count(*) FILTER (WHERE cia_segment({}, t) <> '')")),
    ]
    claims = [
        Claim(f"scan by `{distance}`, k = {FEW} / by a trivial function of the row", distance, trivial, Budget(1.5)),
        Claim(f"scan by `{count}`, k = {FEW} / by a trivial function of the row", count, trivial, Budget(1.5)),
        Claim(f"scan by `{distance}`, k = {FEW} / that sums the columns", distance, "sum of the columns"),
    ]
    return entrants, claims


def contest(database):
    tables = {
        "no structure": Rows(database, DOUBLES, "id", COLUMNS),
        "customers": Rows(database, TABLE, ID, lambda: database.numeric),
        "kinds": Rows(database, BLOBS, "id", tuple(f"x{number}" for number in range(1, 25))),
    }
    entrants, claims = [], []
    for made in [training(title, rows) for title, rows in tables.items()] + [scans(database, tables["no structure"], DOUBLES)]:
        entrants += made[0]
        claims += made[1]
    return Contest(title="kmeans", entrants=entrants, claims=claims, quality=lambda: quality(tables))
