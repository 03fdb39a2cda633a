# SPDX-License-Identifier: PostgreSQL
"""Rows to be put into segments, and what scikit-learn makes of them.

Run it with the environment that `bench/run --venv` makes:

    .bench/venv/bin/python test/reference/segments.py
        writes test/reference/segments_rows.csv, segments_scikit_learn.csv and segments_scipy.csv

Sets of rows: Fisher's iris and the UCI's wine, both in the public domain, and blobs, some of which overlap.
Inertia is the best of ten runs of KMeans without a tolerance; the measures are those of its segments, from
distances that are computed one by one.  Trees are scipy's; iris has none, since many of its rows are equally far
apart, and which of these are joined first is anybody's choice.

The log-likelihood of a row, with either kind of covariance, is the best of GaussianMixture's ten runs, by its own
tolerance or to the end, whichever is larger.  Densities are those of the rows in their own units.
"""

import csv
import warnings
from pathlib import Path

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import cdist
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

HERE = Path(__file__).resolve().parent
SETS = {
    "iris": (load_iris().data, 3),
    "wine": (load_wine().data, 3),
    "apart": (np.round(make_blobs(400, 5, centers=6, cluster_std=0.7, random_state=1)[0], 4), 6),
    "overlapping": (np.round(make_blobs(400, 3, centers=8, cluster_std=3.0, random_state=2)[0], 4), 8),
}


def answers(x, k):
    found = KMeans(k, n_init=10, tol=0, max_iter=1000, random_state=0).fit(x)
    segment = found.labels_
    center = np.array([x[segment == s].mean(axis=0) for s in range(k)])
    yield "inertia", sum(((x[segment == s] - center[s]) ** 2).sum() for s in range(k))
    yield "silhouette", metrics.silhouette_score(cdist(x, x), segment, metric="precomputed")
    yield "calinski_harabasz", metrics.calinski_harabasz_score(x, segment)
    yield "davies_bouldin", metrics.davies_bouldin_score(x, segment)
    yield "segments", "{" + ",".join(str(s) for s in segment) + "}"


def mixtures(x, data, k):
    unit = np.log(x.std(axis=0) / data.std(axis=0)).sum()
    for name, kind in ("full", "full"), ("diagonal", "diag"):
        runs = [
            GaussianMixture(k, covariance_type=kind, n_init=10, tol=tolerance, max_iter=20000, random_state=0).fit(data)
            for tolerance in (1e-3, 1e-12)
        ]
        best = max(runs, key=lambda run: run.score(data))
        yield f"log_likelihood {name}", best.score(data) - unit
        yield f"bic {name}", best.bic(data) + 2 * len(x) * unit
        yield f"aic {name}", best.aic(data) + 2 * len(x) * unit
        yield f"segments {name}", "{" + ",".join(str(s) for s in best.predict(data)) + "}"


def trees():
    with open(HERE / "segments_scipy.csv", "w", newline="") as file:
        found = csv.writer(file, lineterminator="\n")
        found.writerow(["set", "scale", "linkage", "heights", "rows"])
        for name, (x, _) in SETS.items():
            for scale, data in ("none", x), ("deviation", (x - x.mean(axis=0)) / x.std(axis=0)):
                for method in ("ward", "average", "complete") if name != "iris" else ():
                    steps = linkage(data, method)
                    heights = "{" + ",".join(f"{h:.12g}" for h in steps[:, 2]) + "}"
                    found.writerow([name, scale, method, heights, "{" + ",".join(str(int(n)) for n in steps[:, 3]) + "}"])


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    with open(HERE / "segments_rows.csv", "w", newline="") as rows, open(
        HERE / "segments_scikit_learn.csv", "w", newline=""
    ) as found:
        rows, found = csv.writer(rows, lineterminator="\n"), csv.writer(found, lineterminator="\n")
        rows.writerow(["set", "row", "x"])
        found.writerow(["set", "scale", "k", "name", "value"])
        for name, (x, k) in SETS.items():
            for i, row in enumerate(x, 1):
                rows.writerow([name, i, "{" + ",".join(repr(float(v)) for v in row) + "}"])
            for scale, data in ("none", x), ("deviation", (x - x.mean(axis=0)) / x.std(axis=0)):
                for key, value in *answers(data, k), *mixtures(x, data, k):
                    found.writerow([name, scale, k, key, value])
    trees()


main()
