# SPDX-License-Identifier: PostgreSQL
"""cia_train('logistic') against reading the table and against scikit-learn's solvers."""

from sklearn.linear_model import LogisticRegression

from contest import Entrant
from database import LABEL
from peers import Rival, auc, everyday_logistic
from training import from_the_table, training_contest

ESTIMATORS = {
    "newton-cholesky": lambda: LogisticRegression(solver="newton-cholesky"),
    "lbfgs": lambda: LogisticRegression(solver="lbfgs", max_iter=1000),
}
EVERYDAY = "the everyday script, pandas.read_sql and lbfgs"


def contest(database):
    rival = Rival(database, LABEL, ESTIMATORS, auc)
    logistic = training_contest(database, "logistic", rival, "auc", readings=4)
    logistic.entrants.append(Entrant(EVERYDAY, lambda: everyday_logistic(database, LABEL), rounds=1))
    logistic.claims.append(from_the_table("logistic", rival.end_to_end, times=10))
    logistic.claims.append(from_the_table("logistic", EVERYDAY, times=10))
    return logistic
