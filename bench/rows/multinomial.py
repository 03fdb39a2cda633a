# SPDX-License-Identifier: PostgreSQL
"""cia_train('multinomial') of five classes against reading the table and against scikit-learn."""

from sklearn.linear_model import LogisticRegression

from database import CLASS
from peers import Rival, accuracy
from training import from_the_table, training_contest

ESTIMATORS = {"lbfgs": lambda: LogisticRegression(solver="lbfgs", max_iter=1000)}


def contest(database):
    rival = Rival(database, CLASS, ESTIMATORS, accuracy)
    multinomial = training_contest(database, "multinomial", rival, "accuracy", readings=12)
    multinomial.claims.append(from_the_table("multinomial", rival.end_to_end))
    return multinomial
