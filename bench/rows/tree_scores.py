# SPDX-License-Identifier: PostgreSQL
"""cia_score and cia_score_into of 100 trees against LightGBM's and XGBoost's predict, on one core and on several."""

import os
import time
from functools import cached_property

import lightgbm
import xgboost

from contest import Budget, Claim, Contest, Entrant
from database import ID, LABEL, PARALLEL, TABLE
from peers import fetch
from rows.boosted_trees import LEAVES, OPTIONS, TREE, TREES, matrix_of

DEPTH = 6
DEEP = f'{{"trees": {TREES}, "leaves": {2**DEPTH}, "depth": {DEPTH}, "l2": 0}}'
DEPTHWISE = {"objective": "binary:logistic", "tree_method": "hist", "max_depth": DEPTH, "eta": 0.1}
MODELS = {"leaves": OPTIONS, "depth": DEEP}
SCORES = "bench_tree_scores"
THREADS = min(1 + PARALLEL, os.cpu_count())  # cia.threads by default


class Peers:
    """Both libraries' predict over the same matrix in memory, with one thread where nothing else is said; trained once."""

    def __init__(self, database):
        self._database = database

    @cached_property
    def _matrix(self):
        table = fetch(self._database, LABEL)
        self._target = table[LABEL].to_numpy(zero_copy_only=False)
        return matrix_of(table, self._database)

    @cached_property
    def _lightgbm(self):
        codes = list(range(len(self._database.numeric), self._matrix.shape[1]))
        data = lightgbm.Dataset(self._matrix, self._target, categorical_feature=codes)
        return lightgbm.train(TREE, data, TREES)

    @cached_property
    def _xgboost(self):
        data = xgboost.QuantileDMatrix(self._matrix, self._target)
        model = xgboost.train(DEPTHWISE, data, TREES)
        model.set_param({"nthread": 1})
        return model

    def lightgbm(self, threads=1):
        model = self._lightgbm
        start = time.perf_counter()
        model.predict(self._matrix, num_threads=threads)
        return time.perf_counter() - start

    def xgboost(self):
        model = self._xgboost
        start = time.perf_counter()
        model.inplace_predict(self._matrix)
        return time.perf_counter() - start

    def xgboost_quantiles(self):
        model = self._xgboost
        start = time.perf_counter()
        model.predict(xgboost.QuantileDMatrix(self._matrix, nthread=1))
        return time.perf_counter() - start


def contest(database):
    peers = Peers(database)
    trained = set()

    def model(kind):
        """Name of the model, trained once."""
        name = f"bench_tree_{kind}"
        if kind not in trained:
            database.need_cia()
            database.execute(database.training("boosted_trees", MODELS[kind], name)).fetchall()
            trained.add(kind)
        return name

    def scan(kind, parallel):
        return database.seconds(f"SELECT sum(cia_score('{model(kind)}', c)) FROM {TABLE} c", parallel)

    def workers(number):
        """As many new processes and no leader at work; PostgreSQL would not take one for its own sake."""
        settings = {"parallel_leader_participation": "off", "force_parallel_mode": "on"}
        model("leaves")
        try:
            for name, value in settings.items():
                database.execute(f"SET {name} = {value}", number)
            return scan("leaves", number)
        finally:
            for name in settings:
                database.execute(f"RESET {name}", number)

    def into(threads, parallel):
        """Threads and workers that it may use; 0 threads are the default."""
        statement = f"SELECT * FROM cia_score_into('{model('leaves')}', '{TABLE}', '{SCORES}', '{{{ID}}}')"
        database.execute(f"DROP TABLE IF EXISTS {SCORES}", parallel)
        database.execute(f"SET cia.threads = {threads}", parallel)
        taken = database.seconds(statement, parallel)
        database.execute("RESET cia.threads", parallel)
        database.execute(f"DROP TABLE {SCORES}", parallel)
        return taken

    def floor():
        """The table that cia_score_into makes, with no score in it: what is not scoring."""
        names = ", ".join([*database.numeric, *database.categories])
        database.execute(f"DROP TABLE IF EXISTS {SCORES}", 0)
        start = time.perf_counter()
        database.execute(
            f"CREATE TABLE {SCORES} AS SELECT {ID}, num_nulls({names})::float8 AS score,"
            f" false::text AS class, 1 AS version, now() AS scored_at FROM {TABLE}", 0)
        database.execute(f"ALTER TABLE {SCORES} ADD PRIMARY KEY ({ID})", 0)
        taken = time.perf_counter() - start
        database.execute(f"DROP TABLE {SCORES}", 0)
        return taken

    return Contest(
        title="tree scores",
        entrants=[
            Entrant("reading, 1 process", lambda: database.seconds(database.reading, 0)),
            Entrant(f"cia_score, {LEAVES} leaves", lambda: scan("leaves", 0)),
            Entrant(f"cia_score, {LEAVES} leaves, 2 processes", lambda: scan("leaves", 1)),
            Entrant(f"cia_score, {LEAVES} leaves, 1 worker", lambda: workers(1)),
            Entrant(f"cia_score, {LEAVES} leaves, 2 workers", lambda: workers(2)),
            Entrant(f"cia_score, depth {DEPTH}", lambda: scan("depth", 0)),
            Entrant("cia_score_into, 1 thread", lambda: into(1, 0), rounds=3),
            Entrant("cia_score_into, default threads", lambda: into(0, PARALLEL), rounds=3),
            Entrant("the same table without scores", floor, rounds=3),
            Entrant("LightGBM predict", peers.lightgbm, rounds=3),
            Entrant(f"LightGBM predict, {THREADS} threads", lambda: peers.lightgbm(THREADS), rounds=3),
            Entrant("XGBoost inplace_predict", peers.xgboost, rounds=3),
            Entrant("XGBoost predict, QuantileDMatrix", peers.xgboost_quantiles, rounds=3),
        ],
        claims=[
            Claim("LightGBM predict / `cia_score` in a scan", "LightGBM predict", f"cia_score, {LEAVES} leaves",
                  Budget(6, at_least=True)),
            Claim(f"XGBoost predict / `cia_score` in a scan, both depth {DEPTH}",
                  ("XGBoost inplace_predict", "XGBoost predict, QuantileDMatrix"), f"cia_score, depth {DEPTH}",
                  Budget(1.5, at_least=True)),
            Claim("LightGBM predict / `cia_score_into` by default, writing included", "LightGBM predict",
                  "cia_score_into, default threads", Budget(10, at_least=True)),
            Claim("LightGBM predict / `cia_score_into`, both 1 thread", "LightGBM predict", "cia_score_into, 1 thread"),
            Claim(f"LightGBM predict with {THREADS} threads / `cia_score_into` by default",
                  f"LightGBM predict, {THREADS} threads", "cia_score_into, default threads"),
            Claim("`cia_score_into`, 1 thread / the same table without scores", "cia_score_into, 1 thread",
                  "the same table without scores"),
            Claim("`cia_score` in a scan, 1 process / 2 processes", f"cia_score, {LEAVES} leaves",
                  f"cia_score, {LEAVES} leaves, 2 processes", Budget(1.8, at_least=True)),
            Claim("`cia_score` in a scan, 1 worker / 2 workers, the leader idle", f"cia_score, {LEAVES} leaves, 1 worker",
                  f"cia_score, {LEAVES} leaves, 2 workers", Budget(1.8, at_least=True)),
        ],
    )
