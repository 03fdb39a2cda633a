# SPDX-License-Identifier: PostgreSQL
"""Which of some models has the higher AUC on the same rows, with intervals.

The AUC is a mean over the positive rows, of the share of negative ones below each, and it is
likewise a mean over the negative rows.  So is the difference of two models, and its variance is
that of both means (DeLong et al. 1988): far less than that of either AUC, since what is hard
for one model is hard for the other.
"""

from collections import defaultdict

import numpy as np
from scipy.stats import rankdata

from contest import Quality

NORMAL = 1.96  # standard errors to either side that hold 95 %


def placements(scores, labels):
    """Of each positive row the share of negative ones below it, and of each negative one that of positive ones above."""
    scores, labels = np.asarray(scores), np.asarray(labels, dtype=bool)
    rank, positive, negative = rankdata(scores), scores[labels], scores[~labels]
    below = (rank[labels] - rankdata(positive)) / len(negative)
    above = 1 - (rank[~labels] - rankdata(negative)) / len(positive)
    return below, above


class Paired:
    """Models judged on one fold after the other, whose rows differ."""

    def __init__(self):
        self._placements = defaultdict(dict)

    def judge(self, model, fold, scores, labels):
        self._placements[model][fold] = placements(scores, labels)

    def _value(self, model):
        return float(np.mean([below.mean() for below, _ in self._placements[model].values()]))

    def _difference(self, model, other):
        """Mean over the folds that both have, and its standard error."""
        folds = self._placements[model].keys() & self._placements[other].keys()
        means, variance = [], 0
        for fold in sorted(folds):
            sides = [mine - its for mine, its in zip(self._placements[model][fold], self._placements[other][fold])]
            means.append(sides[0].mean())
            variance += sum(side.var(ddof=1) / len(side) for side in sides)
        return float(np.mean(means)), variance**0.5 / len(folds)

    def quality(self, model):
        """The AUC of each model, and how much higher that of one is than the others'."""
        found = [Quality(name, "auc", self._value(name)) for name in self._placements]
        others = [name for name in self._placements if name != model]
        for other in others if model in self._placements else ():
            value, error = self._difference(model, other)
            interval = (value - NORMAL * error, value + NORMAL * error)
            found.append(Quality(f"{model} less {other}", "auc, same rows", value, interval))
        return found
