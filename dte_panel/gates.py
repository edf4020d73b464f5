"""What the verdicts look like to a build: JUnit, SARIF, Markdown for a pull request, GitHub annotations.

Names and values come from data. Each format has its own escaping, and nothing goes in without it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from dte_panel.evidence import canonical, place
from dte_panel.policy import counts

if TYPE_CHECKING:
    from dte_panel.evidence import Evidence
    from dte_panel.model import Verdict

#: Rows of the table in a pull request; a comment has an end.
MOST_ROWS = 50
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What Markdown, and GitHub's own additions to it, would take for more than a character.
_MARKED = re.compile(r"([\\`*_{}\[\]()#+!|~<>@:/.-])")
_ICONS = {"pass": "✅", "warn": "⚠️", "fail": "❌", "error": "💥", "not_evaluated": "❔"}


def reason(verdict: Verdict) -> str:
    """The number held against the bound, and who answers for it where someone does."""
    return verdict.reason + (f" ({verdict.waived})" if verdict.waiver else "")


def _stops(verdict: Verdict, *, strict: bool) -> bool:
    """Whether a verdict keeps a build from going on."""
    return verdict.required and verdict.verdict != "pass" and (strict or verdict.verdict != "warn")


def junit(evidence: Evidence, *, strict: bool = False) -> str:
    """A JUnit report: a case for each check; only what is required can fail, the rest is skipped with its reason."""
    cases = "".join(_case(v, strict=strict) for v in evidence.verdicts)
    stopping = [v for v in evidence.verdicts if _stops(v, strict=strict)]
    errors = sum(v.verdict in {"error", "not_evaluated"} for v in stopping)
    skipped = sum(v.verdict != "pass" and not v.required for v in evidence.verdicts)
    figures = f'tests="{len(evidence.verdicts)}" failures="{len(stopping) - errors}" errors="{errors}"'
    name = quoteattr(_xml(f"{evidence.subject['name']}: policy {evidence.policy.get('id', '')}"))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {figures}>\n'
        f'<testsuite name={name} {figures} skipped="{skipped}" timestamp={quoteattr(_xml(evidence.created[:19]))}>\n'
        f"{cases}</testsuite>\n</testsuites>\n"
    )


def _case(v: Verdict, *, strict: bool) -> str:
    head = f"<testcase classname={quoteattr(_xml(v.metric))} name={quoteattr(_xml(f'{place(v)} {v.bound}'))}"
    message, text = quoteattr(_xml(reason(v))), xml_escape(_xml(f"{reason(v)}\n{v.citation}".strip()))
    if v.verdict == "pass" or (v.verdict == "warn" and v.required and not strict):
        return f"{head}><system-out>{text}</system-out></testcase>\n"
    if not v.required:
        return f"{head}><skipped message={message}/></testcase>\n"
    kind = "failure" if v.verdict in {"fail", "warn"} else "error"
    return f'{head}><{kind} type="{v.verdict}" message={message}>{text}</{kind}></testcase>\n'


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def sarif(evidence: Evidence, spec: str, *, strict: bool = False) -> str:
    """A SARIF 2.1.0 log of every check that did not pass; each points at the spec, where the use is written down."""
    told = [v for v in evidence.verdicts if v.verdict != "pass"]
    metrics = sorted({v.metric for v in told})
    driver = {
        "name": "DTE Panel",
        "version": str(evidence.versions.get("dte-panel", "0")),
        "rules": [_rule(metric, evidence.metrics.get(metric, {})) for metric in metrics],
    }
    results = [_result(v, metrics.index(v.metric), spec, strict=strict) for v in told]
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    return canonical({"version": "2.1.0", "runs": [run]}) + "\n"


def _rule(metric: str, about: Any) -> dict[str, Any]:
    title = str(about.get("title") or metric)
    return {
        "id": metric,
        "shortDescription": {"text": title},
        "fullDescription": {"text": str(about.get("definition") or title)},
        "help": {"text": "\n".join(filter(None, [about.get("definition"), about.get("formula"), about.get("source")]))},
    }


def _result(v: Verdict, rule: int, spec: str, *, strict: bool) -> dict[str, Any]:
    identity = [v.metric, v.column, v.across, v.window, dict(v.cohort), v.bound]
    location = {"artifactLocation": {"uri": spec.replace("\\", "/")}, "region": {"startLine": 1}}
    return {
        "ruleId": v.metric,
        "ruleIndex": rule,
        "level": "error" if _stops(v, strict=strict) else "warning" if v.required else "note",
        "message": {"text": f"{v.verdict.replace('_', ' ')}: {v.metric} of {place(v)}, {reason(v)} (bound {v.bound})"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"check/v1": hashlib.sha256(canonical(identity).encode()).hexdigest()},
        "properties": {"verdict": v.verdict, "required": v.required, "citation": v.citation},
    }


def markdown(evidence: Evidence) -> str:
    """A comment for a pull request: the verdict, the counts, and what did not pass, worst first."""
    required = [v for v in evidence.verdicts if v.required]
    found = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in counts(required).items() if n) or "none"
    word = evidence.verdict.replace("_", " ")
    head = f"### {_ICONS[evidence.verdict]} {_md(str(evidence.subject['name']))}: {word}"
    lines = [head, "", f"Required checks: {found}. Policy {_md(str(evidence.policy.get('id', '')))}."]
    open_ = [v for v in evidence.verdicts if v.verdict != "pass"]
    if open_:
        lines += ["", "| | check | of | bound | found |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(v) for v in sorted(open_, key=lambda v: not v.required)[:MOST_ROWS]]
    if len(open_) > MOST_ROWS:
        lines += ["", f"and {len(open_) - MOST_ROWS} more."]
    return "\n".join(lines) + "\n"


def _row(v: Verdict) -> str:
    word = v.verdict.replace("_", " ") + ("" if v.required else " (advisory)")
    cells = [f"{_ICONS[v.verdict]} {word}", *map(_md, [v.metric, place(v), v.bound, reason(v)])]
    return f"| {' | '.join(cells)} |"


def _md(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    shown = escape(_MARKED.sub(r"\\\1", plain), quote=False).replace("\\&lt;", "&lt;").replace("\\&gt;", "&gt;")
    # GitHub looks for people and issues in what Markdown has become; a comment parts the sign from the name.
    return shown.replace("\\@", "@<!-- -->").replace("\\#", "#<!-- -->")


def workflow_commands(evidence: Evidence, spec: str, *, strict: bool = False) -> str:
    """GitHub's workflow commands: an error, warning or notice at the spec for each check that did not pass."""
    return "\n".join(_annotated(evidence.verdicts, spec, strict=strict))


def _annotated(verdicts: Sequence[Verdict], spec: str, *, strict: bool) -> Iterator[str]:
    for v in verdicts:
        if v.verdict == "pass":
            continue
        level = "error" if _stops(v, strict=strict) else "warning" if v.required else "notice"
        title = _property(f"{v.metric} of {place(v)}")
        yield f"::{level} file={_property(spec)},line=1,title={title}::{_data(f'{v.verdict}: {reason(v)}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
