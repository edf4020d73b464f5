"""Run what the spec names on a sample of the rows, with Evidently itself."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dte_panel import InputError, Inquiry
from dte_panel_evidently.quiet import evidently
from dte_panel_evidently.results import Snapshot, group_key
from dte_panel_evidently.snapshots import plain_results

if TYPE_CHECKING:
    import pandas as pd

    from dte_panel.states import JointSample
    from dte_panel_evidently.settings import EvidentlySettings

_KEY = "plugins.evidently.report"
#: The roles whose columns a report may read.
ROLES = "feature|sensitive|text|label|prediction|score|time|id"


def run(settings: EvidentlySettings, inquiry: Inquiry) -> Snapshot:
    """Run the report of the settings.

    Raises
    ------
    InputError
        A name or an argument that Evidently does not know, or data that its metric cannot use.
    """
    library = evidently()
    items = [built(item, f"{_KEY}[{i}]") for i, item in enumerate(settings.report)]
    samples = inquiry.rows(ROLES, settings.sample)
    frames = {side: framed(sample) for side, sample in samples.items()}
    definition = mapped(inquiry, frames["current"])
    data = {side: library.Dataset.from_pandas(frame, definition) for side, frame in frames.items()}
    report = library.Report(items, include_tests=settings.tests)
    with _seeded(inquiry.seed):
        # As its files hold it: numpy's numbers and its own enumerations are plain there.
        document = json.loads(report.run(data["current"], data.get("reference")).json())
    present = {str(column): int(n) for column, n in frames["current"].notna().sum().items()}
    present |= _groups(document, frames["current"])
    return Snapshot(
        "report",
        plain_results(document),
        rows={"": samples["current"].n, **present},
        note=_note(samples, inquiry.seed),
        detail={"library": f"evidently {library.__version__}", "rows": _counted(samples, inquiry.seed)},
    )


def _groups(document: Mapping[str, Any], frame: pd.DataFrame) -> dict[str, int]:
    """Rows of each group that a metric is measured for."""
    names = {m["config"]["column_name"] for m in document["metrics"] if isinstance(m["config"].get("metric"), Mapping)}
    return {group_key(c, v): int(n) for c in names for v, n in frame[c].value_counts().items()}


def built(item: Any, where: str) -> Any:
    """The preset or metric that an item of the settings names, with its arguments.

    Raises
    ------
    InputError
    """
    if isinstance(item, Mapping) and len(item) == 1:
        ((name, arguments),) = item.items()
    else:
        name, arguments = item, {}
    if not isinstance(name, str) or not isinstance(arguments, Mapping | None):
        hint = "Write a name, or a name with its arguments: {ValueDrift: {column: age, method: psi}}"
        raise InputError(f"{item!r:.80} names no preset or metric", where=where, hint=hint)
    kinds = available()
    if name not in kinds:
        raise InputError(f"Evidently has no preset or metric '{name}'", where=where, hint=_nearest(name, kinds))
    kind, given = kinds[name], dict(arguments or {})
    known = [field for field in kind.__fields__ if field != "type" and not field.endswith("tests")]
    for key in given:
        if key not in known:
            hint = _nearest(key, known) if known else "It has no arguments"
            raise InputError(f"{name} has no argument '{key}'", where=where, hint=hint)
    if isinstance(given.get("metric"), Mapping):
        given["metric"] = built(given["metric"], f"{where}.metric")
    _check_method(given, where)
    try:
        return kind(**given)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} refuses its arguments ({' '.join(str(error).split())[:200]})", where=where) from error


def available() -> dict[str, Any]:
    """Presets and metrics of Evidently by name."""
    library = evidently()
    return {
        name: kind
        for module in (library.presets, library.metrics)
        for name, kind in sorted(vars(module).items())
        if isinstance(kind, type) and name[0].isupper() and hasattr(kind, "__fields__")
    }


def _check_method(given: Mapping[str, Any], where: str) -> None:
    from evidently.legacy.calculations.stattests.registry import _registered_stat_tests as registered

    methods = sorted(registered)
    for key in (k for k in given if k.endswith("method") and isinstance(given[k], str)):
        if given[key] not in methods:
            raise InputError(
                f"Evidently has no drift method '{given[key]}'", where=where, hint=_nearest(given[key], methods)
            )


def _nearest(word: str, valid: Any) -> str:
    folded = {name.casefold(): name for name in valid}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.5)
    return f"Did you mean '{folded[close[0]]}'?" if close else f"Valid names: {', '.join(sorted(valid))}"


def framed(sample: JointSample) -> pd.DataFrame:
    """A sample as a data frame; whole numbers stay whole where none is missing."""
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, values in sample.columns.items():
        missing = np.ma.getmaskarray(values)
        plain = np.ma.getdata(values)
        if not missing.any():
            columns[name] = plain
        elif plain.dtype.kind in "iuf":
            columns[name] = np.where(missing, np.nan, plain.astype(float))
        else:
            columns[name] = plain.astype(object)
            columns[name][missing] = None
    return pd.DataFrame(columns)


def mapped(inquiry: Inquiry, frame: pd.DataFrame) -> Any:
    """Our roles and types as Evidently's data definition."""
    from evidently import BinaryClassification, DataDefinition, MulticlassClassification, Regression

    present = [str(column) for column in frame if column in inquiry.kinds]
    role = {name: columns[0] for name, columns in inquiry.roles.items() if columns and columns[0] in frame}
    aside = {role.get("time"), role.get("id")}
    of: dict[str, list[str]] = {
        kind: [c for c in present if inquiry.kinds[c] == kind and c not in aside]
        for kind in ("numeric", "categorical", "text")
    }
    target = {"target": role.get("label"), "prediction_labels": role.get("prediction")}
    tasks: dict[str, Any] = {}
    if inquiry.task == "binary" and "label" in role:
        positive = _positive(frame, role["label"], inquiry.positive)
        tasks["classification"] = [
            BinaryClassification(**target, prediction_probas=role.get("score"), pos_label=positive)
        ]
    elif inquiry.task == "multiclass" and "label" in role:
        tasks["classification"] = [MulticlassClassification(**target)]
    elif inquiry.task == "regression" and {"label", "prediction"} <= set(role):
        tasks["regression"] = [Regression(target=role["label"], prediction=role["prediction"])]
    return DataDefinition(
        id_column=role.get("id"),
        numerical_columns=of["numeric"],
        categorical_columns=of["categorical"],
        text_columns=of["text"],
        **tasks,
    )


def _positive(frame: pd.DataFrame, label: str, positive: str | None) -> Any:
    """The positive class as it stands in the column."""
    for value in frame[label].dropna().unique():
        whole = int(value) if isinstance(value, bool | float) and value % 1 == 0 else value
        if positive in {str(value), str(whole)}:
            return value.item() if hasattr(value, "item") else value
    return positive


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Some of its tests permute rows with numpy's global state, which is put back; its libraries warn a lot."""
    import numpy as np

    before, plain = np.random.get_state(), random.getstate()
    np.random.seed(seed % 2**32)
    random.seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(before)
        random.setstate(plain)


def _counted(samples: Mapping[str, JointSample], seed: int) -> dict[str, Any]:
    sides = {side: {"used": sample.n, "total": sample.total} for side, sample in samples.items()}
    return {**sides, "seed": seed, "sampled": any(sample.sampled for sample in samples.values())}


def _note(samples: Mapping[str, JointSample], seed: int) -> str | None:
    """What every number of a sample must say."""
    if not any(sample.sampled for sample in samples.values()):
        return None
    parts = (f"{sample.n:,} of {sample.total:,} {side} rows" for side, sample in samples.items())
    return f"a sample: {' and '.join(parts)}, seed {seed}"
