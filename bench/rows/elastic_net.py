# SPDX-License-Identifier: PostgreSQL
"""cia_train with lambda "auto", from the table, against R's cv.glmnet on the array.

Both walk a path of 100 penalties and judge it by five folds.  The array reaches R by a
file, and neither writing nor reading it counts.
"""

import subprocess
import time
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import connectorx
import numpy as np

from contest import Budget, Claim, Contest, Entrant, Unavailable

TABLE = "bench_net"
COLUMNS = [f"c{number}" for number in range(1, 101)]
TARGETS = {"linear": ("y", "gaussian"), "logistic": ("label", "binomial")}

SCRIPT = """
suppressPackageStartupMessages(library(glmnet))
read <- function(name, n) readBin(file.path("{folder}", name), "double", n)
x <- matrix(read("x", {rows} * {columns}), {rows})
for (family in c("gaussian", "binomial")) {{
    y <- read(family, {rows})
    set.seed(1)
    cat(family, system.time(cv.glmnet(x, y, family = family, nfolds = 5))[["elapsed"]], "\\n")
}}
"""


class Array:
    """The table as files that R reads in one piece, made once."""

    def __init__(self, database):
        self._database = database

    @cached_property
    def _folder(self):
        columns = ", ".join([*COLUMNS, *(f"{target}::float8" for target, _ in TARGETS.values())])
        table = connectorx.read_sql(self._database.url, f"SELECT {columns} FROM {TABLE}", return_type="arrow")
        folder = TemporaryDirectory()
        numbers = np.column_stack([table[name].to_numpy() for name in COLUMNS])
        Path(folder.name, "x").write_bytes(numbers.tobytes(order="F"))
        for target, family in TARGETS.values():
            Path(folder.name, family).write_bytes(table[target].to_numpy().tobytes())
        self._rows = table.num_rows
        return folder

    def run(self):
        """Seconds of cv.glmnet by R's own clock, by family."""
        script = SCRIPT.format(folder=self._folder.name, rows=self._rows, columns=len(COLUMNS))
        try:
            answer = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
        except FileNotFoundError as error:
            raise Unavailable("Rscript not installed: apt-get install r-cran-glmnet") from error
        except subprocess.CalledProcessError as error:
            raise Unavailable(error.stderr) from error
        return {f"cv.glmnet, {family}": float(taken) for family, taken in map(str.split, answer.stdout.splitlines())}


def contest(database):
    def train(algorithm):
        database.need_cia()
        target, _ = TARGETS[algorithm]
        others = ", ".join(t for t, _ in TARGETS.values() if t != target)
        database.execute("SELECT 1")
        start = time.perf_counter()
        database.execute(
            f"SELECT cia_train('bench_net_{algorithm}', '{TABLE}', '{target}', '{algorithm}', exclude => '{{{others}}}',"
            ' id => \'{id}\', options => \'{"lambda": "auto", "holdout": 0, "promote": "always"}\')'
        ).fetchall()
        return time.perf_counter() - start

    reading = f"SELECT {', '.join(f'sum({name})' for name in COLUMNS)} FROM {TABLE}"
    array = Array(database)
    return Contest(
        title="elastic net",
        entrants=[
            Entrant("reading, 1 process", lambda: database.seconds(reading, parallel=0)),
            *(Entrant(f"cia_train, {a}, lambda auto", lambda a=a: train(a), rounds=3) for a in TARGETS),
            Entrant("cv.glmnet", array.run, rounds=3),
        ],
        claims=[
            Claim(
                f"`cv.glmnet` ({family}) on the array / `cia_train('{algorithm}', lambda auto)` from the table",
                f"cv.glmnet, {family}", f"cia_train, {algorithm}, lambda auto", Budget(1, at_least=True),
            )
            for algorithm, (_, family) in TARGETS.items()
        ],
    )
