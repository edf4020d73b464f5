"""What Evidently's metrics are in our words: id, direction, range, unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from dte_panel import Metric
from dte_panel_evidently.stattests import method_of

Better = Literal["higher", "lower", "nearer"]
Limits = tuple[float | None, float | None]
_SHARE: Limits = (0.0, 1.0)
_COUNT: Limits = (0.0, None)
_FREE: Limits = (None, None)

#: Evidently's short names that need words, with what they measure.
_WORDS = {
    "MAE": "mean_absolute_error",
    "MAPE": "mean_absolute_percentage_error",
    "RMSE": "root_mean_squared_error",
    "TPR": "true_positive_rate",
    "TNR": "true_negative_rate",
    "FPR": "false_positive_rate",
    "FNR": "false_negative_rate",
    "MAP": "mean_average_precision",
    "MRR": "mean_reciprocal_rank",
    "NDCG": "normalised_discounted_cumulative_gain",
    "R2Score": "r_squared",
    "F1Score": "f1_score",
    "AbsMaxError": "largest_absolute_error",
    "StdValue": "standard_deviation",
    "FBetaTopK": "f_beta_top_k",
}
#: Good where it is high, between 0 and 1.
_HIGHER = frozenset(
    """Accuracy Precision Recall F1Score RocAuc TPR TNR PrecisionByLabel RecallByLabel F1ByLabel RocAucByLabel
    PrecisionTopK RecallTopK FBetaTopK HitRate MAP MRR NDCG""".split()  # noqa: SIM905 - a list of names to read
)
#: Good where it is low, not below 0.
_LOWER = frozenset(
    """LogLoss MAE MAPE RMSE AbsMaxError FPR FNR AlmostConstantColumnsCount AlmostDuplicatedColumnsCount
    ConstantColumnsCount DatasetMissingValueCount DriftedColumnsCount DuplicatedColumnsCount DuplicatedRowCount
    EmptyColumnsCount EmptyRowsCount MissingValueCount OutListValueCount OutRangeValueCount
    EmbeddingsDrift""".split()  # noqa: SIM905
)
#: Parameters that do not change which quantity it is.
_ASIDE = ("type", "column", "column_name", "threshold", "drift_share", "metric", "label")


@dataclass(frozen=True)
class Kind:
    """One quantity of Evidently's: its metric, which part of the result, and the parameters that tell it apart."""

    type: str
    part: str = ""
    method: str = ""
    apart: str = ""


def kind_of(params: Mapping[str, Any], part: str) -> Kind:
    """The quantity that a part of a result is."""
    name = str(params.get("type", "")).rpartition(":")[2] or "Unnamed"
    method = str(params.get("method")) if name == "ValueDrift" else ""
    given = {k: v for k, v in params.items() if k not in _ASIDE and not k.endswith("method")}
    plain = {k: v for k, v in given.items() if isinstance(v, int | float | str) and not isinstance(v, bool)}
    told = {k: v for k, v in plain.items() if v != "default" and not k.endswith("tests") and k != "nbinsx"}
    return Kind(name, part, method, _snake("_".join(f"{k}_{v}" for k, v in sorted(told.items()))) if told else "")


@cache
def metric_of(kind: Kind) -> Metric:
    """Our definition of a quantity of Evidently's."""
    if kind.type == "ValueDrift":
        return _drift(kind)
    name, unit, limits = _named(kind)
    better: Better = "higher" if kind.type.removeprefix("Dummy") in _HIGHER else "nearer"
    better = "lower" if kind.type.removeprefix("Dummy") in _LOWER else better
    title = name.replace("_", " ").capitalize()
    return Metric(
        id=name + (f"_{kind.apart}" if kind.apart else ""),
        title=f"{title} (Evidently)" + (f", {kind.apart.replace('_', ' ')}" if kind.apart else ""),
        definition=f"What Evidently's metric {kind.type} gives{_PARTS[kind.part]}. Missing rows are treated as "
        "Evidently treats them; it is not evaluated where Evidently gives no finite number.",
        source=f"Evidently, metric {kind.type}",
        better=better,
        unit=unit,
        range=limits,
        aliases=(kind.type,),
        group="Evidently",
    )


def test_of(metric: Metric, test: str) -> Metric:
    """Our definition of a test of Evidently's on one of its numbers."""
    return Metric(
        id=f"{metric.id}_test_{_snake(test)}",
        title=f"{metric.title}: test {test}",
        definition=f"1 where Evidently's test '{test}' of this number passed, 0 where it failed or only warned. Not "
        "evaluated where it was skipped; an error where Evidently could not run it.",
        source=f"Evidently, test {test}",
        better="higher",
        range=(0.0, 1.0),
        group="Evidently tests",
    )


_PARTS = {
    "": "",
    "count": ", as a count",
    "share": ", as a share",
    "std": ", its standard deviation",
}


def _named(kind: Kind) -> tuple[str, str, Limits]:
    """Id, unit and range."""
    name = _WORDS.get(kind.type) or _snake(kind.type)
    if kind.type.startswith("Dummy"):
        bare = kind.type.removeprefix("Dummy")
        name = f"dummy_{_WORDS.get(bare) or _snake(bare)}"
    if kind.part == "share":
        return re.sub(r"_count$", "", name) + "_share", "share", _SHARE
    if kind.part == "std":
        return f"{name}_standard_deviation", "", _COUNT
    if kind.part == "count" or name.endswith("_count"):
        return name, "columns" if "column" in name else "rows", _COUNT
    bare = kind.type.removeprefix("Dummy")
    if bare in _HIGHER or bare in ("FPR", "FNR"):
        return name, "", _SHARE
    return name, "", _COUNT if bare in _LOWER | {"StdValue"} else _FREE


def _drift(kind: Kind) -> Metric:
    method = method_of(kind.method)
    directions: dict[str, Better] = {"p-value": "higher", "distance": "lower", "unknown": "nearer"}
    return Metric(
        id=f"value_drift_{method.id}" + (f"_{kind.apart}" if kind.apart else ""),
        title=f"Value drift: {method.id.replace('_', ' ')} (Evidently)",
        definition=f"{method.about}, current against reference, as Evidently's ValueDrift computes it. Missing "
        "values are left out; it is not evaluated where Evidently gives no finite number.",
        source="Evidently, metric ValueDrift",
        better=directions[method.kind],
        unit="p" if method.kind == "p-value" else "",
        range=(0.0, method.limit) if method.kind != "unknown" else _FREE,
        aliases=("ValueDrift",),
        group="Evidently drift",
    )


def _snake(name: str) -> str:
    """Words of a class name or of a text, in snake case.

    Examples
    --------
    >>> _snake("InRangeValueCount"), _snake("quantile_0.25"), _snake("left_-1")
    ('in_range_value_count', 'quantile_0_25', 'left_minus_1')
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).replace("-", "minus_")
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_") or "unnamed"
