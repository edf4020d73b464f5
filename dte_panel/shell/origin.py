"""One measurement explained: its definition, its verdicts, and where it came from, down to what was counted."""

from __future__ import annotations

from typing import Any

from dte_panel.model import REFERENCE, Measurement
from dte_panel.shell import words as w
from dte_panel.shell.definitions import describe
from dte_panel.shell.library import Subject

Facts = list[list[str]]


def explained(subject: Subject, m: Measurement) -> dict[str, Any]:
    """Title, number, verdict and sections of facts of a measurement."""
    metrics = subject.evidence.metrics
    told = describe({"title": w.title_of(m.metric, metrics), **metrics.get(m.metric, {})})
    unit = str(metrics.get(m.metric, {}).get("unit", ""))
    verdicts = [v for v in subject.index.verdicts.get(m.provider, ()) if v.measurement == m]
    judged = [[w.bound_text(v.bound).capitalize(), f"{w.VERDICT_WORDS[v.verdict]}: {v.reason}"] for v in verdicts]
    sections = [
        ["Definition", [["Id", f"{m.metric}, version {m.version}"], *told["facts"]]],
        ["Checks", judged],
        ["Where it came from", origin(subject, m)],
        ["Detail", [[str(name), _short(value)] for name, value in m.detail.items()]],
    ]
    return {
        "title": told["title"],
        "place": " · ".join(filter(None, [m.column or "", _group(m), w.window_text(m.window).capitalize()])),
        "number": w.estimate(m.value, m.low, m.high, unit),
        "word": subject.index.word(m) or ("" if m.status == "ok" else m.status),
        "note": m.reason or "",
        "definition": told["definition"],
        "sections": [[name, facts] for name, facts in sections if facts],
    }


def origin(subject: Subject, m: Measurement) -> Facts:
    """The rows behind a number: which data, which of its rows, what of them was counted, and by what."""
    evidence = subject.evidence
    definition = evidence.metrics.get(m.metric, {})
    # What is compared with the reference rests on both sides.
    both = definition.get("across") == "reference"
    names = {REFERENCE} if m.window == REFERENCE else {"current", REFERENCE} if both else {"current"}
    sources = [s for s in evidence.data if s.get("name") in names]
    roles = [f"{role} = {column}" for role, column in evidence.spec.get("roles", {}).items() if isinstance(column, str)]
    told = next((p for p in evidence.providers if p.get("id") == m.provider), {})
    by = " ".join(str(x) for x in (told.get("distribution"), told.get("version")) if x)
    time = str(evidence.spec.get("roles", {}).get("time") or "")
    by_time = f", by {time}" if time and m.window in evidence.windows else ""
    facts = [["Data", _source(s)] for s in sources]
    facts += [
        ["Rows", w.plural(m.n, "row") if m.n else "none"],
        ["Window", w.window_text(m.window).capitalize() + by_time],
        ["Cohort", _group(m)],
        ["Column", m.column or ""],
        ["Counted", "; ".join(map(str, definition.get("needs") or ()))],
        ["Roles", ", ".join(roles)],
        ["Measured by", by],
        ["Engine", ", ".join(f"{k} {v}" for k, v in evidence.versions.items() if k in {"dte-panel", "duckdb"})],
        ["Seed", str(evidence.spec.get("seed", ""))],
        ["Assessed", w.when(evidence.created) if evidence.created else ""],
    ]
    return [fact for fact in facts if fact[1]]


def _source(source: Any) -> str:
    digest = str(source.get("sha256") or "")
    told = [
        str(source.get("uri")),
        w.plural(int(source.get("rows") or 0), "row"),
        f"SHA-256 {digest}" if digest else "",
    ]
    return ", ".join(text for text in told if text)


def _group(m: Measurement) -> str:
    if not m.across:
        return w.cohort_label(m.cohort)
    between = " and ".join(w.cohort_text(g) for g in m.groups)
    return f"Across {m.across}" + (f": {between}" if between else "")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else text[:300] + " …"
