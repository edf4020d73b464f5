"""Evidently's DataDriftPreset on two Parquet files, as its documentation runs it; prints how many columns it judged.

    python benchmarks/evidently_drift.py reference.parquet current.parquet

Runs in an environment of its own (see README.md): it is a measure to compare with, not a dependency.
"""

from __future__ import annotations

import os
import sys

# Before the import: its telemetry asks these variables.
os.environ["DO_NOT_TRACK"] = os.environ["ITERATIVE_DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    reference, current = (pd.read_parquet(path).drop(columns="time") for path in sys.argv[1:3])
    texts = [name for name in current if current[name].dtype == "category"]
    for frame in (reference, current):
        frame[texts] = frame[texts].astype(str)
    labels = ["label", "prediction"]
    numbers = [name for name in current if name not in texts and name not in labels]
    columns = DataDefinition(numerical_columns=numbers, categorical_columns=[*texts, *labels])
    data = [Dataset.from_pandas(frame, data_definition=columns) for frame in (current, reference)]
    result = Report([DataDriftPreset()]).run(*data).dict()
    print(len([m for m in result["metrics"] if "ValueDrift" in str(m.get("metric_name", m))]))


if __name__ == "__main__":
    main()
