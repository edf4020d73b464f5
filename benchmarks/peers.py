"""The peers' side of a benchmark, as their documentation does it; the last line says what it took.

    python benchmarks/peers.py TASK reference.parquet current.parquet

Runs in an environment of its own (see envs.py): a measure to compare with, not a dependency. ``compute`` is after the
imports and after the files were read into memory; their telemetry is switched off before the import.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

for name in ("DO_NOT_TRACK", "ITERATIVE_DO_NOT_TRACK", "NML_DISABLE_USAGE_LOGGING"):
    os.environ[name] = "1"
NUMBERS = [f"n{i}" for i in range(20)]
CATEGORIES = [f"c{i}" for i in range(10)]
SENSITIVE = ["s1", "s2", "s3"]
STARTED = time.perf_counter()
#: Imports; then reading, given the paths; then the computation, given what was read.
Task = Callable[[], tuple[Callable[[str, str], Any], Callable[[Any], Any]]]


def evidently_drift(**arguments: Any) -> Task:
    def task() -> Any:
        import pandas as pd
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=CATEGORIES)

        def read(*paths: str) -> Any:
            frames = [pd.read_parquet(path, columns=[*NUMBERS, *CATEGORIES]) for path in paths]
            return [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]

        def compute(data: Any) -> Any:
            made = Report([DataDriftPreset(**arguments)]).run(data[1], data[0]).dict()
            return {m["config"]["column"]: m["value"] for m in made["metrics"] if "column" in m["config"]}

        return read, compute

    return task


def fairlearn_rates(attributes: list[str], **more: Any) -> Task:
    def task() -> Any:
        import pandas as pd
        from fairlearn import metrics as f
        from sklearn.metrics import accuracy_score, f1_score, precision_score

        seven = {
            "accuracy": accuracy_score,
            "selection_rate": f.selection_rate,
            "true_positive_rate": f.true_positive_rate,
            "false_positive_rate": f.false_positive_rate,
            "count": f.count,
            "f1_score": f1_score,
            "precision": precision_score,
        }

        def read(_: str, path: str) -> Any:
            return pd.read_parquet(path, columns=["label", "prediction", *SENSITIVE])

        def compute(frame: Any) -> Any:
            given = {"y_true": frame.label, "y_pred": frame.prediction, "sensitive_features": frame[attributes]}
            made = f.MetricFrame(metrics=seven, **given, **more)
            found = made.by_group
            if more:
                return float(made.by_group_ci[0].iloc[0, 0])
            keys = ["|".join(k) if isinstance(k, tuple) else str(k) for k in found.index]
            return {name: dict(zip(keys, map(float, found[name]), strict=True)) for name in seven}

        return read, compute

    return task


def sklearn_auc() -> Any:
    import pandas as pd
    from sklearn.metrics import roc_auc_score

    def read(_: str, path: str) -> Any:
        return pd.read_parquet(path, columns=["label", "score", "s2"])

    def compute(frame: Any) -> Any:
        return {k: float(roc_auc_score(g.label, g.score)) for k, g in frame.groupby("s2")}

    return read, compute


def nannyml_univariate() -> Any:
    import nannyml
    import pandas as pd

    def read(*paths: str) -> Any:
        return [pd.read_parquet(path, columns=[*NUMBERS, *CATEGORIES, "time"]) for path in paths]

    def compute(data: Any) -> Any:
        calculator = nannyml.UnivariateDriftCalculator(
            column_names=[*NUMBERS, *CATEGORIES],
            timestamp_column_name="time",
            continuous_methods=["jensen_shannon"],
            categorical_methods=["jensen_shannon"],
            chunk_period="D",
        )
        calculator.fit(data[0])
        return len(calculator.calculate(data[1]).to_df())

    return read, compute


def duckdb_scan() -> Any:
    import duckdb

    def read(*paths: str) -> Any:
        return paths

    def compute(paths: Any) -> Any:
        total = ", ".join([*(f"sum({n})" for n in NUMBERS), *(f"sum(length({c}))" for c in CATEGORIES)])
        with duckdb.connect() as connection:
            return [
                len(connection.execute(f"SELECT {total} FROM read_parquet(?)", [path]).fetchone()) for path in paths
            ]

    return read, compute


TASKS: dict[str, Any] = {
    "evidently-psi": evidently_drift(method="psi"),
    "evidently-default": evidently_drift(),
    "fairlearn-rates": fairlearn_rates(SENSITIVE),
    "fairlearn-bootstrap": fairlearn_rates(["s2"], n_boot=100, ci_quantiles=[0.025, 0.975], random_state=1),
    "sklearn-auc": sklearn_auc,
    "nannyml-univariate": nannyml_univariate,
    "duckdb-scan": duckdb_scan,
}


def main() -> None:
    read, compute = TASKS[sys.argv[1]]()
    imported = time.perf_counter()
    data = read(*sys.argv[2:4])
    ready = time.perf_counter()
    values = compute(data)
    done = time.perf_counter()
    print(json.dumps({"import": imported - STARTED, "compute": done - ready, "values": values}))


if __name__ == "__main__":
    main()
