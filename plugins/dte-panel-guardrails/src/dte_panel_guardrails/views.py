"""How it is shown: four axes on a radar, their checks one by one, and where personal data was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dte_panel import View, charts
from dte_panel_guardrails import catalogue, documents, pictures, privacy, robustness
from dte_panel_guardrails.patterns import PATTERNS

#: Axes of the radar, clockwise from the top.
AXES = (privacy.AXIS, robustness.AXIS, documents.TRANSPARENCY, documents.ACCOUNTABILITY)
#: Best first; a check that has several results counts as the worst of them.
ORDER = ("pass", "warn", "not_evaluated", "error", "fail")
RINGS = (0.25, 0.5, 0.75, 1.0)
#: Where the axis labels stand, as a share of the radius.
LABEL_AT = 1.08

_IDS = [m.id for m in catalogue.metrics()]


@dataclass
class Axis:
    """The checks of one axis; one with results for many columns or windows counts once, with its worst result."""

    name: str
    words: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def add(self, check: tuple[Any, ...], word: str) -> None:
        """Note one result of a check."""
        self.words[check] = max(self.words.get(check, word), word, key=ORDER.index)

    def count(self, *words: str) -> int:
        """Checks that ended with one of these words."""
        return sum(word in words for word in self.words.values())

    @property
    def passed(self) -> int:
        """Checks that passed everywhere."""
        return self.count("pass")

    @property
    def evaluated(self) -> int:
        """Checks that gave a verdict on a number."""
        return self.count("pass", "warn", "fail")

    @property
    def left(self) -> int:
        """Checks that could not be evaluated or ended in an error."""
        return self.count("not_evaluated", "error")

    @property
    def score(self) -> str:
        """``5 of 6``."""
        return f"{self.passed} of {self.evaluated}" if self.evaluated else "no result"

    @property
    def label(self) -> str:
        """Name and score, and apart from them what could not be evaluated."""
        left = f"\n{self.left} not evaluated" if self.left else ""
        return f"{self.name.capitalize()}\n{self.score}{left}"


def axes(results: Any) -> list[Axis]:
    """The four axes with their checks; an axis without a check is left out."""
    found = {name: Axis(name) for name in AXES}
    for verdict in results.verdicts():
        axis = found.get(_axis(results, verdict.metric))
        if axis:
            axis.add((verdict.metric, verdict.bound, verdict.required), verdict.verdict)
    return [axis for axis in found.values() if axis.words]


def _axis(results: Any, metric: str) -> str:
    definition: Mapping[str, Any] = results.definition(metric.partition(".")[2])
    return str(definition.get("group", ""))


#: Opens the measurements of the axis that was clicked, on the evidence page of the same subject.
_OPEN = """
const [at] = cb_data.source.selected.indices
cb_data.source.selected.indices = []
if (at == null) return
const to = new URL(window.location.href)
to.searchParams.set("page", "evidence")
to.searchParams.set("q", "guardrails. " + cb_data.source.data.axis[at].toLowerCase())
window.location.assign(to.href)
"""


def radar(results: Any) -> Any:
    """The radar, and beside it how the checks of each axis ended; a click on either opens their evidence."""
    shown = axes(results)
    return charts.grid([web(results), ended(shown, results.tokens)]) if shown else None


def ended(shown: Sequence[Axis], tokens: Mapping[str, str]) -> Any:
    """Checks of each axis by verdict, the first axis on top."""
    names = [axis.name.capitalize() for axis in shown]
    fig = charts.blank(tokens, height=300, x_axis_label="Checks", y_range=charts.names_axis(names[::-1]))
    left = [0] * len(shown)
    marks = []
    for word in ORDER:
        counts = [axis.count(word) for axis in shown]
        right = [start + n for start, n in zip(left, counts, strict=True)]
        if any(counts):
            middle = [(start + end) / 2 for start, end in zip(left, right, strict=True)]
            told, colour = word.replace("_", " "), charts.colour(tokens, word)
            source = charts.columns(
                axis=names, left=left, right=right, middle=middle, checks=[str(n or "") for n in counts],
                verdict=[told] * len(names),
            )  # fmt: skip
            style: dict[str, Any] = {"fill_color": colour, "line_color": tokens["surface"], "legend_label": told}
            bar = fig.hbar(y="axis", left="left", right="right", height=0.55, source=source, **style)
            bar.nonselection_glyph = bar.selection_glyph = bar.glyph
            fig.text(
                "middle", "axis", "checks", source=source, text_align="center", text_baseline="middle",
                text_font_size="12px", text_color=charts.readable_on(colour, tokens["text"]),
            )  # fmt: skip
            charts.hover(fig, bar, ["axis", "checks", "verdict"])
            marks.append(bar)
        left = right
    fig.x_range.start, fig.ygrid.visible = 0, False
    charts.legend(fig, tokens, "above")
    _opens(fig, marks)
    return fig


def _opens(fig: Any, marks: Sequence[Any]) -> None:
    from bokeh.models import CustomJS, TapTool

    fig.add_tools(TapTool(renderers=list(marks), callback=CustomJS(code=_OPEN)))


def web(results: Any) -> Any:
    """Checks passed of checks evaluated, on each axis. What was not evaluated has no place on a spoke."""
    shown = axes(results)
    fig = _web(results.tokens)
    _polygon(fig, [axis for axis in shown if axis.evaluated], results.tokens)
    _labels(fig, shown, results.tokens["text"])
    return fig


def _web(tokens: Mapping[str, str]) -> Any:
    """The empty radar: rings at each quarter, and the spokes."""
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    fig = figure(
        height=300,
        sizing_mode="stretch_width",
        min_width=260,
        toolbar_location=None,
        tools="",
        background_fill_color=None,
        border_fill_color=None,
        x_range=Range1d(start=-2.3, end=2.3),
        y_range=Range1d(start=-1.65, end=1.65),
    )
    fig.axis.visible, fig.grid.visible, fig.outline_line_color = False, False, None
    ways = [_way(name) for name in AXES]
    xs, ys = ([[ring * way[at] for way in ways] for ring in RINGS] for at in (0, 1))
    fig.patches(xs, ys, fill_color=None, line_color=tokens["border"])
    middle = [0.0] * len(ways)
    fig.segment(middle, middle, [x for x, _ in ways], [y for _, y in ways], line_color=tokens["border_strong"])
    return fig


def _polygon(fig: Any, scored: Sequence[Axis], tokens: Mapping[str, str]) -> None:
    """The share of checks that passed, on the axes that have any evaluated."""
    from bokeh.models import ColumnDataSource, HoverTool

    if not scored:
        return
    columns: dict[str, Any] = {
        "x": [_way(axis.name)[0] * axis.passed / axis.evaluated for axis in scored],
        "y": [_way(axis.name)[1] * axis.passed / axis.evaluated for axis in scored],
        "axis": [axis.name.capitalize() for axis in scored],
        "passed": [axis.score for axis in scored],
        "left": [str(axis.left) for axis in scored],
    }
    accent = tokens["accent"]
    fig.patches([columns["x"]], [columns["y"]], fill_color=accent, fill_alpha=0.2, line_color=accent, line_width=2)
    dots = fig.scatter("x", "y", source=ColumnDataSource(columns), size=9, color=accent)
    tips = [("Axis", "@axis"), ("Checks passed", "@passed"), ("Not evaluated", "@left")]
    fig.add_tools(HoverTool(renderers=[dots], tooltips=tips))
    dots.nonselection_glyph = dots.selection_glyph = dots.glyph
    _opens(fig, [dots])


def _way(axis: str) -> tuple[float, float]:
    """The direction of an axis, clockwise from the top."""
    angle = math.pi / 2 - 2 * math.pi * AXES.index(axis) / len(AXES)
    return round(math.cos(angle), 12), round(math.sin(angle), 12)


def _labels(fig: Any, shown: Sequence[Axis], colour: str) -> None:
    """Axis labels at the ends of the spokes, each growing away from the middle."""
    for axis in shown:
        x, y = _way(axis.name)
        fig.text(
            [x * LABEL_AT],
            [y * LABEL_AT],
            text=[axis.label],
            text_color=colour,
            text_font_size="12px",
            text_align="left" if x > 0 else "right" if x < 0 else "center",
            text_baseline="bottom" if y > 0 else "top" if y < 0 else "middle",
        )


def checks(results: Any) -> Any:
    """The checks of each axis, worst first; each opens to its results, one for each column and window."""
    import pandas as pd

    shown: dict[str, Any] = {}
    for axis in axes(results):
        judged: dict[tuple[Any, ...], list[Any]] = {}
        for v in results.verdicts():
            if (v.metric, v.bound, v.required) in axis.words:
                judged.setdefault((v.metric, v.bound, v.required), []).append(v)
        worst = sorted(judged, key=lambda check: -ORDER.index(axis.words[check]))
        left = f", {axis.left} could not be evaluated" if axis.left else ""
        shown[f"{axis.name.capitalize()}: {axis.passed} of {axis.evaluated} checks pass{left}"] = {
            _summary(results, axis.words[check], judged[check]): pd.DataFrame([_row(v) for v in judged[check]])
            for check in worst
        }
    rest = [v for v in results.verdicts() if _axis(results, v.metric) not in AXES]
    if rest:
        shown["Results of no axis"] = pd.DataFrame([_row(v) for v in rest])
    return shown or None


def _summary(results: Any, word: str, judged: Sequence[Any]) -> str:
    """A check in one line: its verdict, its name, and the result that decided it."""
    first = next(v for v in judged if v.verdict == word)
    title = results.definition(first.metric.partition(".")[2])["title"]
    where = first.column or first.across or ""
    more = f" · {len(judged)} results" if len(judged) > 1 else ""
    return f"{word.replace('_', ' ').capitalize()} · {title}: {first.reason}{f' ({where})' if where else ''}{more}"


def _row(v: Any) -> dict[str, str]:
    return {
        "column": v.column or v.across or "all rows",
        "window": v.window,
        "verdict": v.verdict.replace("_", " "),
        "number": "" if v.measurement is None else number(v.measurement.value),
        "bound": v.bound,
        "why": v.reason,
        "source of the bound": v.citation,
    }


def number(value: float | None) -> str:
    """A number in at most four digits."""
    return "–" if value is None else f"{value:,.0f}" if value == int(value) else f"{value:.4g}".replace("-", "−")


def personal_data(results: Any) -> Any:
    """Share of the scanned values of each column that look like personal data; only columns with text."""
    import pandas as pd

    rows: dict[str, dict[str, str]] = {}
    for pattern in PATTERNS:
        for m in results.measurements(pattern.id, window="current", cohort={}):
            if m.column is not None and m.n and m.value is not None:
                row = rows.setdefault(m.column, {"column": m.column, "values scanned": f"{m.n:,}"})
                row[pattern.title] = f"{m.value:.2%}" if m.value else "0"
    return pd.DataFrame(list(rows.values())) if rows else None


def views() -> list[View]:
    """The provider's page."""
    return [
        View(
            "radar",
            "Guardrails by axis",
            _IDS,
            radar,
            "Checks passed of checks evaluated on each axis; what was not evaluated never counts as passed. A click on "
            "an axis opens its measurements.",
            wide=True,
        ),
        View(
            "checks",
            "Checks by axis",
            _IDS,
            checks,
            "Open a check to see its results and where its bound comes from. Patterns and look-alikes are heuristics.",
            wide=True,
        ),
        View(
            "leakage",
            "What one feature alone tells of the label",
            list(pictures.LEAKAGE),
            pictures.leakage,
            "Features that tell most on top, with intervals; dashed is the bound. A heuristic: such a feature may have "
            "been made from the label, or may simply be good.",
        ),
        View(
            "monotone",
            "Means along columns with a stated direction",
            ["monotonicity_violation"],
            pictures.monotone,
            "Mean score in each bin; a step against the direction is thick and ends in a square. One step may be "
            "chance: the check looks at all pairs of bins at once.",
        ),
        View(
            "personal_data",
            "Personal data patterns by column",
            [pattern.id for pattern in PATTERNS],
            personal_data,
            "Share of each text column's values that look like personal data, over all current rows. A heuristic: no "
            "hit does not mean that there is none.",
            wide=True,
        ),
    ]
