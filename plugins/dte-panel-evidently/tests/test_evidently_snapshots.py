"""Evidently's files, read without Evidently: every number and test, in the right place and with the right direction."""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import dte_panel_evidently
from dte_panel import Finding, InputError, Value
from dte_panel.conductor import assess_spec
from dte_panel.spec import read as read_spec
from dte_panel_evidently import results, snapshots, views
from dte_panel_evidently.catalogue import Kind, kind_of, metric_of
from dte_panel_evidently.results import Result, Snapshot, findings
from dte_panel_evidently.settings import EvidentlySettings
from dte_panel_evidently.stattests import METHODS, method_of

DATA = Path(__file__).parent / "data"
SAVED = json.loads((DATA / "saved.json").read_text())


def settings(**given: Any) -> EvidentlySettings:
    return EvidentlySettings(**given)


def numbers(found: list[Finding]) -> dict[tuple[str, str | None, str], Value]:
    return {
        (f.metric.id, f.column, ", ".join(f"{k}={v}" for k, v in f.cohort.items())): f.value
        for f in found
        if isinstance(f.value, Value)
    }


@pytest.fixture
def saved() -> dict[tuple[str, str | None, str], Value]:
    return numbers(findings(snapshots.read(settings(snapshots=["saved.json"]), DATA)))


def test_every_number_of_a_file_is_there_with_its_exact_value(saved: Any) -> None:
    by_name = {m["metric_name"]: m["value"] for m in SAVED["metrics"]}
    drift = by_name["ValueDrift(column=age,method=psi,threshold=0.1)"]
    assert saved["value_drift_population_stability_index", "age", ""].value == drift
    p = by_name["ValueDrift(column=sex,method=chisquare,threshold=0.05)"]
    assert saved["value_drift_chi_squared_pvalue", "sex", ""].value == p
    assert saved["drifted_columns_share", None, ""].value == 0.5
    assert saved["unique_value_count", "sex", "sex=Female"].value == 205
    assert saved["unique_value_share", "sex", "sex=Female"].value == 205 / 400
    assert saved["f1_by_label", None, "label=1"].value == by_name["F1ByLabel(classification_name=default)"]["1"]
    assert saved["quantile_value_quantile_0_25", "age", ""].value == 21
    assert saved["quantile_value_quantile_0_75", "age", ""].value == 59
    assert saved["mean_value", "age", "sex=Male"].value == by_name["GroupByMetric(column_name=sex,label=Male)"]
    assert saved["accuracy", None, ""].value == by_name["Accuracy(classification_name=default)"]

    def count(value: object) -> int:
        return sum(map(count, value.values())) if isinstance(value, dict) else 1

    assert sum("_test_" not in key[0] for key in saved) == sum(count(m["value"]) for m in SAVED["metrics"])


def test_every_test_is_a_number_of_its_own_and_stands_beside_what_it_tests(saved: Any) -> None:
    tested = {key: value for key, value in saved.items() if "_test_" in key[0]}
    assert len(tested) == len(SAVED["tests"])
    outcomes = [value.value for value in tested.values()]
    assert outcomes.count(0.0) == sum(t["status"] == "FAIL" for t in SAVED["tests"]) == 3
    failed = tested["value_drift_population_stability_index_test_drift", "age", ""]
    assert failed.value == 0.0
    assert failed.detail["test"]["threshold"] == 0.1
    (beside,) = saved["value_drift_population_stability_index", "age", ""].detail["tests"]
    assert (beside["status"], beside["threshold"]) == ("FAIL", 0.1)
    assert "tests" not in saved["drifted_columns_count", None, ""].detail, "the test is of the share"
    assert saved["drifted_columns_share", None, ""].detail["tests"][0]["threshold"] == 0.5
    assert saved["drifted_columns_share_test_lt", None, ""].value == 0.0


def test_a_number_says_where_it_is_from_and_how_many_rows_it_rests_on(saved: Any) -> None:
    drift = saved["value_drift_population_stability_index", "age", ""]
    assert drift.n == 400
    assert drift.detail["from"] == "saved.json"
    assert drift.detail["evidently"]["id"] == "420e6ae29efd0b139c9dba38887f364d"
    assert drift.detail["evidently"]["params"] == {
        "type": "evidently:metric_v2:ValueDrift", "column": "age", "method": "psi", "threshold": 0.1,
    }  # fmt: skip
    grouped = saved["mean_value", "age", "sex=Male"]
    assert (grouped.n, grouped.reason) == (0, "Evidently does not say how many rows it rests on")


def test_a_workspace_gives_the_same_numbers_at_the_time_of_each_snapshot(saved: Any) -> None:
    found = findings(snapshots.read(settings(workspace="workspace"), DATA))
    windows = {f.window for f in found}
    assert windows == {"current", "2026-01-01T12:00:00", "2026-01-31T12:00:00"}
    for window in ("current", "2026-01-31T12:00:00"):
        newest = numbers([f for f in found if f.window == window])
        assert {k: (v.value, v.n) for k, v in newest.items()} == {k: (v.value, v.n) for k, v in saved.items()}
    first = numbers([f for f in found if f.window == "2026-01-01T12:00:00"])
    assert first["value_drift_population_stability_index", "age", ""].value != pytest.approx(0.103, abs=0.01)
    beside = findings(snapshots.read(settings(workspace="workspace"), DATA), newest_is_current=False)
    assert {f.window for f in beside} == windows - {"current"}, "the report that runs now is the current one"


def test_several_files_are_placed_by_the_date_in_their_names(tmp_path: Path) -> None:
    for name in ("drift-2026-03-01.json", "drift-2026-02-01_06-30.json"):
        shutil.copy(DATA / "saved.json", tmp_path / name)
    found = snapshots.read(settings(snapshots=["drift-*.json"]), tmp_path)
    assert [s.time for s in found] == ["2026-02-01T06:30:00", "2026-03-01T00:00:00"]
    assert {f.window for f in findings(found)} == {"current", "2026-02-01T06:30:00", "2026-03-01T00:00:00"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "saved.json: is not JSON"),
        ("[]", "saved.json: is not a snapshot of Evidently"),
        ("{}", "is not a snapshot of Evidently 0.7"),
        ('{"suite": {}, "id": 1}', "may be of Evidently before 0.7"),
        ('{"metrics": [{"id": "x"}], "tests": []}', "is a damaged snapshot of Evidently (KeyError: 'config')"),
        ('{"metrics": 3, "tests": []}', "is a damaged snapshot of Evidently (TypeError"),
        ('{"metric_results": {"x": {"type": "SingleValue"}}}', "is a damaged snapshot"),
        ('{"metric_results": {}, "timestamp": "noon"}', "is a damaged snapshot of Evidently (ValueError"),
        ("\xff", "saved.json: is not"),
    ],
)
def test_a_file_that_is_no_snapshot_is_told_in_words(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "saved.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as told:
        snapshots.read(settings(snapshots=["saved.json"]), tmp_path)
    assert complaint in str(told.value)


def test_what_is_not_there_or_not_clear_is_told_in_words(tmp_path: Path) -> None:
    def told(**given: Any) -> str:
        with pytest.raises(InputError) as error:
            snapshots.read(settings(**given), tmp_path)
        return str(error.value)

    assert "plugins.evidently.snapshots: 'gone-*.json' matches no file. Looked in" in told(snapshots=["gone-*.json"])
    assert "the folder 'gone' does not exist" in told(workspace="gone")
    (tmp_path / "bare").mkdir()
    assert "holds no project" in told(workspace="bare")
    for name in ("a", "b"):
        shutil.copy(DATA / "saved.json", tmp_path / f"{name}.json")
        project = tmp_path / "two" / name
        project.mkdir(parents=True)
        (project / "metadata.json").write_text(json.dumps({"name": f"project {name}"}))
    assert "'a.json' does not say when it was made" in told(snapshots=["a.json", "b.json"])
    assert "does not say when it was made" in told(snapshots=["a.json"], report=["DataDriftPreset"])
    assert "it is not clear which project is meant. The projects are 'project a' (a)" in told(workspace="two")
    assert "there is no project 'c'" in told(workspace="two", project="c")
    assert "project 'project a' has no snapshots" in told(workspace="two", project="project a")
    for name in ("x-2026-01-01", "y-2026-01-01"):
        shutil.copy(DATA / "saved.json", tmp_path / f"{name}.json")
    assert "x-2026-01-01.json and y-2026-01-01.json are both of 2026-01-01T00:00:00" in told(snapshots=["?-2026*.json"])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "Evidently gives no number here"),
        ("many", "Evidently gives no number here"),
        ([1, 2], "Evidently gives a table here"),
        (math.nan, "Evidently gives nan here"),
        (math.inf, "Evidently gives inf here"),
    ],
)
def test_what_is_no_number_is_not_evaluated(value: object, reason: str) -> None:
    result = Result("1", {"type": "evidently:metric_v2:MeanValue", "column": "x"}, value)
    (found,) = findings([Snapshot("s", [result], rows={"": 5})])
    assert isinstance(found.value, Value)
    assert (found.value.value, found.value.reason) == (None, reason)


def test_the_same_number_stands_once_and_another_one_of_its_name_is_told_apart() -> None:
    def result(own: str, value: float, **more: object) -> Result:
        return Result(own, {"type": "evidently:metric_v2:InListValueCount", "column": "x", **more}, value)

    one, same = result("aaaaaaaaaa", 3.0, values=["a"]), result("bbbbbbbbbb", 3.0, values=["a", "z"])
    other = result("cccccccccc", 4.0, values=["c"])
    found = numbers(findings([Snapshot("s", [one, same, other], rows={"": 9})]))
    assert {key[0]: value.value for key, value in found.items()} == {
        "in_list_value_count": 3.0, "in_list_value_count_cccccccc": 4.0,
    }  # fmt: skip


def test_outcomes_of_tests() -> None:
    def outcome(status: str) -> object:
        test = {"id": "lt", "name": "n", "description": "It is so.", "status": status, "metric_config": {"params": {}}}
        result = Result("1", {"type": "evidently:metric_v2:RowCount"}, 3.0, [test])
        _, tested = findings([Snapshot("s", [result], rows={"": 3}, note="a sample")])
        value = tested.value
        return str(value) if isinstance(value, Exception) else (value.value, value.reason)

    assert outcome("SUCCESS") == (1.0, "It is so; a sample")
    assert outcome("FAIL") == (0.0, "It is so; a sample")
    assert outcome("WARNING") == (0.0, "It is so; it is not critical, so Evidently only warns; a sample")
    assert outcome("SKIPPED") == (None, "Evidently says skipped")
    assert outcome("ERROR") == "Evidently could not run it: It is so."


def test_a_p_value_and_a_distance_never_share_an_id_or_a_direction() -> None:
    kinds: dict[str, set[str]] = {}
    for name, method in METHODS.items():
        metric = metric_of(kind_of({"type": "x:ValueDrift", "column": "a", "method": name}, ""))
        assert metric.better == {"p-value": "higher", "distance": "lower"}[method.kind]
        assert (metric.unit == "p") == (method.kind == "p-value") == metric.id.endswith("pvalue")
        kinds.setdefault(metric.id, set()).add(method.kind)
    assert all(len(some) == 1 for some in kinds.values())
    assert method_of("custom function 'mine'").kind == "unknown"
    assert metric_of(kind_of({"type": "x:ValueDrift", "method": "mine"}, "")).better == "nearer"


@pytest.mark.parametrize(
    ("type_", "part", "id_", "better", "unit"),
    [
        ("MissingValueCount", "count", "missing_value_count", "lower", "rows"),
        ("MissingValueCount", "share", "missing_value_share", "lower", "share"),
        ("DriftedColumnsCount", "count", "drifted_columns_count", "lower", "columns"),
        ("MeanError", "std", "mean_error_standard_deviation", "nearer", ""),
        ("MAE", "", "mean_absolute_error", "lower", ""),
        ("DummyMAE", "", "dummy_mean_absolute_error", "lower", ""),
        ("RocAuc", "", "roc_auc", "higher", ""),
        ("FPR", "", "false_positive_rate", "lower", ""),
        ("R2Score", "", "r_squared", "nearer", ""),
        ("SomethingNew", "", "something_new", "nearer", ""),
    ],
)
def test_names_and_directions(type_: str, part: str, id_: str, better: str, unit: str) -> None:
    metric = metric_of(Kind(type_, part))
    assert (metric.id, metric.better, metric.unit) == (id_, better, unit)


def test_an_assessment_without_evidently_shows_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "evidently")
    monkeypatch.setitem(sys.modules, "evidently", None)
    shutil.copytree(DATA / "workspace", tmp_path / "ws")
    (tmp_path / "now.csv").write_text("age,sex\n" + "".join(f"{i},{'FM'[i % 2]}\n" for i in range(50)))
    spec = tmp_path / "trust.yaml"
    spec.write_text(
        "subject: {name: employment, kind: dataset}\ndata: {current: now.csv}\n"
        "plugins: {evidently: {workspace: ws}}\n"
        "policy: {checks: [{metric: evidently.value_drift_population_stability_index, bound: '<= 0.1'}]}\n"
    )
    evidence = assess_spec(read_spec(spec))
    assert [p["state"] for p in evidence.providers if p["id"] == "evidently"] == ["ok"]
    (verdict,) = [v for v in evidence.verdicts if v.provider == "evidently"]
    assert (verdict.verdict, verdict.column, verdict.window) == ("fail", "age", "current")
    assert evidence.metrics["evidently.value_drift_chi_squared_pvalue"]["unit"] == "p"
    drawn = {view.id: view.render(shown(evidence)) for view in views.views()}
    assert list(drawn["tests"].columns) == ["Outcome", "Column", "Group", "Test", "Says"]
    assert set(drawn["tests"]["Outcome"]) == {"passed", "failed"}
    assert len(drawn["drift"]) == 2, "distances and p-values have figures of their own"
    assert "Accuracy" in set(drawn["numbers"]["Metric"])
    assert [figure.yaxis[0].axis_label for figure in drawn["course"]] == ["Distance (Evidently)", "p-value (Evidently)"]


def test_views_say_why_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        metrics: tuple[str, ...] = ()

        def measurements(self, **_: object) -> list[object]:
            return []

    assert "plugins.evidently.tests" in views.tests(Nothing())
    assert "plugins.evidently.report" in views.drift(Nothing())
    assert "no other numbers" in views.numbers(Nothing())


def test_a_report_without_evidently_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from dte_panel_evidently.quiet import EvidentlyError, evidently

    monkeypatch.setitem(sys.modules, "evidently", None)
    with pytest.raises(EvidentlyError, match="pip install dte-panel-evidently"):
        evidently()


def test_ci_runs_what_needs_evidently_in_an_environment_of_its_own() -> None:
    script = Path(__file__).parents[3] / ".ci/run"
    assert "--project plugins/dte-panel-evidently" in script.read_text()


def shown(evidence: Any) -> Any:
    from dte_panel.shell.results import Index, Results
    from dte_panel.shell.theme import tokens_of

    return Results(Index(evidence), "evidently", tokens=tokens_of(None, dark=False))


def test_the_module_is_the_plugin() -> None:
    assert dte_panel_evidently.api_version == 1
    assert results.findings([]) == []
