"""Evidence in words and tables for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dte_panel.cli.output import table
from dte_panel.model import SEVERITY, Measurement, Verdict, VerdictWord, cohort_key
from dte_panel.second import sentence

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence

#: Rows per provider that are printed; --json has all.
MOST = 12
WORDS: dict[VerdictWord, str] = {
    "pass": "pass",
    "warn": "warn",
    "fail": "fail",
    "not_evaluated": "not evaluated",
    "error": "error",
}
_WORST_FIRST = {word: rank for rank, word in enumerate(reversed(SEVERITY))}


def headline(evidence: Evidence) -> str:
    """Subject, verdict and counts, one line each."""
    subject = evidence.subject
    about = [str(subject.get("kind", "")), f"version {subject['version']}" if subject.get("version") else ""]
    required = [v for v in evidence.verdicts if v.required]
    told = [f"{subject['name']} ({', '.join(filter(None, about))})", _sentence(evidence.verdict, required)]
    second = sentence(evidence.second_opinion)
    return "\n".join([*told, *([f"{second}."] if second else [])])


def _sentence(word: VerdictWord, required: Sequence[Verdict]) -> str:
    if not required:
        return f"Verdict: {WORDS[word]}. No required check was made."
    counts = Counter(v.verdict for v in required)
    parts = [f"{counts[w]} {WORDS[w]}" for w in _WORST_FIRST if counts[w]]
    return f"Verdict: {WORDS[word]}. Of {len(required)} required checks: {', '.join(parts)}."


def assessment(evidence: Evidence) -> str:
    """The whole table: per provider its checks, worst first."""
    lines = [headline(evidence)]
    for provider in evidence.providers:
        verdicts = [v for v in evidence.verdicts if v.provider == provider["id"]]
        title = f"{provider['id']} {provider.get('version') or ''}".strip()
        state = provider.get("state", "ok")
        lines += ["", title if state == "ok" else f"{title}: {state}, {provider.get('reason') or 'no reason given'}"]
        if state == "ok" and verdicts:
            lines += checks(verdicts)
        else:
            lines.append(f"  {_unmade(evidence, str(provider['id']), verdicts)}")
    if evidence.notes:
        lines += ["", "Notes", *(f"  {note}" for note in evidence.notes)]
    return "\n".join(lines)


def _unmade(evidence: Evidence, provider: str, verdicts: Sequence[Verdict]) -> str:
    if verdicts:
        return f"{len(verdicts)} check{'s' if len(verdicts) > 1 else ''} could not be made"
    count = sum(m.provider == provider for m in evidence.measurements)
    return f"{count} measurements, no checks in the policy" if count else "no measurements"


def deciding(evidence: Evidence) -> str:
    """What the overall verdict rests on: the required checks that have it."""
    worst = [v for v in evidence.verdicts if v.required and v.verdict == evidence.verdict != "pass"]
    return "\n".join([headline(evidence), *(["", *checks(worst)] if worst else [])])


def checks(verdicts: Sequence[Verdict]) -> list[str]:
    """Checks as aligned lines, worst and required first; windows of one check with one answer share a line."""
    ordered = sorted(verdicts, key=lambda v: (_WORST_FIRST[v.verdict], not v.required, v.window != "current"))
    alike: dict[Any, list[Verdict]] = {}
    for v in ordered:
        alike.setdefault(
            (v.verdict, v.required, v.metric, v.bound, v.column, cohort_key(v.cohort), v.across), []
        ).append(v)
    groups = list(alike.values())
    rows = [list(_row(group[0], len(group) - 1)) for group in groups[:MOST]]
    lines = table([["", "check", "where", "value", "95 % interval", "n", "bound", ""], *rows], right=(3, 5))
    rest = [v for group in groups[MOST:] for v in group]
    if rest:
        counts = Counter(v.verdict for v in rest)
        words = ", ".join(f"{counts[w]} {WORDS[w]}" for w in _WORST_FIRST if counts[w])
        lines.append(f"  and {len(rest)} more ({words}); --json has all of them")
    return lines


def _row(verdict: Verdict, others: int) -> Iterator[str]:
    measured = verdict.measurement
    yield WORDS[verdict.verdict] + ("" if verdict.required else " (optional)")
    yield verdict.metric
    yield place(verdict) + (f", and {others} more window{'s' if others > 1 else ''}" if others else "")
    yield number(measured.value if measured else None)
    yield _interval(measured)
    yield f"{measured.n:,}" if measured else ""
    yield verdict.bound
    # where there is a number, the number and the bound say it
    reason = "" if measured and measured.value is not None else " ".join(verdict.reason.split())
    yield "; ".join(filter(None, [reason, verdict.waived]))


def place(verdict: Verdict) -> str:
    """Column, cohort or grouping, and window of a check."""
    cohort = ", ".join("missing" if v is None else v for v in verdict.cohort.values())
    across = f"across {verdict.across}" if verdict.across else ""
    window = "" if verdict.window == "current" else verdict.window
    return " · ".join(filter(None, [verdict.column or "", cohort, across, window])) or "all rows"


def number(value: float | None) -> str:
    """Four digits that matter; whole numbers whole.

    Examples
    --------
    >>> [number(v) for v in (0.12345, 12345.6, 0.0000123, 3.0, None)]
    ['0.1235', '12,346', '1.23e-05', '3', '–']
    """
    if value is None:
        return "–"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 0.0001 else f"{value:.4g}"


def _interval(measured: Measurement | None) -> str:
    if measured is None or (measured.low is None and measured.high is None):
        return ""
    return f"{number(measured.low)} to {number(measured.high)}"
