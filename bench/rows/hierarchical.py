# SPDX-License-Identifier: PostgreSQL
"""Segments of a tree: cia_train against scipy's linkage, and on many rows against scikit-learn's k-means before it.

The numbers of bench_blobs. Of 2,000 rows each is a leaf, and both sides merge all of them by Ward's linkage. 200,000 rows
are far too many for that: both sides merge 256 k-means centres, scikit-learn's of one beginning and as many iterations at
most as cia_train's. How much of the variance lies within eight segments is shown beside.
"""

import json
import time
import warnings
from functools import cached_property

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from contest import Budget, Claim, Contest, Entrant, Quality

COLUMNS = tuple(f"x{number}" for number in range(1, 25))
FEW, MANY = 2_000, 200_000
SEGMENTS = 8
CENTERS, ITERATIONS = 256, 30


class Rows:
    """The rows up to a number, and what both sides make of them."""

    def __init__(self, database, count):
        self._database = database
        self._source = f"SELECT id, {', '.join(COLUMNS)} FROM bench_blobs WHERE id <= {count}"
        self._count = count
        self.within = {}

    @cached_property
    def matrix(self):
        rows = np.array(self._database.execute(self._source).fetchall(), dtype=float)[:, 1:]
        return (rows - rows.mean(axis=0)) / rows.std(axis=0)

    def train(self):
        """Seconds of cia_train, reading included; nothing is kept out to judge it by."""
        self._database.need_cia()
        name = f"bench_hierarchical_{self._count}"
        options = {"k": SEGMENTS, "centers": CENTERS, "holdout": 0, "promote": "always"}
        seconds = self._database.seconds(
            f"SELECT 1 FROM cia_train('{name}', '{self._source}', algorithm => 'hierarchical', id => '{{id}}',"
            f" options => '{json.dumps(options)}')"
        )
        distances = self._database.execute(
            f"SELECT sum(cia_segment_distance('{name}', s) ^ 2) FROM ({self._source}) s"
        ).fetchone()
        self.within["cia"] = float(distances[0]) / self.matrix.size
        return seconds

    def peer(self):
        """Seconds of the peers with the array in memory."""
        start = time.perf_counter()
        leaves, leaf = self.matrix, np.arange(len(self.matrix))
        if self._count > FEW:
            centers = KMeans(CENTERS, n_init=1, max_iter=ITERATIONS, random_state=1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                leaf = centers.fit_predict(self.matrix)
            leaves = centers.cluster_centers_
        segment = fcluster(linkage(leaves, "ward"), SEGMENTS, "maxclust")[leaf]
        seconds = time.perf_counter() - start
        self.within["peers"] = sum(
            ((part - part.mean(axis=0)) ** 2).sum() for part in (self.matrix[segment == s] for s in np.unique(segment))
        ) / self.matrix.size
        return seconds


def contest(database):
    entrants, claims, found = [], [], {}
    for count, peers in ((FEW, "scipy"), (MANY, "scikit-learn and scipy")):
        rows = found[count] = Rows(database, count)
        ours, theirs = f"{count:,} rows, cia_train", f"{count:,} rows, {peers}"
        entrants += [Entrant(ours, rows.train), Entrant(theirs, rows.peer, rounds=3)]
        claims.append(Claim(f"hierarchical, {count:,} rows, reading included / {peers} on the array", ours, theirs, Budget(1)))
    return Contest(
        title="hierarchical",
        entrants=entrants,
        claims=claims,
        quality=lambda: [
            Quality(f"hierarchical, {count:,} rows, {side}", "variance within segments", value)
            for count, rows in found.items()
            for side, value in rows.within.items()
        ],
    )
