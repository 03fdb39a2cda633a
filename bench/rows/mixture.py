# SPDX-License-Identifier: PostgreSQL
"""Mixtures of normal distributions: cia_train against scikit-learn's GaussianMixture on the array.

The first ten numbers of bench_blobs, 200,000 rows, eight segments. Both sides take 20 iterations over all rows,
with no other reason to stop. scikit-learn begins once, about centres of k-means, cia_train ten times on a sample of the
rows, as it does by default; how likely both make a row is shown beside.
"""

import json
import time
import warnings
from functools import cached_property

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from contest import Budget, Claim, Contest, Entrant, Quality

ROWS = 200_000
COLUMNS = tuple(f"x{number}" for number in range(1, 11))
SOURCE = f"SELECT id, {', '.join(COLUMNS)} FROM bench_blobs WHERE id <= {ROWS}"
SEGMENTS = 8
ITERATIONS = 20
KINDS = {"full": "full", "diagonal": "diag"}


class Rows:
    """The rows, and what both sides make of them."""

    def __init__(self, database):
        self._database = database
        self.likelihood = {}

    @cached_property
    def matrix(self):
        return np.array(self._database.execute(SOURCE).fetchall(), dtype=float)[:, 1:]

    def reading(self):
        sums = ", ".join(f"sum({name})" for name in COLUMNS)
        return self._database.seconds(f"SELECT {sums} FROM ({SOURCE}) s", parallel=0)

    def train(self, kind):
        """Seconds of cia_train, reading included, and the same less the time that reading takes by itself."""
        self._database.need_cia()
        options = {
            "k": SEGMENTS,
            "covariance": kind,
            "max_iterations": ITERATIONS,
            "tolerance": 0,
            "holdout": 0,
            "promote": "always",
        }
        name = f"bench_mixture_{kind}"
        reading = self.reading()
        seconds = self._database.seconds(
            f"SELECT 1 FROM cia_train('{name}', '{SOURCE}', algorithm => 'gaussian_mixture', id => '{{id}}',"
            f" options => '{json.dumps(options)}')"
        )
        learned = self._database.execute(
            f"SELECT cia_export('{name}')::jsonb #>> '{{content,learned,log_likelihood,0}}'"
        ).fetchone()
        self.likelihood[f"cia {kind}"] = float(learned[0])
        return {f"{kind}, reading included": seconds, f"{kind}, less reading": seconds - reading}

    def peer(self, kind):
        """Seconds of scikit-learn with the array in memory."""
        unit = self.matrix.std(axis=0)
        rows = (self.matrix - self.matrix.mean(axis=0)) / unit
        peer = GaussianMixture(SEGMENTS, covariance_type=KINDS[kind], tol=0, max_iter=ITERATIONS, random_state=1)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            peer.fit(rows)
        seconds = time.perf_counter() - start
        self.likelihood[f"scikit-learn {kind}"] = peer.score(rows) - np.log(unit).sum()
        return seconds


def contest(database):
    rows = Rows(database)
    entrants, claims = [], []
    for kind in KINDS:
        peer = f"{kind}, scikit-learn"
        entrants += [
            Entrant(f"{kind}, cia_train", lambda kind=kind: rows.train(kind)),
            Entrant(peer, lambda kind=kind: rows.peer(kind), rounds=3),
        ]
        claims += [
            Claim(f"mixture, {kind}, {part} / scikit-learn on the array", f"{kind}, {part}", peer, Budget(1))
            for part in ("less reading", "reading included")
        ]
    return Contest(
        title="mixture",
        entrants=entrants,
        claims=claims,
        quality=lambda: [Quality(name, "log-likelihood of a row", value) for name, value in rows.likelihood.items()],
    )
