# SPDX-License-Identifier: PostgreSQL
"""Reading a view of cia_create_scoring_view against the functions that it calls, with 100 trees, on one core."""

from contest import Budget, Claim, Contest, Entrant
from database import ID, TABLE
from rows.boosted_trees import OPTIONS

VIEW = "bench_scores_view"
REASONS = 4
EXPLAINED = 20000  # rows, since explaining is slow


def contest(database):
    made = []

    def view():
        """Name of the view, made once."""
        if not made:
            model = "bench_view"
            database.need_cia()
            database.execute(database.training("boosted_trees", OPTIONS, model)).fetchall()
            database.execute(f"DROP VIEW IF EXISTS {VIEW}")
            database.execute(
                f"SELECT cia_create_scoring_view('{VIEW}', '{model}', '{TABLE}', '{{{ID}}}',"
                f" '{{\"reasons\": {REASONS}}}')").fetchall()
            made.append(model)
        return VIEW

    def by_view(answers, where=""):
        return database.seconds(f"SELECT {answers} FROM {view()} {where}", 0)

    def by_function(answer, where=""):
        view()
        return database.seconds(f"SELECT {answer} FROM {TABLE} c {where}", 0)

    def reasons(count):
        return ", ".join(f"count(reason_{i})" for i in range(1, count + 1))

    few = f"WHERE {ID} <= {EXPLAINED}"
    return Contest(
        title="scoring view",
        entrants=[
            Entrant("cia_score", lambda: by_function("sum(cia_score('bench_view', c))")),
            Entrant("score of the view", lambda: by_view("sum(score)")),
            Entrant("cia_reasons", lambda: by_function(f"count(cia_reasons('bench_view', c, {REASONS}))", few), rounds=3),
            Entrant(f"{REASONS} columns of reasons of the view", lambda: by_view(reasons(REASONS), few), rounds=3),
        ],
        claims=[
            Claim("Score of a view / `cia_score`", "score of the view", "cia_score", Budget(1.05)),
            Claim(f"{REASONS} columns of reasons of a view / `cia_reasons`", f"{REASONS} columns of reasons of the view",
                  "cia_reasons", Budget(1.2)),
        ],
    )
