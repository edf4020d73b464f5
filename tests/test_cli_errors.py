"""Broken data and specs, as users bring them: one clear message, the right exit code, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dte_panel.cli import main

Capture = pytest.CaptureFixture[str]
ROWS = 60
ROLES = "{label: label, prediction: prediction, score: score, sensitive: [sex], time: day}"


def columns() -> dict[str, Any]:
    return {
        "label": [i % 2 for i in range(ROWS)],
        "prediction": [(i // 2) % 2 for i in range(ROWS)],
        "score": [(i % 10) / 10 for i in range(ROWS)],
        "sex": [["F", "M"][i % 2] for i in range(ROWS)],
        "day": [f"2018-01-{i % 28 + 1:02d}" for i in range(ROWS)],
        "income": [float(i) for i in range(ROWS)],
    }


@pytest.fixture
def trust(tmp_path: Path) -> Callable[..., str]:
    """Write data and a spec, both changed as asked, and give the spec's path."""

    def _trust(*, roles: str = ROLES, extra: str = "", data: str = "current.parquet", **changed: Any) -> str:
        table = {name: values for name, values in (columns() | changed).items() if values is not None}
        pq.write_table(pa.table(table), tmp_path / "current.parquet")
        text = (
            f"subject: {{name: loans}}\ndata: {{current: {data}, reference: current.parquet}}\nroles: {roles}\n{extra}"
        )
        (tmp_path / "trust.yaml").write_text(text)
        return str(tmp_path / "trust.yaml")

    return _trust


def refused(capsys: Capture, path: str, *wanted: str) -> None:
    """Both commands refuse with code 2 and one message that holds all of ``wanted``."""
    for command in (["assess"], ["check"], ["assess", "--json"]):
        assert main([*command, path]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("error: ")
        assert "Traceback" not in err
        assert len(err.splitlines()) == 1, err
        assert [piece for piece in wanted if piece not in err] == [], err


def test_the_data_is_sound_to_begin_with(trust: Any, capsys: Capture) -> None:
    assert main(["assess", trust()]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("loans (model)\nVerdict: ")
    assert err == ""


def test_wrong_key(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(roles="{lable: label}"), "trust.yaml: roles.lable", "'label'?")


def test_missing_spec(tmp_path: Path, capsys: Capture) -> None:
    refused(capsys, str(tmp_path / "trust.yaml"), "trust.yaml: the file does not exist")


def test_missing_file(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(data="curent.parquet"), "curent.parquet", "'current.parquet'?")


def test_missing_column(trust: Any, capsys: Capture) -> None:
    path = trust(roles="{label: lable, prediction: prediction}")
    refused(capsys, path, "current.parquet: column 'lable' (roles.label) does not exist. Did you mean 'label'?")


def test_score_that_is_text(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(score=["high"] * ROWS), "current.parquet", "roles.score", "'score'", "number")


def test_time_that_is_no_time(trust: Any, capsys: Capture) -> None:
    path = trust(day=["some day"] * ROWS, extra="windows: {every: 1 week}\n")
    refused(capsys, path, "current.parquet", "roles.time", "'day'")


def test_prediction_that_holds_probabilities(trust: Any, capsys: Capture) -> None:
    path = trust(prediction=[i / ROWS for i in range(ROWS)])
    refused(capsys, path, "current.parquet", "roles.prediction", "roles.score")


@pytest.mark.parametrize("name", ["empty.parquet", "empty.csv"])
def test_empty_file(name: str, trust: Any, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / name).touch()
    refused(capsys, trust(data=name), name, "empty")


def test_file_without_rows(trust: Any, tmp_path: Path, capsys: Capture) -> None:
    pq.write_table(pa.table(columns()).slice(0, 0), tmp_path / "none.parquet")
    refused(capsys, trust(data="none.parquet"), "none.parquet", "no rows")


@pytest.mark.parametrize("content", [b"not a parquet file at all", b"PAR1" + b"\0" * 40 + b"PAR1"])
def test_unreadable_parquet(content: bytes, trust: Any, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "bad.parquet").write_bytes(content)
    refused(capsys, trust(data="bad.parquet"), "bad.parquet", "cannot be read")


def test_unknown_kind_of_file(trust: Any, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "data.xlsx").write_bytes(b"PK")
    refused(capsys, trust(data="data.xlsx"), "data.xlsx", "Parquet")


@pytest.mark.parametrize("role", ["label", "time"])
def test_role_without_any_value(role: str, trust: Any, capsys: Capture) -> None:
    column = {"label": "label", "time": "day"}[role]
    path = trust(**{column: pa.nulls(ROWS, pa.int64() if role == "label" else pa.string())})
    refused(capsys, path, "current.parquet", f"roles.{role}", f"'{column}'", "NULL")


def test_feature_without_any_value_is_legitimate(trust: Any, capsys: Capture) -> None:
    path = trust(income=pa.nulls(ROWS, pa.float64()))
    assert main(["assess", path, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    undefined = [m for m in document["measurements"] if m["column"] == "income" and m["value"] is None]
    assert undefined
    assert [m for m in undefined if m["status"] == "error" or not m["reason"]] == []


def test_label_of_one_class(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(label=[1] * ROWS), "current.parquet", "roles.label", "'label'", "one class")


@pytest.mark.parametrize("command", ["assess", "check"])
def test_text_labels_need_a_positive_class(command: str, trust: Any, capsys: Capture) -> None:
    words = {"label": [["bad", "good"][i % 2] for i in range(ROWS)], "prediction": ["good", "bad"] * (ROWS // 2)}
    refused(capsys, trust(**words), "current.parquet", "roles.label", "'bad', 'good'", "roles.positive")
    path = trust(**words, roles=ROLES.replace("{", "{positive: good, "))
    assert main([command, path]) in {0, 1, 3}
    assert capsys.readouterr().err == ""


def test_positive_class_that_does_not_occur(trust: Any, capsys: Capture) -> None:
    path = trust(roles=ROLES.replace("{", "{positive: yes, "))
    refused(capsys, path, "trust.yaml: roles.positive", "'0', '1'")


def test_labels_of_another_language_than_predictions(trust: Any, capsys: Capture) -> None:
    path = trust(label=["no", "yes"] * (ROWS // 2), roles=ROLES.replace("{", "{positive: yes, "))
    refused(capsys, path, "current.parquet", "'no', 'yes'", "'0', '1'")


def test_mixed_time_zones(trust: Any, capsys: Capture) -> None:
    zones = [f"2018-01-{i % 28 + 1:02d} 10:00:00{'+01:00' if i % 2 else '+05:00'}" for i in range(ROWS)]
    refused(capsys, trust(day=zones, extra="windows: {every: 1 week}\n"), "current.parquet", "'day'", "time zone")


def test_unknown_provider(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(extra="plugins: {drit: {bins: 10}}\n"), "trust.yaml: plugins", "'drit'", "'drift'?")


def test_unknown_setting(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(extra="plugins: {drift: {bns: 10}}\n"), "trust.yaml: plugins.drift", "'bns'")


def test_setting_out_of_range(trust: Any, capsys: Capture) -> None:
    refused(capsys, trust(extra="plugins: {drift: {bins: -10}}\n"), "trust.yaml: plugins.drift.bins", "-10")


def test_too_many_windows(trust: Any, capsys: Capture) -> None:
    start = datetime(2018, 1, 1)
    hours = pa.array([start + timedelta(hours=i) for i in range(50 * ROWS + 1)])
    many = {name: [values[i % ROWS] for i in range(len(hours))] for name, values in columns().items()}
    path = trust(**(many | {"day": hours}), extra="windows: {every: 1 hour}\n")
    refused(capsys, path, "windows.every", "3,001")
