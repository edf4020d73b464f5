"""Largest gaps over several groups: the interval holds the true gap although the pair was searched for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dte_panel import Value
from dte_panel.stats import wilson

pytestmark = pytest.mark.slow


def gaps(metric: Any, rates: list[float], n: int, samples: int) -> tuple[Any, Any, Any]:
    """Values and ends of the gap of many samples, each of ``n`` rows of every group."""
    rng = np.random.default_rng(20)
    sides = [Value(hits / n, n, *wilson(hits, n)) for hits in range(n + 1)]
    name = metric.of[0].id
    drawn = rng.binomial(n, rates, (samples, len(rates))).tolist()
    made = [metric.finish({name: [({"g": str(i)}, sides[h]) for i, h in enumerate(hits)]}) for hits in drawn]
    values, low, high = (np.array([getattr(v, end) for v in made], dtype=float) for end in ("value", "low", "high"))
    return values, low, high


RATES = [[0.5, 0.5], [0.3, 0.5], [0.5] * 5, [0.3, 0.35, 0.4, 0.45, 0.5], [0.2] * 10]


@pytest.mark.parametrize("kind", ["difference", "ratio"])
@pytest.mark.parametrize("rates", RATES, ids=lambda rates: f"{len(rates)} groups {min(rates)} to {max(rates)}")
def test_a_gap_holds_for_all_pairs_at_once(simulation: Any, rates: list[float], kind: str) -> None:
    """At least 95 % (94 % is allowed for 800 samples), and no wider than its purpose needs.

    The worst case is that of equal groups, where it holds about 95 %; where one pair stands out it holds up to 100 %,
    as the pairs that were not looked for are paid for too. For ten groups the price is 1.61 times the width that one
    pair alone would have: Tukey's quantile over the normal one.
    """
    metric = simulation.metrics()[f"fairness.demographic_parity_{kind}"]
    _, low, high = gaps(metric, rates, 200, 800)
    truth = max(rates) - min(rates) if kind == "difference" else min(rates) / max(rates)
    held = ((low <= truth + 1e-12) & (truth - 1e-12 <= high)).mean()
    assert held >= 0.94
    if len(set(rates)) == 1:
        assert held <= 0.975, "equal groups: the promise is kept, and not by much more"


def test_the_gap_that_was_searched_for_would_not_hold_alone(simulation: Any) -> None:
    """Newcombe's interval of the two extreme groups, as if nobody had searched for them, is wrong in a quarter."""
    from dte_panel.stats import difference_interval

    rng, n, missed = np.random.default_rng(20), 200, 0
    for hits in rng.binomial(n, 0.5, (500, 5)):
        top, bottom = ((h / n, *wilson(h, n)) for h in (hits.max(), hits.min()))
        missed += difference_interval(top, bottom)[0] > 0
    assert missed / 500 > 0.2
