# SPDX-License-Identifier: PostgreSQL
"""cia_score over the whole table against the scan that sums the same columns."""

from contest import Budget, Claim, Contest, Entrant
from database import PARALLEL, TABLE

ALGORITHMS = ("linear", "logistic")
SETTINGS = {"1 process": 0, "parallel": PARALLEL}


def contest(database):
    def scan(algorithm, parallel):
        model = database.model(algorithm)
        return database.seconds(f"SELECT sum(cia_score('{model}', c)) FROM {TABLE} c", parallel)

    entrants, claims = [], []
    for setting, parallel in SETTINGS.items():
        reading = f"reading, {setting}"
        entrants.append(Entrant(reading, lambda p=parallel: database.seconds(database.reading, p)))
        for algorithm in ALGORITHMS:
            name = f"cia_score {algorithm}, {setting}"
            entrants.append(Entrant(name, lambda a=algorithm, p=parallel: scan(a, p)))
            work = f"`cia_score` of a {algorithm} model / reading, both {setting}"
            claims.append(Claim(work.replace("both 1", "both in 1"), name, reading, Budget(1.3)))
    return Contest(title="score", entrants=entrants, claims=claims)
