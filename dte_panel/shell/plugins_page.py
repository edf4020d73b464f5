"""What is installed, from whom, in which state, and how to write one."""

from __future__ import annotations

from typing import Any

from dte_panel.shell import words as w
from dte_panel.shell.layout import card, stack
from dte_panel.shell.parts import FrameHead, Hero, Table, Text
from dte_panel.shell.state import State
from dte_panel.shell.tables import column

EXAMPLE = """from dte_panel import Counts, Metric, difference, hookimpl

selection_rate = Metric(
    id="selection_rate",
    title="Selection rate",
    definition="Share of rows with a positive prediction.",
    reduce=Counts("prediction"),
    finish=lambda counts: counts.share(prediction=1),
    better="nearer", range=(0, 1),
)

@hookimpl
def dte_metrics():
    return [selection_rate, difference(selection_rate, id="selection_rate_difference", title="Largest gap")]"""
HOW = (
    "A plugin is a Python module with hooks, installed under the entry-point group “dte_panel”. "
    "What is measured is data: what to count, and how the number comes from the counts. "
    "The tutorial is the plugin dte-panel-echo."
)


_WORDS = {"ok": "pass", "broken": "error"}


def page(state: State, heard: Any) -> Any:
    """The plugins of this evidence, and how to write one."""
    told = [dict(p) for p in state.chosen.evidence.providers]
    broken = [p for p in told if p.get("state", "ok") == "broken"]
    lead = f"{w.plural(len(told), 'plugin')} installed" + (f", {len(broken)} broken" if broken else "")
    labels = [("id", "Plugin", "text"), ("from", "Distribution", "text"), ("version", "Version", "text")]
    labels += [("license", "License", "text"), ("state", "State", "state"), ("metrics", "Metrics", "number")]
    labels += [("seconds", "Seconds, and share of all", "number"), ("reason", "Hooks, or what is wrong", "wide")]
    total = sum(float(p.get("seconds") or 0.0) for p in told)
    table = Table(
        columns=[column(*x) for x in labels], rows=[_row(p, total) for p in told], caption="Installed plugins"
    )
    how = card(
        FrameHead(title="How to write one", description=HOW), Text(text=EXAMPLE, kind="code", margin=(10, 0, 0, 0))
    )
    return stack(Hero(title="Plugins", facts=[lead]), card(FrameHead(title="Installed"), table), how)


def _row(plugin: dict[str, Any], total: float) -> list[Any]:
    metrics = plugin.get("metrics") or ()
    count = metrics if isinstance(metrics, int) else len(metrics)
    name = str(plugin.get("state", "ok"))
    state = {"word": _WORDS.get(name, "not_evaluated"), "text": name.capitalize()}
    seconds = plugin.get("seconds")
    hooks = ", ".join(map(str, plugin.get("hooks") or ()))
    why = plugin.get("reason") or hooks or str(plugin.get("state"))
    took = "–" if seconds is None else f"{float(seconds):.2f}"
    if seconds and total:
        took += f" ({seconds / total:.0%})"
    names = [str(plugin.get(key) or "–") for key in ("id", "distribution", "version", "license")]
    return [*names, state, w.number(count), took, str(why)]
