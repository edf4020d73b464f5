"""A second assessment reads new files only, says the same as a first one, and is not taken in by what has changed."""

from __future__ import annotations

import json
import logging
import os
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dte_panel import Evidence, assess, conductor
from dte_panel.again import Again
from dte_panel.cli.commands import evidence_of
from dte_panel.engine import cache as caches
from dte_panel.engine import numeric, streamed
from dte_panel.engine.cache import Cache
from dte_panel.errors import InputError
from dte_panel.model import cohort_key
from dte_panel.states import Binned, JointSample, Ordered, Profiled, Table

LONG_AGO = 1_700_000_000
ROLES: dict[str, Any] = {
    "label": "y",
    "prediction": "p",
    "score": "s",
    "sensitive": ["g"],
    "id": "id",
    "time": "t",
    "windows": "1 day",
}


def day(number: int, rows: int = 150) -> pa.Table:
    rng = np.random.default_rng(number)

    def some(*values: Any) -> list[Any]:
        return [values[i] for i in rng.integers(0, len(values), rows)]

    return pa.table(
        {
            "y": some(0, 1),
            "p": pa.array(some(0.0, 1.0, None, np.nan), from_pandas=False),
            "s": rng.random(rows),
            "g": some("a", "b", None),
            "x": pa.array(some(1.5, None, np.nan, np.inf, *rng.normal(size=20)), from_pandas=False),
            "k": rng.integers(0, 1_000, rows),
            "note": some("", "call me", "a@example.org", None),
            "id": [f"{number}-{i % 140}" for i in range(rows)],
            "t": pa.array([datetime(2026, 1, number + 1, tzinfo=UTC)] * rows),
        }
    )


class Days:
    """A folder of daily files, and a reference beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.reference, self.cache = folder / "days", folder / "reference.parquet", folder / "cache"
        self.folder.mkdir()
        self.write(self.reference, day(20, 400))
        for number in range(3):
            self.add(number)

    def write(self, path: Path, table: pa.Table) -> None:
        pq.write_table(table, path)
        os.utime(path, (LONG_AGO, LONG_AGO))

    def add(self, number: int, table: pa.Table | None = None) -> Path:
        path = self.folder / f"{number:02d}.parquet"
        self.write(path, day(number) if table is None else table)
        return path

    def spoil(self) -> None:
        """Make every file unreadable, of the same size and time."""
        for path in [self.reference, *self.folder.iterdir()]:
            path.write_bytes(b"\0" * path.stat().st_size)
            os.utime(path, (LONG_AGO, LONG_AGO))

    def assess(self, cache: bool | Cache, **changed: Any) -> dict[str, Any]:
        kept = cache if isinstance(cache, Cache) else self.cache if cache else None
        given = {**ROLES, "reference": self.reference, **changed}
        return plain(assess(str(self.folder / "*.parquet"), cache=kept, **given))


def plain(evidence: Evidence) -> dict[str, Any]:
    """What must be the same from run to run, to the last digit."""
    document = json.loads(evidence.dumps())
    del document["engine"]["seconds"]
    for provider in document["providers"]:
        del provider["seconds"]
    return document


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Days:
    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 2, 1, 12, tzinfo=tz)

    # The age of the data is a number too, and grows while a test runs.
    monkeypatch.setattr(conductor, "datetime", Noon)
    return Days(tmp_path)


def errors(document: dict[str, Any]) -> list[Any]:
    return [m for m in document["measurements"] if m["status"] == "error"]


@pytest.mark.slow
def test_a_cached_assessment_is_the_same_first_and_second(days: Days) -> None:
    without = days.assess(False)
    assert len(without["measurements"]) > 500
    assert days.assess(True) == without
    days.spoil()
    assert days.assess(True) == without, "nothing is read again"


def test_a_second_opinion_gets_the_rows_of_all_files_and_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[Any] = []
    monkeypatch.setattr(Cache, "put", lambda self, digest, question, answer: put.append(answer))
    rng = np.random.default_rng(0)
    (tmp_path / "days").mkdir()
    for number in range(2):
        y = rng.normal(987_654, 1, 50)
        table = pa.table({"y": y, "p": y + rng.normal(size=50), "g": ["a", "b"] * 25})
        pq.write_table(table, tmp_path / "days" / f"{number}.parquet")
    roles: dict[str, Any] = {"label": "y", "prediction": "p", "sensitive": ["g"], "verify": True}
    opinions = [
        assess(str(tmp_path / "days" / "*.parquet"), cache=kept, **roles).second_opinion
        for kept in (None, tmp_path / "cache")
    ]
    assert opinions[0] == opinions[1]
    assert opinions[1]["numbers"] == opinions[1]["agree"] > 20
    assert put
    assert not any(
        isinstance(state, JointSample) for cells in put if isinstance(cells, dict) for state in cells.values()
    )


@pytest.fixture(params=["sorted", "fine bins"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How numeric columns are counted: by the size of the data, or here by decree."""
    if request.param == "fine bins":
        monkeypatch.setattr(numeric, "EXACT_ROWS", 300)
        monkeypatch.setattr(streamed, "EXACT_ROWS", 300)
        monkeypatch.setattr(numeric, "BINS", 64)
        # What bins cannot decide is asked of every row, which is not what is tested here.
        monkeypatch.setattr(Again, "settled", lambda self, made, *_: made)
    return str(request.param)


@pytest.mark.slow
@pytest.mark.usefixtures("counted")
def test_only_the_new_day_is_read(days: Days) -> None:
    days.assess(True)
    days.spoil()
    days.add(3)
    with_new = days.assess(True)
    assert errors(with_new) == []
    fresh = Days(days.folder.parent / "again" if days.folder.parent.joinpath("again").mkdir() else days.folder)
    fresh.add(3)
    expected = fresh.assess(False)
    for side, other in zip(with_new["data"], expected["data"], strict=True):
        assert side["sha256"] == other["sha256"] or side["uri"] != other["uri"]
    assert with_new["measurements"] == expected["measurements"]
    assert with_new["states"] == expected["states"]
    assert "2026-01-04" in with_new["windows"]


@pytest.mark.slow
def test_a_new_group_in_the_new_day_does_not_make_old_days_be_read(days: Days) -> None:
    days.assess(True)
    days.spoil()
    table = day(3)
    groups = pa.array(["new"] * table.num_rows)
    days.add(3, table.set_column(table.column_names.index("g"), "g", groups))
    found = days.assess(True)
    assert errors(found) == []
    assert {"g": "new"} in found["cohorts"]


def edited(days: Days) -> None:
    days.add(1, day(9))


def removed(days: Days) -> None:
    (days.folder / "01.parquet").unlink()


def another_reference(days: Days) -> None:
    days.write(days.reference, day(21, 300))


def another_type(days: Days) -> None:
    table = day(3)
    k = table.column_names.index("k")
    days.add(3, table.set_column(k, "k", pa.array([i + 0.5 for i in range(table.num_rows)])))


def a_column_less(days: Days) -> None:
    days.add(3, day(3).drop_columns(["x"]))


@pytest.mark.slow
@pytest.mark.parametrize("change", [edited, removed, another_reference, another_type, a_column_less])
def test_what_has_changed_is_seen(change: Callable[[Days], None], days: Days) -> None:
    before = days.assess(True)
    change(days)
    after = days.assess(True)
    assert after == days.assess(False)
    assert after["measurements"] != before["measurements"]


CHANGES: list[dict[str, Any]] = [
    {"sensitive": ["g", "p"], "prediction": None},
    {"plugins": {"drift": {"bins": 4}}},
    {"label_matures": "1 day"},
    {"reference": None},
]


@pytest.mark.slow
@pytest.mark.parametrize("changed", CHANGES, ids=str)
def test_another_spec_gets_other_answers(changed: dict[str, Any], days: Days) -> None:
    days.assess(True)
    assert days.assess(True, **changed) == days.assess(False, **changed)


@pytest.mark.slow
def test_bytes_are_believed_where_times_are_not(days: Days) -> None:
    days.assess(True)
    path, size = days.folder / "01.parquet", (days.folder / "01.parquet").stat().st_size
    pq.write_table(day(9), path)
    path.write_bytes(path.read_bytes().ljust(size, b"\0")[:size])
    os.utime(path, (LONG_AGO, LONG_AGO))
    days.spoil()
    assert errors(days.assess(True)) == []
    with pytest.raises(InputError, match="cannot be read"):
        days.assess(Cache(days.cache, trust=False))


def test_a_file_that_has_just_changed_is_not_known_by_its_time(tmp_path: Path) -> None:
    kept, path = Cache(tmp_path / "cache"), tmp_path / "x"
    path.write_bytes(b"one")
    first, stat = kept.digest(path), path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert kept.digest(path) != first
    kept.close()


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "flipped", "files"])
def test_a_damaged_cache_is_made_anew_and_said(damage: str, days: Days, caplog: pytest.LogCaptureFixture) -> None:
    without = days.assess(False)
    days.assess(True)
    for path in days.cache.glob("*.json" if damage == "files" else "*.zip"):
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 0xFF
        path.write_bytes({"cut": content[: len(content) // 2], "empty": b""}.get(damage, bytes(content)))
    with caplog.at_level(logging.WARNING):
        assert days.assess(True) == without
    assert re.search("is damaged .*read again", caplog.text)
    caplog.clear()
    assert days.assess(True) == without
    assert not caplog.text


@pytest.mark.slow
def test_the_cache_is_for_this_user_and_leaves_nothing_half_written(days: Days) -> None:
    days.assess(True)
    assert days.cache.stat().st_mode & 0o077 == 0
    assert [p for p in days.cache.iterdir() if p.suffix not in (".zip", ".json")] == []
    for path in days.cache.glob("*.zip"):
        assert zipfile.ZipFile(path).testzip() is None


def test_a_folder_that_cannot_be_made_is_said_and_one_that_is_gone_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        Cache(tmp_path / "file" / "cache")
    kept = Cache(tmp_path / "cache")
    kept.put("0" * 64, "q", 1)
    (tmp_path / "cache").rmdir()
    kept.close()
    assert "cannot be written" in caplog.text


@pytest.mark.slow
def test_no_damage_gives_a_wrong_answer(tmp_path: Path) -> None:
    path, answer = tmp_path / f"{'0' * 64}.zip", [Table(("label",), {(1,): 2}), np.float64(0.5)]
    kept = Cache(tmp_path)
    kept.put("0" * 64, "q", answer)
    kept.close()
    content = path.read_bytes()
    flips = [content[:i] + bytes([content[i] ^ 0x11]) + content[i + 1 :] for i in range(len(content))]
    for damaged in [*(content[:i] for i in range(len(content))), *flips]:
        path.write_bytes(damaged)
        assert Cache(tmp_path).get("0" * 64, "q") in (None, [answer[0], 0.5])


def test_what_was_used_last_is_kept(tmp_path: Path) -> None:
    one = 0
    for name in "abc":
        # Room for two and a half.
        kept = Cache(tmp_path, limit=one * 5 // 2 or 10_000)
        kept.put(name * 64, "question", "answer")
        kept.close()
        os.utime(tmp_path / f"{name * 64}.zip", (LONG_AGO + ord(name),) * 2)
        one = (tmp_path / f"{name * 64}.zip").stat().st_size
    assert sorted(p.stem[0] for p in tmp_path.glob("*.zip")) == ["b", "c"]


VALUES: list[Any] = [
    None,
    (1, "a", None, (2.5, True)),
    [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, 6), datetime(2026, 1, 2, tzinfo=UTC), Decimal("1.50")],
    {("current", cohort_key({"g": None})): Profiled(3, 1, 0, 0, -1.5, 2.0, 0.1, float("inf"))},
    Table(("label",), {(1,): 2, ("it's",): 1, (None,): 4}),
    Binned((0.1, 0.2), {"0": 1, None: 2}, (0.0, 1.0)),
]


@pytest.fixture
def reopened(tmp_path: Path) -> Callable[[Any], Any]:
    def through(value: Any) -> Any:
        first = Cache(tmp_path)
        first.put("0" * 64, "q", value)
        first.close()
        second = Cache(tmp_path)
        found = second.get("0" * 64, "q")
        second.close()
        return found

    return through


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_answers_come_back_as_they_were(value: Any, reopened: Callable[[Any], Any]) -> None:
    assert reopened((value, "wrapped")) == (value, "wrapped")


def test_arrays_come_back_as_they_were(reopened: Callable[[Any], Any]) -> None:
    values = Ordered(np.array([-np.inf, 1.5]), np.array([1, 2]), 3)
    found = reopened(values)
    assert (found.values.tolist(), found.counts.tolist(), found.missing) == ([-np.inf, 1.5], [1, 2], 3)
    texts = np.ma.masked_array(np.array(["a", None], dtype=object), [False, True])
    rows = reopened(JointSample({"c": texts, "n": np.array([1, 2])}, 2, 2))
    assert rows.columns["c"].tolist() == ["a", None]
    assert rows.columns["n"].tolist() == [1, 2]


def test_another_version_asks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Cache(tmp_path)
    kept.put("0" * 64, "q", 1)
    kept.close()
    monkeypatch.setattr(caches, "FORMAT", caches.FORMAT + 1)
    later = Cache(tmp_path)
    assert later.get("0" * 64, "q") is None
    later.close()


def test_the_command_line_goes_before_the_spec_and_auto_is_the_folder_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "echo")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    pq.write_table(day(0), tmp_path / "rows.parquet")
    spec = tmp_path / "trust.yaml"
    spec.write_text("subject: {name: a, kind: dataset}\ndata: {current: rows.parquet}\ncache: kept\n")
    own, other, usual = tmp_path / "kept", tmp_path / "other", tmp_path / "user" / "dte-panel"
    found = [evidence_of(str(spec), cache="")]
    assert not own.exists()
    found.append(evidence_of(str(spec), cache=str(other)))
    assert not own.exists()
    found.append(evidence_of(str(spec)))
    assert list(own.glob("*.zip"))
    assert list(other.glob("*.zip"))
    spec.write_text(spec.read_text().replace("kept", "auto"))
    found.append(evidence_of(str(spec)))
    assert list(usual.glob("*.zip"))
    assert len({json.dumps(e.spec) for e in found}) == 1, "it decides no number"
