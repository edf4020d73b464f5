"""What a state or a number tells of row counts, and a state without its single rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dte_panel.model import Measurement
from dte_panel.states import Binned, Moments, Profiled, Scored, Table

Counted = dict[tuple[object, ...], int]


def cells_of(state: Any) -> Counted:
    """Rows of each cell of a written state; together they are all its rows."""
    if isinstance(state, Table | Binned):
        return {(key,): n for key, n in state.counts.items()}
    if isinstance(state, Scored):
        return {("0",): int(state.negatives.sum()), ("1",): int(state.positives.sum()), ("missing",): state.missing}
    if isinstance(state, Profiled):
        kinds = ("finite", "nulls", "nans", "infinities")
        return {(kind,): getattr(state, kind) for kind in kinds}
    return {("n",): state.n, ("missing",): state.missing}


def halves_of(state: Any) -> Counted:
    """Rows with 1 and rows with 0, where the mean of a state is a share of rows."""
    if isinstance(state, Profiled) and state.mean is not None and state.m2 is not None:
        return _halves("mean", state.finite, state.mean, state.m2)
    if isinstance(state, Moments) and state.n:
        parts = [_halves(name, state.n, mean, state.m2s[name]) for name, mean in state.means.items()]
        return {key: n for part in parts for key, n in part.items()}
    return {}


def _halves(name: str, n: int, mean: float, m2: float) -> Counted:
    # Numbers from 0 to 1 are all 0 or 1 if, and only if, their squares have the same sum as they have.
    if not 0 <= mean <= 1 or abs(m2 - n * mean * (1 - mean)) > 1e-9 * n:
        return {}
    ones = round(n * mean)
    return {(name, 1): ones, (name, 0): n - ones}


def rate_cells(m: Measurement, rows: int) -> Counted:
    """Rows that a number rests on and does not, and for a share the rows that count and do not."""
    cells: Counted = {("n", True): m.n, ("n", False): max(rows - m.n, 0)}
    if m.value is not None and m.low is not None and 0 <= m.value <= 1:
        hits = round(m.value * m.n)
        cells |= {("hits", True): hits, ("hits", False): m.n - hits}
    return cells


def without_single_rows(state: Any, k: int) -> Any:
    """The state without its smallest and largest value, and with scores gathered."""
    if isinstance(state, Profiled):
        return replace(state, minimum=None, maximum=None)
    if isinstance(state, Binned):
        return replace(state, span=None)
    return _gathered(state, k) if isinstance(state, Scored) else state


def _gathered(state: Scored, k: int) -> Scored:
    """Neighbouring scores joined until each has ``k`` rows of either label; the rest joins the last."""
    groups: list[tuple[float, int, int]] = []
    weight, negatives, positives = 0.0, 0, 0
    for score, no, yes in zip(state.scores, state.negatives, state.positives, strict=True):
        weight += float(score) * int(no + yes)
        negatives, positives = negatives + int(no), positives + int(yes)
        if negatives >= k and positives >= k:
            groups.append((weight / (negatives + positives), negatives, positives))
            weight, negatives, positives = 0.0, 0, 0
    if not groups:
        return replace(Scored.zero(), missing=state.missing)
    if negatives or positives:
        last, no, yes = groups.pop()
        total = no + yes + negatives + positives
        groups.append(((last * (no + yes) + weight) / total, no + negatives, yes + positives))
    scores, nos, yeses = zip(*groups, strict=True)
    exact = state.exact and len(groups) == len(state.scores)
    return Scored(np.array(scores), np.array(nos), np.array(yeses), state.missing, exact)
