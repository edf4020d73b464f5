"""Evidence: one document, the same bytes for the same input, valid by its published schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import dte_panel
from dte_panel.errors import InputError
from dte_panel.evidence import SCHEMA, Evidence, canonical, cohort_order, cohort_text, in_order
from dte_panel.model import Measurement

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """120 rows, two groups of which one has four rows, and a missing value of each kind."""
    return pd.DataFrame(
        {
            "y": [1, 0, 1] * 40,
            "p": [1, 0, 0] * 40,
            "s": [0.9, 0.2, 0.4] * 40,
            "sex": ["F", "M"] * 58 + [None] * 4,
            "amount": [float(i) for i in range(119)] + [float("nan")],
            "colour": ["red", "blue", "red"] * 40,
        }
    )


@pytest.fixture(scope="module")
def evidence(frame: pd.DataFrame) -> Evidence:
    return dte_panel.assess(frame, reference=frame, label="y", prediction="p", score="s", sensitive=["sex"])


def test_evidence_is_valid_by_its_published_schema(evidence: Evidence) -> None:
    schema = json.loads((ROOT / "docs" / "evidence.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for document in (evidence, evidence.shared()):
        assert [e.message for e in validator.iter_errors(json.loads(document.dumps()))] == []


def test_the_contract_keys_stand_where_other_programs_read_them(evidence: Evidence) -> None:
    document = json.loads(evidence.dumps())
    assert document["schema"] == SCHEMA == "dte-panel/evidence/1"
    assert {"subject", "verdict", "measurements", "verdicts", "data", "providers"} <= set(document)
    rate = next(
        m
        for m in document["measurements"]
        if (m["metric"], m["window"], m["cohort"]) == ("fairness.selection_rate", "current", {"sex": "F"})
    )
    assert rate["value"] == pytest.approx(20 / 58)
    assert rate["n"] == 58
    assert rate["low"] < rate["value"] < rate["high"]
    null_group = {tuple(m["cohort"].items()) for m in document["measurements"]}
    assert (("sex", None),) in null_group


def test_same_input_gives_the_same_bytes_but_for_time(frame: pd.DataFrame, evidence: Evidence) -> None:
    again = dte_panel.assess(frame, reference=frame, label="y", prediction="p", score="s", sensitive=["sex"])
    assert again.digest() == evidence.digest()
    other = dte_panel.assess(frame[:-1], reference=frame, label="y", prediction="p", score="s", sensitive=["sex"])
    assert other.digest() != evidence.digest()


def test_what_is_written_reads_back_the_same(evidence: Evidence, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    evidence.write(path)
    assert Evidence.read(path).dumps() == evidence.dumps()
    assert [p.name for p in tmp_path.iterdir()] == ["evidence.json"]


def test_a_failed_write_leaves_the_old_file(evidence: Evidence, tmp_path: Path) -> None:
    path = tmp_path / "there" / "evidence.json"
    with pytest.raises(InputError, match=r"evidence\.json.*cannot be written"):
        evidence.write(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not JSON"),
        ("[]", "is not evidence"),
        ("[" * 100_000, "is not JSON"),
        ('{"schema": "dte-panel/evidence/9"}', "dte-panel/evidence/9"),
        ('{"schema": "dte-panel/evidence/1"}', "is damaged"),
    ],
)
def test_other_files_are_refused_in_words(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        Evidence.read(path)


def test_the_frame_has_a_row_for_each_measurement(evidence: Evidence) -> None:
    table = evidence.frame()
    assert len(table) == len(evidence.measurements)
    assert {"metric", "window", "cohort", "column", "value", "low", "high", "n", "status", "verdict"} <= set(table)


def test_canonical_json_refuses_what_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"value": float("nan")})


def test_a_missing_group_has_a_name() -> None:
    assert cohort_text({"sex": "F", "race": None}) == "sex: F, race: missing"
    assert cohort_text({}) == "all rows"


def test_groups_stand_in_the_order_of_the_bands() -> None:
    groups = {"age": ("< 5", "5 to < 18", ">= 18", None), "sex": ("F", "M")}
    cohorts = [{"age": a, "sex": s} for s in groups["sex"] for a in groups["age"]]
    order = cohort_order(groups)
    assert [c["age"] for c in sorted(cohorts, key=order)][::2] == list(groups["age"])
    alone = [
        Measurement("p.m", 1, "p", "current", {"age": a}, None, 0.5, None, None, 9, "ok")
        for a in sorted(groups["age"], key=str)
    ]
    assert [m.cohort["age"] for m in in_order(alone, groups)] == list(groups["age"])
    assert [m.cohort["age"] for m in in_order(alone)] == ["5 to < 18", "< 5", ">= 18", None]
