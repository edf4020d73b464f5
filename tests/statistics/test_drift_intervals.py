"""Distances between two samples: how often the interval holds the true distance, with drift and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dte_panel.states import Binned

pytestmark = pytest.mark.slow

EVEN = np.full(10, 0.1)
SHARES = {
    "nothing moved": (EVEN, EVEN),
    "a little": (np.linspace(0.085, 0.115, 10), EVEN),
    "much": (np.linspace(0.03, 0.17, 10), EVEN),
    "few categories": (np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.3, 0.1])),
}


def truth_of(name: str, p: Any, q: Any) -> float:
    middle = (p + q) / 2
    divergence = float((p * np.log(p / middle) + q * np.log(q / middle)).sum() / 2)
    return {
        "population_stability_index": float(((p - q) * np.log(p / q)).sum()),
        "jensen_shannon_distance": divergence**0.5,
        "jensen_shannon_divergence": divergence,
        "hellinger_distance": float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2)),
        "total_variation_distance": float(abs(p - q).sum() / 2),
    }[name]


@pytest.mark.parametrize("sizes", [(100, 100), (100, 2_000), (3_000, 3_000)], ids=str)
@pytest.mark.parametrize("kind", SHARES)
@pytest.mark.parametrize("name", ["population_stability_index", "jensen_shannon_distance", "hellinger_distance"])
def test_distances(simulation: Any, name: str, kind: str, sizes: tuple[int, int]) -> None:
    """A distance is never negative: near 0 only its lower end can miss, and does so in 2.5 %, not in 5 %."""
    p, q = SHARES[kind]
    names = [f"v{i}" for i in range(len(p))]

    def draw(rng: Any) -> Any:
        drawn = (rng.multinomial(n, shares).tolist() for n, shares in zip(sizes, (p, q), strict=True))
        return [Binned(None, {k: n for k, n in zip(names, rows, strict=True) if n}) for rows in drawn]

    finish = simulation.metrics()[f"drift.{name}"].finish
    held = simulation.by_samples(finish, draw, truth_of(name, p, q), 1_000)
    assert held.share >= 0.93, f"{held}"
    assert held.above <= 0.04, f"{held}"
