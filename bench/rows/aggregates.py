# SPDX-License-Identifier: PostgreSQL
"""Measures as aggregates against scikit-learn on arrays that it has already, and plain SQL.

A million rows of a score and a label; scores hardly tie, which is the harder case for all.
scikit-learn has fetched nothing: its arrays are made before the clock starts.
"""

import time

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from contest import Budget, Claim, Contest, Entrant
from database import PARALLEL

TABLE = "bench_judged"
ROWS = 1_000_000
MAKE = f"""
    CREATE UNLOGGED TABLE IF NOT EXISTS {TABLE} AS
    SELECT i AS id, score, draw < score AS label FROM (
        SELECT i, (hashint8extended(i, 1) & 9007199254740991) / 9007199254740992.0::float8 AS score,
               (hashint8extended(i, 2) & 9007199254740991) / 9007199254740992.0::float8 AS draw
        FROM generate_series(1, {ROWS}) i) s
"""
# Positives times the negatives below, and half of those beside; by groups of one score, and by rank.
BY_GROUP = f"""
    SELECT sum(p * (below - n / 2.0::float8)) / (sum(p) * sum(n)) FROM (
        SELECT p, n, sum(n) OVER (ORDER BY score)::float8 AS below FROM (
            SELECT score, count(*) FILTER (WHERE label)::float8 AS p, count(*) FILTER (WHERE NOT label)::float8 AS n
            FROM {TABLE} GROUP BY score) g) w
"""
BY_RANK = f"""
    SELECT (sum(r) FILTER (WHERE label) - count(*) FILTER (WHERE label) * (count(*) FILTER (WHERE label) + 1.0::float8) / 2)
        / (count(*) FILTER (WHERE label) * count(*) FILTER (WHERE NOT label)::float8)
    FROM (SELECT label, rank() OVER w + (count(*) OVER (PARTITION BY score) - 1) / 2.0::float8 AS r
          FROM {TABLE} WINDOW w AS (ORDER BY score)) s
"""
SETTINGS = {"1 process": 0, "parallel": PARALLEL}
CALLS = {
    "cia_auc": "cia_auc(score, label)",
    "auc, gini, ks, pr_auc": "cia_auc(score, label), cia_gini(score, label), cia_ks(score, label), cia_pr_auc(score, label)",
    "cia_log_loss": "cia_log_loss(score, label)",
}


def contest(database):
    arrays = []

    def prepare():
        database.need_cia()
        if not arrays:
            database.execute(MAKE)
            database.execute(f"VACUUM ANALYZE {TABLE}")
            rows = database.execute(f"SELECT score, label FROM {TABLE}").fetchall()
            arrays.extend((np.array([row[1] for row in rows]), np.array([row[0] for row in rows])))
            ours = database.execute(f"SELECT {CALLS['cia_auc']} FROM {TABLE}").fetchone()[0]
            for theirs in (roc_auc_score(*arrays), *(database.execute(query).fetchone()[0] for query in (BY_GROUP, BY_RANK))):
                assert abs(ours - theirs) < 1e-9

    def seconds(statement, parallel):
        prepare()
        return database.seconds(statement, parallel)

    def array(measure):
        prepare()
        start = time.perf_counter()
        measure(*arrays)
        return time.perf_counter() - start

    entrants = [
        Entrant("scikit-learn roc_auc_score", lambda: array(roc_auc_score)),
        Entrant("scikit-learn log_loss", lambda: array(log_loss)),
        Entrant("SQL, groups and a window", lambda: seconds(BY_GROUP, PARALLEL), rounds=3),
        Entrant("SQL, ranks by windows", lambda: seconds(BY_RANK, PARALLEL), rounds=3),
    ]
    claims = []
    for setting, parallel in SETTINGS.items():
        entrants.append(Entrant(f"sum and count, {setting}", lambda p=parallel: seconds(f"SELECT sum(score), count(label) FROM {TABLE}", p)))
        for name, call in CALLS.items():
            entrants.append(Entrant(f"{name}, {setting}", lambda c=call, p=parallel: seconds(f"SELECT {c} FROM {TABLE}", p)))
        auc = f"cia_auc, {setting}"
        claims += [
            Claim(f"{auc} / scikit-learn's `roc_auc_score` on arrays", auc, "scikit-learn roc_auc_score", Budget(0.5)),
            Claim(f"plain SQL / {auc}", ("SQL, groups and a window", "SQL, ranks by windows"), auc, Budget(5, at_least=True)),
            Claim(f"cia_log_loss, {setting} / scikit-learn's `log_loss` on arrays", f"cia_log_loss, {setting}", "scikit-learn log_loss"),
            Claim(f"all four of order / the AUC alone, {setting}", f"auc, gini, ks, pr_auc, {setting}", auc),
        ]
    return Contest(title="aggregates", entrants=entrants, claims=claims)
