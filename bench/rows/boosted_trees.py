# SPDX-License-Identifier: PostgreSQL
"""cia_train('boosted_trees') against LightGBM and XGBoost: 100 trees of 63 leaves.

Each round holds out another fifth of the customers.  All models are trained on the same rows
and judged on the same others, for which cia trains once more, with no clock running.
"""

import time

import lightgbm
import numpy as np
import xgboost

from contest import Budget, Claim, Contest, Entrant
from database import ID, LABEL, TABLE
from paired import Paired
from peers import FOLDS, fetch, split

TREES = 100
LEAVES = 63
OPTIONS = f'{{"trees": {TREES}, "leaves": {LEAVES}, "l2": 0}}'
NO_HOLDOUT = f'{{"trees": {TREES}, "leaves": {LEAVES}, "l2": 0, "holdout": 0}}'
ONE_TREE = f'{{"trees": 1, "leaves": {LEAVES}, "l2": 0}}'
TREE = {"num_leaves": LEAVES, "learning_rate": 0.1, "objective": "binary", "verbose": -1, "num_threads": 2}
LOSSGUIDE = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "grow_policy": "lossguide",
    "max_depth": 0,
    "max_leaves": LEAVES,
    "eta": 0.1,
    "nthread": 2,
}
OURS = "cia"
SAME_ROWS = "bench_same_rows"


def matrix_of(table, database):
    """Numbers as they are, categories as codes, which both libraries take."""
    names = [*database.numeric, *database.categories]
    matrix = np.empty((table.num_rows, len(names)))
    for position, name in enumerate(names):
        column = table[name].combine_chunks()
        if name in database.categories:
            column = column.dictionary_encode().indices
        matrix[:, position] = column.to_numpy(zero_copy_only=False)
    return matrix


class Peers:
    """Both libraries on the same matrix, each stage timed apart."""

    def __init__(self, database):
        self._database = database
        self._paired = Paired()
        self._fold = -1
        self._labels = None

    def run(self):
        database = self._database
        self._fold = (self._fold + 1) % FOLDS
        start = time.perf_counter()
        table = fetch(database, LABEL)
        matrix = matrix_of(table, database)
        target = table[LABEL].to_numpy(zero_copy_only=False)
        train, test = split(table, self._fold)
        seen, answers = matrix[train], target[train]
        fetched = time.perf_counter() - start
        test = test[np.argsort(table[ID].to_numpy()[test])]
        self._labels = target[test]
        codes = list(range(len(database.numeric), matrix.shape[1]))
        fits = {
            "LightGBM": lambda: self.lightgbm(seen, answers, codes, {}),
            "LightGBM, quantised": lambda: self.lightgbm(seen, answers, codes, {"use_quantized_grad": True}),
            "XGBoost": lambda: self.xgboost(seen, answers),
        }
        seconds = {"fetch and encode": fetched}
        for name, fit in fits.items():
            began = time.perf_counter()
            predict, alone = fit()
            took = time.perf_counter() - began
            seconds[f"{name}, training alone"] = alone
            seconds[f"{name}, end to end"] = fetched + took
            self._paired.judge(name, self._fold, predict(matrix[test]), self._labels)
        return seconds

    def judge_ours(self):
        """cia on the rows that the peers have been trained on, judged on the same others; no time is told."""
        database, fold = self._database, f"{ID} % {FOLDS} = {self._fold}"
        database.need_cia()
        source = f"SELECT * FROM {TABLE} WHERE NOT {fold}"
        database.execute(database.training("boosted_trees", NO_HOLDOUT, SAME_ROWS, source))
        scores = database.execute(f"SELECT cia_score('{SAME_ROWS}', c) FROM {TABLE} c WHERE {fold} ORDER BY {ID}")
        self._paired.judge(OURS, self._fold, [score for (score,) in scores], self._labels)
        return {}

    def lightgbm(self, rows, answers, codes, more):
        data = lightgbm.Dataset(rows, answers, categorical_feature=codes).construct()
        began = time.perf_counter()
        model = lightgbm.train({**TREE, **more}, data, TREES)
        return model.predict, time.perf_counter() - began

    def xgboost(self, rows, answers):
        data = xgboost.QuantileDMatrix(rows, answers)
        began = time.perf_counter()
        model = xgboost.train(LOSSGUIDE, data, TREES)
        return lambda rows: model.predict(xgboost.DMatrix(rows)), time.perf_counter() - began

    def quality(self):
        return self._paired.quality(OURS)


def ours(database):
    """cia_train, and what the trees but for the first add to it: reading and judging left out."""
    one = database.train("boosted_trees", options=ONE_TREE)
    whole = database.train("boosted_trees", options=OPTIONS)
    return {"cia_train": whole, "cia_train, training alone": (whole - one) * TREES / (TREES - 1)}


def contest(database):
    peers = Peers(database)
    alone = ("LightGBM, training alone", "LightGBM, quantised, training alone")
    whole = ("LightGBM, end to end", "LightGBM, quantised, end to end", "XGBoost, end to end")

    return Contest(
        title="boosted trees",
        entrants=[
            Entrant("reading, 1 process", lambda: database.seconds(database.reading, parallel=0)),
            Entrant("cia_train", lambda: ours(database), rounds=3),
            Entrant("peers", peers.run, rounds=3),
            Entrant("cia on the peers' rows", peers.judge_ours, rounds=3),
        ],
        claims=[
            Claim("`cia_train('boosted_trees')`, reading included / LightGBM's training alone", "cia_train", alone, Budget(0.45)),
            Claim("`cia_train('boosted_trees')`, training alone / LightGBM's", "cia_train, training alone", alone, Budget(0.35)),
            Claim("fetch and train by LightGBM or XGBoost / `cia_train('boosted_trees')`", whole, "cia_train", Budget(4, at_least=True)),
        ],
        quality=peers.quality,
    )
