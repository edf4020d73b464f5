"""A metric's definition for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dte_panel.shell import words as w
from dte_panel.shell.results import Results


def definition(results: Results, metric: str) -> dict[str, Any]:
    """A metric's definition for people."""
    return {"title": "", "definition": "", **describe(results.definition(metric))}


def describe(found: Mapping[str, Any]) -> dict[str, Any]:
    """Title, definition and facts of a definition."""
    low, high = [*(found.get("range") or ()), None, None][:2]
    limits = "" if low is None and high is None else w.interval(low, high)
    better = str(found.get("better") or "")
    if better == "nearer":
        target = found.get("target")
        better = f"nearer to {w.number(target)}" if target is not None else "groups nearer to each other"
    told = {
        "Formula": found.get("formula"),
        "Source": found.get("source"),
        "Better": better,
        "Range": limits,
        "Unit": found.get("unit"),
        "Interval": f"95 %, {found['interval']}" if found.get("interval") else "",
        "Second opinion": found.get("second"),
        "Also called": w.listing([str(a) for a in found.get("aliases") or ()], 9),
        "Version": found.get("version"),
    }
    facts = [[name, str(text)] for name, text in told.items() if text]
    return {"title": str(found.get("title", "")), "definition": str(found.get("definition") or ""), "facts": facts}
