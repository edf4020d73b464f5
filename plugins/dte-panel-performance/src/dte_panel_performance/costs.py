"""What the decisions cost, by the prices of the spec."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dte_panel import Counts, Facts, Metric, Scores, Value, scoring
from dte_panel.stats import bootstrap, wilson
from dte_panel_performance.opinions import cells, one_by_one, opinion
from dte_panel_performance.ranking import selected
from dte_panel_performance.scores import note

if TYPE_CHECKING:
    from dte_panel.states import Documented, Scored, Table

#: Thresholds that the interval of the lowest cost looks at.
STEPS = 200
#: A threshold is open to be the cheapest if it costs at most so many standard errors more than the one that seems so.
APART = 3.0
_SIDES = (("false", "true"), ("true", "false"))
_NONE = "no costs are set: add use_case.costs"


def prices(facts: Documented) -> Mapping[str, float] | None:
    """The price of each cell, as the spec has it."""
    found = facts.facts["use_case"].get("costs")
    return None if found is None else {name: float(found[name]) for name, _, _ in scoring.CELLS}


def _expected_cost(table: Table, facts: Documented) -> Value:
    price = prices(facts)
    if price is None:
        return Value(None, table.known("label", "prediction").n(), reason=_NONE)
    return scoring.expected_cost(table, price)


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
    lowest = [value, *(Value(float(costs_by_threshold(c, price)[1].min()), state.n) for c in corners)]
    made = [_with_interval(v, each, price) for v, each in zip(lowest, [state, *corners], strict=True)]
    return scoring.within(*made)


def _with_interval(value: Value, state: Scored, price: Mapping[str, float]) -> Value:
    low, high = _interval_of_lowest(state, price, float(value.value or 0.0))
    return replace(value, low=low, high=high)


def _interval_of_lowest(state: Scored, price: Mapping[str, float], value: float) -> tuple[float, float]:
    """A band around the costs of all thresholds that the rows leave open to be the cheapest, at the one they chose.

    It holds for what that threshold costs on new rows and for the lowest cost there is, as it holds for all of them at
    once: resamples tell how far the costs stray together, in standard errors of each.
    """
    import numpy as np

    cheapest, dearest = min(price.values()), max(price.values())
    # One row more, scored like the others and with either label by half: what the rows seen so far cannot rule out.
    rows = _gathered(state) * 1.0
    rows += rows.sum(1, keepdims=True) / (2 * state.n)
    n = state.n + 1
    own = _costs(rows[None], price)[0]
    best = int(own.argmin())
    squares = _costs(rows[None], {name: cost * cost for name, cost in price.items()})[0]
    errors = np.sqrt(np.maximum(squares - own**2, 0.0) / n)
    apart = np.sqrt(abs(_moved(rows, price) - _moved(rows, price)[best])) / n
    open_yet = (own - own[best] <= APART * apart) & (errors > 0)
    if not open_yet.any():
        return value, value

    def strays(drawn: Any) -> Any:
        return (_costs(drawn, price)[:, open_yet] - own[open_yet]) / errors[open_yet]

    _, down = bootstrap([rows], lambda drawn: strays(drawn).max(1))
    _, up = bootstrap([rows], lambda drawn: -strays(drawn).min(1))
    low, high = _ends(rows, best, price, abs(float(down or 0.0)), abs(float(up or 0.0)))
    return min(max(low, cheapest), value), max(min(high, dearest), value)


def _ends(rows: Any, best: int, price: Mapping[str, float], down: float, up: float) -> tuple[float, float]:
    """Wilson's interval of each cell that costs more than the cheapest, so many standard errors wide, joined (MOVER).

    A threshold that was chosen because it misses nobody here may miss some elsewhere: an error of 0 is none.
    """
    n, cheapest = float(rows.sum()), min(price.values())
    above, below = rows[:best].sum(0), rows[best:].sum(0)
    cells = {
        "false_positive": above[0],
        "true_positive": above[1],
        "true_negative": below[0],
        "false_negative": below[1],
    }
    cost, less, more = cheapest, 0.0, 0.0
    for name, count in cells.items():
        weight, share = price[name] - cheapest, float(count) / n
        cost += weight * share
        less = math.hypot(less, weight * (share - wilson(float(count), n, down)[0]))
        more = math.hypot(more, weight * (wilson(float(count), n, up)[1] - share))
    return cost - less, cost + more


def _moved(rows: Any, price: Mapping[str, float]) -> Any:
    """Sum of squares of what the rows above each threshold cost more or less than unselected."""
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(rows @ _gains(price) ** 2)])


def _gains(price: Mapping[str, float]) -> Any:
    """What selecting a row costs beyond not selecting it, by its label."""
    import numpy as np

    return np.array([price[f"{sign}_positive"] - price[f"{other}_negative"] for sign, other in _SIDES])


def _gathered(state: Scored) -> Any:
    """Rows by label, from the highest score down, in at most so many steps of about as many rows."""
    import numpy as np

    sides = np.stack([state.negatives, state.positives], axis=1)[::-1]
    if len(sides) <= STEPS:
        return sides
    before = np.cumsum(sides.sum(1)) - sides.sum(1)
    _, starts = np.unique(before * STEPS // state.n, return_index=True)
    return np.add.reduceat(sides, starts, axis=0)


def _costs(tables: Any, price: Mapping[str, float]) -> Any:
    """Mean cost of selecting no step, the first, the first two and so on; tables of shape (draws, steps, label)."""
    import numpy as np

    gains = _gains(price)
    nobody = np.array([price["true_negative"], price["false_negative"]])
    n = tables.sum((1, 2))[:, None]
    return np.cumsum(np.concatenate([tables.sum(1)[:, None] @ nobody, tables @ gains], axis=1), axis=1) / n


def _by_scikit_learn(table: Table, facts: Documented) -> float | None:
    from sklearn.metrics import confusion_matrix

    price, (labels, predictions, rows) = prices(facts), cells(table)
    if price is None:
        return None
    made = confusion_matrix(labels, predictions, labels=[0, 1], sample_weight=rows, normalize="all")
    return float(sum(price[name] * made[label, prediction] for name, label, prediction in scoring.CELLS))


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
    "the threshold. Beside the expected cost it shows what a better threshold would save. The interval pays for the "
    "choice: it is for what that threshold costs on new rows, and for the lowest cost of any threshold. Undefined "
    f"without prices. Rows with a missing score or label are left out and counted. {scoring.IN_BINS}",
    reduce=(Scores(), Facts()),
    finish=_lowest_cost,
    formula="min over thresholds t of the mean cost of deciding 1 where score >= t",
    second=opinion(_lowest_by_scikit_learn),
    interval="Wilson for each cell of the confusion table, joined by MOVER (Zou & Donner 2008), as many standard "
    "errors wide as a bootstrap band around all thresholds that may be the cheapest: rather too wide (97 to 100 %)",
    version=2,
    **_FIELDS,
)

COSTS = (expected_cost, lowest_expected_cost)
