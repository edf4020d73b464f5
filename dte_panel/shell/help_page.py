"""Help: how to read a page, the keys, and what the words and the metrics mean."""

from __future__ import annotations

from typing import Any

from dte_panel.shell import words as w
from dte_panel.shell.definitions import describe
from dte_panel.shell.layout import card, stack
from dte_panel.shell.parts import FrameHead, Hero, Keys, Table
from dte_panel.shell.state import State
from dte_panel.shell.tables import column

STEPS = [
    ["1", "Overview", "The verdict is that of the worst required check. Findings stand under it, worst first."],
    [
        "2",
        "A finding",
        "Number, 95 % interval, n and bound in one sentence; its link leads to the page that explains it.",
    ],
    [
        "3",
        "A provider",
        "Its views for the chosen window and cohort. The i of a card holds the definitions, its table the numbers.",
    ],
    [
        "4",
        "Compare with",
        "Another window, cohort or subject side by side, with the numbers whose intervals lie apart.",
    ],
    ["5", "Evidence", "Every number, its definition, and where it came from; downloads for others to check."],
]
GLOSSARY = [
    ["Subject", "The dataset or model that is judged."],
    ["Role", "What a column means: label, prediction, score, sensitive, time, weight, id, text or feature."],
    ["Window", "A span of event time, start included, end excluded. Two have names: reference and current."],
    ["Cohort", "Rows that share values of one or more grouping columns. Missing is a cohort of its own."],
    ["State", "The reduced values of one cohort in one window: sums, counts, histograms. States add up."],
    ["Metric", "What is measured: definition, direction, range, unit, and a version that goes up when these change."],
    ["Comparison", "A function of several states of one metric, across cohorts or across windows, such as a gap."],
    ["Measurement", "One number: a metric in a window for a cohort, with interval, n and status."],
    ["Interval", "Where the true value lies with 95 % confidence, as far as chance alone explains the number."],
    ["n", "The rows that a number rests on: its own denominator."],
    ["Check", "A metric, a bound and a scope, taken from a policy."],
    ["Policy", "The checks that a use case at a risk tier must pass, and for how long."],
    ["Verdict", "Pass: the interval lies within the bound. Fail: beyond it. Warn: it holds the bound."],
    ["Not evaluated", "There is no number, with the reason. It is never a pass."],
    ["Evidence", "All states, measurements and verdicts of one assessment, with versions and digests."],
    ["Certificate", "A signed statement over the evidence: verdict, issued, expires, what voids it."],
    ["Provider", "What an installed plugin offers: metrics, views, themes, sources."],
]


def page(state: State, heard: Any) -> Any:
    """The help, with the metrics of the selected evidence."""
    read = Table(
        columns=[column("step", "Step"), column("where", "Where"), column("what", "What you see", "wide")],
        rows=STEPS,
        caption="How to read a page",
    )
    words = Table(
        columns=[column("word", "Word"), column("means", "Means", "wide")], rows=GLOSSARY, caption="The words"
    )
    return stack(
        Hero(title="Help", facts=["How to read it", "Keys", "Words", "Metrics"]),
        card(FrameHead(title="How to read it"), read),
        card(FrameHead(title="Keys", description="Every page also works with Tab, Enter and Escape alone."), Keys()),
        card(FrameHead(title="Words"), words),
        card(FrameHead(title="Metrics", description="As the evidence defines them."), _metrics(state)),
    )


def _metrics(state: State) -> Table:
    told = {metric: describe(found) for metric, found in state.chosen.evidence.metrics.items()}
    rows = [
        [told[i]["title"] or w.title_of(i, {}), i, told[i]["definition"], dict(told[i]["facts"]).get("Formula", "")]
        for i in sorted(told)
    ]
    labels = [("title", "Metric", "text"), ("id", "Id", "text"), ("definition", "Definition", "wide")]
    labels += [("formula", "Formula", "text")]
    return Table(
        columns=[column(*x) for x in labels], rows=rows, caption="Metrics", folded=w.plural(len(rows), "metric")
    )
