"""Reports that run now: the same numbers as Evidently's own ``Report.run``, on declared rows, and nothing is sent."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dte_panel import InputError
from dte_panel.conductor import assess_spec
from dte_panel.spec import read as read_spec
from dte_panel.states import JointSample
from dte_panel_evidently import reports
from dte_panel_evidently.quiet import evidently
from dte_panel_evidently.stattests import METHODS, method_of

DEMO = Path(str(__import__("dte_panel").__file__)).parent / "data/demo/acs-employment"
REPORT = """
subject: {{name: employment, kind: model}}
data: {{current: current.parquet, reference: reference.parquet}}
roles: {{label: employed, prediction: prediction, score: probability, sensitive: [sex], id: id, ignore: [year]}}
plugins: {{evidently: {settings}}}
"""
ITEMS = [
    "DataDriftPreset",
    {"ValueDrift": {"column": "age", "method": "psi"}},
    {"ValueDrift": {"column": "age", "method": "ks"}},
    {"GroupBy": {"metric": {"MeanValue": {"column": "age"}}, "column_name": "sex"}},
    "ClassificationPreset",
    "DataSummaryPreset",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("evidently")
    for side in ("reference", "current"):
        pd.read_parquet(DEMO / f"{side}.parquet").head(2_000).to_parquet(made / f"{side}.parquet")
    return made


@pytest.fixture(autouse=True)
def only_this_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DTE_PLUGINS", "evidently")
    yield
    # Evidently leaves its own warnings and figures to the collector.
    warnings.simplefilter("ignore")


def assessed(folder: Path, **settings: Any) -> Any:
    spec = folder / "trust.yaml"
    spec.write_text(REPORT.format(settings=json.dumps(settings)))
    return assess_spec(read_spec(spec))


@pytest.fixture(scope="module")
def everything(folder: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DTE_PLUGINS", "evidently")
        yield assessed(folder, report=ITEMS, tests=True)


@pytest.fixture(scope="module")
def own(folder: Path) -> dict[str, Any]:
    """What Evidently itself says, asked as its documentation does."""
    library = evidently()
    from evidently.metrics import GroupBy, MeanValue, ValueDrift
    from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset

    frames = {s: pd.read_parquet(folder / f"{s}.parquet").drop(columns="year") for s in ("current", "reference")}
    numbers = ["age", "schooling", "probability"]
    definition = library.DataDefinition(
        id_column="id",
        numerical_columns=numbers,
        categorical_columns=[c for c in frames["current"] if c not in {*numbers, "id"}],
        classification=[
            library.BinaryClassification(
                target="employed", prediction_labels="prediction", prediction_probas="probability", pos_label=1
            )
        ],
    )
    data = {s: library.Dataset.from_pandas(f, definition) for s, f in frames.items()}
    items = [
        DataDriftPreset(), ValueDrift(column="age", method="psi"), ValueDrift(column="age", method="ks"),
        GroupBy(metric=MeanValue(column="age"), column_name="sex"), ClassificationPreset(), DataSummaryPreset(),
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = library.Report(items, include_tests=True).run(data["current"], data["reference"])
    found: dict[str, Any] = json.loads(run.json())
    return found


def flat(value: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, (*prefix, str(key)))
    else:
        yield prefix, value


def test_the_numbers_are_evidentlys_own(everything: Any, own: dict[str, Any]) -> None:
    ours: dict[str, list[float]] = {}
    for m in everything.measurements:
        if "test" not in m.detail:
            ours.setdefault(m.detail["evidently"]["id"], []).append(m.value)
    theirs = {m["id"]: sorted(v for _, v in flat(m["value"])) for m in own["metrics"]}
    assert len(theirs) > 60
    assert {key: sorted(values) for key, values in ours.items()} == theirs, "to the last bit"


def test_the_tests_are_evidentlys_own(everything: Any, own: dict[str, Any]) -> None:
    ours = [(m.detail["test"]["description"], m.value) for m in everything.measurements if "test" in m.detail]
    theirs = [(t["description"], float(t["status"] == "SUCCESS")) for t in own["tests"]]
    assert len(theirs) > 40
    assert sorted(set(ours)) == sorted(set(theirs))


def test_every_number_says_its_rows(everything: Any) -> None:
    assert {m.status for m in everything.measurements} == {"ok"}
    assert all(m.detail["rows"]["current"] == {"used": 2_000, "total": 2_000} for m in everything.measurements)
    (women,) = [
        m for m in everything.measurements if m.metric == "evidently.mean_value" and m.cohort == {"sex": "Female"}
    ]
    assert women.n == int((pd.read_parquet(DEMO / "current.parquet").head(2_000)["sex"] == "Female").sum())


def test_a_sample_says_so_everywhere_and_is_the_same_every_time(folder: Path) -> None:
    def run(seed: int) -> list[Any]:
        spec = folder / "trust.yaml"
        settings = {"report": [{"ValueDrift": {"column": "age", "method": "empirical_mmd"}}, "RowCount"], "sample": 300}
        spec.write_text(REPORT.format(settings=json.dumps(settings)) + f"seed: {seed}\n")
        return [m.to_json() for m in assess_spec(read_spec(spec)).measurements]

    first = run(0)
    assert first == run(0)
    assert first != run(1)
    note = "a sample: 300 of 2,000 reference rows and 300 of 2,000 current rows, seed 0"
    assert {m["reason"] for m in first} == {note}
    (rows,) = [m for m in first if m["metric"] == "evidently.row_count"]
    assert (rows["value"], rows["n"]) == (300.0, 300)


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ("DataDriftPresett", "plugins.evidently.report[0]: Evidently has no preset or metric 'DataDriftPresett'. "
                             "Did you mean 'DataDriftPreset'?"),
        ({"ValueDrift": {"colunm": "age"}}, "ValueDrift has no argument 'colunm'. Did you mean 'column'?"),
        ({"ValueDrift": {"column": "age", "method": "pis"}}, "no drift method 'pis'. Did you mean 'psi'?"),
        ({"DataDriftPreset": {"num_method": "nope"}}, "Evidently has no drift method 'nope'. Valid names: "),
        ({"RowCount": {"x": 1}}, "RowCount has no argument 'x'. It has no arguments"),
        ({"ValueDrift": {}}, "ValueDrift refuses its arguments"),
        ({"QuantileValue": {"column": "age", "quantile": "many"}}, "QuantileValue refuses its arguments"),
        ({"ValueDrift": "age"}, "names no preset or metric. Write a name, or a name with its arguments"),
        ({"a": 1, "b": 2}, "names no preset or metric"),
        ({"GroupBy": {"metric": {"Nothing": {}}, "column_name": "sex"}}, "report[0].metric: Evidently has no preset"),
        ("__import__", "Evidently has no preset or metric '__import__'"),
    ],
    ids=str,
)  # fmt: skip
def test_what_evidently_does_not_know_is_told_in_words(folder: Path, item: Any, complaint: str) -> None:
    with pytest.raises(InputError) as told:
        assessed(folder, report=[item])
    assert complaint in str(told.value)


def scores(name: str, kind: Any, reference: Any, alike: Any, moved: Any) -> tuple[str, float, float] | None:
    """The method's name on display and its two scores; nothing where it is not for this type of column."""
    from evidently.legacy.calculations.stattests.registry import StatTestInvalidFeatureTypeError, get_stattest

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = get_stattest(reference, moved, kind, name)
            return test.display_name, *(test(reference, x, kind, None).drift_score for x in (alike, moved))
    except StatTestInvalidFeatureTypeError:
        return None


def test_directions_are_what_evidentlys_methods_do() -> None:
    """Each registered method, on two samples that are alike and on two that are not."""
    evidently()
    from evidently.legacy.calculations.stattests.registry import _registered_stat_tests
    from evidently.legacy.core import ColumnType

    rng = np.random.default_rng(0)
    same, other = rng.normal(size=120), rng.normal(size=120)
    data = {
        ColumnType.Numerical: (pd.Series(same), pd.Series(other), pd.Series(other + 3)),
        ColumnType.Categorical: tuple(pd.Series(np.where(x > t, 1, 0)) for x, t in ((same, 0), (other, 0), (other, 2))),
    }
    tried = set()
    for name in _registered_stat_tests:
        assert name.lower() in METHODS, f"Evidently has a method that the table lacks: {name}"
        for kind, (reference, alike, moved) in data.items():
            found = scores(name, kind, reference, alike, moved)
            if found is None:
                continue
            shown, near, far = found
            assert method_of(shown) == method_of(name) != method_of("")
            assert (far < near) == (method_of(name).kind == "p-value"), (name, near, far)
            tried.add(name)
    assert set(_registered_stat_tests) - tried <= {"perc_text_content_drift", "abs_text_content_drift"}


def test_every_metric_of_evidently_has_its_words() -> None:
    kinds = reports.available()
    assert len(kinds) > 60
    assert {"DataDriftPreset", "ValueDrift", "RegressionPreset"} <= set(kinds)


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_other_tasks_are_mapped(tmp_path: Path, task: str) -> None:
    rng = np.random.default_rng(1)
    for side in ("reference", "current"):
        y = rng.normal(size=200) if task == "regression" else rng.choice(["a", "b", "c"], 200)
        p = y + rng.normal(size=200) if task == "regression" else rng.choice(["a", "b", "c"], 200)
        pd.DataFrame({"y": y, "p": p, "x": [None, *range(199)]}).to_parquet(tmp_path / f"{side}.parquet")
    preset = "RegressionPreset" if task == "regression" else "ClassificationPreset"
    spec = tmp_path / "trust.yaml"
    spec.write_text(
        "subject: {name: s}\ndata: {current: current.parquet, reference: reference.parquet}\n"
        "roles: {label: y, prediction: p}\n"
        f"plugins: {{evidently: {{report: [{preset}, {{MeanValue: {{column: x}}}}]}}}}\n"
    )
    evidence = assess_spec(read_spec(spec))
    found = {(m.metric, m.cohort.get("label")): m for m in evidence.measurements}
    (mean,) = [m for m in evidence.measurements if m.metric == "evidently.mean_value" and m.column == "x"]
    assert (mean.value, mean.n) == (99.0, 199)
    current = pd.read_parquet(tmp_path / "current.parquet")
    if task == "regression":
        error = (current["p"] - current["y"]).abs().mean()
        assert found["evidently.mean_absolute_error", None].value == pytest.approx(error, abs=1e-12)
    else:
        assert found["evidently.accuracy", None].value == (current["p"] == current["y"]).mean()
        assert {label for metric, label in found if metric == "evidently.f1_by_label"} == {"a", "b", "c"}


SILENT = """
import socket, subprocess, sys, threading
attempts = []
def refuse(name):
    def call(*a, **k):
        attempts.append((name, a))
        raise OSError("no network in this test")
    return call
socket.socket.connect = refuse("connect")
socket.socket.connect_ex = refuse("connect_ex")
socket.getaddrinfo = refuse("getaddrinfo")
start = subprocess.Popen.__init__
def popen(self, args, *a, **k):
    attempts.append(("process", args))
    return start(self, args, *a, **k)
subprocess.Popen.__init__ = popen
from dte_panel.cli import main
code = main(["assess", sys.argv[1], "--out", sys.argv[2]])
from evidently.telemetry import event_logger
event_logger.send_event("test", "test")
for thread in threading.enumerate():
    if thread is not threading.current_thread() and not thread.daemon:
        thread.join()
print("ATTEMPTS", code, [a for a in attempts if "iterative" in str(a) or a[0] != "process"])
"""


def test_nothing_is_sent_to_anybody(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DO_NOT_TRACK", "ITERATIVE_DO_NOT_TRACK"):
        monkeypatch.delenv(name, raising=False)
    spec = folder / "silent.yaml"
    spec.write_text(REPORT.format(settings=json.dumps({"report": ["DataDriftPreset"], "sample": 200})))
    command = [sys.executable, "-W", "ignore", "-c", SILENT, str(spec), str(tmp_path / "evidence.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert "ATTEMPTS 0 []" in done.stdout, done.stdout + done.stderr
    assert json.loads((tmp_path / "evidence.json").read_text())["measurements"]


def test_a_frame_keeps_types_and_gaps() -> None:
    whole = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    text = np.ma.masked_array(np.array(["a", "b", "c"], dtype=object), mask=[True, False, False])
    made = reports.framed(JointSample({"n": whole, "t": text, "i": np.array([1, 2, 3])}, 3, 3))
    assert made["n"].isna().tolist() == [False, True, False]
    assert made["t"].isna().tolist() == [True, False, False]
    assert made["i"].dtype.kind == "i", "a whole number stays one: Evidently bins it otherwise"
