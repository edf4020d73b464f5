"""From what Evidently writes to findings: one for each number and for each test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dte_panel import Finding, Metric, Value
from dte_panel_evidently.catalogue import kind_of, metric_of, test_of

#: Results by label, where two labels may be called "count" and "share".
_BY_LABEL = "ByLabel"
_OUTCOMES = {"SUCCESS": 1.0, "FAIL": 0.0, "WARNING": 0.0}


@dataclass(frozen=True)
class Result:
    """One metric of a report: Evidently's id, its parameters, its value in plain JSON, and its tests."""

    id: str
    params: Mapping[str, Any]
    value: Any
    tests: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Snapshot:
    """What one run of a report gave.

    Attributes
    ----------
    origin : str
        Where it comes from: a file as the user named it, or "report".
    results : sequence of Result
    time : str or None
        When it ran, in ISO 8601.
    rows : mapping
        Rows behind each column (``""`` for all) and each :func:`group_key`, where that is known.
    note : str or None
        What everybody who reads a number of it must know.
    detail : mapping
        What is added to the detail of each number.
    """

    origin: str
    results: Sequence[Result]
    time: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    note: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Number:
    """A number within a result: the part of it and the label it is for."""

    value: Any
    part: str = ""
    label: str | None = None


def findings(snapshots: Sequence[Snapshot], *, newest_is_current: bool = True) -> list[Finding]:
    """All numbers and tests of some snapshots, oldest first.

    The newest one is the current one, if it may be. Several are also placed at the time that each ran at.
    """
    found: list[Finding] = []
    for number, snapshot in enumerate(snapshots):
        made = _distinct([f for result in snapshot.results for f in _of_result(snapshot, result)])
        if newest_is_current and number == len(snapshots) - 1:
            found += made
        if len(snapshots) > 1 or not newest_is_current:
            found += [replace(finding, window=snapshot.time or snapshot.origin) for finding in made]
    return found


def _distinct(made: list[Finding]) -> list[Finding]:
    """Each number once; another number of the same id and place is told apart by Evidently's own id."""
    kept: dict[tuple[Any, ...], Finding] = {}
    for finding in made:
        place = (finding.metric.id, finding.column, tuple(finding.cohort.items()))
        first = kept.setdefault(place, finding)
        one, other = first.value, finding.value
        if isinstance(one, Value) and isinstance(other, Value) and one.value != other.value:
            own = other.detail["evidently"]["id"][:8]
            metric = replace(finding.metric, id=f"{finding.metric.id}_{own}")
            kept.setdefault((metric.id, *place[1:]), replace(finding, metric=metric))
    return list(kept.values())


def _of_result(snapshot: Snapshot, result: Result) -> Iterator[Finding]:
    column = _inner(result.params).get("column") or (None if _grouped(result) else result.params.get("column_name"))
    for number in _numbers(result):
        metric = metric_of(kind_of(_inner(result.params), number.part))
        tests = [test for test in result.tests if _about(test, number)]
        made = Finding(
            metric,
            _value(snapshot, result, number, tests),
            column=None if column is None else str(column),
            cohort=_cohort(result, number),
        )
        yield made
        yield from (_tested(made, test) for test in tests)


def _inner(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of the metric itself, where it is measured for one group."""
    inner = params.get("metric")
    return inner if isinstance(inner, Mapping) and "type" in inner else params


def _grouped(result: Result) -> bool:
    return _inner(result.params) is not result.params


def _cohort(result: Result, number: _Number) -> dict[str, str | None]:
    if _grouped(result):
        return {str(result.params.get("column_name")): str(result.params.get("label"))}
    if number.label is None:
        return {}
    return {str(result.params.get("column") or "label"): number.label}


def _numbers(result: Result) -> Iterator[_Number]:
    value = result.value
    if not isinstance(value, Mapping):
        yield _Number(value)
        return
    name = str(result.params.get("type"))
    if _BY_LABEL not in name and set(value) <= {"counts", "shares"}:
        for part, key in (("count", "counts"), ("share", "shares")):
            yield from (_Number(v, part, str(label)) for label, v in dict(value.get(key) or {}).items())
    elif _BY_LABEL not in name and (set(value) == {"count", "share"} or set(value) == {"mean", "std"}):
        yield from (_Number(v, "" if part == "mean" else part) for part, v in value.items())
    else:
        yield from (_Number(v, "", str(label)) for label, v in value.items())


def _value(snapshot: Snapshot, result: Result, number: _Number, tests: Iterable[Mapping[str, Any]]) -> Value:
    own = {"id": result.id, "params": _plain(result.params)}
    detail = {**snapshot.detail, "evidently": own, "from": snapshot.origin}
    if snapshot.time:
        detail["time"] = snapshot.time
    if told := [_told(test) for test in tests]:
        detail["tests"] = told
    n = _rows(snapshot, result)
    note = snapshot.note or (None if n else "Evidently does not say how many rows it rests on")
    x = number.value
    if isinstance(x, bool) or not isinstance(x, int | float):
        why = "Evidently gives no number here" if x is None or isinstance(x, str) else "Evidently gives a table here"
        return Value(None, n, reason=why, detail=detail)
    if not math.isfinite(x):
        return Value(None, n, reason=f"Evidently gives {x} here", detail=detail)
    return Value(float(x), n, reason=note, detail=detail)


def _rows(snapshot: Snapshot, result: Result) -> int:
    """The rows behind a result, 0 where nobody says."""
    if _grouped(result):
        return snapshot.rows.get(group_key(result.params.get("column_name"), result.params.get("label")), 0)
    return snapshot.rows.get(str(result.params.get("column") or ""), snapshot.rows.get("", 0))


def group_key(column: object, label: object) -> str:
    """Where the rows of a group stand among the rows of columns."""
    return f"{column}={label}"


def _plain(value: Any) -> Any:
    """Parameters as the evidence can hold them."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    finite = isinstance(value, int | str | None) or (isinstance(value, float) and abs(value) < float("inf"))
    return value if finite else str(value)


def _about(test: Mapping[str, Any], number: _Number) -> bool:
    """Whether a test is about this number of its metric's numbers."""
    bound = test.get("bound_test") or {}
    if "is_count" in bound and number.part in ("count", "share"):
        return bool(bound["is_count"]) == (number.part == "count")
    if "is_mean" in bound:
        return bool(bound["is_mean"]) == (number.part != "std")
    if bound.get("label") is not None:
        slot = str(bound.get("slot") or number.part).rpartition(".")[2].lower()
        return str(bound["label"]) == number.label and slot in (number.part, "")
    return True


def _told(test: Mapping[str, Any]) -> dict[str, Any]:
    """What a test says of itself."""
    own = (test.get("bound_test") or {}).get("test") or {}
    params = (test.get("metric_config") or {}).get("params") or {}
    limits = {k: own[k] for k in ("threshold", "expected", "left", "right", "values") if own.get(k) is not None}
    if not limits and params.get("threshold") is not None:
        limits = {"threshold": params["threshold"]}
    said = {k: str(test.get(k)) for k in ("id", "name", "description", "status")}
    return {**said, **_plain(limits), "critical": bool(own.get("is_critical", True))}


def _tested(finding: Finding, test: Mapping[str, Any]) -> Finding:
    """A test as a finding of its own."""
    told, base = _told(test), finding.value
    metric: Metric = test_of(finding.metric, told["id"])
    status = told["status"].rpartition(".")[2]
    if status == "ERROR":
        return replace(finding, metric=metric, value=RuntimeError(f"Evidently could not run it: {told['description']}"))
    if not isinstance(base, Value):
        return replace(finding, metric=metric)
    detail = {**{k: v for k, v in base.detail.items() if k != "tests"}, "test": told}
    if status not in _OUTCOMES:
        value = Value(None, base.n, reason=f"Evidently says {status.lower()}", detail=detail)
    else:
        warned = "it is not critical, so Evidently only warns" if status == "WARNING" else None
        notes = "; ".join(filter(None, (told["description"].rstrip(". "), warned, base.reason)))
        value = Value(_OUTCOMES[status], base.n, reason=notes, detail=detail)
    return replace(finding, metric=metric, value=value)
