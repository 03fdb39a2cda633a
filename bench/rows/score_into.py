# SPDX-License-Identifier: PostgreSQL
"""cia_score_into against the statements that do the same by hand, each in one transaction."""

import time

from contest import Claim, Contest, Entrant
from doubles import COLUMNS, TABLE, Doubles

SCORES = "bench_scores"
UPDATE = ", ".join(f"{column} = excluded.{column}" for column in ("score", "version", "scored_at"))


def contest(database):
    doubles = Doubles(database)

    def into():
        return f"SELECT * FROM cia_score_into('{doubles.model(COLUMNS)}', '{TABLE}', '{SCORES}', '{{id}}')"

    def query():
        return f"SELECT id, {doubles.score(COLUMNS)} AS score, 1 AS version, now() AS scored_at FROM {TABLE} t"

    def insert():
        return (
            f"CREATE TABLE {SCORES} (id bigint, score float8, version int, scored_at timestamptz);"
            f" INSERT INTO {SCORES} {query()}; ALTER TABLE {SCORES} ADD PRIMARY KEY (id)"
        )

    def create():
        return f"CREATE TABLE {SCORES} AS {query()}; ALTER TABLE {SCORES} ADD PRIMARY KEY (id)"

    def upsert():
        return f"INSERT INTO {SCORES} {query()} ON CONFLICT (id) DO UPDATE SET {UPDATE}"

    def seconds(work, before=None):
        database.execute(f"DROP TABLE IF EXISTS {SCORES}")
        for statement in (before, work):
            start = time.perf_counter()
            if statement:
                database.execute(statement())
        taken = time.perf_counter() - start
        database.execute(f"DROP TABLE {SCORES}")
        return taken

    def against(above, below):
        return Claim(f"{above} / {below}", above, below)

    return Contest(
        title="score into",
        entrants=[
            Entrant("cia_score_into, new table", lambda: seconds(into)),
            Entrant("CREATE TABLE, INSERT, index", lambda: seconds(insert)),
            Entrant("CREATE TABLE AS, index", lambda: seconds(create)),
            Entrant("cia_score_into, all rows there", lambda: seconds(into, before=into), rounds=3),
            Entrant("INSERT ON CONFLICT UPDATE", lambda: seconds(upsert, before=into), rounds=3),
        ],
        claims=[
            against("cia_score_into, new table", "CREATE TABLE, INSERT, index"),
            against("cia_score_into, new table", "CREATE TABLE AS, index"),
            against("cia_score_into, all rows there", "INSERT ON CONFLICT UPDATE"),
        ],
    )
