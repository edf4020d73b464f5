"""Transparency and accountability: what is written down about the subject. Never whether it is true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dte_panel import Facts, Metric, Value
from dte_panel_guardrails.opinions import DOCUMENTED

if TYPE_CHECKING:
    from dte_panel.states import Documented

TRANSPARENCY, ACCOUNTABILITY = "transparency", "accountability"
#: Texts that hold a place and say nothing.
PLACEHOLDERS = frozenset({"-", "?", "...", "n/a", "na", "none", "null", "tbd", "todo", "tba", "unknown", "xxx"})
_REACHABLE = re.compile(r"[^\s@]@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}(?![\w@])|https?://[^\s/]")

_CARDS = "Mitchell et al. (2019), Model Cards for Model Reporting, FAT*"
_SHEETS = "Gebru et al. (2021), Datasheets for Datasets, CACM 64(12)"
_RMF = "NIST AI Risk Management Framework 1.0 (2023)"
#: Id, title, where it stands in the spec, axis, source.
TEXTS = (
    ("owner_documented", "Owner is named", "subject.owner", TRANSPARENCY, f"{_CARDS}; {_SHEETS}"),
    ("purpose_documented", "Purpose is written down", "subject.purpose", TRANSPARENCY, f"{_CARDS}; {_SHEETS}"),
    ("limits_documented", "Limits are written down", "subject.limits", TRANSPARENCY, f"{_CARDS}; {_SHEETS}"),
    ("provenance_documented", "Provenance is written down", "subject.provenance", TRANSPARENCY, _SHEETS),
    ("version_documented", "Version is named", "subject.version", TRANSPARENCY, _CARDS),
    ("use_case_documented", "Use case is named", "use_case.name", ACCOUNTABILITY, f"{_RMF}, MAP 1.1"),
    ("risk_documented", "Risk tier is named", "use_case.risk", ACCOUNTABILITY, f"{_RMF}, MAP 1.5"),
)


def metrics() -> list[Metric]:
    """The metrics of both axes."""
    texts = [
        _metric(
            name,
            title,
            lambda facts, path=path: documented(facts, path),
            definition=f"1 if {path} in the spec holds a text, 0 if it is empty or a placeholder such as 'tbd'. It "
            "sees only that the text is there, not that it is true.",
            formula=f"1 if {path} holds a text, else 0",
            source=source,
            range=(0.0, 1.0),
            group=axis,
        )
        for name, title, path, axis, source in TEXTS
    ]
    return [*texts, _owner_reachable(), _data_age_days()]


def _metric(id: str, title: str, finish: Any, **described: Any) -> Metric:
    described = {**described, "windows": False, "cohorts": False, "second": DOCUMENTED}
    return Metric(id=id, title=title, reduce=Facts(), finish=finish, **described)


def _owner_reachable() -> Metric:
    return _metric(
        "owner_reachable",
        "Owner can be reached",
        owner_reachable,
        definition="1 if subject.owner in the spec contains what looks like an e-mail or web address, else 0. A "
        "heuristic: it does not try the address.",
        formula="1 if subject.owner contains an address, else 0",
        source=_CARDS,
        range=(0.0, 1.0),
        group=ACCOUNTABILITY,
    )


def _data_age_days() -> Metric:
    return _metric(
        "data_age_days",
        "Age of the data",
        data_age_days,
        definition="Days from the newest current row, by the time role, to this assessment; a time without a zone is "
        "read as UTC. Undefined without a time role. Negative where the newest row lies in the future.",
        formula="time of assessment − time of newest row",
        source=_SHEETS,
        better="lower",
        unit="days",
        group=ACCOUNTABILITY,
    )


def text_at(facts: Mapping[str, Any], path: str) -> str:
    """What the spec says at ``subject.owner``; empty where it says nothing or only holds the place."""
    section, _, key = path.partition(".")
    found = (facts.get(section) or {}).get(key)
    text = "" if found is None else str(found).strip()
    return "" if text.casefold() in PLACEHOLDERS else text


def documented(state: Documented, path: str) -> Value:
    """1 where there is a text, 0 where there is none."""
    there = bool(text_at(state.facts, path))
    return Value(float(there), 1, reason=None if there else f"add {path} to the spec")


def owner_reachable(state: Documented) -> Value:
    """1 where the owner looks like an address."""
    owner = text_at(state.facts, "subject.owner")
    reachable = bool(_REACHABLE.search(owner))
    todo = "add an e-mail or web address to subject.owner"
    return Value(float(reachable), 1, reason="heuristic" if reachable else f"heuristic; {todo}")


def data_age_days(state: Documented) -> Value:
    """Days between the newest row and the assessment."""
    created, newest = state.facts.get("created"), state.facts.get("current_end")
    if not newest:
        return Value(None, 0, reason="no time role is set: add roles.time")
    try:
        days = (_moment(created) - _moment(newest)).total_seconds() / 86_400
    except ValueError:
        return Value(None, 0, reason=f"{newest!r} or {created!r} is not a time")
    return Value(round(days, 3), 1, reason="the newest row lies in the future" if days < 0 else None)


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
