"""The typical error of a regressor, and what its prediction intervals hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dte_panel import Metric, Rows, Sums, Value, ValuesOf, scoring
from dte_panel.stats import mean_interval, wilson
from dte_panel_performance.opinions import MOST_ROWS, asked, on_pairs, opinion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Moments, Ordered

    Floats = NDArray[np.float64]

#: Share of rows that a prediction interval is meant to hold.
NOMINAL = 0.95
#: With fewer rows no interval of order statistics holds the median 19 times in 20.
FEWEST = 6


def at(state: Ordered, rank: int, values: Floats | None = None) -> float:
    """The value of a rank, the smallest has rank 1; in bins of ``values``, the mean of each unless they are given."""
    import numpy as np

    place = int(np.searchsorted(np.cumsum(state.counts), rank))
    return float((state.means if values is None else values)[place])


def median(state: Ordered, values: Floats | None = None) -> float:
    """The middle value; of an even number of rows the mean of both."""
    return (at(state, (state.n + 1) // 2, values) + at(state, state.n // 2 + 1, values)) / 2


def ends_of_bins(state: Ordered) -> tuple[Floats, ...]:
    """The least and the largest value of each bin; nothing where every value is known."""
    return () if state.highs is None else (state.values, state.highs)


def placed(state: Ordered) -> list[tuple[Floats, Floats]]:
    """The values and their rows; of bins first all rows at their mean, then at the ends of their bin."""
    import numpy as np

    used = state.counts > 0
    rows, means = state.counts[used].astype(float), state.means[used]
    if state.highs is None:
        return [(means, rows)]
    lows, highs = state.values[used], state.highs[used]
    upper = rows * (means - lows) / np.where(highs > lows, highs - lows, 1.0)
    return [(means, rows), (np.concatenate([lows, highs]), np.concatenate([rows - upper, upper]))]


def median_interval(state: Ordered, values: Floats | None = None) -> tuple[float, float] | tuple[None, None]:
    """95 % interval of a median from ranks, interpolated between the two nearest ones that hold more and less.

    References
    ----------
    Hettmansperger & Sheather (1986), Statistics & Probability Letters 4, 75-79.
    """
    from scipy.special import bdtr, bdtrik

    n = state.n
    if n < FEWEST:
        return None, None
    # The ranks r to n + 1 − r hold the median with 1 − 2 P(Binomial(n, ½) < r).
    rank = max(1, math.floor(float(bdtrik(0.025, n, 0.5))) + 1)
    while rank > 1 and 2 * float(bdtr(rank - 1, n, 0.5)) > 0.05:
        rank -= 1
    wide, narrow = (1 - 2 * float(bdtr(r - 1, n, 0.5)) for r in (rank, rank + 1))
    part = (wide - 0.95) / (wide - narrow) if wide > narrow else 0.0
    weight = (n - rank) * part / (rank + (n - 2 * rank) * part)
    ends = []
    for outer, inner in ((rank, rank + 1), (n + 1 - rank, n - rank)):
        ends.append((1 - weight) * at(state, outer, values) + weight * at(state, inner, values))
    return ends[0], ends[1]


def _median_absolute_error(state: Ordered) -> Value:
    if not state.n:
        return Value(None, 0, reason="no rows with a label and a prediction")
    value = median(state)
    if not math.isfinite(value):
        return Value(None, state.n, reason="half of the errors are infinite")
    note = f"{state.missing:,} rows with a missing label or prediction left out" if state.missing else None
    made = []
    for values in (state.means, *ends_of_bins(state)):
        low, high = median_interval(state, values)
        made.append(Value(median(state, values), state.n, low, high, reason=note))
    return scoring.within(*made)


def _by_scikit_learn(state: Ordered) -> float | None:
    import numpy as np
    from sklearn.metrics import median_absolute_error as theirs

    # Its weighted median takes the lower of two middle values, so the rows themselves.
    errors = np.repeat(state.means, state.counts)
    # scikit-learn takes no infinite error, which a median may well pass over.
    if not np.isfinite(errors).all():
        return None
    return float(theirs(errors, np.zeros(len(errors))))


def _coverage(state: Moments) -> Value:
    if not state.n:
        return Value(None, 0, reason="no rows with a label and both ends of the interval")
    held = round(state.means["held"] * state.n)
    return Value(held / state.n, state.n, *wilson(held, state.n), reason=_left_out(state))


def _width(state: Moments) -> Value:
    if not state.n:
        return Value(None, 0, reason="no rows with both ends of the interval")
    if state.means["turned"]:
        turned = round(state.means["turned"] * state.n)
        return Value(None, state.n, reason=f"{turned:,} rows have a lower end above the upper one")
    low, high = mean_interval(state.means["width"], state.m2s["width"], state.n)
    return Value(state.means["width"], state.n, None if low is None else max(0.0, low), high, reason=_left_out(state))


def _left_out(state: Moments) -> str | None:
    return f"{state.missing:,} rows with a missing label or end left out" if state.missing else None


_ENDS = (Rows("prediction_low|prediction_high", sample=MOST_ROWS, joint=True),)
_REGRESSION: dict[str, Any] = {"tasks": ("regression",)}

median_absolute_error = Metric(
    id="median_absolute_error",
    title="Median absolute error",
    definition="Half of the rows are off by no more than this; a few huge errors do not move it. No interval below "
    f"{FEWEST} rows. Rows with a missing label or prediction are left out and counted. "
    f"{scoring.IN_BINS}",
    version=2,
    reduce=ValuesOf(("label", "prediction"), "abs(label - prediction)"),
    finish=_median_absolute_error,
    formula="median of |label − prediction|",
    source="scikit-learn, sklearn.metrics.median_absolute_error",
    better="lower",
    range=(0.0, None),
    unit="unit of the label",
    interval="order statistics, interpolated (Hettmansperger & Sheather 1986)",
    group="errors",
    second=opinion(_by_scikit_learn),
    **_REGRESSION,
)


def of_intervals(nominal: float) -> list[Metric]:
    """What prediction intervals that are meant to hold a share of the labels do hold."""
    return [
        Metric(
            id="interval_coverage",
            title="Interval coverage",
            definition="Share of rows whose label lies within the prediction interval, ends included. It should be "
            f"{nominal:g} (the setting interval_coverage): less is over-confident, more is needlessly wide. Rows with "
            "a missing label or end are left out and counted.",
            reduce=Sums(
                ("label", "prediction_low", "prediction_high"),
                (("held", "CASE WHEN label >= prediction_low AND label <= prediction_high THEN 1.0 ELSE 0.0 END"),),
            ),
            finish=_coverage,
            formula="P(prediction_low <= label <= prediction_high)",
            source="Christoffersen (1998), Evaluating interval forecasts, International Economic Review 39, 841-862",
            better="nearer",
            target=nominal,
            range=(0.0, 1.0),
            unit="share",
            interval="Wilson",
            group="intervals",
            aliases=("PICP",),
            second="neither scikit-learn nor SciPy has the coverage of given intervals",
            **_REGRESSION,
        ),
        Metric(
            id="interval_width",
            title="Mean interval width",
            definition="Mean distance of the ends of the prediction interval: of two with the same coverage the "
            "narrower tells more. Undefined where a lower end lies above the upper one. Rows with a missing end are "
            "left out and counted.",
            reduce=Sums(
                ("prediction_low", "prediction_high"),
                (
                    ("width", "prediction_high - prediction_low"),
                    ("turned", "CASE WHEN prediction_high < prediction_low THEN 1.0 ELSE 0.0 END"),
                ),
            ),
            finish=_width,
            formula="mean of (prediction_high − prediction_low)",
            source="Gneiting & Raftery (2007), Strictly proper scoring rules, JASA 102, 359-378, section 6",
            better="lower",
            range=(0.0, None),
            unit="unit of the label",
            interval="t",
            group="intervals",
            aliases=("MPIW", "sharpness"),
            # The ends do not cross where there is a number: their mean distance is a mean absolute error.
            second=on_pairs(lambda lower, upper: asked("mean_absolute_error", lower, upper, None), _ENDS),
            **_REGRESSION,
        ),
    ]
