"""Privacy: what looks like personal data, which columns look like ids."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dte_panel import Distinct, Metric, Rows, Value
from dte_panel.stats import wilson
from dte_panel_guardrails.opinions import COUNTED, HEURISTIC
from dte_panel_guardrails.patterns import MOST_CHARACTERS, PATTERNS, Pattern

if TYPE_CHECKING:
    from dte_panel.states import DistinctCount, Sample

AXIS = "privacy"
#: Rows of each column that are looked through.
SAMPLE = 20_000
SEED = 0


def metrics(sample: int) -> list[Metric]:
    """The metrics of single columns."""
    return [*(_share(pattern, sample) for pattern in PATTERNS), _distinct_share()]


def _share(pattern: Pattern, sample: int) -> Metric:
    return Metric(
        id=pattern.id,
        title=f"{pattern.title}: share of values",
        definition=f"Share of a text column's values that contain what looks like {_lower(pattern.title)}: "
        f"{pattern.rule}. A heuristic: a hit may be something else, and other forms are missed. Of more than "
        f"{sample:,} rows a random sample (seed {SEED}) is scanned, of each value the first {MOST_CHARACTERS:,} "
        "characters. Missing values are left out. The values themselves are never kept.",
        reduce=Rows("text|feature|sensitive|id", sample=sample, seed=SEED),
        second=HEURISTIC,
        finish=lambda rows: pattern_share(rows, pattern),
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        formula="values with a hit / values scanned",
        source=pattern.source,
        interval="Wilson",
        windows=False,
        cohorts=False,
        group=AXIS,
    )


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def pattern_share(rows: Sample, pattern: Pattern) -> Value:
    """Share of the scanned values that contain the pattern."""
    scanned = len(rows.values)
    if not scanned:
        return Value(None, 0, reason="no value to scan")
    # Categories repeat: each distinct text is looked through once.
    hits = sum(n for text, n in Counter(rows.values).items() if pattern.found(text[:MOST_CHARACTERS]))
    low, high = wilson(hits, scanned)
    note = f"; {scanned:,} of {rows.total:,} rows scanned, seed {SEED}" if rows.sampled else ""
    detail = {"hits": hits, "scanned": scanned, "rows": rows.total}
    return Value(hits / scanned, scanned, low, high, reason=f"heuristic{note}", detail=detail)


def _distinct_share() -> Metric:
    return Metric(
        id="distinct_share",
        title="Distinct values: share of rows",
        definition="Distinct values of a feature or text column of whole numbers or text, divided by its rows with a "
        "value. A heuristic: near 1 the column is like an id, which points to one row and teaches a model nothing; "
        "free text is near 1 too. Columns of fractions are not looked at. Undefined without a value.",
        reduce=Distinct("feature|text"),
        second=COUNTED,
        finish=distinct_share,
        better="lower",
        range=(0.0, 1.0),
        unit="share",
        formula="distinct values / rows with a value",
        source="heuristic of this project",
        windows=False,
        cohorts=False,
        group=AXIS,
    )


def distinct_share(counted: DistinctCount) -> Value:
    """Distinct values per row."""
    if not counted.n:
        return Value(None, 0, reason="no value")
    return Value(counted.distinct / counted.n, counted.n, reason="heuristic", detail={"distinct": counted.distinct})
