"""How it is shown: groups, then gaps, then crossed groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dte_panel import Measurement, View, charts
from dte_panel_fairness import dots
from dte_panel_fairness.chooser import METRICS as CHOSEN
from dte_panel_fairness.chooser import chooser
from dte_panel_fairness.conditional import CONDITIONAL
from dte_panel_fairness.crossing import CROSSED
from dte_panel_fairness.gaps import GAPS
from dte_panel_fairness.groups import GROUPED
from dte_panel_fairness.privileged import comparisons
from dte_panel_fairness.rates import RATES
from dte_panel_fairness.scores import SCORES

SHOWN = ("selection_rate", "true_positive_rate", "false_positive_rate")
QUALITY = ("precision", "balanced_accuracy", "roc_auc")
#: The gaps that are drawn; the others stand in a table.
DRAWN = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "false_positive_rate_difference",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "predictive_parity_difference",
    "accuracy_difference",
)
TITLES = {m.id: m.title for m in (*RATES, *GAPS, *SCORES, *CONDITIONAL, *CROSSED, *GROUPED, *comparisons({}))}
#: The raw gaps beside the same inside the strata of the control columns.
STRATA = tuple(
    name
    for stem in ("demographic_parity", "equal_opportunity", "false_positive_rate", "predictive_parity")
    for name in (f"{stem}_difference", f"conditional_{stem}_difference", f"conditional_{stem}_difference_worst")
)
HEAT = ("heat_0", "heat_1", "heat_2", "heat_3", "heat_4")

Tokens = Mapping[str, str]


def rates(results: Any, ids: Sequence[str] = SHOWN) -> Any:
    """One figure per rate: each group's value with its interval, the rate of all rows as a dashed line."""
    figures = []
    for metric in ids:
        # Crossed groups have a view of their own.
        groups = [m for m in results.measurements(metric) if len(m.cohort) == 1]
        if groups:
            every = results.measurements(metric, cohort={})
            figures.append(_rate_figure(results.tokens, TITLES[metric], groups, every[0].value if every else None))
    return charts.grid(figures) if figures else None


def _rate_figure(tokens: Tokens, title: str, groups: Sequence[Measurement], every: float | None) -> Any:
    places = _places(groups)
    fig = charts.blank(
        tokens,
        height=max(150, 24 * len(places) + 34 * len({p[0] for p in places}) + 40),
        x_range=charts.unit_range(),
        y_range=charts.names_axis(reversed(places), group_padding=1.4, range_padding=0.02),
    )
    fig.xaxis.axis_label = title
    dots.grouped_axis(fig, tokens)
    if every is not None:
        fig.vspan(x=[every], line_color=tokens["reference"], line_dash="dashed", line_width=1.5)
    source = charts.columns(
        place=places,
        value=[m.value for m in groups],
        low=[m.low for m in groups],
        high=[m.high for m in groups],
        group=[charts.name(value) for m in groups for value in m.cohort.values()],
        rate=[charts.estimate(m) for m in groups],
        rows=[f"{m.n:,}" for m in groups],
        start=[0.0 for m in groups],
        note=["" if m.value is not None else "not evaluated" for m in groups],
    )
    dots.whiskers(fig, source, tokens["accent"])
    made = fig.scatter("value", "place", source=source, size=9, color=tokens["accent"])
    small = {"text_color": tokens["muted"], "text_baseline": "middle", "text_font_size": "11px"}
    fig.text("start", "place", "note", source=source, **small)
    charts.hover(fig, made, ["group", "rate", "rows"])
    return fig


def _places(groups: Sequence[Measurement]) -> list[tuple[str, str]]:
    """Where each group stands on the axis: its attribute, then its name."""
    values: dict[str, list[str | None]] = {}
    for measurement in groups:
        for column, value in measurement.cohort.items():
            values.setdefault(column, []).append(value)
    names = {column: charts.axis_names(found) for column, found in values.items()}
    return [(column, names[column][value]) for m in groups for column, value in m.cohort.items()]


def crossed(results: Any) -> Any:
    """Selection rate where two attributes cross; a hatched cell has no value, an empty place no rows."""
    cells = [m for m in results.measurements("selection_rate") if len(m.cohort) == 2]
    if not cells:
        return None
    rows, columns = cells[0].cohort
    drawn = _heat_map(results.tokens, rows, columns, [m for m in cells if set(m.cohort) == {rows, columns}])
    return [drawn, *(carried(m) for m in results.measurements(*(c.id for c in CROSSED)) if m.value is not None)]


def carried(m: Measurement) -> str:
    """Which attribute carries the spread between crossed groups."""
    rate = TITLES[m.metric.rpartition(".")[2]].partition(":")[0]
    parts = [f"{name} carries {share:.0%}" for name, share in m.detail.get("shares", {}).items()]
    ends = f" ({m.low:.0%} to {m.high:.0%})" if m.low is not None and m.high is not None else ""
    note = f" But {m.reason}." if m.reason else ""
    return (
        f"{rate}, spread across {m.across}: {', '.join(parts)}; {m.value:.0%}{ends} only shows where they cross.{note}"
    )


def conditional(results: Any) -> Any:
    """The raw gap, its mean over the strata and the worst stratum; the strata in a table."""
    inside = [m for m in results.measurements(*(c.id for c in CONDITIONAL)) if m.across]
    if not any(m.value is not None for m in inside):
        why = next((m.reason for m in results.measurements(CONDITIONAL[0].id) if m.reason), "nothing was measured")
        return f"Not evaluated: {why}."
    drawn = {m.metric.rpartition(".")[2] for m in inside} | set(DRAWN)
    found = [m for m in results.measurements(*STRATA) if m.across and m.metric.rpartition(".")[2] in drawn]
    verdicts = {(v.metric, v.across): v.bound for v in results.verdicts(*STRATA) if v.window == results.window}
    return [
        charts.grid([dots.gap_figure(results, found, "difference (share of rows)", verdicts, TITLES)]),
        {"Strata": _strata(inside)},
    ]


def _strata(inside: Sequence[Measurement]) -> Any:
    import pandas as pd

    rows = [
        {
            "gap": TITLES[m.metric.rpartition(".")[2]],
            "across": m.across,
            **{str(k): charts.name(v) for k, v in stratum["stratum"].items()},
            "value": stratum["value"],
            "low": stratum["low"],
            "high": stratum["high"],
            "rows": stratum["n"],
            "between": " and ".join(charts.group(g) for g in stratum["groups"]),
        }
        for m in inside
        if not m.metric.endswith("_worst")
        for stratum in m.detail.get("strata", ())
    ]
    return pd.DataFrame(rows)


def table(results: Any, ids: Sequence[str], otherwise: str) -> Any:
    """Numbers that are told, not drawn; or why there are none."""
    frame = results.frame(*ids) if ids else None
    if frame is None or frame.empty or frame["value"].isna().all():
        return otherwise
    known = frame[frame["value"].notna()]
    return known[["title", "cohort", "across", "value", "low", "high", "n"]].reset_index(drop=True)


def _whatif(results: Any) -> Any:
    """Only a page that shows it loads the widgets."""
    from dte_panel_fairness import dials

    return dials.view(results)


def named(results: Any) -> Any:
    """What the libraries computed by name."""
    none = "None is named: write them under plugins.fairness.library_metrics, such as sklearn:zero_one_loss."
    return table(results, [i for i in results.metrics if i.startswith(("fairlearn_", "sklearn_"))], none)


def _heat_map(tokens: Tokens, rows: str, columns: str, cells: Sequence[Measurement]) -> Any:
    from bokeh.models import PlainText

    down, across = (charts.axis_names([m.cohort[side] for m in cells]) for side in (rows, columns))
    if len(across) > len(down):
        # The side with more names goes down, where there is room for them.
        rows, columns, down, across = columns, rows, across, down
    fig = charts.blank(
        tokens,
        height=max(190, 42 * len(down) + 70),
        x_range=charts.names_axis(across.values()),
        y_range=charts.names_axis(reversed(down.values())),
    )
    # PlainText: a column's name is not to be read as mathematics.
    fig.xaxis.axis_label, fig.yaxis.axis_label = PlainText(text=columns), PlainText(text=rows)
    fig.xaxis.major_label_orientation = 0.6 if len(across) > 4 else "horizontal"
    fig.grid.grid_line_color = None
    colours = [_heat(tokens, m.value) for m in cells]
    source = charts.columns(
        x=[across[m.cohort[columns]] for m in cells],
        y=[down[m.cohort[rows]] for m in cells],
        colour=colours,
        hatch=[" " if m.value is not None else "/" for m in cells],
        text=["" if m.value is None else f"{m.value:.2f}" for m in cells],
        ink=[charts.readable_on(c, tokens["text"]) for c in colours],
        group=[charts.group(m.cohort) for m in cells],
        rate=[charts.estimate(m) for m in cells],
        rows=[f"{m.n:,}" for m in cells],
        n=[f"n = {m.n:,}" for m in cells],
    )
    hatch = {"hatch_pattern": "hatch", "hatch_color": tokens["muted"]}
    tiles = fig.rect("x", "y", 0.96, 0.94, source=source, fill_color="colour", line_color=tokens["border"], **hatch)
    middle = {"text_align": "center", "text_baseline": "middle", "text_font_size": "12px"}
    fig.text("x", "y", "text", source=source, text_color="ink", y_offset=-6, **middle)
    small = {**middle, "text_font_size": "10px"}
    fig.text("x", "y", "n", source=source, text_color="ink", y_offset=8, **small)
    charts.hover(fig, tiles, ["group", "rate", "rows"])
    return fig


def _heat(tokens: Tokens, value: float | None) -> str:
    return tokens["none_bg"] if value is None else tokens[HEAT[min(len(HEAT) - 1, int(value * len(HEAT)))]]


_ELSEWHERE = {*SHOWN, *QUALITY, *DRAWN, *STRATA, *(m.id for m in (*CONDITIONAL, *CROSSED, *GROUPED))}
_OTHERS = tuple(i for i in TITLES if i not in _ELSEWHERE)

_TWO_CLASSES = "Only for more than two classes and for predictions that are numbers."

_GROUPS = ("sensitive",)

VIEWS = (
    View(
        id="rates",
        title="Rates by group",
        metrics=SHOWN,
        render=rates,
        description="How each group is treated: the share of all, of positive and of negative rows that are selected, "
        "with 95 % intervals. The dashed line is the rate of all rows.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="quality",
        title="Quality by group",
        metrics=QUALITY,
        render=lambda results: rates(results, QUALITY),
        description="What a prediction or a score is worth in each group, with 95 % intervals. The dashed line is the "
        "value of all rows.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="grouped",
        title="Classes and errors by group",
        metrics=tuple(m.id for m in GROUPED),
        render=lambda results: table(results, [m.id for m in GROUPED], _TWO_CLASSES),
        description="For more than two classes, and for predictions that are numbers: every group, and the gaps.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="gaps",
        title="Gaps between groups",
        metrics=DRAWN,
        render=lambda results: dots.gaps(results, DRAWN, TITLES),
        description="The largest difference and the smallest ratio between any two groups, with intervals that hold "
        "for all pairs at once. The upright mark is the bound of a check.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="chooser",
        title="Which metrics disagree, and why",
        metrics=CHOSEN,
        render=chooser,
        description="Not all gaps can be closed at once where base rates differ: what holds here, what does not, and "
        "what each metric asks for.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="conditional",
        title="Gaps inside the strata of the control columns",
        metrics=STRATA,
        render=conditional,
        description="The raw gap beside the same gap among rows that are alike in the control columns: it may come "
        "from how groups spread over the strata, or be hidden by it.",
        wide=True,
        needs=(*_GROUPS, "control"),
    ),
    View(
        id="crossed",
        title="Crossed groups",
        metrics=("selection_rate", *(c.id for c in CROSSED)),
        render=crossed,
        description="Selection rate where two attributes cross: a group can be treated differently although each "
        "attribute alone shows no gap.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="whatif",
        title="What if other thresholds decided",
        metrics=(),
        render=_whatif,
        description="Select from another score on, for all groups or for each: rates, gaps and cost follow at once, "
        "from the kept counts of scores by label. Hollow diamonds are the decisions in the data.",
        wide=True,
        needs=(*_GROUPS, "score", "label"),
    ),
    View(
        id="others",
        title="All other numbers",
        metrics=_OTHERS,
        render=lambda results: (
            "Every further rate, difference and ratio, between groups, to all rows and to a reference "
            "group, stands in the table."
        ),
        description="What is measured and not drawn.",
        wide=True,
        needs=_GROUPS,
    ),
    View(
        id="named",
        title="Metrics named in the spec",
        metrics=(),
        render=named,
        description="What Fairlearn and scikit-learn computed themselves, on distinct, weighted rows.",
        wide=True,
        needs=_GROUPS,
    ),
)
