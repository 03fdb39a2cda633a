# SPDX-License-Identifier: PostgreSQL
"""The AUC of cia's own defaults on real tables, against LightGBM and XGBoost, over five folds.

Nothing is tuned.  The peers' models are of the size of cia's defaults, as cia_options tells them: trees,
leaves and learning rate.  These do not stop early, so neither do the peers.  All else is at
everybody's own defaults.  LightGBM and XGBoost get categories as such, and XGBoost once more as
codes, which are numbers to it.  A fold's rows are scored by models of the other four folds, the same for all.
No clock runs, so everybody has one thread.

The files are not ours and not in the tree: they are read from ../shared/data where it is there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm
import numpy as np
import pandas
import xgboost
from sklearn.model_selection import StratifiedKFold

from contest import Contest, Entrant, Unavailable
from paired import Paired
from peers import FOLDS

DATA = Path(__file__).parents[3] / "shared" / "data"
OURS = "cia"
MODEL = "bench_real"
NOT_LOWER_BY = 0.003
NUMBER, FOLD = "bench_number", "bench_fold"  # columns that no file has


@dataclass(frozen=True)
class Table:
    """A file, what is to be told from it, and what names a row and tells nothing."""

    name: str
    file: str
    target: str
    event: object
    names: tuple[str, ...] = ()
    read: Callable[[Path], pandas.DataFrame] = pandas.read_csv


TABLES = [
    Table("bank-marketing", "bank-full.csv.gz", "y", "yes", read=lambda path: pandas.read_csv(path, sep=";")),
    Table("bank-churn", "Churn_Modelling.csv", "Exited", 1, ("RowNumber", "CustomerId", "Surname")),
    # customers of no month yet have a space in TotalCharges
    Table("telco-churn", "Telco-Customer-Churn.csv", "Churn", "Yes", ("customerID",),
          read=lambda path: pandas.read_csv(path, na_values={"TotalCharges": " "})),
]


def rows_of(table):
    """The file with a number and a fold for each row; the same in every run."""
    path = DATA / table.name / table.file
    if not path.exists():
        raise Unavailable(f"../shared/data/{table.name}/{table.file} is not there")
    rows = table.read(path).drop(columns=list(table.names))
    rows[table.target] = rows[table.target] == table.event  # a number would be told as one
    rows[NUMBER] = np.arange(len(rows))
    rows[FOLD] = -1
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1)
    for fold, (_, test) in enumerate(folds.split(rows, rows[table.target])):
        rows.loc[test, FOLD] = fold
    return rows


class Peers:
    """Both libraries on a matrix in which labels are codes."""

    def __init__(self, size, kinds):
        self._trees = size["trees"]
        self._kinds = kinds  # of the columns, as XGBoost writes them: c for a category, q for a number
        self._lightgbm = {"num_leaves": size["leaves"], "learning_rate": size["learning_rate"], "objective": "binary",
                          "verbose": -1, "num_threads": 1}
        self._xgboost = {"objective": "binary:logistic", "tree_method": "hist", "grow_policy": "lossguide",
                         "max_depth": 0, "max_leaves": size["leaves"], "eta": size["learning_rate"], "nthread": 1}

    def lightgbm(self, seen, answers, rows):
        categories = [position for position, kind in enumerate(self._kinds) if kind == "c"]
        data = lightgbm.Dataset(seen, answers, categorical_feature=categories)
        return lightgbm.train(self._lightgbm, data, self._trees).predict(rows)

    def xgboost(self, seen, answers, rows):
        return self._boosted(seen, answers, rows, self._kinds)

    def xgboost_codes(self, seen, answers, rows):
        return self._boosted(seen, answers, rows, ["q"] * len(self._kinds))

    def _boosted(self, seen, answers, rows, kinds):
        more = {"feature_types": kinds, "enable_categorical": True}
        model = xgboost.train(self._xgboost, xgboost.DMatrix(seen, answers, **more), self._trees)
        return model.predict(xgboost.DMatrix(rows, **more))


def matrix_of(features):
    """Numbers as they are, labels as their places in order of bytes, and which column is what."""
    kinds = ["c" if sql_type(features[name]) == "text" else "q" for name in features]
    columns = [pandas.factorize(features[name], sort=True)[0] if kind == "c" else features[name]
               for name, kind in zip(features, kinds)]
    return np.column_stack(columns).astype(float), kinds


class Ours:
    """cia on a temporary table, which goes with the connection."""

    def __init__(self, database, table, rows):
        database.need_cia()
        self._database = database
        self._target = table.target
        columns = ", ".join(f'"{name}" {sql_type(rows[name])}' for name in rows)
        database.execute("DROP TABLE IF EXISTS pg_temp.bench_real")
        database.execute(f"CREATE TEMPORARY TABLE bench_real ({columns})")
        with database.connection().cursor().copy("COPY bench_real FROM STDIN WITH (FORMAT csv)") as copy:
            copy.write(rows.to_csv(index=False, header=False))

    def scores(self, fold):
        """Of the fold's rows in the order of their numbers, by a model of all others."""
        self._database.execute(
            f"SELECT FROM cia_train('{MODEL}', 'SELECT * FROM bench_real WHERE {FOLD} <> {fold}', target => '{self._target}',"
            f" id => '{{{NUMBER}}}', exclude => '{{{FOLD}}}', algorithm => 'boosted_trees',"
            " options => '{\"holdout\": 0, \"promote\": \"always\"}')")
        found = self._database.execute(
            f"SELECT cia_score('{MODEL}', r) FROM bench_real r WHERE {FOLD} = {fold} ORDER BY {NUMBER}")
        return [score for (score,) in found]


def sql_type(column):
    if pandas.api.types.is_bool_dtype(column):
        return "boolean"
    if pandas.api.types.is_integer_dtype(column):
        return "bigint"
    return "float8" if pandas.api.types.is_float_dtype(column) else "text"


def size_of_defaults(database):
    """What a model of cia's defaults has: trees, leaves and the learning rate."""
    found = dict(database.execute("SELECT option, default_value FROM cia_options('boosted_trees')").fetchall())
    if found["early_stopping"] != "0":
        raise Unavailable("cia stops early by default, and the peers would not")
    return {"trees": int(found["trees"]), "leaves": int(found["leaves"]), "learning_rate": float(found["learning_rate"])}


def judge(database, table, paired):
    """Everybody on each of the folds."""
    rows = rows_of(table)
    ours = Ours(database, table, rows)
    matrix, kinds = matrix_of(rows.drop(columns=[table.target, NUMBER, FOLD]))
    peers = Peers(size_of_defaults(database), kinds)
    labels = rows[table.target].to_numpy()
    for fold in range(FOLDS):
        test = (rows[FOLD] == fold).to_numpy()
        given = (matrix[~test], labels[~test], matrix[test])
        paired.judge(OURS, fold, ours.scores(fold), labels[test])
        paired.judge("LightGBM", fold, peers.lightgbm(*given), labels[test])
        paired.judge("XGBoost", fold, peers.xgboost(*given), labels[test])
        paired.judge("XGBoost, codes", fold, peers.xgboost_codes(*given), labels[test])
    return {}


def contest(database):
    paired = {table.name: Paired() for table in TABLES}

    def entrant(table):
        return Entrant(table.name, lambda: judge(database, table, paired[table.name]), rounds=1)

    def quality():
        return [replace(found, model=f"{name}: {found.model}", limit=-NOT_LOWER_BY)
                for name, judged in paired.items() for found in judged.quality(OURS)]

    return Contest(title="real tables", entrants=[entrant(table) for table in TABLES], claims=[], quality=quality)
