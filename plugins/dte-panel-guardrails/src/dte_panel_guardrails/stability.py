"""Robustness of decisions: how many scores lie so near to the threshold that a small change would turn them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dte_panel import Metric, Scores, SecondOpinion, Value, Values, scoring
from dte_panel.stats import wilson
from dte_panel_guardrails import opinions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dte_panel.states import Ordered, Scored

    #: The least and the largest finite score of each place in order, and its rows.
    Counted = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]

AXIS = "robustness"
#: Largest change of a score that counts as small, unless the settings say otherwise.
MARGIN = 0.05
#: Normal quantile for two shares at once (Bonferroni).
Z_OF_TWO = 2.241402727604947
_NO_RULE = "the predictions do not follow from one threshold of the score: set plugins.guardrails.threshold"


def metrics(threshold: float | None, margin: float) -> list[Metric]:
    """The metrics of decisions near the threshold."""
    where = (
        f"the threshold is {threshold:g} (the setting threshold)"
        if threshold is not None
        else "the threshold lies halfway between the largest score of the rows that are predicted 0 and the smallest "
        "of those that are predicted 1, unless the setting threshold gives one; undefined where these overlap or one "
        "is missing"
    )
    rest = f"of at most {margin:g} (the setting score_margin); {where}. Rows without a finite score are left out."
    if threshold is None:
        rest += f" {scoring.IN_BINS}"
    reduce = (
        Scores(by="prediction")
        if threshold is None
        else Values("score", (threshold - margin, threshold, threshold + margin))
    )
    common: dict[str, Any] = {
        "reduce": reduce,
        "better": "lower",
        "range": (0.0, 1.0),
        "unit": "share",
        "source": "definition of this project; decisions that a small change turns: Breck et al. (2019), MLSys",
        "tasks": ("binary", "none"),
        "group": AXIS,
        "version": 2,
    }
    return [
        Metric(
            id="near_threshold_share",
            title="Scores near the threshold",
            definition=f"Share of rows whose decision turns if their score moves towards the threshold by a distance "
            f"{rest}",
            finish=partial(near_threshold_share, threshold=threshold, margin=margin),
            second=SecondOpinion("scipy", partial(_by_scipy, threshold=threshold, margin=margin, choose=sum)),
            formula="#{t − d ≤ score < t + d} / n",
            interval="Wilson",
            **common,
        ),
        Metric(
            id="decision_flip_share",
            title="Decisions that a small shift turns",
            definition=f"Share of rows whose decision turns if all scores rise, or all fall, by a distance {rest} The "
            "worse of the two.",
            finish=partial(decision_flip_share, threshold=threshold, margin=margin),
            second=SecondOpinion("scipy", partial(_by_scipy, threshold=threshold, margin=margin, choose=max)),
            formula="max(#{t − d ≤ score < t}, #{t ≤ score < t + d}) / n",
            interval="Wilson, for both directions at once",
            **common,
        ),
    ]


class Turned(NamedTuple):
    """Rows, threshold, the fewest and the most rows just below it and just above, and a note."""

    n: int
    at: float
    below: tuple[int, int, int]
    above: tuple[int, int, int]
    note: str | None


def near_threshold_share(state: Scored | Ordered, threshold: float | None, margin: float) -> Value:
    """Share of rows within the margin, on either side."""
    found = _turned(state, threshold, margin)
    if isinstance(found, Value):
        return found
    rows = [below + above for below, above in zip(found.below, found.above, strict=True)]
    return _share(found, [(row, wilson(row, found.n)) for row in rows], "below", "above")


def decision_flip_share(state: Scored | Ordered, threshold: float | None, margin: float) -> Value:
    """Share of rows that a shift of all scores turns, in the worse direction."""
    found = _turned(state, threshold, margin)
    if isinstance(found, Value):
        return found
    made = []
    for below, above in zip(found.below, found.above, strict=True):
        ends = [wilson(rows, found.n, Z_OF_TWO) for rows in (below, above)]
        made.append((max(below, above), (max(end[0] for end in ends), max(end[1] for end in ends))))
    return _share(found, made, "if scores rise", "if scores fall")


def _share(found: Turned, made: Sequence[tuple[int, tuple[float, float]]], *names: str) -> Value:
    """What was counted; of bins also the fewest and the most rows that it can be."""
    detail = {"threshold": found.at, **dict(zip(names, (found.below[0], found.above[0]), strict=True))}
    values = [Value(rows / found.n, found.n, *ends, reason=found.note, detail=detail) for rows, ends in made]
    return values[0] if made[1][0] == made[2][0] else scoring.within(*values)


def _turned(state: Scored | Ordered, threshold: float | None, margin: float) -> Value | Turned:
    """The rows near the threshold, or why there are none."""
    lows, highs, counts = _counted(state)
    n = int(counts.sum())
    if not n:
        return Value(None, 0, reason="no row has a score" + ("" if threshold is not None else " and a prediction"))
    at = _implied(state) if threshold is None else threshold
    if isinstance(at, str):
        return Value(None, n, reason=at)
    middles = getattr(state, "scores", lows)

    def rows(start: float, end: float) -> tuple[int, int, int]:
        about, fewest, most = (
            int(counts[(least >= start) & (largest < end)].sum())
            for least, largest in ((middles, middles), (lows, highs), (highs, lows))
        )
        return about, fewest, most

    left_out = int(state.missing)
    notes = [f"{left_out:,} rows without a score or a prediction left out"] if left_out else []
    if not getattr(state, "exact", True) and not getattr(state, "bounded", True):
        notes.append("scores in bins of 1/1000 of their range")
    return Turned(n, at, rows(at - margin, at), rows(at, at + margin), "; ".join(notes) or None)


def _by_scipy(state: Scored | Ordered, threshold: float | None, margin: float, choose: Any) -> float | None:
    """Both sides' shares together, or the larger one."""
    at = _implied(state) if threshold is None else threshold
    shares = None if isinstance(at, str) else opinions.near(getattr(state, "finite", lambda: state)(), at, margin)
    return None if shares is None else float(choose(shares))


def _counted(state: Any) -> Counted:
    if hasattr(state, "scores"):
        return state.lows, state.highs, state.negatives + state.positives
    finite = state.finite()
    return finite.values, finite.values, finite.counts


def _implied(state: Any) -> float | str:
    """The threshold that the predictions imply, or why they imply none."""
    zeros, ones = state.highs[state.negatives > 0], state.lows[state.positives > 0]
    if not len(zeros) or not len(ones):
        only = 1 if len(ones) else 0
        return f"every row is predicted {only}, which tells no threshold: set plugins.guardrails.threshold"
    if zeros[-1] >= ones[0]:
        return _NO_RULE
    # Halved first: the sum of two huge scores may be infinite.
    return float(zeros[-1] / 2 + ones[0] / 2)
