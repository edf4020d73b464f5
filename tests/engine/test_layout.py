"""Roles, kinds, task and groups: decided once for both sides, or refused with file, role and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dte_panel.engine.layout import MOST_CATEGORIES, Layout, resolve
from dte_panel.engine.sources import Connection, connect, open_source
from dte_panel.errors import InputError
from dte_panel.spec import Spec


@pytest.fixture
def connection() -> Iterator[Connection]:
    made = connect()
    yield made
    made.close()


def layout(connection: Connection, current: Any, reference: Any = None, **roles: Any) -> Layout:
    frames = {"current": current, "reference": reference}
    tables = {k: pa.table(v) if isinstance(v, dict) else v for k, v in frames.items() if v is not None}
    sides = {name: open_source(connection, name, table) for name, table in tables.items()}
    return resolve(connection, Spec.from_arguments(**roles), sides["current"], sides.get("reference"))


@pytest.mark.parametrize(
    ("label", "prediction", "roles", "task", "positive"),
    [
        ([1, 0, None], [0, 1, 1], {}, "binary", "1"),
        ([1.0, 0.0, None], [0, 1, 1], {}, "binary", "1"),
        ([1.0, 0.0, float("nan")], [0, 1, 1], {}, "binary", "1"),
        ([True, False, None], [0, 1, 1], {}, "binary", "1"),
        ([True, False, None], [True, True, False], {"positive": False}, "binary", "0"),
        ([1, 0, None], [0, 1, 1], {"positive": 0.0}, "binary", "0"),
        ([1, 0, None], [0, 1, 1], {"positive": np.float32(1)}, "binary", "1"),
        (["yes", "no", None], ["no", "no", "no"], {"positive": "yes"}, "binary", "yes"),
        (["True", "False", None], ["True", "True", "True"], {}, "binary", "True"),
        ([-1, 1, None], [-1, -1, -1], {}, "binary", "1"),
        ([7, 9, 7], [7, 7, 9], {"positive": 9}, "binary", "9"),
        ([0.5, 1.5, 0.5], [1.5, 1.5, 0.5], {"positive": 1.5}, "binary", "1.5"),
        ([1, 2, 3], [1, 1, 1], {}, "multiclass", None),
        (["a", "b", "c"], ["a", "b", "b"], {}, "multiclass", None),
        ([0.5, 1.5, 2.5], [0.1, 0.2, 0.3], {}, "regression", None),
        ([float(i) for i in range(40)], list(range(40)), {}, "regression", None),
    ],
)
def test_the_task(
    connection: Connection,
    label: list[Any],
    prediction: list[Any],
    roles: dict[str, Any],
    task: str,
    positive: str | None,
) -> None:
    data = pa.table({"y": pa.array(label, from_pandas=False), "p": prediction})
    found = layout(connection, data, label="y", prediction="p", **roles)
    assert (found.task, found.positive) == (task, positive)


def test_no_label_and_no_prediction_is_no_task(connection: Connection) -> None:
    assert layout(connection, {"a": [1]}).task == "none"


def test_the_task_is_of_both_sides_together(connection: Connection) -> None:
    found = layout(connection, {"y": [1, 1]}, {"y": [0, 0]}, label="y")
    assert (found.task, found.positive) == ("binary", "1")
    assert layout(connection, {"y": [1, 1]}, {"y": [0, 2]}, label="y").task == "multiclass"
    # BIGINT on one side, DOUBLE on the other.
    assert layout(connection, {"y": [1, 0]}, {"y": [1.0, 0.0]}, label="y").positive == "1"


def test_kinds_and_features(connection: Connection) -> None:
    n = MOST_CATEGORIES + 5
    data = {
        "id": list(range(n)),
        "y": [0, 1] * (n // 2) + [1] * (n % 2),
        "amount": [i / 2 for i in range(n)],
        "few": ["a", "b", "c"] * (n // 3) + ["a"] * (n % 3),
        "many": [f"text {i}" for i in range(n)],
        "flag": [True] * n,
        "when": pd.to_datetime(["2020-01-01"] * n),
        "list": [[1]] * n,
        "skip": [1] * n,
        "sex": ["F"] * n,
        "note": ["short"] * n,
    }
    found = layout(connection, data, label="y", id="id", sensitive=["sex"], ignore=["skip"], text=["note"])
    assert found.roles["feature"] == ("amount", "few", "flag", "sex")
    assert found.roles["text"] == ("note", "many")
    assert {c: found.kinds[c] for c in ("amount", "few", "many", "flag", "when", "list", "y", "note")} == {
        "amount": "numeric",
        "few": "categorical",
        "many": "text",
        "flag": "categorical",
        "when": "other",
        "list": "other",
        "y": "categorical",
        "note": "text",
    }
    assert found.columns("feature|label|column:skip") == ["amount", "few", "flag", "sex", "y", "skip"]
    assert [note.partition(" is not measured")[0] for note in found.notes] == ["column 'when'", "column 'list'"]


def test_a_type_in_the_spec_wins(connection: Connection) -> None:
    data = {"code": [1, 2, 3], "name": ["a", "b", "c"]}
    found = layout(connection, data, types={"code": "categorical", "name": "text"})
    assert found.kinds == {"code": "categorical", "name": "text"}
    assert found.roles["text"] == ("name",)


def test_a_feature_of_one_side_is_left_out_with_a_reason(connection: Connection) -> None:
    found = layout(connection, {"a": [1], "b": [1], "c": ["x"]}, {"b": [1], "c": [2.5], "d": [1]})
    assert found.left_out == {
        "a": "column 'a' is missing from the reference data",
        "c": "column 'c' holds categorical values now and numeric values in the reference",
        "d": "column 'd' is missing from the current data",
    }
    assert found.roles["feature"] == ("a", "b", "c", "d")


def test_groups_of_both_sides_missing_last(connection: Connection) -> None:
    found = layout(
        connection,
        {"g": ["b", None], "f": [1.0, float("nan")], "h": [True, False]},
        {"g": ["a", "b"], "f": [2.5, 1.0], "h": [True, True]},
        sensitive=["g", "f", "h"],
    )
    assert found.groups == {"g": ("a", "b", None), "f": ("1", "2.5", None), "h": ("false", "true")}


def test_the_same_crossing_counts_once(connection: Connection) -> None:
    data = {"a": ["x", "y"], "b": ["x", "y"]}
    crossed = [["a", "b"], ["b", "a"], ["a", "b"]]
    assert layout(connection, data, sensitive=["a", "b"], cohorts=crossed).groupings == [(), ("a",), ("b",), ("a", "b")]


def test_column_names_are_data_not_queries(connection: Connection) -> None:
    names = [
        '"; DROP TABLE current; --',
        "a b",
        'quo"te',
        "semi;colon",
        "ünïcode 名",
        "select",
        "v",
        "current",
        "'",
        "%s",
        "{x}",
        "\\",
    ]
    data = pa.table([["x", "y"] for _ in names], names=names)
    found = layout(connection, data, sensitive=names[:1])
    assert found.roles["feature"] == tuple(names)
    assert found.groups == {names[0]: ("x", "y")}
    assert set(found.kinds.values()) == {"categorical"}


def test_a_column_called_v_does_not_hide_classes(connection: Connection) -> None:
    data = {"y": ["a", "b", "c"], "v": [None, None, "x"]}
    assert layout(connection, data, label="y").task == "multiclass"


WRONG: dict[str, tuple[dict[str, list[Any]], dict[str, Any], str, str]] = {
    "score is text": (
        {"s": ["0.1", "0.9"]},
        {"score": "s"},
        "roles.score",
        "column 's' holds text values; a score must be a number",
    ),
    "score is a time": (
        {"s": pd.to_datetime(["2020", "2021"])},
        {"score": "s"},
        "roles.score",
        "a score must be a number",
    ),
    "score is truth": ({"s": [True, False]}, {"score": "s"}, "roles.score", "a score must be a number"),
    "label is all NULL": (
        {"y": pa.array([None, None], pa.int8())},
        {"label": "y"},
        "roles.label",
        "column 'y' has no values, only NULL",
    ),
    "label is a list": (
        {"y": [[1], [2]]},
        {"label": "y"},
        "roles.label",
        "column 'y' holds values that cannot be a label",
    ),
    "label is a time": ({"y": pd.to_datetime(["2020", "2021"])}, {"label": "y"}, "roles.label", "cannot be a label"),
    "one class": ({"y": [1, 1]}, {"label": "y"}, "roles.label", "column 'y' has one class only ('1')"),
    "disjoint": (
        {"y": ["yes", "no"], "p": [1, 0]},
        {"label": "y", "prediction": "p"},
        "roles.label and roles.prediction",
        "'y' holds 'no', 'yes' but 'p' holds '0', '1'",
    ),
    "no positive": (
        {"y": ["yes", "no"]},
        {"label": "y"},
        "roles.label",
        "the classes are 'no', 'yes'; which one is the positive class?",
    ),
    "wrong positive": (
        {"y": ["yes", "no"]},
        {"label": "y", "positive": "Yes"},
        "roles.positive",
        "'Yes' is not a value of the label",
    ),
    "names as label": (
        {"y": [f"n{i}" for i in range(40)]},
        {"label": "y"},
        "current",
        "text with more than 30 different values",
    ),
    "probabilities as prediction": (
        {"y": [0, 1] * 20, "p": [i / 40 for i in range(40)]},
        {"label": "y", "prediction": "p"},
        "roles.prediction",
        "column 'p' holds many numbers while the other role holds classes",
    ),
    "many groups": (
        {"g": [str(i) for i in range(101)]},
        {"sensitive": ["g"]},
        "roles.sensitive",
        "column 'g' has more than 100 different values",
    ),
    "groups of lists": ({"g": [[1], [2]]}, {"sensitive": ["g"]}, "roles.sensitive", "cannot be a sensitive"),
    "no group at all": (
        {"g": pa.array([None, None], pa.string())},
        {"sensitive": ["g"]},
        "roles.sensitive",
        "has no values, only NULL",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_roles_that_do_not_fit(kind: str, connection: Connection, tmp_path: Path) -> None:
    data, roles, where, said = WRONG[kind]
    pq.write_table(pa.table(data), tmp_path / "current.parquet")
    with pytest.raises(InputError) as caught:
        layout(connection, str(tmp_path / "current.parquet"), **roles)
    assert said in caught.value.message
    assert where in caught.value.where
    assert where == "roles.positive" or "current.parquet" in caught.value.where
    assert caught.value.hint


def test_bands_are_the_groups_in_their_order_and_missing_stays_apart(connection: Connection) -> None:
    data = {"age": [70.0, 25.0, 24.9, None, float("nan"), 40.0], "s": ["a", "b", "a", "b", "a", "b"]}
    found = layout(connection, data, sensitive=["age", "s"], bands={"age": [25, 40, 65]})
    assert found.groups["age"] == ("< 25", "25 to < 40", "40 to < 65", ">= 65", None)
    assert found.bands == {"age": (25.0, 40.0, 65.0)}
    # A band without rows is no group.
    assert layout(connection, data, sensitive=["age"], bands={"age": [30, 90, 99]}).groups["age"] == (
        "< 30",
        "30 to < 90",
        None,
    )


def test_a_column_of_many_numbers_is_told_its_bands(connection: Connection) -> None:
    for role in ("sensitive", "control"):
        with pytest.raises(InputError, match=r"roles\.\w+: column 'age' has more than 100") as caught:
            layout(connection, {"age": list(range(400)), "g": ["a"] * 400}, **{role: ["age"]})
        assert caught.value.hint == "Cut it into bands, such as bands: {age: [99, 199, 299]}"


def test_bands_cut_numbers_only(connection: Connection) -> None:
    with pytest.raises(InputError, match=r"bands\.g: column 'g' holds text values; bands cut numbers"):
        layout(connection, {"g": ["a", "b"]}, sensitive=["g"], bands={"g": [1]})


def test_a_regression_is_of_numbers_on_both_sides(connection: Connection) -> None:
    now = {"y": [i / 3 for i in range(40)]}
    with pytest.raises(InputError, match=r"roles\.label: column 'y' must hold numbers|text with more than 30"):
        layout(connection, now, {"y": [f"{i}" for i in range(40)]}, label="y")


def test_damage_inside_a_file_is_told(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    pq.write_table(
        pa.table({"g": [str(i % 50) for i in range(20_000)]}), path, compression="none", use_dictionary=False
    )
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.parquet: cannot be read"):
        layout(connection, str(path), sensitive=["g"])
