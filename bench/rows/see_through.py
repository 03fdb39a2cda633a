# SPDX-License-Identifier: PostgreSQL
"""Scans by cia_score that is given columns, against whole rows and against plain sums."""

from statistics import median

from contest import Budget, Claim, Contest, Entrant
from database import PARALLEL
from doubles import COLUMNS, FEW, TABLE, WIDE, Doubles, sums

REPEATS = 21  # of scans that take but milliseconds
WIDTHS = {"24 columns": COLUMNS, "3 of 24": FEW}


def contest(database):
    doubles = Doubles(database)

    def plain(columns, table=TABLE, parallel=0):
        return database.seconds(f"SELECT {sums(columns)} FROM {table}", parallel)

    def see_through(columns, table=TABLE, parallel=0):
        return database.seconds(f"SELECT sum({doubles.score(columns)}) FROM {table} t", parallel)

    def record(columns, table=TABLE):
        with doubles.record_path(parallel=0):
            return see_through(columns, table)

    def several(scan):
        return median(scan(FEW, WIDE) for _ in range(REPEATS))

    entrants, claims = [], []
    for width, columns in WIDTHS.items():
        entrants += [
            Entrant(f"sum, {width}", lambda c=columns: plain(c)),
            Entrant(f"see-through, {width}", lambda c=columns: see_through(c)),
            Entrant(f"record path, {width}", lambda c=columns: record(c)),
        ]
    entrants += [
        Entrant("sum, 20 kB text", lambda: several(plain)),
        Entrant("see-through, 20 kB text", lambda: several(see_through)),
        Entrant("record path, 20 kB text", lambda: record(FEW, WIDE)),
        Entrant("sum, 24 columns, parallel", lambda: plain(COLUMNS, parallel=PARALLEL)),
        Entrant("see-through, 24 columns, parallel", lambda: see_through(COLUMNS, parallel=PARALLEL)),
    ]

    def against(above, below, budget=None):
        claims.append(Claim(f"{above} / {below}", above, below, budget))

    against("see-through, 24 columns", "record path, 24 columns", Budget(0.35))
    against("see-through, 24 columns", "sum, 24 columns", Budget(1.3))
    against("see-through, 3 of 24", "record path, 3 of 24", Budget(0.3))
    against("see-through, 3 of 24", "record path, 24 columns")
    against("see-through, 3 of 24", "sum, 3 of 24", Budget(1.3))
    against("see-through, 20 kB text", "sum, 20 kB text", Budget(1.3))
    against("see-through, 20 kB text", "record path, 20 kB text")
    against("see-through, 24 columns", "see-through, 24 columns, parallel", Budget(1.8, at_least=True))
    against("sum, 24 columns", "sum, 24 columns, parallel")
    return Contest(title="see-through", entrants=entrants, claims=claims)
