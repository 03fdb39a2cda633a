# SPDX-License-Identifier: PostgreSQL
"""How three groups of the rows that judging.py has made fare, by fairlearn.

    python3 -m venv DIRECTORY && DIRECTORY/bin/pip install fairlearn==0.12.0
    DIRECTORY/bin/python test/reference/fairness.py
        writes test/reference/fairness.csv

A row's group follows from its value, as in judging.sql.  A row is selected if its score, 1 / (1 + exp(-z_a)),
is the threshold or more.  Lines of a group have its rates, those of no group the least ratio between two groups.
"""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
from fairlearn import metrics

HERE = Path(__file__).resolve().parent
SETS = ("random", "tied", "weighted")
THRESHOLDS = (0.3, 0.5)
RATES = {
    "selection_rate": metrics.selection_rate,
    "true_positive_rate": metrics.true_positive_rate,
    "false_positive_rate": metrics.false_positive_rate,
}


def group(value):
    return np.where(value < -1, "low", np.where(value < 1, "middle", "high"))


def answers(rows, threshold):
    score = 1 / (1 + np.exp(-rows.z_a))
    called, of, w = (score >= threshold).astype(int), group(rows.value), rows.w
    frame = metrics.MetricFrame(
        metrics=RATES,
        y_true=rows.y,
        y_pred=called,
        sensitive_features=of,
        sample_params={name: {"sample_weight": w} for name in RATES},
    )
    for name in RATES:
        for which, rate in frame.by_group[name].items():
            yield name, which, rate
        yield name, "", frame.ratio()[name]
    for which in np.unique(of):
        mine = of == which
        yield "mean_score", which, metrics.mean_prediction(rows.y[mine], score[mine], sample_weight=w[mine])
        yield "observed_rate", which, metrics.mean_prediction(rows.y[mine], rows.y[mine], sample_weight=w[mine])
    assert frame.ratio()["selection_rate"] == metrics.demographic_parity_ratio(
        rows.y, called, sensitive_features=of, sample_weight=w
    )


def main():
    rows = pd.read_csv(HERE / "judging_rows.csv")
    with open(HERE / "fairness.csv", "w", newline="") as file:
        found = csv.writer(file, lineterminator="\n")
        found.writerow(["rows", "threshold", "name", "group_name", "value"])
        for name in SETS:
            for threshold in THRESHOLDS:
                for line in answers(rows[rows.rows == name], threshold):
                    found.writerow([name, threshold, *line[:2], repr(float(line[2]))])


if __name__ == "__main__":
    main()
