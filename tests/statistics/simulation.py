"""How often intervals hold the truth: exactly where there are few outcomes, by seeded samples elsewhere.

A share seen in 2,000 samples has a standard error of 0.5 points at 95 %. Seeds are fixed, so a test does not flicker; a
method that truly covers 95 % has less than one chance in 5,000 of a seed that shows less than 93 % or more than 97 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from dte_panel import Metric, registry
from dte_panel.states import Moments, Scored, Table

SLACK = 1e-12


@dataclass(frozen=True)
class Held:
    """How often the interval held the truth, lay above it, lay below it; and how wide it was on average."""

    share: float
    above: float
    below: float
    width: float
    undefined: float

    def __format__(self, spec: str) -> str:
        return f"held {self.share:.3f}, above {self.above:.3f}, below {self.below:.3f}, width {self.width:.3f}"


def exactly(outcomes: Any, intervals: Any, truth: float) -> float:
    """Chance that the interval holds the truth, from the chance of each outcome and the interval that it gives."""
    low, high = np.moveaxis(np.asarray(intervals, dtype=float), -1, 0)
    return float(np.asarray(outcomes)[(low <= truth + SLACK) & (truth - SLACK <= high)].sum())


def by_samples(
    finish: Callable[..., Any], draw: Callable[[Any], Sequence[Any]], truth: float, samples: int = 2_000, seed: int = 20
) -> Held:
    """Share of samples whose interval holds the truth; an end that is open holds everything on its side."""
    rng = np.random.default_rng(seed)
    made = [finish(*draw(rng)) for _ in range(samples)]
    defined = [v for v in made if v.value is not None and (v.low is not None or v.high is not None)]
    low = np.array([-np.inf if v.low is None else v.low for v in defined])
    high = np.array([np.inf if v.high is None else v.high for v in defined])
    above, below = (low > truth + SLACK).mean(), (high < truth - SLACK).mean()
    width = (high - low)[np.isfinite(high - low)].mean()
    return Held(1 - above - below, above, below, width, 1 - len(defined) / samples)


@cache
def metrics() -> dict[str, Metric]:
    """Every metric of the official providers by its full id."""
    found = registry.load()
    plugins = [plugin for plugin in found.plugins if "dte_metrics" in plugin.hooks]
    return {f"{p.id}.{m.id}": m for p in plugins for m in found.metrics(p, found.settings(p, {}))}


def scored(scores: Any, labels: Any) -> Scored:
    """The state of scores and labels."""
    return Scored.of(np.asarray(scores, dtype=float), np.asarray(labels, dtype=float))


def confusion(counts: Any) -> Table:
    """The state of a square table, label by prediction."""
    cells = {(i, j): int(n) for (i, j), n in np.ndenumerate(np.asarray(counts)) if n}
    return Table(("label", "prediction"), cells)


def moments(labels: Any, predictions: Any, expressions: Sequence[tuple[str, str]]) -> Moments:
    """The state of ``Sums``: each expression is plain arithmetic, the same in Python as in SQL."""
    names = {"abs": np.abs, "label": labels, "prediction": predictions}
    made = {name: np.asarray(eval(text, {"__builtins__": {}}, names), dtype=float) for name, text in expressions}  # noqa: S307
    means = {name: float(x.mean()) for name, x in made.items()}
    return Moments(len(labels), 0, means, {name: float(((x - x.mean()) ** 2).sum()) for name, x in made.items()})
