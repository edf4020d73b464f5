from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dte_panel.certificate import PrivateKey, write_pair
from dte_panel.evidence import Evidence
from dte_panel.model import Measurement, Verdict, VerdictWord, overall

ASSESSED = "2026-03-01T10:00:00+00:00"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Make = Callable[..., Evidence]


def _verdict(word: VerdictWord, column: str = "age", *, required: bool = True) -> Verdict:
    metric = "drift.population_stability_index"
    measured = Measurement(metric, 1, "drift", "current", {}, column, 0.31, 0.25, 0.4, 1234, "ok")
    return Verdict(metric, "drift", "current", {}, column, word, required, "<= 0.2", "a reason", measured)


@pytest.fixture(scope="session")
def evidence() -> Make:
    """Evidence with these verdicts, one column each."""

    def make(*words: VerdictWord, **changes: Any) -> Evidence:
        verdicts = [_verdict(word, f"column {i}") for i, word in enumerate(words)]
        made = Evidence(
            subject={"name": "loans", "kind": "model", "version": "3", "owner": "us@example.org"},
            use_case={"name": "car loans", "risk": "high"},
            verdict=overall(verdicts),
            measurements=[v.measurement for v in verdicts if v.measurement],
            verdicts=verdicts,
            created=ASSESSED,
            spec={"subject": {"name": "loans"}},
            policy={"id": "mine", "title": "Mine", "valid_days": 30, "sha256": "p" * 64, "file_sha256": "f" * 64},
            data=[{"name": "current", "uri": "a.csv", "rows": 9, "sha256": "d" * 64, "columns": {"age": "integer"}}],
            providers=[{"id": "drift", "version": "1", "state": "ok", "reason": None, "seconds": 0.1}],
            second_opinion={
                "numbers": 1,
                "agree": 1,
                "exact": 1,
                "tolerance": 0.0,
                "libraries": {},
                "disagreements": [],
            },
        )
        return replace(made, **changes)

    return make


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    path = tmp_path_factory.mktemp("keys") / "trust.key"
    write_pair(path)
    return PrivateKey.read(path)


@pytest.fixture(scope="session")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    path: Path = tmp_path_factory.mktemp("keys") / "other.key"
    write_pair(path)
    return PrivateKey.read(path)
