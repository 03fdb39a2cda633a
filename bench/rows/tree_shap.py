# SPDX-License-Identifier: PostgreSQL
"""Exact Shapley values of 20,000 rows against LightGBM's and XGBoost's, trees of the same size.

cia's time is that of a statement: the scan, the values and a row per feature that says what it
contributes.  The peers' is that of the call alone, on a matrix in memory and on one thread.
"""

import time
from functools import cache, cached_property

import lightgbm
import xgboost

from contest import Budget, Claim, Contest, Entrant
from database import LABEL, TABLE
from peers import fetch, split
from rows.boosted_trees import LOSSGUIDE, OPTIONS, TREE, TREES, matrix_of

ROWS = 20_000
SOME = f"(SELECT * FROM {TABLE} LIMIT {ROWS}) c"


class Explainers:
    """Models of both libraries, trained once."""

    def __init__(self, database):
        self._database = database

    @cached_property
    def _data(self):
        table = fetch(self._database, LABEL)
        rows = split(table)[0]
        return matrix_of(table, self._database)[rows], table[LABEL].to_numpy(zero_copy_only=False)[rows]

    @cached_property
    def _lightgbm(self):
        rows, answers = self._data
        codes = list(range(len(self._database.numeric), rows.shape[1]))
        return lightgbm.train(TREE, lightgbm.Dataset(rows, answers, categorical_feature=codes), TREES)

    @cached_property
    def _xgboost(self):
        model = xgboost.train(LOSSGUIDE, xgboost.QuantileDMatrix(*self._data), TREES)
        model.set_param({"nthread": 1})
        return model

    def lightgbm(self):
        model, rows = self._lightgbm, self._data[0][:ROWS]
        start = time.perf_counter()
        model.predict(rows, pred_contrib=True, num_threads=1)
        return time.perf_counter() - start

    def xgboost(self):
        model, rows = self._xgboost, xgboost.DMatrix(self._data[0][:ROWS], nthread=1)
        start = time.perf_counter()
        model.predict(rows, pred_contribs=True)
        return time.perf_counter() - start


def contest(database):
    peers = Explainers(database)

    @cache
    def model():
        database.train("boosted_trees", options=OPTIONS)
        return database.model("boosted_trees")

    def explain():
        return database.seconds(f"SELECT count(*) FROM {SOME}, cia_explain('{model()}', c)", parallel=0)

    def reasons():
        return database.seconds(f"SELECT count(cia_reasons('{model()}', c)) FROM {SOME}", parallel=0)

    ours = "`cia_explain`, scan included"
    enough = Budget(15, at_least=True)
    return Contest(
        title="Shapley values",
        entrants=[
            Entrant("cia_explain", explain),
            Entrant("cia_reasons", reasons),
            Entrant("LightGBM, pred_contrib", peers.lightgbm, rounds=2),
            Entrant("XGBoost, pred_contribs", peers.xgboost, rounds=2),
        ],
        claims=[
            Claim(f"LightGBM's pred_contrib / {ours}", "LightGBM, pred_contrib", "cia_explain", enough),
            Claim(f"XGBoost's pred_contribs / {ours}", "XGBoost, pred_contribs", "cia_explain", enough),
        ],
    )
