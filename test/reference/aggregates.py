#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Writes aggregates_rows.csv and aggregates_values.csv: measures by scikit-learn.

Run it with the environment that `bench/run --venv` makes:

    .bench/venv/bin/python test/reference/aggregates.py

Rows are random, tied, weighted, degenerate and far from zero.  What scikit-learn lacks is written
out below: KS, expected calibration error, recall and average precision at k, concordance over all
pairs, the stability index; deviances are in 60 digits.  A value that scikit-learn replaces by a convention where it is not
defined is left out: cia answers NULL.
"""
import csv
import warnings
from decimal import Decimal, getcontext
from pathlib import Path

import numpy as np
from sklearn import metrics

HERE = Path(__file__).resolve().parent
K = 5
BINS = 10
warnings.filterwarnings("error")
getcontext().prec = 60


def cases():
    """Name, score, label, weight, predicted, actual."""
    for seed, (name, rows, levels) in enumerate(
        [("random", 300, 0), ("ties", 300, 7), ("few ties", 200, 60), ("small", 5, 0), ("two", 2, 0),
         ("one score", 50, 1), ("perfect", 60, 0), ("reversed", 60, 0), ("rare", 300, 0), ("far", 200, 0),
         ("wide", 200, 0), ("tiny", 100, 0)]
    ):
        random = np.random.default_rng(seed)
        score = random.random(rows) if levels == 0 else (1 + random.integers(0, levels, rows)) / (levels + 1)
        label = random.random(rows) < (0.03 if name == "rare" else 0.2 + 0.6 * score)
        label[0], label[-1] = True, False
        if name in ("perfect", "reversed"):
            label = score > 0.5 if name == "perfect" else score < 0.5
        if name == "tiny":
            score = score * 10.0 ** random.integers(-12, 0, rows)
        actual = random.gamma(2.0, 3.0, rows)
        predicted = actual * random.lognormal(0, 0.4, rows)
        if name == "far":
            actual, predicted = actual + 1e8, predicted + 1e8
        if name == "wide":
            scale = 10.0 ** random.integers(-30, 30, rows)
            actual, predicted = actual * scale, predicted * scale
        if name == "ties":
            actual, predicted = np.ceil(actual), np.ceil(predicted)
        yield name, score, label, random.gamma(1.0, 2.0, rows), predicted, actual


def ks(label, score, weight):
    cuts = np.unique(score)
    shares = [np.array([weight[(label == y) & (score <= c)].sum() for c in cuts]) / weight[label == y].sum()
              for y in (True, False)]
    return np.abs(shares[0] - shares[1]).max()


def ece(label, score, weight):
    edges = np.arange(BINS + 1) / BINS
    which = np.clip(np.searchsorted(edges, score, side="left"), 1, BINS)
    gaps = [abs((weight * (label - score))[which == b].sum()) for b in range(1, BINS + 1)]
    return sum(gaps) / weight.sum()


def concordance(score, actual, weight):
    higher = actual[:, None] > actual[None, :]
    pairs = weight[:, None] * weight[None, :]
    won = (score[:, None] > score[None, :]) + 0.5 * (score[:, None] == score[None, :])
    return (pairs * won)[higher].sum() / pairs[higher].sum()


def psi(expected, actual):
    ordered = np.sort(expected)
    edges = np.unique(ordered[[-(-i * len(ordered) // BINS) - 1 for i in range(1, BINS)]])
    counts = [np.bincount(np.searchsorted(edges, sample, side="left"), minlength=len(edges) + 1)
              for sample in (expected, actual)]
    total = 0
    for e, a in zip(*counts):
        if e or a:
            more = 0 if e and a else 0.5
            total += (a / len(actual) - e / len(expected)) * np.log(
                (a + more) / len(actual) / ((e + more) / len(expected)))
    return total


def precision_at(label, score):
    """Average precision at K; the mean over 20,000 orders would be no reference: no ties here."""
    ordered = label[np.argsort(-score, kind="stable")][:K]
    hits = np.cumsum(ordered)
    return (ordered * hits / np.arange(1, len(ordered) + 1)).sum() / min(K, label.sum())


def curves(label, score, weight):
    auc = metrics.roc_auc_score(label, score, sample_weight=weight)
    yield "auc", auc
    yield "gini", 2 * auc - 1
    yield "pr_auc", metrics.average_precision_score(label, score, sample_weight=weight)
    yield "ks", ks(label, score, np.ones(len(score)) if weight is None else weight)


def losses(label, score, weight):
    yield "log_loss", metrics.log_loss(label, score, labels=[False, True], sample_weight=weight)
    yield "brier", metrics.brier_score_loss(label, score, sample_weight=weight)
    yield "ece", ece(label, score, np.ones(len(score)) if weight is None else weight)


def decisions(label, score, weight, threshold):
    called = score >= threshold
    yield "accuracy", metrics.accuracy_score(label, called, sample_weight=weight)
    if called.any():
        yield "precision", metrics.precision_score(label, called, sample_weight=weight)
    if label.any():
        yield "recall", metrics.recall_score(label, called, sample_weight=weight)
    if label.any() or called.any():
        yield "f1", metrics.f1_score(label, called, sample_weight=weight)
    if 0 < called.sum() < len(called) and 0 < label.sum() < len(label):
        yield "mcc", metrics.matthews_corrcoef(label, called, sample_weight=weight)


def mean_deviance(actual, predicted, weight, power):
    """In 60 digits, where scikit-learn cancels."""
    p, total, weights = Decimal(str(power)), 0, 0
    for i in range(len(actual)):
        y, mu = Decimal(float(actual[i])), Decimal(float(predicted[i]))
        w = 1 if weight is None else Decimal(float(weight[i]))
        if p == 1:
            unit = y * (y / mu).ln() - y + mu
        elif p == 2:
            unit = (mu / y).ln() + y / mu - 1
        else:
            unit = y ** (2 - p) / ((1 - p) * (2 - p)) - y * mu ** (1 - p) / (1 - p) + mu ** (2 - p) / (2 - p)
        total += 2 * w * unit
        weights += w
    return float(total / weights)


def errors(actual, predicted, weight):
    yield "rmse", metrics.root_mean_squared_error(actual, predicted, sample_weight=weight)
    yield "mae", metrics.mean_absolute_error(actual, predicted, sample_weight=weight)
    yield "mape", metrics.mean_absolute_percentage_error(actual, predicted, sample_weight=weight)
    if len(actual) > 1:
        yield "r2", metrics.r2_score(actual, predicted, sample_weight=weight)
    for family, power in (("gaussian", 0), ("poisson", 1), ("gamma", 2), ("inverse_gaussian", 3), ("tweedie", 1.5),
                          ("tweedie(1.2)", 1.2)):
        deviance = metrics.mean_tweedie_deviance(actual, predicted, sample_weight=weight, power=power)
        right = mean_deviance(actual, predicted, weight, power)
        assert abs(deviance - right) < 1e-12 * max(1, right) or actual.min() > 1e6
        yield f"deviance {family}", right


def measures(score, label, weight, predicted, actual):
    """Metric, is it weighted, value."""
    for is_weighted in (False, True):
        w = weight if is_weighted else None
        found = []
        if 0 < label.sum() < len(label):
            found += curves(label, score, w)
        found += losses(label, score, w)
        found += decisions(label, score, w, 0.5)
        found += ((f"{name} 0.3", value) for name, value in decisions(label, score, w, 0.3))
        found += errors(actual, predicted, w)
        found += [("concordance", concordance(predicted, actual, np.ones(len(score)) if w is None else w))]
        yield from ((name, is_weighted, value) for name, value in found)
    with np.errstate(invalid="ignore"):  # scikit-learn looks whether large values are integers
        yield "ndcg", False, metrics.ndcg_score([actual], [score])
        yield f"ndcg {K}", False, metrics.ndcg_score([actual], [score], k=K)
    if len(np.unique(score)) == len(score):
        top = np.argsort(-score)[:K]
        yield f"recall_at {K}", False, label[top].sum() / label.sum()
        yield f"map_at {K}", False, precision_at(label, score)
        yield "map_at 1000", False, metrics.average_precision_score(label, score)
    yield "psi", False, psi(predicted, actual)


with open(HERE / "aggregates_rows.csv", "w", newline="") as rows, \
        open(HERE / "aggregates_values.csv", "w", newline="") as values:
    rows, values = csv.writer(rows, lineterminator="\n"), csv.writer(values, lineterminator="\n")
    rows.writerow(["case", "score", "label", "weight", "predicted", "actual"])
    values.writerow(["case", "metric", "weighted", "value"])
    for name, score, label, weight, predicted, actual in cases():
        for row in zip(score, label, weight, predicted, actual):
            rows.writerow([name, *(repr(float(v)) if not isinstance(v, np.bool_) else int(v) for v in row)])
        for metric, is_weighted, value in measures(score, label, weight, predicted, actual):
            values.writerow([name, metric, int(is_weighted), repr(float(value))])
