"""What if other thresholds decided, as the user sees it: sliders, what they give at once, and the way to a bound."""

# mypy: allow-untyped-calls

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from dte_panel import Value, charts
from dte_panel_fairness.cheapest import frontier
from dte_panel_fairness.thresholds import BOUNDED, RATES, Outcome, groupings
from dte_panel_fairness.whatif import WhatIf, estimate, score

_SMALL = {"size": "small", "margin": (8, 12, 8, 0)}
_FLOW = """:host{display:flex !important;flex-flow:row wrap !important;align-items:flex-end;min-width:0;
max-height:none !important} .scroll-button{display:none !important}"""


class Dials:
    """The widgets and pictures of one :class:`WhatIf`.

    Parameters
    ----------
    state : WhatIf
    tokens : mapping
        Colours of the theme.
    """

    def __init__(self, state: WhatIf, tokens: charts.Tokens) -> None:
        self.state, self.tokens, p = state, tokens, state.param
        self._sources: dict[str, Any] = {}
        self._names: list[str] = []
        self._sliders: list[Any] = []
        self._rack = _flow()
        self._rebuild()
        p.watch(lambda _: self._rebuild(), ["grouping", "how"])
        p.watch(lambda _: self._follow(), "thresholds")
        p.watch(lambda _: self._redraw(), ["outcome", "gap", "bound"])
        p.watch(lambda _: self._retrade(), ["gap", "bound", "false_positive", "false_negative"])

    def view(self) -> list[Any]:
        """From the top down."""
        p = self.state.param
        answer, told = pn.bind(str, p.answer), pn.bind(self._sentence, p.outcome, p.gap, p.bound)
        drawn, tables = pn.bind(self._figures, p.grouping), pn.bind(self._tables, p.outcome)
        return [self._choices(), self._question(), answer, self._rack, told, drawn, tables]

    def _sentence(self, made: Outcome, *_: Any) -> str:
        return self.state.sentence(made)

    def _tables(self, made: Outcome) -> dict[str, Any]:
        return {
            "Gaps and cost at these thresholds": self.state.comparison(made),
            "Groups at these thresholds": self.state.frame(made),
        }

    def _choices(self) -> Any:
        p, state = self.state.param, self.state
        names = {" × ".join(columns): columns for columns in p.grouping.objects}
        grouping = pmui.Select(label="Groups of", options=names, value=state.grouping, width=210, **_SMALL)
        grouping.link(state, value="grouping", bidirectional=True)
        how = pmui.Select.from_param(p.how, label="Thresholds", description="", width=210, **_SMALL)
        p.watch(lambda _: setattr(how, "disabled", not state.splittable), "grouping")
        how.disabled = not state.splittable
        prices = [
            pmui.FloatInput.from_param(p[name], label=label, description="", width=200, step=0.5, **_SMALL)
            for name, label in (
                ("false_positive", "Cost of a false positive"),
                ("false_negative", "Cost of a false negative"),
            )
        ]
        return _flow(grouping, how, *prices)

    def _question(self) -> Any:
        p = self.state.param
        names = {BOUNDED[name].title: name for name in BOUNDED}
        gap = pmui.Select(label="Gap", options=names, value=self.state.gap, width=270, **_SMALL)
        gap.link(self.state, value="gap", bidirectional=True)
        bound = pmui.FloatInput.from_param(p.bound, label="Bound", description="", width=130, step=0.01, **_SMALL)
        label = {"label": "with its whole interval", "description": "", "margin": (8, 12, 8, 0)}
        certain = pmui.Checkbox.from_param(p.certain, **label)
        ask = pmui.Button(label="Cheapest thresholds within it", color="primary", margin=(10, 0))
        ask.on_click(self.state.ask)
        return _flow(gap, bound, certain, ask)

    # ------------------------------------------------------------------------------------------------- sliders
    def _rebuild(self) -> None:
        """A slider for all groups, or one for each."""
        state, steps = self.state, self.state.tried.thresholds
        start, end = float(steps[0]), float(steps[-1])
        rows = [g.state.n for g in state.groups]
        names = [f"{charts.group(g.cohort)} (n = {n:,})" for g, n in zip(state.groups, rows, strict=True)]
        if not state.each:
            names = [f"All groups (n = {sum(rows):,})"]
        step = 0.005 if start >= 0 and end <= 1 and end - start > 0.1 else (end - start) / 200 or 1.0
        self._sliders = [
            pmui.FloatSlider(
                label=name, start=start, end=max(end, start + step), step=step, value=state.thresholds[i],
                format="0.000" if step == 0.005 else "0.[00000]", width=290, margin=(10, 24, 0, 8),
            )
            for i, name in enumerate(names)
        ]  # fmt: skip
        for i, slider in enumerate(self._sliders):
            slider.param.watch(lambda e, i=i: self._slid(i, e.new), "value")
        self._rack.objects = self._sliders

    def _slid(self, place: int, value: float) -> None:
        state, chosen = self.state, list(self.state.thresholds)
        chosen = [*chosen[:place], value, *chosen[place + 1 :]] if state.each else [value] * len(chosen)
        if chosen != state.thresholds:
            state.thresholds = chosen

    def _follow(self) -> None:
        """Thresholds that were found move the sliders."""
        for slider, value in zip(self._sliders, self.state.thresholds, strict=False):
            if slider.value != value:
                slider.value = value

    # ------------------------------------------------------------------------------------------------ pictures
    def _figures(self, *_: Any) -> Any:
        """Each rate by group, the gaps, and cost over gap. Hollow is what was decided."""
        state = self.state
        self._sources, self._names = {}, _distinct([charts.group(g.cohort) for g in state.groups])
        made = []
        for m in RATES:
            old = state.decided(m.id)
            before = [old.get(frozenset(g.cohort.items())) for g in state.groups]
            made.append(self._dots(m.id, m.title, self._names, [b.value if b else None for b in before]))
        before = [state.decided_gap(name) for name in BOUNDED]
        made.append(self._dots("gaps", "Gaps", list(_GAPS), [b.value if b else None for b in before]))
        made.append(self._trade_off())
        self._redraw()
        self._retrade()
        return charts.grid(made)

    def _dots(self, key: str, title: str, names: Sequence[str], before: Sequence[float | None]) -> Any:
        tokens, height = self.tokens, max(170, 24 * len(self._names) + 60)
        axis = charts.names_axis(reversed(names))
        fig = charts.blank(tokens, height=height, x_range=charts.unit_range(), y_range=axis)
        fig.xaxis.axis_label, fig.ygrid.grid_line_color = title, None
        source = self._sources[key] = charts.columns(place=[], value=[], low=[], high=[], bound=[], told=[], rows=[])
        ends = {"line_color": tokens["accent"], "line_width": 3, "line_alpha": 0.5}
        fig.segment("low", "place", "high", "place", source=source, **ends)
        dots = fig.scatter("value", "place", source=source, size=9, color=tokens["accent"])
        hollow = {"fill_color": None, "line_color": tokens["text"], "line_width": 1.2}
        fig.scatter("value", "place", source=charts.columns(place=list(names), value=list(before)), size=14,
                    marker="diamond", **hollow)  # fmt: skip
        mark = {"marker": "dash", "angle": math.pi / 2, "size": 18, "line_color": tokens["text"]}
        fig.scatter("bound", "place", source=source, **mark)
        charts.hover(fig, dots, ["place", "told", "rows"])
        return fig

    def _redraw(self) -> None:
        """Move what is drawn; nothing is built again."""
        state, made = self.state, self.state.outcome
        if not self._sources or made is None or len(self._names) != len(made.thresholds):
            return
        for m in RATES:
            values = [value for _, value in made.rates[m.id]]
            self._sources[m.id].data = _drawn(self._names, values, [math.nan] * len(values))
        limits = [state.bound if name == state.gap else math.nan for name in BOUNDED]
        self._sources["gaps"].data = _drawn(_GAPS, list(made.gaps.values()), limits)
        gap, cost = made.gaps[state.gap].value, made.cost.value
        self._sources["here"].data = _told([gap], [cost], ["here"])

    def _trade_off(self) -> Any:
        """Cost over gap: every common threshold, the best with one for each group, and where we are."""
        tokens, height = self.tokens, max(170, 24 * len(self._names) + 60)
        fig = charts.blank(tokens, height=height)
        fig.yaxis.axis_label = "cost per row"
        for key in ("bound", "shared", "best", "here"):
            self._sources[key] = charts.columns(gap=[], cost=[], what=[], told=[])
        fig.vspan(x="gap", source=self._sources["bound"], line_color=tokens["text"], line_dash="dashed")
        dots = {"size": 3, "color": tokens["muted"], "legend_label": "one for all"}
        shared = fig.scatter("gap", "cost", source=self._sources["shared"], **dots)
        line = {"line_color": tokens["accent_2"], "line_width": 2, "legend_label": "best, one for each"}
        fig.line("gap", "cost", source=self._sources["best"], **line)
        star = {"size": 12, "marker": "circle", "color": tokens["accent"], "legend_label": "here"}
        here = fig.scatter("gap", "cost", source=self._sources["here"], **star)
        for drawn in (shared, here):
            charts.hover(fig, drawn, ["what", "told"])
        charts.legend(fig, tokens, "above")
        self._axis = fig.xaxis[0]
        return fig

    def _retrade(self) -> None:
        """Draw costs over another gap, or with other prices."""
        if not self._sources:
            return
        state, tried = self.state, self.state.tried
        self._axis.axis_label = BOUNDED[state.gap].title
        gaps, costs = tried.gap(state.gap), tried.costs(state.prices).sum(0) / tried.totals.sum()
        known = [i for i, gap in enumerate(gaps) if not math.isnan(gap)]
        names = [f"threshold {score(float(tried.thresholds[i]))}" for i in known]
        self._sources["shared"].data = _told([float(gaps[i]) for i in known], [float(costs[i]) for i in known], names)
        best = frontier(tried, state.gap, state.prices) if state.splittable else ([], [])
        self._sources["best"].data = _told(*best, ["" for _ in best[0]])
        self._sources["bound"].data = _told([state.bound], [0.0], [""])


#: The gaps in few words.
_GAPS = [gap.title.removesuffix(" difference") for gap in BOUNDED.values()]


def _drawn(names: Sequence[str], values: Sequence[Value], bounds: Sequence[float]) -> dict[str, list[Any]]:
    return {
        "place": list(names),
        "value": [v.value for v in values],
        "low": [v.low for v in values],
        "high": [v.high for v in values],
        "bound": list(bounds),
        "told": [estimate(v) for v in values],
        "rows": [f"{v.n:,}" for v in values],
    }


def _told(gaps: Sequence[float | None], costs: Sequence[float | None], what: Sequence[str]) -> dict[str, list[Any]]:
    both = zip(gaps, costs, strict=True)
    told = ["–" if gap is None or cost is None else f"gap {gap:.3f}, cost {cost:.3f}" for gap, cost in both]
    return {"gap": list(gaps), "cost": list(costs), "what": list(what), "told": told}


def _distinct(texts: Sequence[str]) -> list[str]:
    """Names for an axis; a missing group beside a category called "missing" is another one."""
    short = charts.short(texts)
    return [short[t] if texts.index(t) == i else f"({short[t]})" for i, t in enumerate(texts)]


def _flow(*objects: Any) -> Any:
    """Beside each other as far as the page is wide."""
    return pn.Column(*objects, sizing_mode="stretch_width", margin=0, stylesheets=[_FLOW])


def view(results: Any) -> Any:
    """Sliders and what they give; or why there are none."""
    if not groupings(results.states("Scores", cohort=None)):
        return (
            "Needs the scores of groups by label: set roles.score, roles.label and roles.sensitive in trust.yaml. "
            "Evidence that was made to be shared does not hold them."
        )
    return Dials(WhatIf(results), results.tokens).view()
