"""Where a classifier is weakest: every slice of one column and of two, corrected for having looked at so many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dte_panel import Metric, SecondOpinion, Slices, Value
from dte_panel.stats import benjamini_hochberg
from dte_panel_performance.opinions import LIBRARY, asked

if TYPE_CHECKING:
    from dte_panel.states import Sliced, Table

#: Fewer rows are no slice: their rate says little, and they may be single people.
MIN_ROWS = 50
MOST_COLUMNS = 10
#: So many slices are named.
NAMED = 12


class Slice(NamedTuple):
    """One slice: what its rows share, how many count, and how many of these are right."""

    where: Mapping[str, str | None]
    hits: int
    n: int


def found(state: Sliced, given: Mapping[str, int], min_rows: int) -> Iterator[Slice]:
    """The slices with rows enough, among the rows that have the ``given`` label."""
    for columns, table in state.tables.items():
        cells: dict[tuple[Any, ...], list[int]] = {}
        for (label, prediction, *rest), rows in table.counts.items():
            if label is None or prediction is None or label != given.get("label", label):
                continue
            cell = cells.setdefault(tuple(rest), [0, 0])
            cell[0] += rows * (label == prediction)
            cell[1] += rows
        for values, (hits, n) in cells.items():
            if n >= min_rows:
                named = (None if v is None else str(v) for v in values)
                yield Slice(dict(zip(columns, named, strict=True)), hits, n)


def _whole(state: Sliced, given: Mapping[str, int]) -> tuple[int, int]:
    """Hits and rows of all rows, from any of the tables: each holds them all."""
    table = next(iter(state.tables.values()))
    counted = [(key, n) for key, n in table.counts.items() if None not in key[:2]]
    counted = [(key, n) for key, n in counted if key[0] == given.get("label", key[0])]
    return sum(n for key, n in counted if key[0] == key[1]), sum(n for _, n in counted)


def corrected(slices: list[Slice]) -> list[tuple[float, float]]:
    """Clopper-Pearson intervals that hold for all slices at once in 95 % (Bonferroni).

    So far out in the tails Wilson's would miss about twice as often as they promise.
    """
    from scipy.special import betaincinv

    tail = 0.025 / len(slices)
    return [
        (
            float(betaincinv(each.hits, each.n - each.hits + 1, tail)) if each.hits else 0.0,
            float(betaincinv(each.hits + 1, each.n - each.hits, 1 - tail)) if each.hits < each.n else 1.0,
        )
        for each in slices
    ]


def against_the_rest(slices: list[Slice], hits: int, n: int) -> list[float]:
    """P-value of each slice being like the rows outside it (two proportions, pooled), by Benjamini-Hochberg."""
    from scipy.special import ndtr

    pvalues = []
    for each in slices:
        outside, share = n - each.n, hits / n
        if not outside or share in (0.0, 1.0):
            pvalues.append(1.0)
            continue
        gap = each.hits / each.n - (hits - each.hits) / outside
        z = gap / math.sqrt(share * (1 - share) * (1 / each.n + 1 / outside))
        pvalues.append(2 * float(ndtr(-abs(z))))
    return benjamini_hochberg(pvalues)


def _finish(state: Sliced, given: Mapping[str, int], min_rows: int) -> Value:
    if not state.tables:
        return Value(None, 0, reason="there is no column to cut by: all are text, times or left out")
    slices = list(found(state, given, min_rows))
    hits, n = _whole(state, given)
    if not slices:
        return Value(None, n, reason=f"no slice has {min_rows} rows that count; {n:,} rows in all")
    ends, adjusted = corrected(slices), against_the_rest(slices, hits, n)
    # The lowest rate of all slices lies between the lowest of the lower ends and the lowest of the upper ends.
    low, high = (min(end[i] for end in ends) for i in (0, 1))
    weakest = min(slices, key=lambda s: (s.hits / s.n, -s.n))
    order = sorted(zip(slices, ends, adjusted, strict=True), key=lambda part: (part[1][1], part[0].hits / part[0].n))
    detail = {
        "weakest": _told(weakest),
        "searched": len(slices),
        "min_rows": min_rows,
        "all_rows": hits / n,
        "left_out": list(state.left_out),
        "slices": [
            {**_told(s), "n": s.n, "value": s.hits / s.n, "low": e[0], "high": e[1], "adjusted": p}
            for s, e, p in order[:NAMED]
        ],
    }
    return Value(weakest.hits / weakest.n, weakest.n, low, high, reason=_note(slices, state), detail=detail)


def _told(found: Slice) -> dict[str, Any]:
    return {"where": dict(found.where)}


def _note(slices: list[Slice], state: Sliced) -> str:
    columns = len({c for names in state.tables for c in names})
    told = f"the lowest of {len(slices):,} slices of {columns} columns and their pairs"
    return f"{told}; {len(state.left_out)} columns more were not cut by" if state.left_out else told


def _by_scikit_learn(state: Sliced, given: Mapping[str, int], min_rows: int) -> float:
    """The lowest of scikit-learn's own figures, slice by slice."""
    figures = []
    for columns, table in state.tables.items():
        for rows in _parts(table, columns):
            labels, predictions, weights = zip(*rows, strict=True)
            counted = sum(w for y, _, w in rows if y == given.get("label", y))
            if counted >= min_rows:
                name = "recall_score" if given else "accuracy_score"
                figures.append(asked(name, labels, predictions, weights))
    return min(figures)


def _parts(table: Table, columns: tuple[str, ...]) -> list[list[tuple[Any, Any, int]]]:
    parts: dict[tuple[Any, ...], list[tuple[Any, Any, int]]] = {}
    for (label, prediction, *values), n in table.counts.items():
        if label is not None and prediction is not None:
            parts.setdefault(tuple(values), []).append((label, prediction, n))
    return list(parts.values())


def of_slices(most_columns: int, min_rows: int) -> list[Metric]:
    """The weakest slice by accuracy, and by recall."""
    return [
        _metric("accuracy", "of rows whose prediction equals the label", {}, most_columns, min_rows),
        _metric("recall", "of positive rows that are predicted positive", {"label": 1}, most_columns, min_rows),
    ]


def _metric(name: str, words: str, given: Mapping[str, int], most: int, min_rows: int) -> Metric:
    return Metric(
        id=f"weakest_slice_{name}",
        title=f"{name.capitalize()} of the weakest slice",
        definition=f"The lowest share {words} among all slices of one feature or sensitive column and of two, with at "
        f"least {min_rows} rows that count (the setting slice_min_rows); numbers are cut at the reference's quartiles "
        "or the spec's bands, and a missing value is a slice. The detail names the slices that are weak for certain "
        f"first. At most {most} columns are searched (the setting slice_columns). Undefined without such a slice.",
        reduce=Slices("sensitive|feature", most),
        finish=lambda state: _finish(state, given, min_rows),
        formula=f"min over slices s of {'P(prediction = 1 | label = 1, s)' if given else 'P(prediction = label | s)'}",
        source="Chung et al. (2019), Slice Finder, ICDE; Clopper & Pearson (1934); Bonferroni's inequality; Benjamini "
        "& Hochberg (1995)",
        range=(0.0, 1.0),
        unit="share",
        interval="Clopper-Pearson for each slice at 1 − 0.05 / slices (Bonferroni), the lowest lower and the lowest "
        "upper end",
        tasks=("binary",) if given else ("binary", "multiclass"),
        windows=False,
        cohorts=False,
        group="weakest slices",
        second=SecondOpinion(LIBRARY, lambda state: _by_scikit_learn(state, given, min_rows)),
    )
