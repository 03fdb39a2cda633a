# SPDX-License-Identifier: PostgreSQL
"""cia_rfm and a view of cia_behavior_features against the plainest grouping of the same rows, and against pandas."""

import time

import connectorx

from contest import Claim, Contest, Entrant

TABLE = "bench_events"
VIEW = "bench_behavior"
AS_OF = "2025-09-30"
COLUMNS = f"'{TABLE}', 'customer', 'day', 'amount'"
PLAIN = (
    f"SELECT sum(paid) FROM (SELECT customer, max(day), count(*), sum(amount) AS paid FROM {TABLE}"
    f" WHERE day <= '{AS_OF}' GROUP BY customer) g"
)


def rfm(database) -> float:
    database.need_cia()
    return database.seconds(f"SELECT count(r) FROM cia_rfm({COLUMNS}, '{AS_OF}') r")


def features(database) -> float:
    """Reading the view, which is made by a statement that is made before."""
    database.need_cia()
    statement = f"SELECT cia_behavior_features({COLUMNS}, 'kind', '{AS_OF}', view => '{VIEW}')"
    database.execute(f"DROP VIEW IF EXISTS {VIEW}")
    database.execute(database.execute(statement).fetchone()[0])
    return database.seconds(f"SELECT count(b) FROM {VIEW} b")


def by_pandas(database) -> float:
    """The same scores from rows that are fetched: per customer, then the share of those who are worse."""
    start = time.perf_counter()
    query = f"SELECT customer, day, amount::float8 AS amount FROM {TABLE} WHERE day <= '{AS_OF}'"
    rows = connectorx.read_sql(database.url, query, partition_on="customer", partition_num=2)
    customers = rows.groupby("customer").agg(last=("day", "max"), often=("amount", "size"), paid=("amount", "sum"))
    for column in ("last", "often", "paid"):
        customers[f"{column}_score"] = 1 + 5 * (customers[column].rank(method="min") - 1) // len(customers)
    return time.perf_counter() - start


def contest(database):
    return Contest(
        title="behaviour",
        entrants=[
            Entrant("GROUP BY customer", lambda: database.seconds(PLAIN)),
            Entrant("cia_rfm", lambda: rfm(database)),
            Entrant("view of 45 features", lambda: features(database)),
            Entrant("RFM by pandas", lambda: by_pandas(database), rounds=3),
        ],
        claims=[
            Claim("cia_rfm / GROUP BY customer", "cia_rfm", "GROUP BY customer"),
            Claim("cia_rfm / fetch and pandas", "cia_rfm", "RFM by pandas"),
            Claim("view of 45 features / GROUP BY customer", "view of 45 features", "GROUP BY customer"),
        ],
    )
