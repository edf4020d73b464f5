"""From measurements to verdicts. Pure: no clock, no files, no settings; the same numbers give the same words."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from dte_panel.checks import Check, Policy
from dte_panel.errors import InputError, did_you_mean
from dte_panel.model import CURRENT, REFERENCE, SEVERITY, Cohort, Measurement, Verdict, VerdictWord, cohort_key

_BOUND = re.compile(r"\s*(<=|>=|==|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
#: What a number is that does not hold the bound.
_BEYOND = {"<=": "above", "<": "not below", ">=": "below", ">": "not above", "==": "not"}
#: Tried in this order until numbers that differ look different.
_FORMATS = (",.2f", ",.3f", ",.4f", ",.5f", ",.6f", ".3g", ".6g", ".12g", ".17g")


@dataclass(frozen=True)
class Bound:
    """One side of a check: the numbers ``x`` with ``x op limit``."""

    op: str
    limit: float

    def within(self, low: float, high: float) -> bool:
        """Whether every number from ``low`` to ``high`` holds the bound."""
        return all(self._holds(end) for end in (low, high))

    def beyond(self, low: float, high: float) -> bool:
        """Whether no number from ``low`` to ``high`` holds the bound."""
        if self.op == "==":
            return not low <= self.limit <= high
        # The end that is nearest to the bound decides.
        return not self._holds(low if self.op.startswith("<") else high)

    def _holds(self, x: float) -> bool:
        limit = self.limit
        return {"<=": x <= limit, "<": x < limit, ">=": x >= limit, ">": x > limit, "==": x == limit}[self.op]


def parse_bound(text: str, *, where: str = "") -> Bound:
    """Read a bound such as ``"<= 0.2"``; ``where`` (a file, a check) is named in the error.

    Examples
    --------
    >>> parse_bound(">= 0.8")
    Bound(op='>=', limit=0.8)
    """
    found = _BOUND.fullmatch(text) if isinstance(text, str) else None
    limit = float(found[2]) if found else math.nan
    if not found or not math.isfinite(limit):
        hint = "Write an operator (<=, <, >=, >, ==) and a number, such as '<= 0.2' or '>= 0.8'"
        raise InputError(f"{text!r} is not a bound", where=where, hint=hint)
    return Bound(found[1], limit)


def validate(check: Check, *, where: str = "") -> None:
    """Refuse a check whose bounds cannot be read, or whose ``warn`` is not stricter than its ``bound``."""
    where = where or check.metric
    bound = parse_bound(check.bound, where=where)
    if check.warn is None:
        return
    warn = parse_bound(check.warn, where=where)
    side = bound.op[0]
    stricter = warn.limit <= bound.limit if side == "<" else warn.limit >= bound.limit
    if side == "=" or warn.op[0] != side or not stricter:
        hint = "The warn bound has the same direction and is stricter, such as bound '<= 0.2' and warn '<= 0.1'"
        raise InputError(f"warn '{check.warn}' is not stricter than bound '{check.bound}'", where=where, hint=hint)


def record(policy: Policy) -> dict[str, Any]:
    """What the evidence says of a policy: its name, how long it holds, and the SHA-256 of what it asks for."""
    said = json.dumps(asdict(policy) | {"file_sha256": ""}, sort_keys=True, separators=(",", ":"))
    kept = {name: getattr(policy, name) for name in ("id", "title", "citation", "valid_days", "file_sha256")}
    return {**kept, "sha256": hashlib.sha256(said.encode()).hexdigest()}


def judge(check: Check, measurement: Measurement, *, tests: int = 1) -> Verdict:
    """Say what a check makes of one measurement.

    With ``rule="interval"`` it fails only if the whole interval lies beyond the bound and passes only if the whole
    interval lies within; an interval with one end is open at the other, and a number without any is judged by its
    value. Too few rows, or no value, is never a pass. A p-value is judged as adjusted for the number of ``tests`` of
    the assessment.

    Examples
    --------
    >>> made = Measurement("a.rate", 1, "a", "current", {}, None, 0.3, 0.25, 0.35, 100, "ok")
    >>> [judge(Check("a.rate", bound), made).verdict for bound in ("<= 0.4", "<= 0.3", "<= 0.2")]
    ['pass', 'warn', 'fail']
    >>> judge(Check("a.rate", "<= 0.4", min_n=200), made).reason
    '100 rows, 200 needed'
    """
    word, reason = _unusable(check, measurement) or _weigh(check, measurement)
    if measurement.adjusted is not None and word in {"pass", "warn", "fail"}:
        reason += f"; adjusted over {tests:,} test{'s' * (tests != 1)}, {float(measurement.value or 0.0):.3g} before"
    return _verdict(check, word, reason, measurement)


def select(check: Check, measurements: Iterable[Measurement]) -> list[Measurement]:
    """What a check judges: by metric, columns and scope, never the reference. Why no column was measured is kept."""
    return [
        m
        for m in measurements
        if m.metric == check.metric
        and (not check.columns or m.column in check.columns or (m.column is None and m.value is None))
        and m.window != REFERENCE
        and (m.window == CURRENT or check.scope in {"windows", "all"})
        and (not m.cohort or check.scope in {"cohorts", "all"})
    ]


def limit_within(checks: Iterable[Check], measurement: Measurement) -> float | None:
    """The first limit of these checks that lies inside the interval of a measurement that they judge, if any does.

    Examples
    --------
    >>> made = Measurement("a.rate", 1, "a", "current", {}, None, 0.3, 0.25, 0.35, 100, "ok")
    >>> limit_within([Check("a.rate", "<= 0.4", warn="<= 0.32")], made)
    0.32
    """
    low, high = measurement.low, measurement.high
    for check in checks:
        if low is None or high is None or not select(check, [measurement]):
            continue
        for text in filter(None, (check.bound, check.warn)):
            limit = parse_bound(text, where=check.metric).limit
            if low <= limit <= high:
                return limit
    return None


def judge_all(
    policy: Policy,
    measurements: Iterable[Measurement],
    *,
    providers: Mapping[str, tuple[str, str | None]],
    kind: str,
    task: str,
    known: Collection[str] = (),
) -> list[Verdict]:
    """Judge everything a policy asks for, worst first.

    A check with nothing to judge has a verdict too, and so has each provider that could not be used.

    Parameters
    ----------
    providers : mapping
        Provider id to ``(state, reason)``; any state but ``"ok"`` and ``"disabled"`` is one that could not be used.
    kind, task : str
        Of the subject: checks that do not list them in ``kinds`` and ``tasks`` are skipped.
    known : collection of str
        Ids of all metrics there are (default: the measured ones): tells a wrong name from one with nothing to measure.
    """
    every = list(measurements)
    ids = set(known) or {m.metric for m in every}
    tests = sum(m.adjusted is not None for m in every)
    verdicts: list[Verdict] = []
    for check in policy.checks:
        if kind in check.kinds and task in check.tasks:
            found = select(check, every)
            verdicts += [judge(check, m, tests=tests) for m in found] or [_unmeasured(check, providers, ids)]
    told = {v.provider for v in verdicts if v.verdict == "error" and v.required}
    for provider, (state, reason) in providers.items():
        if state not in {"ok", "disabled"} and provider not in told:
            broken = Check(f"{provider}.*", bound="")
            verdicts.append(_verdict(broken, "error", _complaint(provider, state, reason)))
    return sorted(verdicts, key=_order)


def waived(verdicts: Iterable[Verdict], policy: Policy, today: str) -> tuple[list[Verdict], list[str]]:
    """Put each waiver beside what it is about, where that does not pass; the verdict stays what it is.

    Parameters
    ----------
    today : str
        The day of the assessment, in ISO form; a waiver that ended before it is not put beside anything.

    Returns
    -------
    list of Verdict, list of str
        And a note for each waiver that has ended, or has nothing left to waive.
    """
    standing = [w for w in policy.waivers if w.until >= today]
    notes = [f"the waiver of {w.metric} by {w.who} ended on {w.until}" for w in policy.waivers if w not in standing]
    made, used = [], set()
    for verdict in verdicts:
        found = next((w for w in standing if w.covers(verdict.metric, verdict.column)), None)
        if found and verdict.verdict != "pass":
            used.add(found)
            verdict = replace(verdict, waiver={"who": found.who, "reason": found.reason, "until": found.until})  # noqa: PLW2901
        made.append(verdict)
    notes += [f"the waiver of {w.metric} by {w.who} has nothing to waive" for w in standing if w not in used]
    return made, notes


def counts(verdicts: Iterable[Verdict]) -> dict[VerdictWord, int]:
    """How many verdicts there are of each word, best word first; words without a verdict are 0.

    Examples
    --------
    >>> counts([])
    {'pass': 0, 'warn': 0, 'not_evaluated': 0, 'error': 0, 'fail': 0}
    """
    words = [v.verdict for v in verdicts]
    return {word: words.count(word) for word in SEVERITY}


def _unusable(check: Check, m: Measurement) -> tuple[VerdictWord, str] | None:
    """Why the measurement cannot be held against a bound."""
    if m.status == "error":
        return "error", m.reason or "the provider could not compute it"
    if m.status != "ok" or m.value is None:
        return "not_evaluated", m.reason or "it has no value"
    if any(math.isnan(x) for x in (m.value, m.low, m.high) if x is not None):
        return "not_evaluated", "its value or interval is not a number"
    if m.n < check.min_n:
        return "not_evaluated", f"{m.n:,} {'row' if m.n == 1 else 'rows'}, {check.min_n:,} needed"
    return None


def _weigh(check: Check, m: Measurement) -> tuple[VerdictWord, str]:
    """The interval (or the bare value) against the bound, then against the stricter one."""
    bound = parse_bound(check.bound, where=check.metric)
    stricter = parse_bound(check.warn, where=check.metric) if check.warn else None
    low, high, ends = _span(check, m)
    limits = [b.limit for b in (bound, stricter) if b]
    shown = _shown(low, _judged(m), high, limits, ends=ends) + _between(m.groups)
    if bound.beyond(low, high):
        return "fail", f"{shown} is {_BEYOND[bound.op]} {bound.limit:.12g}"
    if not bound.within(low, high):
        return "warn", f"{shown}: the interval spans the bound {bound.limit:.12g}"
    if stricter and stricter.beyond(low, high):
        but = f"{_BEYOND[stricter.op]} {stricter.limit:.12g}"
        return "warn", f"{shown} is within {bound.limit:.12g} but {but}"
    return "pass", f"{shown} is within {bound.limit:.12g}"


def _span(check: Check, m: Measurement) -> tuple[float, float, bool]:
    """What is judged, from where to where, and whether it is an interval."""
    value = _judged(m)
    if check.rule == "point" or m.adjusted is not None or (m.low is None and m.high is None):
        return value, value, False
    low, high = -math.inf if m.low is None else m.low, math.inf if m.high is None else m.high
    return min(low, value), max(high, value), True


def _judged(m: Measurement) -> float:
    """The number that is held against the bound."""
    return float((m.value if m.adjusted is None else m.adjusted) or 0.0)


def _shown(low: float, value: float, high: float, limits: Sequence[float], *, ends: bool) -> str:
    """The number, with its interval if it has one, in as few digits as tell apart what matters."""
    numbers = [x for x in (low, value, high) if math.isfinite(x)]
    apart = [(x, limit) for x in numbers for limit in limits] + [(value, 0.0)]
    # An end that all but touches the value need not look different.
    apart += [(x, y) for x, y in combinations(numbers, 2) if abs(x - y) * 10 >= high - low]
    whole = abs(value) >= 1_000 or not any(x % 1 for x in (*numbers, *limits))
    for spec in (",.0f", *_FORMATS) if whole else _FORMATS:
        if all(_digits(x, spec) != _digits(y, spec) for x, y in apart if x != y):
            break
    text = _digits(value, spec)
    return f"{text} [{_digits(low, spec)}, {_digits(high, spec)}]" if ends else text


def _digits(x: float, spec: str) -> str:
    """Formatted; nothing is minus zero, and an open end is told by its sign."""
    if math.isinf(x):
        return "∞" if x > 0 else "-∞"
    text = format(x, spec)
    return text if text.strip("-0.") else text.lstrip("-")


def _between(groups: Sequence[Cohort]) -> str:
    """The groups that make a gap, each by its columns and values."""
    names = [", ".join(f"{k}: {'missing' if v is None else v}" for k, v in g.items()) or "all rows" for g in groups]
    return f" between {' and '.join(names)}" if names else ""


def _unmeasured(check: Check, providers: Mapping[str, tuple[str, str | None]], ids: Collection[str]) -> Verdict:
    """The verdict of a check that found nothing to judge."""
    provider = check.metric.partition(".")[0]
    if provider not in providers:
        why = f"provider '{provider}' is not installed: pip install dte-panel-{provider}"
        return _verdict(check, "not_evaluated", why)
    state, reason = providers[provider]
    if state != "ok":
        word: VerdictWord = "not_evaluated" if state == "disabled" else "error"
        return _verdict(check, word, _complaint(provider, state, reason))
    columns = f" of {', '.join(check.columns)}" if check.columns else ""
    why = f"not measured: nothing{columns} in scope '{check.scope}' that it applies to"
    if check.metric not in ids:
        hint = did_you_mean(check.metric, [i for i in ids if i.startswith(f"{provider}.")])
        why = f"not measured: provider '{provider}' gave no '{check.metric}'" + (f". {hint}" if hint else "")
    return _verdict(check, "not_evaluated", why)


def _complaint(provider: str, state: str, reason: str | None) -> str:
    return f"provider {provider} is {state}" + (f": {reason}" if reason else "")


def _verdict(check: Check, word: VerdictWord, reason: str, m: Measurement | None = None) -> Verdict:
    """A verdict on a measurement, or on its absence."""
    provider = check.metric.partition(".")[0]
    window, cohort, column, across = (m.window, m.cohort, m.column, m.across) if m else (CURRENT, {}, None, None)
    given = (check.metric, provider, window, cohort, column, word, check.required, check.bound, reason, m)
    return Verdict(*given, across=across, citation=check.citation)


def _order(v: Verdict) -> tuple[object, ...]:
    """Worst first, then required first, then by name, so that the same verdicts stand in the same order."""
    cohort = [(k, value is None, value or "") for k, value in cohort_key(v.cohort)]
    worst = -SEVERITY.index(v.verdict)
    return worst, not v.required, v.metric, v.window, v.column or "", cohort, v.across or "", v.bound, v.reason
