"""Coverage of the intervals of scores, decisions and errors, through the providers' own functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from dte_panel import Sums
from dte_panel.states import Documented

pytestmark = pytest.mark.slow

Rng = Any


def assert_held(held: Any, least: float = 0.93, most: float = 0.97) -> None:
    assert least <= held.share <= most, f"{held}"
    assert held.undefined < 0.05


# ROC AUC: two normal distributions `apart` from each other; `step` rounds the scores, so that many are tied.


def area_and_draw(simulation: Any, n0: int, n1: int, apart: float, step: float) -> tuple[float, Callable[[Rng], Any]]:
    labels = np.repeat([0.0, 1.0], [n0, n1])

    def draw(rng: Rng) -> Any:
        scores = rng.normal(apart * labels)
        return (simulation.scored(np.floor(scores / step) * step if step else scores, labels),)

    if not step:
        return float(norm.cdf(apart / np.sqrt(2))), draw
    edges = np.arange(-12, 16, step)
    negatives, positives = np.diff(norm.cdf(edges)), np.diff(norm.cdf(edges - apart))
    return float((positives * (np.cumsum(negatives) - negatives / 2)).sum()), draw


@pytest.mark.parametrize("step", [0.0, 1.0], ids=["continuous", "tied"])
@pytest.mark.parametrize("apart", [0.0, 0.75, 2.0])
@pytest.mark.parametrize("sizes", [(20, 10), (60, 60), (300, 100)], ids=str)
def test_roc_auc(simulation: Any, sizes: tuple[int, int], apart: float, step: float) -> None:
    truth, draw = area_and_draw(simulation, *sizes, apart, step)
    held = simulation.by_samples(simulation.metrics()["performance.roc_auc"].finish, draw, truth)
    # With few rows the variance is an upper bound rather than an estimate when scores are tied.
    assert_held(held, most=0.97 if min(sizes) >= 30 and not step else 0.98)


@pytest.mark.parametrize("sizes", [(10, 10), (60, 60), (1_000, 50)], ids=str)
def test_an_area_near_1_is_not_said_to_be_surer_than_it_is(simulation: Any, sizes: tuple[int, int]) -> None:
    """The plain DeLong interval holds an area of 0.99 in 83 % of such samples."""
    truth, draw = area_and_draw(simulation, *sizes, 3.3, 0.0)
    held = simulation.by_samples(simulation.metrics()["performance.roc_auc"].finish, draw, truth)
    assert_held(held, most=0.995)


# Scores as probabilities: the true chance of a positive is a known function of the score.


def probabilities(kind: str, n: int) -> tuple[Callable[[Rng], Any], Callable[[Any], Any]]:
    shape, chance = {
        "calibrated": ((2, 2), lambda s: s),
        "rare": ((1, 9), lambda s: s),
        "overconfident": ((2, 2), lambda s: 0.5 + (s - 0.5) * 0.6),
        "useless": ((1, 1), lambda s: np.full_like(s, 0.5)),
        "too high": ((1, 9), lambda s: s / 2),
    }[kind]
    return lambda rng: rng.beta(*shape, n), chance


@cache
def truths(kind: str) -> dict[str, float]:
    scores_of, chance = probabilities(kind, 1_000_000)
    s = scores_of(np.random.default_rng(1))
    c, bins = chance(s), np.searchsorted(np.arange(1, 10) / 10, s, side="right")
    gaps = np.bincount(bins, weights=s - c, minlength=10)
    return {
        "brier_score": float((c * (1 - s) ** 2 + (1 - c) * s**2).mean()),
        "log_loss": float(-(c * np.log(s) + (1 - c) * np.log1p(-s)).mean()),
        "expected_calibration_error": 0.0 if kind in {"calibrated", "rare"} else float(abs(gaps).sum() / len(s)),
    }


def scores_coverage(simulation: Any, name: str, kind: str, n: int, samples: int) -> Any:
    scores_of, chance = probabilities(kind, n)

    def draw(rng: Rng) -> Any:
        scores = scores_of(rng)
        return (simulation.scored(scores, rng.random(n) < chance(scores)),)

    finish = simulation.metrics()[f"performance.{name}"].finish
    return simulation.by_samples(finish, draw, truths(kind)[name], samples)


@pytest.mark.parametrize("n", [50, 300])
@pytest.mark.parametrize("kind", ["calibrated", "rare", "overconfident"])
@pytest.mark.parametrize("name", ["brier_score", "log_loss"])
def test_mean_losses(simulation: Any, name: str, kind: str, n: int) -> None:
    assert_held(scores_coverage(simulation, name, kind, n, 1_200))


@pytest.mark.parametrize("n", [50, 1_000])
@pytest.mark.parametrize("kind", ["calibrated", "useless", "too high"])
def test_calibration_error(simulation: Any, kind: str, n: int) -> None:
    """A sum of absolute values has a kink where a bin is calibrated: at least 95 %, with few rows more than that."""
    held = scores_coverage(simulation, "expected_calibration_error", kind, n, 300)
    assert_held(held, least=0.93, most=1.0)
    assert held.width < 4 / np.sqrt(n), "it is no interval that holds everything"


# Decisions: label by prediction.

TABLES = {
    "good": [[0.4, 0.1], [0.1, 0.4]],
    "rare positives": [[0.85, 0.05], [0.04, 0.06]],
    "chance": [[0.25, 0.25], [0.25, 0.25]],
}


def truth_of(name: str, table: list[list[float]]) -> float:
    t = np.array(table)
    labels, predictions, right = t.sum(1), t.sum(0), np.trace(t)
    chance = float(labels @ predictions)
    return float(
        {
            "f1": 2 * t[1, 1] / (labels[1] + predictions[1]),
            "balanced_accuracy": (t[0, 0] / labels[0] + t[1, 1] / labels[1]) / 2,
            "matthews_correlation_coefficient": (t[1, 1] * t[0, 0] - t[0, 1] * t[1, 0])
            / np.sqrt(labels.prod() * predictions.prod()),
            "cohens_kappa": (right - chance) / (1 - chance),
        }[name]
    )


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "matthews_correlation_coefficient"])
def test_decisions(simulation: Any, name: str, kind: str, n: int) -> None:
    table = TABLES[kind]

    def draw(rng: Rng) -> Any:
        return (simulation.confusion(rng.multinomial(n, np.ravel(table)).reshape(2, 2)),)

    finish = simulation.metrics()[f"performance.{name}"].finish
    assert_held(simulation.by_samples(finish, draw, truth_of(name, table), 1_500))


# Errors of a regressor.

NOISE: dict[str, Callable[[Rng, int], Any]] = {
    "normal": lambda rng, n: rng.normal(0, 1, n),
    "uniform": lambda rng, n: rng.uniform(-1, 1, n),
    "laplace": lambda rng, n: rng.laplace(0, 1, n),
    "skewed": lambda rng, n: rng.exponential(1, n) - 1,
}


def regressor(simulation: Any, metric: Any, kind: str, n: int, offset: float = 0.0) -> Callable[[Rng], Any]:
    sums = [r.expressions for r in metric.reductions if isinstance(r, Sums)]

    def draw(rng: Rng) -> Any:
        predictions = offset + rng.normal(0, 1.5, n)
        labels = predictions + NOISE[kind](rng, n)
        return [simulation.moments(labels, predictions, expressions) for expressions in sums]

    return draw


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("name", ["mean_absolute_error", "root_mean_squared_error"])
def test_errors(simulation: Any, name: str, kind: str, n: int) -> None:
    """A t interval of the mean would hold RMSE in 79 % of samples of 50 rows with skewed errors."""
    metric = simulation.metrics()[f"performance.{name}"]
    many = NOISE[kind](np.random.default_rng(1), 1_000_000)
    truth = float(abs(many).mean() if name == "mean_absolute_error" else np.sqrt((many**2).mean()))
    assert_held(simulation.by_samples(metric.finish, regressor(simulation, metric, kind, n), truth))


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("name", ["r2", "explained_variance"])
def test_explained_share(simulation: Any, name: str, kind: str, n: int, offset: float) -> None:
    """With the spread of the labels taken as known, 72 % of such intervals would hold R² of uniform errors."""
    metric = simulation.metrics()[f"performance.{name}"]
    noise = {"normal": 1.0, "uniform": 1 / 3, "laplace": 2.0, "skewed": 1.0}[kind]
    truth = 1 - noise / (noise + 1.5**2)
    assert_held(simulation.by_samples(metric.finish, regressor(simulation, metric, kind, n, offset), truth, 1_000))


@pytest.mark.parametrize("n", [50, 500])
@pytest.mark.parametrize("kind", NOISE)
def test_root_mean_squared_error_over_the_baseline(simulation: Any, kind: str, n: int) -> None:
    metric = simulation.metrics()["performance.root_mean_squared_error_over_baseline"]
    noise = {"normal": 1.0, "uniform": 1 / 3, "laplace": 2.0, "skewed": 1.0}[kind]
    truth = np.sqrt(noise + 1.5**2) - np.sqrt(noise)
    held = simulation.by_samples(metric.finish, regressor(simulation, metric, kind, n), truth, 800)
    # Both sides' skewness is paid for, though it is that of the same rows and in part cancels.
    assert_held(held, most=0.97 if n > 50 and kind != "laplace" else 0.99)


@pytest.mark.parametrize("miss", [1.0, 5.0])
@pytest.mark.parametrize("n", [50, 400])
def test_the_cost_of_a_threshold_that_was_chosen(simulation: Any, n: int, miss: float) -> None:
    """It holds for new rows at that threshold and for the cheapest of all, at the price of 97 % and more."""
    prices = {"true_positive": 0.0, "false_positive": 1.0, "false_negative": miss, "true_negative": 0.0}
    facts = Documented({"use_case": {"costs": prices}})
    finish = simulation.metrics()["performance.lowest_expected_cost"].finish
    cost = lambda at: 0.65 * norm.sf(at) + miss * 0.35 * norm.cdf(at - 1)  # noqa: E731
    lowest, rng = cost(np.linspace(-6, 8, 2_000)).min(), np.random.default_rng(20)
    held = []
    for _ in range(150):
        labels = (rng.random(n) < 0.35) * 1.0
        made = finish(simulation.scored(rng.normal(labels), labels), facts)
        chosen = cost(np.inf if made.detail["threshold"] is None else made.detail["threshold"])
        held.append((made.low <= chosen <= made.high, made.low <= lowest <= made.high))
    assert np.mean(held, axis=0).min() >= 0.95
    assert made.high - made.low < 7 * miss / np.sqrt(n)
