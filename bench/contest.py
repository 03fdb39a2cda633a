# SPDX-License-Identifier: PostgreSQL
"""Entrants run in turn, round after round; claims compare their medians.

Round robin (A B C A B C ...) lets whatever else the machine does fall on all
entrants alike.  An entrant that cannot run takes its claims with it and
nothing else.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median


class Unavailable(Exception):
    """What an entrant needs is not there; the message says what."""


@dataclass(frozen=True)
class Entrant:
    """One way of doing a piece of work.

    `run` answers one number, or several by name when a run has stages.
    `rounds` bounds how often a slow entrant runs; None is as often as all.
    """

    name: str
    run: Callable[[], float | dict[str, float]]
    rounds: int | None = None


@dataclass(frozen=True)
class Budget:
    """What a claim must reach: at most, or at least, `limit`."""

    limit: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def words(self, unit: str) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {unit}"


@dataclass(frozen=True)
class Claim:
    """The ratio (or difference) of two measured names, in words and with its budget.

    Where `above` or `below` is a tuple, the smallest of its medians counts.
    """

    work: str
    above: str | tuple[str, ...]
    below: str | tuple[str, ...]
    budget: Budget | None = None
    difference: bool = False


@dataclass(frozen=True)
class Quality:
    """How good a model is, so that speed is not bought with a worse one.

    The difference of two models has a 95 % interval, and is to be not lower than `limit`.
    """

    model: str
    metric: str
    value: float
    interval: tuple[float, float] | None = None
    limit: float = 0

    def words(self) -> str:
        return "not lower" if self.limit == 0 else f"≥ {self.limit:g}"

    def verdict(self) -> str:
        if self.interval is None:
            return ""
        low, high = self.interval
        return "missed" if high < self.limit else "met" if low >= self.limit else "not told apart"


@dataclass
class Contest:
    """What one file of rows/ offers: entrants, claims and what the models are worth."""

    title: str
    entrants: list[Entrant]
    claims: list[Claim]
    unit: str = "s"
    quality: Callable[[], list[Quality]] = list
    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, str] = field(default_factory=dict)

    def run(self, rounds: int, expected: tuple[type[Exception], ...], say: Callable[[str], None]):
        """Run every entrant `rounds` times; errors of the `expected` kinds are kept, not raised."""
        for turn in range(rounds):
            say(f"{self.title}, round {turn + 1} of {rounds}")
            for entrant in self.entrants:
                if entrant.name in self.failures or turn >= (entrant.rounds or rounds):
                    continue
                try:
                    self._keep(entrant)
                except (Unavailable, *expected) as error:
                    self.failures[entrant.name] = str(error).strip().splitlines()[0]

    def _keep(self, entrant: Entrant):
        result = entrant.run()
        if not isinstance(result, dict):
            result = {entrant.name: result}
        for name, value in result.items():
            self.samples[name].append(value)

    def pick(self, names: str | tuple[str, ...]) -> str | None:
        """The name with the smallest median of those measured, None if none was."""
        names = (names,) if isinstance(names, str) else names
        measured = [name for name in names if self.samples.get(name)]
        return min(measured, key=self.median, default=None)

    def median(self, name: str) -> float:
        return median(self.samples[name])

    def why_missing(self, names: str | tuple[str, ...]) -> str:
        """Why none of the names has been measured."""
        names = (names,) if isinstance(names, str) else names
        reasons = [self.failures[name] for name in names if name in self.failures]
        return reasons[0] if reasons else "not measured"
