"""The widest interval of all pairs is the one that the formula gives, pair by pair."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from dte_panel import pairs
from dte_panel.pairs import Side, narrowest_ratio, widest_difference
from dte_panel.stats import difference_interval, ratio_interval, wilson


def _sides(draw: np.random.Generator) -> list[Side]:
    """Shares of few rows and of many, groups that are alike, means, and ends that nothing bounds."""
    kind, made = int(draw.integers(4)), []
    for _ in range(draw.integers(2, 41)):
        n = int(draw.choice((1, 2, 5, 30, 1000, 10**6)) if kind else draw.integers(1, 5))
        hits = int(draw.integers(0, n + 1) if draw.random() < 0.8 else draw.choice((0, n)))
        value, low, high = hits / n, *wilson(hits, n, float(draw.choice((1.96, 4.1))))
        if kind == 3:
            value, low, high = value * 1e3, low * 1e3, float(draw.choice((high * 1e3, math.inf)))
        made.append((value, low, high))
    return made


def _pair_by_pair(sides: list[Side]) -> tuple[tuple[float, float], tuple[float, float]]:
    found = [(max(a, b), min(a, b)) for a, b in combinations(sides, 2)]
    apart = [difference_interval(a, b) for a, b in found]
    over = [ratio_interval(b, a) for a, b in found]
    return (
        (max(0.0, max(e[0] for e in apart)), max(0.0, max(e[1] for e in apart))),
        (min(1.0, min(e[0] for e in over)), min(1.0, min(e[1] for e in over))),
    )


def test_every_pair_and_the_arrays_agree_to_the_last_bit() -> None:
    draw = np.random.default_rng(20)
    for _ in range(400):
        sides = _sides(draw)
        assert (widest_difference(sides), narrowest_ratio(sides)) == _pair_by_pair(sides), sides


def test_the_formula_is_asked_about_few_of_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Side, ...]] = []

    def counted(*pair: Side) -> tuple[float, float]:
        asked.append(pair)
        return ratio_interval(*pair)

    monkeypatch.setattr(pairs, "ratio_interval", counted)
    rates = [
        (hits / 900, *wilson(hits, 900, 4.0)) for hits in np.random.default_rng(3).integers(200, 700, 300).tolist()
    ]
    narrowest_ratio(rates)
    assert 1 <= len(asked) <= 300
