# SPDX-License-Identifier: PostgreSQL
"""Scores of two models with what came out, and what scikit-learn makes of them.

Run it with the environment that `bench/run --venv` makes:

    .bench/venv/bin/python test/reference/judging.py
        writes test/reference/judging_rows.csv and judging_scikit_learn.csv; then
    Rscript test/reference/judging.R
        writes test/reference/judging_r.csv

Sets of rows: random scores, scores with many ties, weighted rows, few rows, and classes that the
scores tell apart without an error.  A score is 1 / (1 + exp(-z)).  Answers are lines of a name and
up to four numbers.
"""

import csv
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

HERE = Path(__file__).resolve().parent
BINS = 10


def make(rng, rows, step=0.0, weighted=False, perfect=False):
    truth = rng.normal(size=rows)
    z = [truth + rng.normal(size=rows), truth + 1.5 * rng.normal(size=rows)]
    if step:
        z = [np.round(column / step) * step for column in z]
    y = (truth + rng.normal(size=rows) > 0.3).astype(int)
    if perfect:
        y = (z[0] > 0.2).astype(int)
    w = rng.integers(1, 5, size=rows) if weighted else np.ones(rows)
    return z[0], z[1], y, w.astype(float), 2 * truth + rng.normal(size=rows)


def two_classes(p, y, w):
    called = (p >= 0.5).astype(int)
    fpr, tpr, _ = metrics.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
    yield "auc", metrics.roc_auc_score(y, p, sample_weight=w)
    yield "pr_auc", metrics.average_precision_score(y, p, sample_weight=w)
    yield "ks", np.max(np.abs(tpr - fpr))
    yield "log_loss", metrics.log_loss(y, p, sample_weight=w)
    yield "brier", metrics.brier_score_loss(y, p, sample_weight=w)
    yield "accuracy", metrics.accuracy_score(y, called, sample_weight=w)
    yield "precision", metrics.precision_score(y, called, sample_weight=w)
    yield "recall", metrics.recall_score(y, called, sample_weight=w)
    yield "f1", metrics.f1_score(y, called, sample_weight=w)
    yield "mcc", metrics.matthews_corrcoef(y, called, sample_weight=w)
    bins = np.clip(np.ceil(p * BINS) - 1, 0, BINS - 1).astype(int)
    gaps = [abs(np.sum(w[bins == k] * (y - p)[bins == k])) for k in range(BINS)]
    yield "ece", sum(gaps) / np.sum(w)


def values(score, value, w):
    yield "r2", metrics.r2_score(value, score, sample_weight=w)
    yield "rmse", np.sqrt(metrics.mean_squared_error(value, score, sample_weight=w))
    yield "mae", metrics.mean_absolute_error(value, score, sample_weight=w)


def answers(z_a, y, w, value):
    p = 1 / (1 + np.exp(-z_a))
    for name, number in two_classes(p, y, w):
        yield "two classes", name, number
    for name, number in values(z_a, value, w):
        yield "values", name, number
    fpr, tpr, threshold = metrics.roc_curve(y, p, sample_weight=w)
    for point in zip(range(len(fpr)), threshold, fpr, tpr):
        yield "roc", *point
    precision, recall, threshold = metrics.precision_recall_curve(
        y, p, sample_weight=w, drop_intermediate=True
    )
    threshold = np.append(threshold, np.inf)
    for point in zip(range(len(recall)), threshold[::-1], precision[::-1], recall[::-1]):
        yield "pr", *point
    for (actual, called), number in np.ndenumerate(
        metrics.confusion_matrix(y, p >= 0.5, sample_weight=w)
    ):
        yield "confusion", 2 * actual + called, number
    if np.all(w == 1):
        for strategy in "quantile", "uniform":
            observed, mean = calibration_curve(y, p, n_bins=BINS, strategy=strategy)
            for point in zip(range(1, len(mean) + 1), mean, observed):
                yield strategy, *point


def main():
    rng = np.random.default_rng(20240229)
    sets = {
        "random": make(rng, 150),
        "tied": make(rng, 200, step=0.5),
        "weighted": make(rng, 120, step=0.2, weighted=True),
        "few": make(rng, 12),
        "perfect": make(rng, 40, perfect=True),
    }
    with open(HERE / "judging_rows.csv", "w", newline="") as rows, open(
        HERE / "judging_scikit_learn.csv", "w", newline=""
    ) as found:
        rows, found = csv.writer(rows, lineterminator="\n"), csv.writer(found, lineterminator="\n")
        rows.writerow(["rows", "z_a", "z_b", "y", "w", "value"])
        found.writerow(["rows", "of", "name", "a", "b", "c"])
        for name, (z_a, z_b, y, w, value) in sets.items():
            for row in zip(z_a, z_b, y, w, value):
                rows.writerow([name, *(repr(number.item()) for number in row)])
            for of, item, *numbers in answers(z_a, y, w, value):
                numbers = [repr(float(number)).replace("inf", "Infinity") for number in numbers]
                found.writerow([name, of, item, *numbers, *[""] * (3 - len(numbers))])


if __name__ == "__main__":
    main()
