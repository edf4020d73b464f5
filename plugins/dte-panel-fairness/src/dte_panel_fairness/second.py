"""The same numbers by the libraries themselves, on distinct rows with their number as weight."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from dte_panel import Metric, SecondOpinion

if TYPE_CHECKING:
    from dte_panel.states import Scored, Table

#: ``function(y_true, y_pred, sample_weight)`` of a library.
Function = Callable[[Any, Any, Any], float]
Kind = Literal["difference", "ratio"]
#: Each group of a grouping with its states.
Groups = Mapping[str, Sequence[tuple[Any, tuple[Any, ...]]]]

#: Each metric that a library has, and the library's function.
KNOWN: list[tuple[Metric, Function]] = []


def fairlearn(name: str) -> Function:
    """A metric of Fairlearn by its name."""

    def call(y: Any, p: Any, w: Any) -> float:
        import fairlearn.metrics

        return float(getattr(fairlearn.metrics, name)(y, p, sample_weight=w))

    return call


def sklearn(name: str, *, minus: bool = False, **options: Any) -> Function:
    """A metric of scikit-learn by its name; with ``minus``, what is missing to 1."""

    def call(y: Any, p: Any, w: Any) -> float:
        import sklearn.metrics

        found = float(getattr(sklearn.metrics, name)(y, p, sample_weight=w, **options))
        return 1 - found if minus else found

    return call


def known(function: Function, *, tied: bool = False, **fields: Any) -> Metric:
    """A metric that a library computes too, of one group's table or scores; ``tied`` as in :func:`cells`."""

    def compute(state: Table | Scored) -> float | None:
        if tied:
            return function(*cells(state, tied=True))
        return float(_kept(_value, state)(function, _Same(state)))

    metric = Metric(second=SecondOpinion(_library(function), compute), **fields)
    KNOWN.append((metric, function))
    return metric


def _library(function: Function) -> str:
    return "fairlearn" if function.__qualname__.startswith("fairlearn") else "scikit-learn"


def cells(state: Any, *, tied: bool = False) -> tuple[Any, Any, Any]:
    """Labels, predictions (or scores) and rows of each distinct row that has both.

    In fine bins of scores each label has its own mean, or all rows of a bin tie.
    """
    import numpy as np

    if not hasattr(state, "columns"):
        counts = np.concatenate([state.negatives, state.positives])
        labels = np.repeat([0, 1], len(state.scores))
        used = counts > 0
        return (
            labels[used],
            (np.tile(state.scores, 2) if tied else state.by_label.ravel())[used],
            counts[used].astype(float),
        )
    columns = [state.columns.index(c) for c in ("label", "prediction") if c in state.columns]
    known = {k: n for k, n in state.counts.items() if all(k[i] is not None for i in columns)}
    keys = [np.array([k[i] for k in known]) for i in columns]
    # A rate of the predictions alone takes them for labels too, and the other way round.
    return keys[0], keys[-1], np.array(list(known.values()), dtype=float)


def gap_opinion(metric: Metric, kind: Kind, method: str) -> SecondOpinion:
    """``MetricFrame.difference`` or ``.ratio`` of the groups that have a value."""

    def compute(groups: Groups) -> float | None:
        frame = _frame(groups[metric.id], method)
        return None if frame is None else _number(getattr(frame, kind)(method=method)[metric.id])

    return SecondOpinion("fairlearn", compute)


def odds_opinion(metrics: Sequence[Metric], kind: Kind, method: str, worst: str) -> SecondOpinion:
    """Equalized odds as Fairlearn makes them of its frame, where every group has both rates."""

    def compute(groups: Groups) -> float | None:
        ids = [metric.id for metric in metrics]
        frame = _frame(groups[ids[0]], method)
        # Fairlearn takes 0 for a rate that a group does not have.
        if frame is None or frame.by_group[ids].isna().any(axis=None):
            return None
        both = getattr(frame, kind)(method=method)[ids]
        return None if both.isna().any() else _number(getattr(both, worst)())

    return SecondOpinion("fairlearn", compute)


def _number(found: float) -> float | None:
    return None if math.isnan(found) else float(found)


def _frame(groups: Sequence[tuple[Any, tuple[Any, ...]]], method: str) -> Any:
    """A MetricFrame of all that is known of such states; ``None`` where it would say something else than we do."""
    # Of fine bins the rows of all groups are not those of each group together: they have other means.
    if len(groups) < 2 or any(getattr(states[0], "bounded", False) for _, states in groups):
        return None
    frame = _kept(_frame_of, groups[0][1][0])(tuple(_Same(states[0]) for _, states in groups))
    # A group without a value may still have rows that count in all rows.
    return None if method == "to_overall" and frame.by_group.isna().any(axis=None) else frame


def _kept(cached: Any, state: Any) -> Any:
    """The function with its memory for small tables, without it for scores: they would fill the memory."""
    return cached if hasattr(state, "columns") else cached.__wrapped__


class _Same:
    """A state that is only equal to itself, so that its frame can be found again."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def __hash__(self) -> int:
        return id(self.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.state is self.state


@lru_cache(maxsize=20_000)
def _value(function: Function, same: _Same) -> float:
    """The library's number of a state, asked for by the group's own metric and by its gaps."""
    return function(*cells(same.state))


@lru_cache(maxsize=256)
def _frame_of(groups: tuple[_Same, ...]) -> Any:
    """One frame for difference and ratio of all metrics, between groups and to all rows.

    Its rows are the groups; the library's functions get the distinct rows of each, with their numbers as weights.
    """
    import numpy as np
    from fairlearn.metrics import MetricFrame

    parts = [cells(g.state) for g in groups]
    every = tuple(np.concatenate([part[i] for part in parts]) for i in range(3))

    def looked_up(metric: Metric, function: Function) -> Callable[[Any, Any], float]:
        defined = [metric.finish(g.state).value is not None for g in groups]

        def look_up(y_true: Any, y_pred: Any) -> float:
            if len(y_true) > 1:
                return function(*every)
            at = int(y_true[0])
            return _kept(_value, groups[at].state)(function, groups[at]) if defined[at] else math.nan

        return look_up

    columns = _columns(groups[0].state)
    # Classes of many are text; 1 and 0 are those of a binary task.
    task = "multiclass" if every[0].dtype.kind in "UO" else "binary"
    metrics = {m.id: looked_up(m, f) for m, f in KNOWN if _columns_of(m) == columns and task in m.tasks}
    names = np.arange(len(groups))
    return MetricFrame(metrics=metrics, y_true=names, y_pred=names, sensitive_features=names)


def _columns(state: Any) -> tuple[str, ...]:
    return getattr(state, "columns", ("score",))


def _columns_of(metric: Metric) -> tuple[str, ...]:
    return getattr(metric.reductions[0], "columns", ("score",))
