# SPDX-License-Identifier: PostgreSQL
"""The contest that each supervised learner enters: reading, cia_train, scikit-learn."""

from contest import Budget, Claim, Contest, Entrant, Quality


def training_contest(database, algorithm, rival, metric, readings):
    """cia_train(algorithm) against at most `readings` times reading, and against the rival.

    The rival's quickest estimator counts, from the table and on the array.
    """
    ours = f"`cia_train('{algorithm}')`"
    budget = Budget(readings)

    def quality():
        found = database.metric(algorithm)
        mine = [Quality(f"cia {algorithm}", *found)] if found else []
        return mine + rival.quality(metric)

    return Contest(
        title=algorithm,
        entrants=[
            Entrant("reading, 1 process", lambda: database.seconds(database.reading, parallel=0)),
            Entrant("reading, parallel", lambda: database.seconds(database.reading)),
            Entrant("cia_train", lambda: database.train(algorithm)),
            Entrant("cia_train, 1 process", lambda: database.train(algorithm, parallel=0)),
            Entrant("scikit-learn", rival.run, rounds=3),
        ],
        claims=[
            Claim(f"{ours} / reading in 1 process", "cia_train", "reading, 1 process", budget),
            Claim(f"{ours} / parallel reading", "cia_train", "reading, parallel", budget),
            Claim(f"{ours} / reading, both in 1 process", "cia_train, 1 process", "reading, 1 process", budget),
            Claim(f"scikit-learn on the array, its quickest / {ours}", rival.on_the_array, "cia_train"),
        ],
        quality=quality,
    )


def from_the_table(algorithm, names, times=None):
    """The claim that a peer, fetch included, takes so many times as long as cia_train."""
    words = names if isinstance(names, str) else "scikit-learn from the table, its quickest"
    budget = Budget(times, at_least=True) if times else None
    return Claim(f"{words} / `cia_train('{algorithm}')`", names, "cia_train", budget)
