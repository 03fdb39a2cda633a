# SPDX-License-Identifier: PostgreSQL
"""What it costs to plan a query that scores, by PostgreSQL's own clock in EXPLAIN."""

from statistics import median

from contest import Budget, Claim, Contest, Entrant
from doubles import COLUMNS, FEW, TABLE, Doubles

REPEATS = 300


def contest(database):
    doubles = Doubles(database)

    def planning(output):
        """Median in microseconds."""
        query = f"EXPLAIN (SUMMARY, FORMAT JSON) SELECT {output} FROM {TABLE} t"
        plans = [database.execute(query, parallel=0).fetchone()[0][0] for _ in range(REPEATS)]
        return 1000 * median(plan["Planning Time"] for plan in plans)

    def record_path():
        with doubles.record_path(parallel=0):
            return planning(doubles.score(COLUMNS))

    def overhead(above, below, budget=None):
        return Claim(f"planning: {above} − {below}", above, below, budget, difference=True)

    return Contest(
        title="planning",
        unit="µs",
        entrants=[
            Entrant("c1", lambda: planning("c1")),
            Entrant("c1 + … + c24", lambda: planning(" + ".join(COLUMNS))),
            Entrant("record path, 24 columns", record_path),
            Entrant("see-through, 24 columns", lambda: planning(doubles.score(COLUMNS))),
            Entrant("see-through, 3 of 24", lambda: planning(doubles.score(FEW))),
        ],
        claims=[
            overhead("see-through, 24 columns", "record path, 24 columns", Budget(50)),
            overhead("see-through, 24 columns", "c1", Budget(50)),
            overhead("see-through, 24 columns", "c1 + … + c24"),
            overhead("see-through, 3 of 24", "c1", Budget(50)),
        ],
    )
