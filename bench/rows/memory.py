# SPDX-License-Identifier: PostgreSQL
"""Peak of private memory while training, against the columns as float8.

Anonymous resident memory of all processes of the server is sampled during the
training, less what it was before: parallel workers count, shared buffers do
not.
"""

import threading
import time
from pathlib import Path

from contest import Budget, Claim, Contest, Entrant

PAUSE = 0.002
FLOOR = "columns as float8"


def status(process, key):
    """The number after `key` in /proc/<process>/status, 0 if the process has left."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key + ":")), 0)


def server_megabytes(postmaster):
    """Anonymous memory of the postmaster's children, now."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return sum(status(child, "RssAnon") for child in children) * 1024 / 1e6


class Peak(threading.Thread):
    """Samples until told to stop; `megabytes` is the highest value over the first."""

    def __init__(self, postmaster):
        super().__init__(daemon=True)
        self._postmaster = postmaster
        self._done = threading.Event()
        self._before = server_megabytes(postmaster)
        self.megabytes = 0.0

    def run(self):
        while not self._done.is_set():
            self.megabytes = max(self.megabytes, server_megabytes(self._postmaster) - self._before)
            time.sleep(PAUSE)

    def stop(self):
        self._done.set()
        self.join()
        return self.megabytes


def contest(database):
    def peak(algorithm):
        database.need_cia()
        with database.connect() as connection:
            backend = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
            watch = Peak(status(backend, "PPid"))
            watch.start()
            try:
                connection.execute(database.training(algorithm)).fetchall()
            finally:
                watch.stop()
        return watch.megabytes

    columns = len(database.numeric) + len(database.categories)
    algorithms = ("linear", "logistic", "boosted_trees")
    return Contest(
        title="memory",
        unit="MB",
        entrants=[Entrant(FLOOR, lambda: database.rows * columns * 8 / 1e6, rounds=1)]
        + [Entrant(f"cia_train {a}, peak", lambda a=a: peak(a), rounds=2) for a in algorithms],
        claims=[
            Claim(f"memory of `cia_train('{a}')` / columns as float8", f"cia_train {a}, peak", FLOOR, Budget(1.5))
            for a in algorithms
        ],
    )
