"""Guess what columns mean from their names and content, and say why. A person reads and corrects it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dte_panel.engine.sources import ColumnInfo

_LABEL = {
    "label", "target", "y", "y_true", "ytrue", "outcome", "ground_truth", "actual", "actuals", "truth", "class",
    "repaid", "default", "defaulted", "churn", "churned", "employed", "approved", "fraud", "is_fraud", "response",
}  # fmt: skip
_PREDICTION = {"prediction", "predictions", "predicted", "pred", "y_pred", "ypred", "y_hat", "yhat", "forecast"}
_SCORE = {"score", "scores", "proba", "prob", "probability", "probabilities", "likelihood", "confidence"}
_SENSITIVE = {
    "sex", "gender", "race", "ethnicity", "ethnic", "ethnic_group", "age_group", "age_band", "age_range", "agegroup",
    "disability", "disabled", "religion", "nationality", "marital", "marital_status", "citizenship", "native_country",
    "country_of_birth", "sexual_orientation", "veteran", "veteran_status", "pregnant", "caste", "skin_colour",
    "skin_color",
}  # fmt: skip
_ID = {"id", "ids", "uuid", "guid", "identifier", "key", "row_id"}
_TIME = {"time", "timestamp", "date", "datetime", "day", "month", "created", "created_at", "event_time", "ts"}
_POSITIVE = {"yes", "y", "true", "t", "positive", "pos", "approved", "accepted", "good"}
#: More groups than this cannot be compared with each other.
MOST_GROUPS = 50
_DAYS = ((730, "1 year"), (90, "1 month"), (21, "1 week"), (2, "1 day"))


@dataclass(frozen=True)
class Proposal:
    """A column for a role, and the reason."""

    role: str
    column: str
    why: str


def slug(name: str) -> str:
    """A column's name in snake case, for comparing.

    Examples
    --------
    >>> slug("AgeGroup"), slug("Y-true "), slug("customerID")
    ('age_group', 'y_true', 'customer_id')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def propose(columns: Sequence[ColumnInfo]) -> list[Proposal]:
    """One column for each single role, all that fit for ``sensitive`` and ``text``; each column at most once."""
    found: list[Proposal] = []

    def free() -> list[ColumnInfo]:
        taken = {p.column for p in found}
        return [c for c in columns if c.name not in taken]

    for rule in (_id, _score, _prediction, _time):
        found += _first(rule, free())
    found += [p for c in free() if (p := _sensitive(c))]
    found += _first(_label, free()) or _like_prediction(found, columns, free())
    found += [p for c in free() if (p := _text(c))]
    return found


def _first(rule: Callable[[ColumnInfo], Proposal | None], columns: Iterable[ColumnInfo]) -> list[Proposal]:
    return next(([p] for c in columns if (p := rule(c))), [])


def _id(c: ColumnInfo) -> Proposal | None:
    name = slug(c.name)
    named = name in _ID or name.endswith("_id")
    unique = c.rows > 1 and c.distinct == c.rows and not c.nulls
    return Proposal("id", c.name, "the name, and every value is different") if named and unique else None


def _score(c: ColumnInfo) -> Proposal | None:
    within = c.type == "float" and c.minimum is not None and c.minimum >= 0 and c.maximum <= 1
    named = _SCORE & set(slug(c.name).split("_"))
    return Proposal("score", c.name, "the name, and all values lie between 0 and 1") if within and named else None


def _prediction(c: ColumnInfo) -> Proposal | None:
    name = slug(c.name)
    usable = c.type in {"integer", "float", "boolean", "text"} and c.distinct
    named = name in _PREDICTION or name.startswith(("predicted_", "prediction_"))
    return Proposal("prediction", c.name, "the name") if usable and named else None


def _label(c: ColumnInfo) -> Proposal | None:
    usable = c.type in {"integer", "float", "boolean", "text"} and c.distinct > 1
    if not usable or slug(c.name) not in _LABEL:
        return None
    return Proposal("label", c.name, "the name, and it has two values" if c.distinct == 2 else "the name")


def _like_prediction(
    found: Sequence[Proposal], columns: Sequence[ColumnInfo], free: Sequence[ColumnInfo]
) -> list[Proposal]:
    """The one other column with the two values of the prediction."""
    predicted = [c for c in columns if any(p.role == "prediction" and p.column == c.name for p in found)]
    if not predicted or predicted[0].distinct != 2:
        return []
    same = [c for c in free if c.distinct == 2 and set(c.examples) == set(predicted[0].examples)]
    return [Proposal("label", same[0].name, "it has the two values of the prediction")] if len(same) == 1 else []


def _time(c: ColumnInfo) -> Proposal | None:
    if not c.distinct:
        return None
    if c.type == "time":
        return Proposal("time", c.name, "it holds times")
    if c.type == "integer" and slug(c.name) in {"year", "jahr"} and c.minimum >= 1800 and c.maximum <= 2200:
        return Proposal("time", c.name, "the name, and the values are years")
    dates = c.type == "text" and slug(c.name) in _TIME and c.examples and all(map(moment, c.examples))
    return Proposal("time", c.name, "the name, and the text reads as dates") if dates else None


def _sensitive(c: ColumnInfo) -> Proposal | None:
    name = slug(c.name)
    named = name in _SENSITIVE or name in {f"{s}_group" for s in _SENSITIVE}
    usable = c.type in {"integer", "boolean", "text"} and 1 < c.distinct <= MOST_GROUPS
    return Proposal("sensitive", c.name, f"the name; {c.distinct} groups") if named and usable else None


def _text(c: ColumnInfo) -> Proposal | None:
    words = [example for example in c.examples if example.count(" ") >= 3]
    free = c.type == "text" and c.distinct > 100 and words and len(words) == len(c.examples)
    return Proposal("text", c.name, "values are sentences") if free else None


def moment(text: str) -> datetime | None:
    """The date or time that a text in ISO form says, without its zone."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def length_of_windows(time: ColumnInfo) -> str | None:
    """A length that gives a handful of windows or more over the data's span."""
    if time.type == "integer":
        return "1 year"
    first, last = moment(str(time.minimum)), moment(str(time.maximum))
    if first is None or last is None:
        return None
    days = (last - first).days
    return next((length for least, length in _DAYS if days >= least), "1 hour")


def positive(label: ColumnInfo) -> tuple[str, str] | None:
    """The positive class and the reason, where the two values of a text label tell."""
    if label.type != "text" or label.distinct != 2:
        return None
    known = [value for value in label.examples if value.casefold() in _POSITIVE]
    return (known[0], "the label's two values tell") if len(known) == 1 else None
