# SPDX-License-Identifier: PostgreSQL
"""Boosted trees by number of rows, threads and columns, and on a machine that has other work.

What counts is the time per tree: the difference of a training of many trees and one of a
single tree, so reading, ordering and judging drop out.  A hundred trees are many: of thirty, the
difference was hardly more than what one reading differs from the next by.  Where a hundred are quick, too,
both trainings are repeated in turn, and each has its median.  Sizes follow the bench's --rows:
a tenth, all, and four copies of each row, which are customers of their own.
"""

import multiprocessing
import time
from contextlib import contextmanager
from functools import partial
from statistics import median

import lightgbm
import numpy as np
import xgboost

from contest import Budget, Claim, Contest, Entrant
from database import ID, LABEL, TABLE

TREES = 101
PEERS_TREES = 31  # beside busy processes their threads wait for each other
REPEATS = {0.1: 5, 1: 2, 4: 1}  # by the multiple of the bench's rows
TREE = {"num_leaves": 63, "learning_rate": 0.1, "objective": "binary", "verbose": -1, "num_threads": 2}
LOSSGUIDE = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "grow_policy": "lossguide",
    "max_depth": 0,
    "max_leaves": 63,
    "eta": 0.1,
    "nthread": 2,
}
SHAPES = {"narrow": (5, 1), "wide": (500, 5)}  # columns, and which part of the rows
BURNERS = 2


def burn():
    while True:
        pass


@contextmanager
def busy(burners):
    """So many processes that do nothing but take time."""
    running = [multiprocessing.Process(target=burn, daemon=True) for _ in range(burners)]
    for process in running:
        process.start()
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.join()


def per_tree(train, trees, repeats=1):
    """Seconds that a tree adds; `train` is handed their number and answers what they took."""
    one, many = [], []
    for _ in range(repeats):
        one.append(train(1))
        many.append(train(trees))
    return (median(many) - median(one)) / (trees - 1)


class Ours:
    """Seconds that a tree takes in cia_train."""

    def __init__(self, database):
        self._database = database

    def train(self, source, trees, threads):
        self._database.need_cia()
        with self._database.connect() as connection:
            connection.execute(f"SET cia.threads = {threads}")
            connection.execute("SET cia.max_memory = '4GB'")
            start = time.perf_counter()
            connection.execute(
                "SELECT * FROM cia_train('bench_scaling', %s, target => %s, algorithm => 'boosted_trees',"
                " id => %s, options => %s)",
                (source, LABEL, [ID], f'{{"trees": {trees}, "leaves": 63, "promote": "always"}}'),
            ).fetchall()
            return time.perf_counter() - start

    def per_tree(self, source, threads=2, repeats=1):
        self.train(source, 1, threads)  # memory that nobody has touched for a while costs more
        return per_tree(lambda trees: self.train(source, trees, threads), TREES, repeats)


def rows_of(database, times):
    """The bench's features in that many times its rows."""
    names = ", ".join([*database.numeric, *database.categories, LABEL])
    if times < 1:
        return f"SELECT {ID}, {names} FROM {TABLE} WHERE {ID} <= {int(database.rows * times)}"
    return f"SELECT {ID} * {times} + copy AS {ID}, {names} FROM {TABLE}, generate_series(0, {times - 1}) AS copy"


def make_shape(database, name):
    """A table of one array: numbers that all differ, small counts and flags in turn."""
    columns, part = SHAPES[name]
    database.execute(f"DROP TABLE IF EXISTS bench_{name}")
    database.execute(
        f"CREATE TABLE bench_{name} AS SELECT {ID}, {LABEL}, array("
        f" SELECT CASE j % 3 WHEN 0 THEN u WHEN 1 THEN floor(30 * u * u) ELSE floor(2 * u) END"
        f" FROM (SELECT j, (hashint8extended({ID}, j) >> 11) / 9007199254740992::float8 + 0.5 AS u"
        f" FROM generate_series(1, {columns}) AS j) AS draw) AS x"
        f" FROM {TABLE} WHERE {ID} <= {database.rows // part}"
    )


def matrix_of(database, name):
    """The same table as an array, by binary COPY: rows without NULL have one length."""
    columns = SHAPES[name][0]
    field = [("size", ">i4"), ("value", ">f8")]
    row = np.dtype(
        [("fields", ">i2"), ("label_size", ">i4"), ("label", "u1"), ("size", ">i4"), ("head", "S20"), ("x", field, columns)]
    )
    with database.connect() as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT {LABEL}, x FROM bench_{name}) TO STDOUT (FORMAT binary)") as copy:
            content = b"".join(bytes(piece) for piece in copy)
    found = np.frombuffer(content, row, count=(len(content) - 21) // row.itemsize, offset=19)
    return found["x"]["value"].astype(float), found["label"].astype(float)


def seconds_of(fit, trees):
    start = time.perf_counter()
    fit(trees)
    return time.perf_counter() - start


def peers_per_tree(rows, answers):
    """Seconds per tree of both libraries, their own preparation left out."""
    data = lightgbm.Dataset(rows, answers).construct()
    matrix = xgboost.QuantileDMatrix(rows, answers)
    fits = {
        "LightGBM": lambda trees: lightgbm.train(TREE, data, trees),
        "XGBoost": lambda trees: xgboost.train(LOSSGUIDE, matrix, trees),
    }
    return {name: per_tree(partial(seconds_of, fit), PEERS_TREES) for name, fit in fits.items()}


def contest(database):
    ours = Ours(database)

    def by_rows():
        return {
            f"{times:g} x the rows": ours.per_tree(rows_of(database, times), repeats=repeats)
            for times, repeats in REPEATS.items()
        }

    def by_threads():
        return {f"{count} thread(s)": ours.per_tree(rows_of(database, 1), count) for count in (1, 2)}

    def of_shape(name):
        database.need_cia()
        make_shape(database, name)
        try:
            seconds = {"cia": ours.per_tree(f"bench_{name}"), **peers_per_tree(*matrix_of(database, name))}
        finally:
            database.execute(f"DROP TABLE bench_{name}")
        return {f"{who}, {name}": value for who, value in seconds.items()}

    def when_busy():
        rows, answers = matrix_of(database, "narrow")
        seconds = {}
        for state, burners in (("quiet", 0), ("busy", BURNERS)):
            with busy(burners):
                seconds[f"cia, {state}"] = ours.per_tree("bench_narrow")
                seconds[f"LightGBM, {state}"] = peers_per_tree(rows, answers)["LightGBM"]
        return seconds

    def when_others_work():
        make_shape(database, "narrow")
        try:
            return when_busy()
        finally:
            database.execute("DROP TABLE bench_narrow")

    claims = [
        Claim("time per tree, all rows / a tenth", "1 x the rows", "0.1 x the rows", Budget(12)),
        Claim("time per tree, four times the rows / all", "4 x the rows", "1 x the rows", Budget(4.8)),
        Claim("time per tree, one thread / two", "1 thread(s)", "2 thread(s)", Budget(1.6, at_least=True)),
        Claim("time per tree, beside two busy processes / alone", "cia, busy", "cia, quiet", Budget(2.5)),
        Claim("the same of LightGBM", "LightGBM, busy", "LightGBM, quiet"),
    ]
    for name in SHAPES:
        for peer in ("LightGBM", "XGBoost"):
            claims.append(Claim(f"{name} table: {peer} / cia, per tree", f"{peer}, {name}", f"cia, {name}"))
    return Contest(
        title="scaling of trees",
        entrants=[
            Entrant("by rows", by_rows, rounds=3),
            Entrant("by threads", by_threads, rounds=3),
            *[Entrant(f"{name} table", lambda name=name: of_shape(name), rounds=1) for name in SHAPES],
            Entrant("busy machine", when_others_work, rounds=2),
        ],
        claims=claims,
    )
