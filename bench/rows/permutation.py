# SPDX-License-Identifier: PostgreSQL
"""cia_importance(model, source) against scikit-learn's permutation_importance on LightGBM.

100,000 rows of 28 features, one permutation each, AUC; both models have 100 trees of 31
leaves, which is the default of both.  scikit-learn has the array in memory; the source is read.
"""

import time
import warnings
from functools import cached_property

import lightgbm
from sklearn.inspection import permutation_importance

from contest import Budget, Claim, Contest, Entrant
from database import ID, LABEL, TABLE
from peers import fetch, split
from rows.boosted_trees import matrix_of

ROWS = 100_000


class Peer:
    """A model and the rows that it is judged on, made once."""

    def __init__(self, database):
        self._database = database

    @cached_property
    def _made(self):
        table = fetch(self._database, LABEL)
        matrix = matrix_of(table, self._database)
        target = table[LABEL].to_numpy(zero_copy_only=False)
        train, test = split(table)
        codes = list(range(len(self._database.numeric), matrix.shape[1]))
        model = lightgbm.LGBMClassifier(n_jobs=2, verbose=-1)
        model.fit(matrix[train], target[train], categorical_feature=codes)
        return model, matrix[test][:ROWS], target[test][:ROWS]

    def run(self):
        model, rows, answers = self._made
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        start = time.perf_counter()
        permutation_importance(model, rows, answers, scoring="roc_auc", n_repeats=1, random_state=1)
        return time.perf_counter() - start


def contest(database):
    peer = Peer(database)

    def importance():
        model = database.model("boosted_trees")
        source = f"SELECT * FROM {TABLE} ORDER BY {ID} LIMIT {ROWS}"
        return database.seconds(f"""SELECT * FROM cia_importance('{model}', '{source}', options => '{{"repeats": 1, "rows": "all"}}')""")

    return Contest(
        title="permutation importance",
        entrants=[
            Entrant("cia_importance", importance, rounds=3),
            Entrant("permutation_importance on LightGBM", peer.run, rounds=3),
        ],
        claims=[
            Claim(
                "`permutation_importance` on LightGBM, the array alone / `cia_importance`, reading included",
                "permutation_importance on LightGBM", "cia_importance", Budget(4, at_least=True),
            )
        ],
    )
