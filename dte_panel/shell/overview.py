"""The first page: the verdict in words, a card per provider, the findings worst first. Data for our components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dte_panel.model import SEVERITY, Measurement, cohort_key
from dte_panel.policy import parse_bound
from dte_panel.second import sentence
from dte_panel.shell import words as w
from dte_panel.shell.findings import Finding, headline, rank, worst_of
from dte_panel.shell.layout import stack
from dte_panel.shell.library import Subject
from dte_panel.shell.parts import Cards, FindingsList, Hero
from dte_panel.shell.state import State

_TITLES = {
    "fail": "Fails",
    "error": "Errors",
    "not_evaluated": "Could not be evaluated",
    "warn": "Warnings",
    "pass": "Passes",
}


def page(state: State, heard: Any) -> Any:
    """The overview of the selected subject."""
    subject = state.chosen
    found = FindingsList(sections=sections(subject.findings, state), heard=heard)
    return stack(hero(subject), Cards(items=cards(state), heard=heard), found)


def hero(subject: Subject) -> Hero:
    """Who is judged, for what, and the verdict."""
    evidence = subject.evidence
    judged = {id(v.measurement) for v in evidence.verdicts if v.measurement}
    policy = evidence.policy.get("title") or evidence.policy.get("id") or ""
    second = sentence(evidence.second_opinion)
    optional = {k: subject.summary.counts[k] - subject.summary.required[k] for k in subject.summary.counts}
    notes = [
        f"{w.plural(len(judged), 'result')} judged, out of {w.plural(len(evidence.measurements), 'measurement')}"
        + (f", by the policy “{policy}”." if policy else "."),
        _optional(optional),
        f"{second}." if second else "",
        *map(str, evidence.notes),
    ]
    return Hero(
        title=subject.key,
        facts=facts(subject),
        word=evidence.verdict,
        headline=headline(subject.summary),
        notes=[note for note in notes if note],
        counts=dict(subject.summary.required),
    )


def _optional(counts: dict[str, int]) -> str:
    told = [f"{n} {w.VERDICT_WORDS[k].lower()}" for k, n in counts.items() if n]
    return f"Of the checks that are not required: {w.listing(told, 5)}." if told else ""


def facts(subject: Subject) -> list[str]:
    """The subject in a line: kind, version, owner, use, risk, time."""
    who, use = subject.evidence.subject, subject.evidence.use_case
    risk = f", {use['risk']} risk" if use.get("risk") else ""
    version = str(who.get("version") or "")
    told = [
        str(who.get("kind") or "").capitalize(),
        f"version {version}" if version else "",
        f"for {use['name']}{risk}" if use.get("name") else "",
        f"owner {who['owner']}" if who.get("owner") else "",
        f"assessed {w.when(subject.evidence.created)}" if subject.evidence.created else "",
    ]
    return [text for text in told if text]


def cards(state: State) -> list[dict[str, Any]]:
    """A card for each provider: verdict, worst finding, counts, one number over time."""
    subject, items = state.chosen, []
    for place in subject.places:
        if not place.provider:
            continue
        summary = subject.summary_of(place.provider)
        worst = worst_of(subject.findings, place.provider)
        told = [f"{n} {w.VERDICT_WORDS[k].lower()}" for k, n in summary.counts.items() if n]
        items.append(
            {
                "title": place.title,
                "word": summary.verdict,
                "worst": worst.sentence if worst else unjudged(subject, place.provider),
                "counts": f"Checks: {', '.join(told)}" if told else "No check asks for it",
                "spark": sparkline(subject, place.provider, worst),
                "href": state.link(page=place.key),
                "go": {"page": place.key},
            }
        )
    return sorted(items, key=lambda item: -rank(str(item["word"])))


def unjudged(subject: Subject, provider: str) -> str:
    """What to say of a provider that no check asks for."""
    told = subject.providers.get(provider, {})
    if told.get("state", "ok") != "ok":
        return f"This provider is {told.get('state')}: {told.get('reason') or 'no reason given'}."
    mine = [m for m in subject.evidence.measurements if m.provider == provider]
    return f"{w.plural(len(mine), 'measurement')}, none of them judged by the policy."


def sparkline(subject: Subject, provider: str, worst: Finding | None) -> dict[str, Any] | None:
    """The number behind the worst finding, over the windows; else the provider's first that has some."""
    decided = worst.worst.measurement if worst and worst.worst else None
    metrics = [i for i in subject.evidence.metrics if i.startswith(f"{provider}.")]
    tried = [decided] if decided else []
    tried += [m for i in metrics for m in subject.index.measurements.get(i, ())[:1] if not m.cohort]
    for like in tried:
        series = over_time(subject, like)
        if len(series) > 1:
            bound = worst.worst.bound if worst and worst.worst and like is decided else ""
            return {**_spark(subject, series, bound), "decides": like is decided}
    return None


def over_time(subject: Subject, like: Measurement) -> list[Measurement]:
    """The same number in each window, in order."""
    order = {start: i for i, start in enumerate(subject.windows)}
    same = [
        m
        for m in subject.index.measurements.get(like.metric, ())
        if m.value is not None
        and m.window in order
        and m.window != "current"
        and (m.column, m.across, cohort_key(m.cohort)) == (like.column, like.across, cohort_key(like.cohort))
    ]
    return sorted(same, key=lambda m: order[m.window])


def _spark(subject: Subject, series: list[Measurement], bound: str) -> dict[str, Any]:
    first, last = series[0], series[-1]
    metrics = subject.evidence.metrics
    unit = str(metrics.get(first.metric, {}).get("unit", ""))
    who = f" of {first.column}" if first.column else f", {w.cohort_label(first.cohort)}" if first.cohort else ""
    name = w.title_of(first.metric, metrics) + who + (f" across {first.across}" if first.across else "")
    starts = [w.window_text(m.window) for m in (first, last)]
    ends = [w.number(m.value, unit) for m in (first, last)]
    return {
        "values": [m.value for m in series],
        "bound": parse_bound(bound).limit if bound else None,
        "first": starts[0],
        "last": starts[1],
        "name": name,
        "now": ends[1],
        "label": f"{name} over {len(series)} windows, from {ends[0]} ({starts[0]}) to {ends[1]} ({starts[1]})",
    }


def sections(found: Iterable[Finding], state: State) -> list[dict[str, Any]]:
    """Findings by verdict, worst first; passes are folded."""
    every = list(found)
    made = []
    for word in reversed(SEVERITY):
        items = [entry(f, state) for f in every if f.verdict == word]
        if items:
            title = f"{_TITLES[word]} ({len(items):,})"
            made.append({"word": word, "title": title, "open": word != "pass", "items": items})
    return made


def entry(finding: Finding, state: State) -> dict[str, Any]:
    """One finding with the link to the page that explains it."""
    pages = {p.provider: p for p in state.chosen.places if p.provider}
    place = pages.get(finding.provider)
    key = place.key if place else "plugins"
    citation = finding.worst.citation if finding.worst else ""
    return {
        "sentence": finding.sentence,
        "title": place.title if place else "Plugins",
        "required": finding.required,
        "citation": citation,
        "href": state.link(page=key),
        "go": {"page": key},
    }
