"""``dte-panel init``: look at the data and write a commented trust.yaml."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from dte_panel.cli.proposals import Proposal, length_of_windows, positive, propose
from dte_panel.errors import InputError

if TYPE_CHECKING:
    from dte_panel.engine.sources import ColumnInfo

_SINGLE = {
    "label": ("what was true", "approved"),
    "prediction": ("what the model said", "prediction"),
    "score": ("the model's probability of the positive class, 0 to 1", "probability"),
    "time": ("when the row happened", "date"),
    "id": ("what tells rows apart", "id"),
}
_LISTS = {
    "sensitive": ("columns that groups of people are made from", "[sex, race]"),
    "control": ("columns within whose values groups are compared once more", "[department]"),
    "text": ("free text, searched for e-mail addresses and the like", "[comment]"),
    "ignore": ("columns that are not looked at", "[row_number]"),
}


def quoted(text: str) -> str:
    r"""Text as a YAML string on one line, whatever it holds.

    Examples
    --------
    >>> quoted('say "no": now')
    '"say \\"no\\": now"'
    """
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=2**30).strip()


def write_spec(data: str, reference: str | None, out: Path, *, force: bool) -> list[Proposal]:
    """Write a trust.yaml for the data and give back what was proposed."""
    if out.exists() and not force:
        raise InputError("exists already", where=str(out), hint="Overwrite it with --force, or write to another --out")
    from dte_panel.engine.sources import describe

    columns = describe(data)
    others = {c.name for c in describe(reference)} if reference else None
    shared = [c for c in columns if others is None or c.name in others]
    proposals = propose(shared)
    name = Path(data).stem.replace("*", "").strip("-_. ") or "data"
    sources = (_relative(data, out), _relative(reference, out) if reference else None)
    _write(out, render(name, sources, shared, proposals))
    return proposals


def _relative(data: str, out: Path) -> str:
    """A path from the spec's folder; what the user wrote in full stays as it is."""
    if "://" in data or Path(data).is_absolute():
        return data
    try:
        return Path(os.path.relpath(data, out.parent)).as_posix()
    except ValueError:  # another drive
        return str(Path(data).resolve())


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(out)) from error


def render(
    name: str, sources: tuple[str, str | None], columns: Sequence[ColumnInfo], proposals: Sequence[Proposal]
) -> str:
    """The text of trust.yaml: what is proposed as lines, what is not as comments to fill in."""
    current, reference = sources
    model = any(p.role in {"prediction", "score"} for p in proposals)
    lines = [
        "# What is judged, on which data, how. Proposed by `dte-panel init`: read each line and correct it.",
        "subject:",
        f"  name: {quoted(name)}",
        f"  kind: {'model' if model else 'dataset'}  # model or dataset",
        '  # version: "1.0"',
        "  # owner: team@example.org  # who answers for it",
        "  # purpose: what it is for",
        "  # limits: what it must not be used for, and what is known to be missing",
        "  # provenance: where the data comes from",
        "# use_case: {name: loan approval, risk: high, value: wrong refusals harm applicants}  # or medium, low",
        "data:",
        f"  current: {quoted(current)}",
        f"  reference: {quoted(reference)}" if reference else "  # reference: last-year.parquet  # to compare with",
        "roles:",
        *_single_roles(columns, proposals),
        *_list_roles(proposals),
        *_windows(columns, proposals),
        *_cohorts(proposals),
        "policy: default  # the checks; a name, or a path to a file of your own",
    ]
    return "\n".join(lines) + "\n"


def _single_roles(columns: Sequence[ColumnInfo], proposals: Sequence[Proposal]) -> list[str]:
    lines = []
    for role, (about, example) in _SINGLE.items():
        found = next((p for p in proposals if p.role == role), None)
        lines.append(
            f"  {role}: {quoted(found.column)}  # {found.why}" if found else f"  # {role}: {example}  # {about}"
        )
        if role == "label":
            lines.append(_positive(columns, found))
    return lines


def _positive(columns: Sequence[ColumnInfo], label: Proposal | None) -> str:
    info = next((c for c in columns if label and c.name == label.column), None)
    told = positive(info) if info else None
    if told:
        return f"  positive: {quoted(told[0])}  # {told[1]}"
    return "  # positive: 1  # the label's value that counts as positive"


def _list_roles(proposals: Sequence[Proposal]) -> list[str]:
    lines = []
    for role, (about, example) in _LISTS.items():
        found = [p for p in proposals if p.role == role]
        lines.append(f"  {role}:  # {about}" if found else f"  # {role}: {example}  # {about}")
        lines += [f"    - {quoted(p.column)}  # {p.why}" for p in found]
    return lines


def _windows(columns: Sequence[ColumnInfo], proposals: Sequence[Proposal]) -> list[str]:
    time = next((c for c in columns if any(p.role == "time" and p.column == c.name for p in proposals)), None)
    every = length_of_windows(time) if time else None
    if every is None:
        return ["# windows: {every: 1 month}  # cuts time; needs roles.time"]
    return ["windows:", f"  every: {every}  # from the span of the time column", "  # start: 2024-01-01"]


def _cohorts(proposals: Sequence[Proposal]) -> list[str]:
    names = [quoted(p.column) for p in proposals if p.role == "sensitive"][:2]
    example = ", ".join(names) if len(names) == 2 else "sex, race"
    return [f"# cohorts: [[{example}]]  # crossed groups, besides each alone"]
