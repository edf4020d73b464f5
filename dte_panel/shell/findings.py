"""From verdicts to what a person should know first: checks, findings in sentences, a summary per provider. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dte_panel.errors import DTEError
from dte_panel.model import CURRENT, SEVERITY, Verdict, cohort_key
from dte_panel.policy import parse_bound
from dte_panel.shell import words as w

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence

#: More places than this under one check are told in one sentence.
MERGE_ABOVE = 3
_WORST_FIRST = list(reversed(SEVERITY))


@dataclass(frozen=True)
class Finding:
    """One sentence on one check, and where to read on."""

    verdict: str
    provider: str
    metric: str
    sentence: str
    required: bool
    excess: float = 0.0
    worst: Verdict | None = None
    results: int = 1


@dataclass(frozen=True)
class Summary:
    """How a provider's (or a subject's) checks came out; a check counts once, with its worst result."""

    verdict: str
    counts: Mapping[str, int] = field(default_factory=dict)
    required: Mapping[str, int] = field(default_factory=dict)


def summarise(verdicts: Iterable[Verdict]) -> Summary:
    """Count checks by their worst result; the verdict is that of the required ones, empty where there is no check."""
    checks: dict[tuple[str, str, bool], str] = {}
    for v in verdicts:
        key = v.metric, v.bound, v.required
        checks[key] = max(checks.get(key, v.verdict), v.verdict, key=rank)
    every, needed = list(checks.values()), [word for key, word in checks.items() if key[2]]
    worst = max(needed or every, key=rank, default="")
    return Summary(worst, {x: every.count(x) for x in _WORST_FIRST}, {x: needed.count(x) for x in _WORST_FIRST})


def headline(summary: Summary) -> str:
    """The overall verdict in words.

    Examples
    --------
    >>> headline(Summary("fail", required={"fail": 3, "not_evaluated": 2, "pass": 9}))
    'Fail: 3 of 14 required checks fail, 2 could not be evaluated'
    """
    asked = sum(summary.required.values())
    counts, kind = (summary.required, "required check") if asked else (summary.counts, "optional check")
    word, total = w.VERDICT_WORDS.get(summary.verdict, "Not evaluated"), sum(counts.values())
    if not total:
        return f"{word}: no check was asked for"
    if counts.get("pass") == total:
        return f"{word}: " + (f"the one {kind} passes" if total == 1 else f"all {total} {kind}s pass")
    if total == 1:
        return f"{word}: the one {kind} {_verb(dict(_PARTS).get(summary.verdict, 'ended otherwise'), 1)}"
    told = [(counts.get(key, 0), text) for key, text in _PARTS]
    parts = [f"{count} {_verb(text, count)}" for count, text in told if count]
    return f"{word}: " + ", ".join(parts).replace(" ", f" of {w.plural(total, kind)} ", 1)


_PARTS = (
    ("fail", "fails|fail"),
    ("error", "ended in an error"),
    ("not_evaluated", "could not be evaluated"),
    ("warn", "warns|warn"),
)


def _verb(text: str, count: int) -> str:
    one, _, many = text.partition("|")
    return one if count == 1 or not many else many


def findings(evidence: Evidence) -> list[Finding]:
    """Every check's result in sentences, worst first; the same thing in many places is told once."""
    grouped: dict[tuple[Any, ...], list[Verdict]] = defaultdict(list)
    for v in evidence.verdicts:
        measured = v.measurement is not None and v.verdict in {"fail", "warn", "pass"}
        why = (v.metric, v.bound) if measured else (v.provider, re.sub(r"[\d,]+", "#", v.reason))
        grouped[v.verdict, v.required, measured, v.waived, *why].append(v)
    found: list[Finding] = []
    for (_, _, measured, waived, *_), group in grouped.items():
        told = _measured(group, evidence) if measured else [_unmeasured(group, evidence)]
        found += [replace(f, sentence=f"{f.sentence} {_sentence(waived)}") for f in told] if waived else told
    return sorted(found, key=_order)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _order(f: Finding) -> tuple[Any, ...]:
    return not f.required, -rank(f.verdict), -f.excess, f.metric, f.sentence


def rank(word: str) -> int:
    """How bad a verdict is; no verdict is the least."""
    if not word:
        return -1
    return SEVERITY.index(word) if word in SEVERITY else len(SEVERITY)


def excess(v: Verdict) -> float:
    """How far the value lies beyond its bound, as a share of the bound; negative within it."""
    try:
        bound = parse_bound(v.bound)
    except DTEError:
        return 0.0
    if v.measurement is None or v.measurement.value is None:
        return 0.0
    beyond = v.measurement.value - bound.limit
    signed = beyond if bound.op.startswith("<") else -beyond if bound.op.startswith(">") else abs(beyond)
    return signed / (abs(bound.limit) or 1.0)


def _limit(bound: str) -> float | None:
    try:
        return parse_bound(bound).limit
    except DTEError:
        return None


def _measured(group: Sequence[Verdict], evidence: Evidence) -> list[Finding]:
    places: dict[tuple[Any, ...], list[Verdict]] = defaultdict(list)
    for v in group:
        places[v.column, cohort_key(v.cohort), v.across].append(v)
    merged = len(places) > MERGE_ABOVE or group[0].verdict == "pass"
    parts = [list(group)] if merged else list(places.values())
    return [_finding(part, evidence, merged=merged and len(places) > 1) for part in parts]


def _finding(part: Sequence[Verdict], evidence: Evidence, *, merged: bool) -> Finding:
    worst = max(part, key=excess)
    title = w.title_of(worst.metric, evidence.metrics)
    unit = str(evidence.metrics.get(worst.metric, {}).get("unit", ""))
    who = f" {_spread(part)}" if merged else _who(worst)
    alone = len(part) == 1 and worst.measurement is not None and worst.measurement.n <= 1  # a fact, not of any rows
    where = "" if alone else f" {_where(part, evidence.windows)}"
    sentence = f"{title}{who} {_claim(worst)}{where}{_evidence_for(worst, part, unit, merged=merged)}."
    return Finding(
        worst.verdict, worst.provider, worst.metric, sentence, worst.required, excess(worst), worst, len(part)
    )


def _who(v: Verdict) -> str:
    """Of which column, for which group, across what."""
    column = f" of {v.column}" if v.column else ""
    group = f" for {w.cohort_label(v.cohort)}" if v.cohort else ""
    return f"{column}{group}" + (f" across {v.across}" if v.across else "")


def _spread(part: Sequence[Verdict]) -> str:
    """``of 7 columns``, ``for 12 groups``, ``across 3 groupings``, worst named first elsewhere."""
    columns = list(dict.fromkeys(v.column for v in sorted(part, key=excess, reverse=True) if v.column))
    groups = {cohort_key(v.cohort) for v in part if v.cohort}
    across = {v.across for v in part if v.across}
    named = f" ({w.listing(columns)})" if 1 < len(columns) <= 4 else ""
    texts = [
        f"of {w.plural(len(columns), 'column')}{named}" if len(columns) > 1 else f"of {columns[0]}" if columns else ""
    ]
    texts += [f"for {w.plural(len(groups), 'group')}"] if groups else []
    texts += [f"across {w.plural(len(across), 'grouping')}"] if across else []
    return " ".join(filter(None, texts)) or "in several places"


def _claim(v: Verdict) -> str:
    """What is said of the number, in relation to the bound."""
    beyond, limit = w.bound_words(v.bound)
    if v.verdict == "pass":
        return f"is {w.bound_text(v.bound)}"
    if v.verdict == "fail":
        return f"is {beyond} {limit}"
    if " but " in v.reason:
        return "is " + re.sub(r"(?<!\w)-(?=\d)", w.MINUS, v.reason.rpartition(" is ")[2])
    return f"may be {beyond} {limit}" if beyond else "is near its bound"


def _where(part: Sequence[Verdict], windows: Sequence[str]) -> str:
    """In which windows; ``since`` where it lasts to the last one."""
    hit = {v.window for v in part}
    starts = [x for x in windows if x in hit and x != CURRENT]
    if not starts:
        return w.in_window(next(iter(hit)))
    texts = ["in all current rows"] if CURRENT in hit else []
    every = [x for x in windows if x != CURRENT]
    if len(starts) == 1:
        texts.append(w.in_window(starts[0]))
    elif len(starts) == len(every):
        texts.append(f"in all {len(every)} windows")
    elif starts == every[every.index(starts[0]) :]:
        texts.append(f"in {len(starts)} windows since {w.window_text(starts[0])}")
    else:
        first, last = w.window_text(starts[0]), w.window_text(starts[-1])
        texts.append(f"in {len(starts)} windows between {first} and {last}")
    return " and ".join(texts)


def _evidence_for(v: Verdict, part: Sequence[Verdict], unit: str, *, merged: bool) -> str:
    """The deciding number with its interval, groups, place and n."""
    m = v.measurement
    if m is None:
        return ""
    number = w.estimate(m.value, m.low, m.high, unit, near=_limit(v.bound))
    between = f" between {' and '.join(w.cohort_text(g) for g in m.groups)}" if m.groups else ""
    which = _who(v) if merged else ""
    place = f" {w.in_window(v.window)}" if len({x.window for x in part}) > 1 else ""
    size = f", n\u00a0=\u00a0{m.n:,}" if m.n > 1 else ""
    if len(part) == 1:
        return f": {number}{between}{size}"
    label = "nearest to the bound" if v.verdict == "pass" else "worst"
    return f" ({label}: {number}{between}{which}{place}{size})"


def _unmeasured(group: Sequence[Verdict], evidence: Evidence) -> Finding:
    """What could not be evaluated, told once for each reason."""
    first = group[0]
    provider = w.provider_title(first.provider)
    ids = list(dict.fromkeys(v.metric for v in group))
    every = any(i.endswith(".*") for i in ids)
    titles = [f"every check of {provider}"] if every else [w.title_of(i, evidence.metrics) for i in ids]
    text = w.listing(titles)
    ended = "ended in an error" if first.verdict == "error" else "could not be evaluated"
    times = f" in {len(group)} places" if len(group) > len(ids) else ""
    such = " (for example)" if len({v.reason for v in group}) > 1 else ""
    sentence = f"{text[:1].upper()}{text[1:]} {ended}{times}: {first.reason.rstrip('.')}{such}."
    return Finding(first.verdict, first.provider, first.metric, sentence, first.required, 0.0, first, len(group))


def worst_of(found: Iterable[Finding], provider: str) -> Finding | None:
    """The worst finding of a provider that is not a pass; of its passes only if there is nothing else."""
    mine = [f for f in found if f.provider == provider]
    return next((f for f in mine if f.verdict != "pass"), mine[0] if mine else None)
