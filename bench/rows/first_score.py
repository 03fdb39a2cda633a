# SPDX-License-Identifier: PostgreSQL
"""The first cia_score of a fresh connection, from connecting to the answer."""

import time
from statistics import median

from contest import Budget, Claim, Contest, Entrant
from database import ID, TABLE

REPEATS = 20
LOOK_UP = f"SELECT balance FROM {TABLE} WHERE {ID} = 42"


def contest(database):
    def milliseconds(statement):
        """Median over fresh connections, since one takes but a few milliseconds."""
        taken = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            with database.connect() as connection:
                connection.execute(statement).fetchall()
                taken.append(1000 * (time.perf_counter() - start))
        return median(taken)

    def first_score(algorithm):
        model = database.model(algorithm)
        return milliseconds(f"SELECT cia_score('{model}', c) FROM {TABLE} c WHERE {ID} = 42")

    return Contest(
        title="first score",
        unit="ms",
        entrants=[
            Entrant("connect, SELECT 1", lambda: milliseconds("SELECT 1")),
            Entrant("connect, look up a row", lambda: milliseconds(LOOK_UP)),
            Entrant("connect, score a row", lambda: first_score("logistic")),
            Entrant("connect, score a row by 100 trees", lambda: first_score("boosted_trees")),
        ],
        claims=[
            Claim("first `cia_score` of a connection − `SELECT 1`", "connect, score a row",
                  "connect, SELECT 1", Budget(5), difference=True),
            Claim("first `cia_score` of a connection by 100 trees − `SELECT 1`", "connect, score a row by 100 trees",
                  "connect, SELECT 1", Budget(5), difference=True),
            Claim("first `cia_score` of a connection − the look-up alone", "connect, score a row",
                  "connect, look up a row", difference=True),
        ],
    )
