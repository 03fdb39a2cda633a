# SPDX-License-Identifier: PostgreSQL
"""scikit-learn as a careful Python user runs it: fetch, encode, split, fit.

Fetching takes connectorx with two connections into Arrow, the quickest of the
ways tried (see README.md).  Encoding is what cia does by itself: mean for a
missing number, numbers standardised, one column per category but the first.
The matrix is sparse, since 237 of its 261 columns are indicators; dense ones
were two times slower to fit and far slower to make.
"""

import time

import connectorx
import numpy as np
import pandas
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from contest import Quality
from database import ID, TABLE

FOLDS = 5  # one of them is the holdout


def fetch(database, target):
    """The features and the target as an Arrow table, over two connections."""
    columns = ", ".join([ID, *database.numeric, *database.categories, target])
    return connectorx.read_sql(
        database.url,
        f"SELECT {columns} FROM {TABLE}",
        return_type="arrow",
        partition_on=ID,
        partition_num=2,
    )


def standardised(table, names):
    """The numeric columns, the mean where missing, each with mean 0 and deviation 1."""
    matrix = np.empty((table.num_rows, len(names)))
    for position, name in enumerate(names):
        column = table[name].to_numpy()
        missing = np.isnan(column)
        mean = column.mean(where=~missing)
        column = np.where(missing, mean, column)
        matrix[:, position] = (column - mean) / column.std()
    return matrix


def encode(table, numeric, categories):
    """One sparse row per customer: the numbers, then an indicator per level but the first.

    A first level is stored as an explicit zero, which keeps rows of one length
    and the matrix a plain reshape.
    """
    table = table.combine_chunks()
    width = len(numeric) + len(categories)
    values = np.ones((table.num_rows, width))
    columns = np.empty((table.num_rows, width), dtype=np.int32)
    values[:, : len(numeric)] = standardised(table, numeric)
    columns[:, : len(numeric)] = np.arange(len(numeric))
    total = len(numeric)
    for position, name in enumerate(categories, start=len(numeric)):
        coded = table[name].chunk(0).dictionary_encode()
        codes = coded.indices.to_numpy()
        values[:, position] = codes > 0
        columns[:, position] = total + np.maximum(codes - 1, 0)
        total += len(coded.dictionary) - 1
    starts = np.arange(table.num_rows + 1, dtype=np.int32) * np.int32(width)
    shape = (table.num_rows, total)
    return csr_matrix((values.ravel(), columns.ravel(), starts), shape=shape)


def split(table, fold=0):
    """Training and holdout rows, by the id, since two connections mix the order of rows."""
    held_out = table[ID].to_numpy() % FOLDS == fold
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


class Rival:
    """scikit-learn on one target: stages timed apart, every estimator on the same matrix."""

    def __init__(self, database, target, estimators, judge):
        self._database = database
        self._target = target
        self._estimators = estimators
        self._judge = judge
        self._quality = {}
        self.on_the_array = tuple(f"{name}, array alone" for name in estimators)
        self.end_to_end = tuple(f"{name}, end to end" for name in estimators)

    def run(self):
        """Seconds of each stage, of each fit on the array, and of each from table to model."""
        start = time.perf_counter()
        table = fetch(self._database, self._target)
        fetched = time.perf_counter()
        matrix = encode(table, self._database.numeric, self._database.categories)
        target = table[self._target].to_numpy()
        train, test = split(table)
        seen, answers = matrix[train], target[train]
        ready = time.perf_counter()
        seconds = {"fetch, connectorx": fetched - start, "encode and split": ready - fetched}
        for name, make in self._estimators.items():
            began = time.perf_counter()
            model = make().fit(seen, answers)
            took = time.perf_counter() - began
            seconds[f"{name}, array alone"] = took
            seconds[f"{name}, end to end"] = ready - start + took
            self._quality[name] = self._judge(model, matrix[test], target[test])
        return seconds

    def quality(self, metric):
        return [Quality(name, metric, value) for name, value in self._quality.items()]


def everyday_logistic(database, target):
    """Seconds of the everyday script: pandas.read_sql, column transformer, the default solver."""
    columns = ", ".join([*database.numeric, *database.categories, target])
    start = time.perf_counter()
    with database.connect() as connection:
        frame = pandas.read_sql(f"SELECT {columns} FROM {TABLE}", connection)
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), database.numeric),
        (OneHotEncoder(drop="first"), database.categories),
    )
    train = frame.sample(frac=1 - 1 / FOLDS, random_state=1)
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=1000))
    pipeline.fit(train, train[target])
    return time.perf_counter() - start


def auc(model, rows, labels):
    return roc_auc_score(labels, model.decision_function(rows))


def r2(model, rows, values):
    return model.score(rows, values)


def accuracy(model, rows, classes):
    return model.score(rows, classes)
