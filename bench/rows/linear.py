# SPDX-License-Identifier: PostgreSQL
"""cia_train('linear') against reading the table and against scikit-learn's linear models."""

from sklearn.linear_model import LinearRegression, Ridge

from database import VALUE
from peers import Rival, r2
from training import from_the_table, training_contest

ESTIMATORS = {
    "LinearRegression (lsqr)": LinearRegression,
    "Ridge sparse_cg": lambda: Ridge(solver="sparse_cg"),
}


def contest(database):
    rival = Rival(database, VALUE, ESTIMATORS, r2)
    linear = training_contest(database, "linear", rival, "r2", readings=2)
    linear.claims.append(from_the_table("linear", rival.end_to_end))
    return linear
