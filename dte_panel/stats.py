"""Intervals and resampling: closed forms where they exist, else SciPy. Imports nothing heavy at the top."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Two-sided 95 % quantile of the standard normal distribution.
Z95 = 1.959963984540054
#: More pairs of a label and an answer are not resampled: each draw is a call of the library.
MOST_PAIRS = 20_000
#: Seed of the assessment that runs in this context.
base_seed: ContextVar[int] = ContextVar("base_seed", default=0)


def wilson(successes: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson score interval of a proportion.

    Parameters
    ----------
    successes, n : float
        Rows that count, and all rows of the denominator; ``n > 0``.
    z : float
        Normal quantile; 1.96 gives 95 %.

    Returns
    -------
    tuple of float
        Lower and upper end, within [0, 1].

    References
    ----------
    Wilson (1927), JASA 22, 209-212.

    Examples
    --------
    >>> [round(x, 4) for x in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    p, z2 = successes / n, z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, min(centre - half, p)), min(1.0, max(centre + half, p))


@cache
def simultaneous_z(groups: int) -> float:
    """Quantile for all pairwise differences of ``groups`` groups at once (Tukey's studentized range / sqrt 2).

    The largest gap is found by searching over pairs; this pays for the search.

    Examples
    --------
    >>> [round(simultaneous_z(groups), 3) for groups in (2, 3, 5)]
    [1.96, 2.344, 2.728]
    """
    if groups <= 2:
        return Z95
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(0.95, groups, math.inf) / math.sqrt(2))


def difference_interval(
    high: tuple[float, float, float], low: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Interval of ``high - low`` from each side's ``(value, lower, upper)`` (Newcombe's hybrid, "MOVER").

    Parameters
    ----------
    high, low : tuple of float
    correlation : float
        Of the two values, where they come from the same rows.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10; Zou & Donner (2008); Zou (2007), Psychological
    Methods 12, 399-413, for values that go together.

    Examples
    --------
    >>> low, high = difference_interval((0.3, 0.2, 0.4), (0.1, 0.0, 0.2))
    >>> round(low, 4), round(high, 4)
    (0.0586, 0.3414)
    """
    (a, a_low, a_high), (b, b_low, b_high) = high, low
    return (
        a - b - _joined(a - a_low, b_high - b, correlation),
        a - b + _joined(a_high - a, b - b_low, correlation),
    )


def _joined(one: float, other: float, correlation: float) -> float:
    if not correlation or math.isinf(one) or math.isinf(other):
        return math.hypot(one, other)
    return math.sqrt(max(one * one + other * other - 2 * correlation * one * other, 0.0))


def ratio_interval(top: tuple[float, float, float], bottom: tuple[float, float, float]) -> tuple[float, float]:
    """Interval of ``top / bottom`` (both non-negative) by the same hybrid on the log scale.

    An end that the data cannot bound is 0 or infinity.

    Examples
    --------
    >>> ratio_interval((0.2, 0.2, 0.2), (0.4, 0.4, 0.4))
    (0.5, 0.5)
    """
    (a, a_low, a_high), (b, b_low, b_high) = top, bottom
    if b_high <= 0:
        return 0.0, math.inf
    ratio = a / b if b > 0 else math.inf
    low = 0.0
    if a_low > 0 and b > 0:
        low = ratio * math.exp(-math.hypot(math.log(a / a_low), math.log(b_high / b)))
    high = math.inf
    if b_low > 0 and a > 0:
        high = ratio * math.exp(math.hypot(math.log(a_high / a), math.log(b / b_low)))
    elif b_low > 0:
        high = a_high / b_low
    return low, high


def mean_interval(mean: float, m2: float, n: int) -> tuple[float, float] | tuple[None, None]:
    """95 % t interval of a mean from its sum of squared deviations; none below two rows.

    Examples
    --------
    >>> [round(end, 4) for end in mean_interval(5.0, m2=90.0, n=10)]
    [2.7378, 7.2622]
    >>> mean_interval(5.0, m2=0.0, n=1)
    (None, None)
    """
    if n < 2:
        return None, None
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, 0.975)) * math.sqrt(max(m2, 0.0) / (n - 1) / n)
    return mean - half, mean + half


def positive_mean_interval(
    mean: float, m2: float, n: int, skewness: float | None = None
) -> tuple[float, float] | tuple[None, None]:
    """95 % interval of the mean of what is never negative, such as absolute and squared errors; none below two rows.

    The lower end is the t interval's on the log scale, where means of skewed numbers are nearer to normal. The upper
    end is that on the reciprocal scale, and infinity where so few rows cannot bound it: one row may carry the mean.
    With the ``skewness`` of the rows it is the log scale's with Johnson's correction of t, and its square besides:
    rows that seldom hold the largest numbers show less skewness than there is, and the square makes up for that
    (simulated in ``tests/statistics``: 93 to 97 % from 50 rows on for squares of normal, Laplace and exponential
    errors).

    References
    ----------
    Bonett (2006), Computational Statistics & Data Analysis 50, 775-782, for the log scale; Johnson (1978), JASA 73,
    536-544, for the correction.

    Examples
    --------
    >>> [round(end, 2) for end in positive_mean_interval(1.0, m2=100.0, n=50)]
    [0.67, 1.68]
    >>> [round(end, 2) for end in positive_mean_interval(1.0, m2=100.0, n=50, skewness=3.0)]
    [0.67, 2.13]
    """
    if n < 2 or mean <= 0:
        return (None, None) if n < 2 else (0.0, 0.0)
    _, above = mean_interval(0.0, m2, n)
    relative = (above or 0.0) / mean
    low = mean * math.exp(-relative)
    if skewness is not None:
        return low, mean * math.exp(relative * (1 + skew_excess(skewness, n)))
    return low, mean / (1 - relative) if relative < 1 else math.inf


def skew_excess(skewness: float, n: int) -> float:
    """How much further, as a part of itself, an interval of a mean reaches on the side of the long tail.

    Johnson's correction of t, ``skewness (1 + 2 t²) / (6 √n)``, is 0.75 of t at 95 %; the square is set by simulation.
    """
    part = max(skewness, 0.0) / math.sqrt(n)
    return 0.75 * part + 3 * part * part


def bootstrap(
    counts: Sequence[Any],
    statistic: Callable[..., Floats],
    *,
    seed: int | None = None,
    draws: int = 400,
    basic: bool = False,
) -> tuple[float, float] | tuple[None, None]:
    """95 % bootstrap interval of a statistic of one or several tables of counts.

    Each table is drawn again from the multinomial that it is: the same as resampling its rows, at no cost in rows.

    Parameters
    ----------
    counts : sequence of array_like
        One table of counts per sample; each is drawn on its own.
    statistic : callable
        ``statistic(*tables)`` with tables of shape ``(draws, *table.shape)``; gives an array of shape ``(draws,)``.
    seed : int, optional
        Same seed, same interval; default: the assessment's, from ``seed`` of ``trust.yaml``.
    draws : int
        Number of resamples.
    basic : bool
        Reflect the interval at the estimate. A distance between two samples is never negative, so its resamples lie
        too high by about as much as the estimate itself does; reflecting takes that off.

    Returns
    -------
    tuple
        Lower and upper end, or ``(None, None)`` where a table is empty or fewer than half of the resamples are
        defined.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap Methods and their Application, 5.2.
    """
    import numpy as np

    rng = np.random.default_rng(base_seed.get() if seed is None else seed)
    tables = [np.asarray(c, dtype=float) for c in counts]
    if any(t.sum() == 0 for t in tables):
        return None, None
    drawn = [
        rng.multinomial(int(t.sum()), t.ravel() / t.sum(), size=draws).reshape((draws, *t.shape)).astype(float)
        for t in tables
    ]
    with np.errstate(all="ignore"):
        values = np.asarray(statistic(*drawn), dtype=float)
        values = values[np.isfinite(values)]
    if len(values) < draws / 2:
        return None, None
    low, high = (float(q) for q in np.quantile(values, [0.025, 0.975]))
    if basic:
        with np.errstate(all="ignore"):
            estimate = float(np.asarray(statistic(*(t[None] for t in tables)))[0])
        low, high = 2 * estimate - high, 2 * estimate - low
    return low, high


def bootstrap_cells(
    function: Callable[..., float], *groups: tuple[Any, Any, Any], draws: int = 100, basic: bool = False
) -> tuple[float, float] | tuple[None, None]:
    """95 % bootstrap interval of any function of labels, answers and rows, such as one of a library.

    Two more rows are spread over all pairs of a group's labels and answers: a table without an error in it would
    otherwise show an interval of no width. What the function raises on a draw makes that draw undefined.

    Parameters
    ----------
    function : callable
        Gets each group's ``(labels, answers, rows)`` and gives a number.
    *groups : tuple of array_like
        Labels, answers and rows of each distinct pair; every group is drawn on its own.
    draws, basic
        As for :func:`bootstrap`.

    Returns
    -------
    tuple
        As for :func:`bootstrap`; ``(None, None)`` too above 20,000 pairs.
    """
    import numpy as np

    full = [_every_pair(*group) for group in groups]
    if any(len(rows) > MOST_PAIRS for *_, rows in full):
        return None, None

    def once(tables: Sequence[Floats]) -> float:
        drawn = [(y[t > 0], p[t > 0], t[t > 0]) for (y, p, _), t in zip(full, tables, strict=True)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return float(function(*drawn))
        except Exception:  # noqa: BLE001 - a draw may lack a class, and each library raises in its own way
            return math.nan

    def statistic(*tables: Floats) -> Floats:
        return np.array([once(each) for each in zip(*tables, strict=True)])

    return bootstrap([rows for *_, rows in full], statistic, draws=draws, basic=basic)


def _every_pair(labels: Any, answers: Any, rows: Any) -> tuple[Any, Any, Floats]:
    """Every pair of a label and an answer, with its rows and its part of two more."""
    import numpy as np

    y, at_y = np.unique(np.asarray(labels), return_inverse=True)
    p, at_p = np.unique(np.asarray(answers), return_inverse=True)
    counts: Floats = np.bincount(at_y * len(p) + at_p, weights=rows, minlength=len(y) * len(p)).astype(float)
    counts += 2 / max(len(counts), 1)
    return np.repeat(y, len(p)), np.tile(p, len(y)), counts


def benjamini_hochberg(pvalues: Sequence[float]) -> list[float]:
    """P-values adjusted for how many of them there are, in the same order.

    Calling what is adjusted to 0.05 or less a finding makes at most 5 % of the findings false, on average, where the
    tests are independent or depend on each other positively.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57, 289-300; Benjamini & Yekutieli (2001), Annals of Statistics 29.

    Examples
    --------
    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.02, 0.5])]
    [0.03, 0.03, 0.5]
    """
    adjusted, least = [1.0] * len(pvalues), 1.0
    # From the largest down: no adjusted value is above that of a larger p-value.
    for rank, place in enumerate(sorted(range(len(pvalues)), key=lambda i: -pvalues[i])):
        least = min(least, pvalues[place] * (len(pvalues) / (len(pvalues) - rank)))
        adjusted[place] = least
    return adjusted
