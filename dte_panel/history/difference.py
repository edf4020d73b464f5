"""What changed between two assessments: verdicts that turned, and numbers that moved further than they are unsure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from dte_panel.evidence import Evidence, place
from dte_panel.model import SEVERITY, Measurement, Verdict, cohort_key

Kind = Literal["worse", "better", "moved", "new", "gone", "about"]


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes
    ----------
    kind : str
        "worse" and "better" are verdicts that turned; "moved" a number whose two intervals do not meet; "new" and
        "gone" checks that one side does not have; "about" what was judged, on what, by what.
    what, before, after : str
        In words.
    """

    kind: Kind
    what: str
    before: str
    after: str


def differences(before: Evidence, after: Evidence) -> list[Change]:
    """What changed, worst first."""
    order = ("about", "worse", "new", "gone", "better", "moved")
    found = [*_about(before, after), *_verdicts(before, after), *_numbers(before, after)]
    return sorted(found, key=lambda c: order.index(c.kind))


def _about(before: Evidence, after: Evidence) -> Iterator[Change]:
    def facts(e: Evidence) -> dict[str, str]:
        data = {f"data {s['name']}": f"{s['rows']:,} rows, SHA-256 {str(s['sha256'])[:12]}…" for s in e.data}
        names = {"subject": str(e.subject["name"]), "version": str(e.subject.get("version") or "none")}
        policy = {"policy": f"{e.policy.get('id')}, SHA-256 {str(e.policy.get('sha256', ''))[:12]}…"}
        providers = {f"provider {p['id']}": f"{p.get('version')} ({p.get('state')})" for p in e.providers}
        return {**names, "verdict": e.verdict, **policy, **data, **providers}

    one, two = facts(before), facts(after)
    for what in {**one, **two}:
        if one.get(what) != two.get(what):
            yield Change("about", what, one.get(what, "none"), two.get(what, "none"))


def _verdicts(before: Evidence, after: Evidence) -> Iterator[Change]:
    one, two = ({_place(v, v.bound): v for v in e.verdicts} for e in (before, after))
    for at in {**one, **two}:
        old, new = one.get(at), two.get(at)
        if old and new and old.verdict != new.verdict:
            worse = SEVERITY.index(new.verdict) > SEVERITY.index(old.verdict)
            yield Change("worse" if worse else "better", _words(new), _said(old), _said(new))
        elif old and not new:
            yield Change("gone", _words(old), _said(old), "not checked")
        elif new and not old:
            yield Change("new", _words(new), "not checked", _said(new))


def _numbers(before: Evidence, after: Evidence) -> Iterator[Change]:
    """Numbers of all current rows and their cohorts whose intervals do not meet; windows come and go."""
    one = {_place(m): m for m in before.measurements if m.window == "current"}
    for new in after.measurements:
        old = one.get(_place(new))
        if new.window != "current" or old is None or old.version != new.version:
            continue
        ends = (old.low, old.high, new.low, new.high)
        if None not in ends and (new.low > old.high or new.high < old.low):  # type: ignore[operator]
            yield Change("moved", _words(new), _span(old), _span(new))


def _place(found: Measurement | Verdict, *more: str) -> tuple[Any, ...]:
    return found.metric, found.column, found.across, found.window, cohort_key(found.cohort), *more


def _words(found: Measurement | Verdict) -> str:
    return f"{found.metric}, {place(found)}"


def _said(verdict: Verdict) -> str:
    return f"{verdict.verdict.replace('_', ' ')} ({verdict.reason})"


def _span(m: Measurement) -> str:
    return f"{m.value:.4g} [{m.low:.4g}, {m.high:.4g}]"
