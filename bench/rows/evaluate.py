# SPDX-License-Identifier: PostgreSQL
"""cia_evaluate of all rows, and of all metrics with their intervals, against scoring the same rows."""

from contest import Budget, Claim, Contest, Entrant
from database import TABLE

ALGORITHMS = ("logistic", "boosted_trees")


def contest(database):
    def scan(algorithm):
        return database.seconds(f"SELECT sum(cia_score('{database.model(algorithm)}', c)) FROM {TABLE} c", parallel=0)

    def evaluate(algorithm):
        database.execute("SET cia.threads = 1", 0)
        statement = f"""SELECT * FROM cia_evaluate('{database.model(algorithm)}', '{TABLE}', '{{"rows": "all"}}')"""
        return database.seconds(statement, parallel=0)

    entrants, claims = [], []
    for algorithm in ALGORITHMS:
        scoring, judging = f"cia_score {algorithm}", f"cia_evaluate {algorithm}"
        entrants.append(Entrant(scoring, lambda a=algorithm: scan(a)))
        entrants.append(Entrant(judging, lambda a=algorithm: evaluate(a)))
        claims.append(
            Claim(f"`cia_evaluate` / `cia_score` of the same rows, {algorithm}, both on one core", judging, scoring, Budget(1.5))
        )
    return Contest(title="judging", entrants=entrants, claims=claims)
