"""Evidence by hand and views that behave in every way; the browser test serves them by running this file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from dte_panel.errors import PluginError
from dte_panel.evidence import Evidence, StateRecord
from dte_panel.looks import Theme, View
from dte_panel.model import CURRENT, REFERENCE, Measurement, Verdict
from dte_panel.states import Table

ATTACK = "<img src=x onerror=window.__xss=1>"
WINDOWS = [f"2019-{month:02d}-01" for month in range(1, 7)]
PSI, RATE, GAP = "drift.population_stability_index", "fairness.selection_rate", "fairness.parity_difference"


def measured(metric: str, value: float | None, **fields: Any) -> Measurement:
    given = {"window": CURRENT, "cohort": {}, "column": None, "low": None, "high": None, "n": 5000, "status": "ok"}
    return Measurement(metric=metric, version=1, provider=metric.partition(".")[0], value=value, **{**given, **fields})


def judged(m: Measurement, word: Any, bound: str = "<= 0.2", *, required: bool = True, reason: str = "") -> Verdict:
    why = reason or m.reason or f"{m.value} against {bound}"
    return Verdict(m.metric, m.provider, m.window, m.cohort, m.column, word, required, bound, why, m, m.across)


def drifted(column: str, step: float) -> list[Measurement]:
    """One value per window, growing; the last ones are beyond 0.2."""
    values = {CURRENT: step * 3, **{w: step * (i + 1) for i, w in enumerate(WINDOWS)}}
    return [measured(PSI, v, window=w, column=column, low=v * 0.95, high=v * 1.05) for w, v in values.items()]


def definition(title: str, **fields: Any) -> dict[str, Any]:
    blank = {"definition": "What it means.", "formula": "Σ x", "source": "A paper", "better": "lower", "unit": ""}
    return {
        "title": title,
        **blank,
        "range": (0, None),
        "target": None,
        "interval": "",
        "version": 1,
        "needs": [],
        **fields,
    }


def sample(name: str = "loans", mark: str = "") -> Evidence:
    """A small evidence with every kind of verdict; ``mark`` is put into every text that comes from data or plugins."""
    groups = [{"sex": f"Female{mark}"}, {"sex": "Male"}, {"sex": None}]
    moved = [*drifted(f"car_value{mark}", 0.1), *drifted("salary", 0.01)]
    rates = [
        measured(RATE, 0.3 + i / 10, window=w, cohort=g, low=0.25, high=0.7, n=900)
        for w in (REFERENCE, CURRENT, *WINDOWS)
        for i, g in enumerate([{}, *groups])
    ]
    gone = measured(
        GAP, None, status="not_evaluated", reason=f"no sensitive role is set{mark}: add roles.sensitive", n=0
    )
    broken = measured(
        "fairness.worst", None, status="error", reason=f"ZeroDivisionError: {mark or 'division by zero'}", n=0
    )
    verdicts = [judged(m, "fail" if m.low > 0.2 else "warn" if m.high > 0.2 else "pass") for m in moved]  # type: ignore[operator]
    verdicts += [judged(gone, "not_evaluated"), judged(broken, "error", required=False)]
    counts = Table(("prediction",), {(1,): 3, (0,): 7})
    return Evidence(
        subject={"name": name, "kind": "model", "version": "1", "owner": f"team{mark}"},
        use_case={"name": f"approval{mark}", "risk": "medium"},
        verdict="fail",
        measurements=[*moved, *rates, gone, broken],
        verdicts=verdicts,
        data=[{"name": "current", "uri": f"c{mark}.parquet", "rows": 5000, "sha256": "ab" * 32}],
        providers=[_provider("drift"), _provider("fairness"), _provider("sick", mark), _broken(mark)],
        created="2026-01-02T03:04:05+00:00",
        policy={"title": f"A policy{mark}"},
        versions={"dte-panel": "0.1.0"},
        metrics={
            PSI: definition(f"Population stability index{mark}"),
            RATE: definition("Selection rate", unit="share", better="nearer", interval="Wilson"),
            GAP: definition("Parity difference", source=f"A paper{mark}"),
            "fairness.worst": definition("Worst group"),
        },
        states=[StateRecord("Counts", ("prediction",), None, CURRENT, {}, counts)],
        windows=WINDOWS,
        cohorts=groups,
        notes=[f"A note{mark}."],
    )


def _provider(name: str, mark: str = "") -> dict[str, Any]:
    hooks = ["dte_metrics", "dte_views"]
    return {"id": name, "distribution": f"dte-panel-{name}{mark}", "version": "0.1", "license": "MIT", "state": "ok",
            "reason": None, "seconds": 0.5, "hooks": hooks, "metrics": ["a"]}  # fmt: skip


def _broken(mark: str) -> dict[str, Any]:
    return {
        **_provider(f"wreck{mark}"),
        "state": "broken",
        "reason": f"the import raised ImportError: {mark}",
        "hooks": [],
    }


def line(results: Any) -> Any:
    from bokeh.plotting import figure

    rows = results.measurements("population_stability_index", window=None)
    fig = figure(height=260, toolbar_location=None, x_range=[m.window for m in rows[1:7]])
    fig.line(
        [m.window for m in rows[1:7]], [m.value for m in rows[1:7]], color=results.tokens["accent"], name="accented"
    )
    return fig


def bars(results: Any) -> Any:
    import holoviews as hv

    frame = results.frame("selection_rate")
    return hv.Bars(frame, "cohort", "value").opts(responsive=True, height=260, toolbar=None)


def raises(_: Any) -> Any:
    raise ValueError(f"no such thing {ATTACK}")


def hangs(_: Any) -> Any:
    time.sleep(30)


def unsendable(_: Any) -> Any:
    from bokeh.plotting import figure

    fig = figure()
    fig.line(range(3), range(3))
    return fig


def markup(_: Any) -> Any:
    """Every way of showing text that reads HTML."""
    import panel as pn
    import panel_material_ui as pmui

    return [
        pn.Column(pn.pane.Markdown(ATTACK), pn.pane.HTML(ATTACK), pn.pane.Str(ATTACK), pn.pane.Alert(ATTACK)),
        pn.Card(ATTACK, title=ATTACK),
        pn.Accordion((ATTACK, ATTACK)),
        pn.Tabs((ATTACK, pn.pane.Markdown(ATTACK))),
        pn.widgets.StaticText(name=ATTACK, value=ATTACK),
        pn.widgets.TextInput(name="text", description=ATTACK),
        pn.widgets.MultiChoice(name=ATTACK, options=[ATTACK], value=[ATTACK]),
        pn.indicators.Number(name=ATTACK, value=1),
        pmui.Typography(ATTACK),
        pmui.Markdown(ATTACK),
        pmui.Alert(ATTACK),
        pmui.Card("x", title=ATTACK),
        pmui.Tabs((ATTACK, "x")),
        pn.bind(lambda _: ATTACK, pn.widgets.IntInput()),
    ]


def tables(_: Any) -> Any:
    import pandas as pd
    import panel as pn

    frame = pd.DataFrame({ATTACK: [ATTACK], "b": [1.5]}, index=[ATTACK])
    html = {ATTACK: "html"}
    return [
        frame,
        pn.pane.DataFrame(frame, escape=False),
        pn.widgets.Tabulator(
            frame, formatters=html, titles={"b": ATTACK}, header_tooltips={"b": ATTACK}, groupby=["b"]
        ),
    ]


def marked(_: Any) -> Any:
    from bokeh.layouts import column
    from bokeh.models import ColumnDataSource, Div, HoverTool
    from bokeh.plotting import figure

    fig = figure(height=200, x_range=[ATTACK], title=ATTACK, x_axis_label=ATTACK)
    source = ColumnDataSource({"x": [ATTACK], "y": [1]})
    fig.scatter("x", "y", size=300, source=source, legend_label=ATTACK)
    fig.add_tools(HoverTool(tooltips=[(ATTACK, "@x{safe}")]))
    return column(fig, Div(text=ATTACK))


def views(mark: str = "") -> dict[str, list[View]]:
    psi, rate = ["population_stability_index"], ["selection_rate"]
    return {
        "drift": [
            View(f"line{mark}", f"Over time{mark}", psi, line, f"It grows{mark}.", wide=True),
            View("table", "As a table", psi, lambda r: r.frame("population_stability_index")),
            View("words", "In words", psi, lambda r: f"window {r.window}, cohort {r.cohort or 'all'} {mark}"),
        ],
        "fairness": [
            View("bars", "Rates by group", rate, bars),
            View("gap", "Gap", ["parity_difference"], raises),
            View("nothing", "Nothing", rate, lambda _: None),
        ],
        "sick": [
            View("raises", "Raises", [], raises),
            View("hangs", "Hangs", [], hangs),
            View("unsendable", "Cannot be sent", [], unsendable),
            View("well", "Well", [], lambda _: "still here"),
            View("markup", f"Markup{mark}", [], markup, wide=True),
            View("tables", "Tables", [], tables, wide=True),
            View("marked", "Figure", [], marked),
        ],
    }


class Shelf:
    """A registry of given views; other providers are looked up among the installed ones."""

    def __init__(self, given: dict[str, list[View]], installed: Any = None) -> None:
        self._given, self._installed = given, installed

    def views(self, provider: str) -> list[View]:
        if provider in self._given:
            return self._given[provider]
        if self._installed is None:
            raise PluginError(f"no plugin '{provider}' is installed")
        found: list[View] = self._installed.views(provider)
        return found

    def themes(self) -> list[Theme]:
        bad = "red;} body{display:none"
        return [Theme("night", "Night", dark=True, tokens={"bg": "#000000", "accent": "#00d787", "text": bad})]


def main(port: int, demo: str) -> None:
    """Serve: the hostile sample, and the shipped demo if it is asked for."""
    from dte_panel.shell import serve

    budget = 4.0  # seconds; one of the views hangs
    evidence, registry = [sample(), sample(f"hostile{ATTACK}", ATTACK)], Shelf(views(ATTACK))
    if demo:
        from dte_panel import registry as plugins
        from dte_panel import spec
        from dte_panel.conductor import assess_spec

        evidence, registry, budget = [assess_spec(spec.read(demo))], Shelf({}, plugins.load()), 30.0
    serve(evidence, port=port, open_browser=False, registry=registry, budget=budget)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
