"""What is certified: for which use, by which policy, until when, by whom, and what would void it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dte_panel.certificate import Answer, Certificate
from dte_panel.errors import InputError
from dte_panel.shell import words as w
from dte_panel.shell.layout import card, stack
from dte_panel.shell.library import Subject
from dte_panel.shell.parts import FrameHead, Hero, Table, Text
from dte_panel.shell.state import State
from dte_panel.shell.tables import MOST_ROWS, column

NONE_YET = "No certificate is shown for this subject and its use."
HOW = (
    "dte-panel certify keygen trust.key\n"
    "dte-panel certify trust.yaml --key trust.key --out certificates/loans.json\n"
    "dte-panel serve trust.yaml --certificates certificates --key trust.key.pub"
)
_STATES = {
    "certified": ("pass", "Certified"),
    "conditional": ("warn", "Restricted"),
    "not_yet_valid": ("not_evaluated", "Not yet valid"),
    "expired": ("fail", "Expired"),
    "void": ("fail", "Void"),
    "revoked": ("fail", "Revoked"),
    "invalid": ("error", "Not valid"),
}
_CHECKS = [
    column("check", "Required check"),
    column("of", "Of"),
    column("bound", "Bound"),
    column("verdict", "Verdict", "verdict"),
    column("reason", "Found", "wide"),
]
_FACTS = [column("what", "What"), column("value", "Is", "wide")]


def page(state: State, heard: Any) -> Any:
    """The certificate of the selected subject, as things stand now."""
    subject, now = state.chosen, datetime.now(UTC)
    shelf = state.library.shelf
    try:
        answers = shelf.answers(subject.evidence, now) if shelf else []
    except InputError as error:
        return stack(Hero(title="Certificate", facts=[subject.key]), card(Text(text=str(error), kind="error")))
    if not answers:
        return _none(subject)
    latest, *older = answers
    cards = [*_described(latest, now), *([_older(older)] if older else [])]
    return stack(_hero(subject, latest), *cards)


def _none(subject: Subject) -> Any:
    how = card(
        FrameHead(title="How to get one", description="It is signed only if every required check passes."),
        Text(text=HOW, kind="code", margin=(10, 0, 0, 0)),
    )
    return stack(Hero(title="Certificate", facts=[subject.key, NONE_YET]), how)


def _hero(subject: Subject, answer: Answer) -> Hero:
    word, text = _STATES[answer.state]
    known = answer.certificate
    restrictions = list(known.predicate["restrictions"]) if known else []
    return Hero(
        title="Certificate",
        facts=[subject.key],
        word=word,
        headline=known.says if answer.valid and known else f"{text}: {answer.sentence}",
        notes=[*(f"Not for: {r}" for r in restrictions), *answer.reasons[1:]],
    )


def _described(answer: Answer, now: datetime) -> list[Any]:
    known = answer.certificate
    if known is None:
        return []
    facts = Table(columns=_FACTS, rows=_facts(known, now), caption="What it states")
    every = known.predicate["checks"]
    rest = f"And {len(every) - MOST_ROWS:,} more stand in the certificate." if len(every) > MOST_ROWS else ""
    checks = Table(columns=_CHECKS, rows=[_check(c) for c in every[:MOST_ROWS]], caption="Required checks", note=rest)
    voids = [[str(i), text] for i, text in enumerate(known.predicate["voided_by"], 1)]
    ends = Table(columns=[column("i", "", "text"), column("what", "What voids it", "wide")], rows=voids, caption="Ends")
    digests = Table(columns=_FACTS, rows=[[n, sha] for n, sha in known.digests.items()], caption="SHA-256 of each")
    return [
        card(FrameHead(title="What it states"), facts),
        card(FrameHead(title="Required checks", description=f"{len(every):,} of them, worst first."), checks),
        card(FrameHead(title="What would void it"), ends),
        card(FrameHead(title="What it is about", description="Hold these against what you have."), digests),
    ]


def _facts(known: Certificate, now: datetime) -> list[list[str]]:
    said = known.predicate
    left = (known.expires - now).days
    use = said["use_case"]
    told = [
        ("Subject", " ".join(str(known.subject[k]) for k in ("name", "version") if known.subject.get(k))),
        ("Use", ", ".join(str(use[k]) for k in ("name", "risk", "value") if use.get(k))),
        ("Policy", str(known.policy.get("title") or known.policy.get("id"))),
        ("Assessed", w.when(str(said["assessed"]))),
        ("Issued", w.when(known.issued.isoformat())),
        ("Ends", w.when(known.expires.isoformat()) + (f", in {w.plural(left, 'day')}" if left >= 0 else "")),
        ("Issuer", str(said["issuer"])),
        ("Id", known.id),
        ("Renews", str(said["previous"] or "")),
    ]
    return [[name, text] for name, text in told if text]


def _check(check: dict[str, Any]) -> list[Any]:
    parts = [check["column"], w.cohort_label(check["cohort"]) if check["cohort"] else "", check["across"]]
    window = "" if check["window"] == "current" else w.window_text(check["window"])
    waived = check.get("waiver")
    reason = check["reason"] + (f" (waived by {waived['who']} until {waived['until']})" if waived else "")
    where = ", ".join(str(part) for part in (*parts, window) if part)
    return [check["metric"], where or "all rows", w.bound_text(check["bound"]), check["verdict"], reason]


def _older(answers: list[Answer]) -> Any:
    rows = []
    for answer in answers:
        word, text = _STATES[answer.state]
        known = answer.certificate
        issued = w.when(known.issued.isoformat()) if known else ""
        rows.append([issued, {"word": word, "text": text}, answer.sentence])
    labels = [column("issued", "Issued"), column("state", "State", "state"), column("why", "Why", "wide")]
    return card(FrameHead(title="Before"), Table(columns=labels, rows=rows, caption="Earlier certificates"))
