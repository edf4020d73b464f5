"""What the decisions cost, by the prices of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Facts, Metric, Scores, Value, scoring
from dte_panel.stats import mean_interval
from dte_panel_performance.opinions import cells, one_by_one, opinion
from dte_panel_performance.ranking import selected
from dte_panel_performance.scores import note

if TYPE_CHECKING:
    from dte_panel.states import Documented, Scored, Table

#: Cells of the confusion table: name, label, prediction.
CELLS = (
    ("true_positive", 1, 1),
    ("false_positive", 0, 1),
    ("false_negative", 1, 0),
    ("true_negative", 0, 0),
)
_NONE = "no costs are set: add use_case.costs"


def prices(facts: Documented) -> Mapping[str, float] | None:
    """The price of each cell, as the spec has it."""
    found = facts.facts["use_case"].get("costs")
    return None if found is None else {name: float(found[name]) for name, _, _ in CELLS}


def _expected_cost(table: Table, facts: Documented) -> Value:
    known, price = table.known("label", "prediction"), prices(facts)
    n, out = known.n(), table.n() - known.n()
    if price is None:
        return Value(None, n, reason=_NONE)
    if n == 0:
        return Value(None, 0, reason="no rows with a label and a prediction")
    rows = {name: known.n(label=label, prediction=prediction) for name, label, prediction in CELLS}
    value = sum(price[name] * rows[name] for name in rows) / n
    # One row more, a quarter of it in each cell: what the rows seen so far cannot rule out.
    more = {name: count + 0.25 for name, count in rows.items()}
    mean = sum(price[name] * more[name] for name in rows) / (n + 1)
    low, high = mean_interval(mean, sum(more[name] * (price[name] - mean) ** 2 for name in rows), n + 1)
    cheapest, dearest = min(price.values()), max(price.values())
    # With one row more there are two at least, and so there is an interval.
    low, high = cheapest if low is None else low, dearest if high is None else high
    ends = (min(max(low, cheapest), value), max(min(high, dearest), value))
    left_out = f"{out:,} rows with a missing label or prediction left out" if out else None
    return Value(value, n, *ends, reason=left_out, detail={"costs": dict(price)})


def costs_by_threshold(state: Scored, price: Mapping[str, float]) -> tuple[Any, Any]:
    """Mean cost per row for each threshold: the least score at each place ascending, then one above all."""
    import numpy as np

    wrong, right = (np.append(side, 0.0) for side in selected(state))
    negatives, positives = float(state.negatives.sum()), float(state.positives.sum())
    total = (
        price["true_positive"] * right
        + price["false_negative"] * (positives - right)
        + price["false_positive"] * wrong
        + price["true_negative"] * (negatives - wrong)
    )
    return np.append(state.lows, np.inf), total / state.n


def _lowest_cost(state: Scored, facts: Documented) -> Value:
    price = prices(facts)
    if price is None or state.n == 0:
        return Value(None, state.n, reason=_NONE if price is None else "no rows with a score and a label")
    thresholds, costs = costs_by_threshold(state, price)
    # Of equal costs the highest threshold: the fewest rows are selected.
    best = int(len(costs) - 1 - costs[::-1].argmin())
    nobody = best == len(costs) - 1
    where = "selecting no row at all" if nobody else f"selecting scores of {thresholds[best]:.4g} and more"
    told = f"reached by {where}; chosen on these very rows, so new rows will cost somewhat more"
    detail = {"threshold": None if nobody else float(thresholds[best])}
    value = Value(float(costs[best]), state.n, reason="; ".join(filter(None, [told, note(state)])), detail=detail)
    # Costs are linear in the rows selected: within a bin no threshold is cheaper than at a corner of what it may hold.
    corners = [state.arranged(best=best) for best in (False, True)] if state.bounded else []
    return scoring.within(value, *(Value(float(costs_by_threshold(c, price)[1].min()), state.n) for c in corners))


def _by_scikit_learn(table: Table, facts: Documented) -> float | None:
    from sklearn.metrics import confusion_matrix

    price, (labels, predictions, rows) = prices(facts), cells(table)
    if price is None:
        return None
    made = confusion_matrix(labels, predictions, labels=[0, 1], sample_weight=rows, normalize="all")
    return float(sum(price[name] * made[label, prediction] for name, label, prediction in CELLS))


def _lowest_by_scikit_learn(state: Scored, facts: Documented) -> float | None:
    price, negatives, positives = prices(facts), float(state.negatives.sum()), float(state.positives.sum())
    if price is None or not negatives or not positives:
        return None
    wrong, right = one_by_one(state)
    costs = price["true_positive"] * right + price["false_negative"] * (positives - right)
    costs = costs + price["false_positive"] * wrong + price["true_negative"] * (negatives - wrong)
    return float(costs.min() / state.n)


_FIELDS: dict[str, Any] = {
    "better": "lower",
    "unit": "cost per row",
    "tasks": ("binary",),
    "group": "costs",
    "source": "Elkan (2001), The foundations of cost-sensitive learning, IJCAI",
}

expected_cost = Metric(
    id="expected_cost",
    title="Expected cost",
    definition="Mean cost of a decision, with the price that use_case.costs gives to each of true and false positives "
    "and negatives. Undefined without prices. Rows with a missing label or prediction are left out and counted.",
    reduce=(Counts("label", "prediction"), Facts()),
    finish=_expected_cost,
    formula="Σ over cells c of the confusion table of price(c) n(c) / n",
    interval="t, with one more row spread over the four cells",
    second=opinion(_by_scikit_learn),
    **_FIELDS,
)
lowest_expected_cost = Metric(
    id="lowest_expected_cost",
    title="Lowest expected cost",
    definition="Mean cost of a decision at the threshold of the score that is cheapest on these rows; the detail names "
    "the threshold. Beside the expected cost it shows what a better threshold would save. Undefined without prices. "
    f"Rows with a missing score or label are left out and counted. {scoring.IN_BINS}",
    reduce=(Scores(), Facts()),
    finish=_lowest_cost,
    formula="min over thresholds t of the mean cost of deciding 1 where score >= t",
    second=opinion(_lowest_by_scikit_learn),
    interval="none, but for what fine bins leave open",
    version=2,
    **_FIELDS,
)

COSTS = (expected_cost, lowest_expected_cost)
