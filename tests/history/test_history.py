"""Assessments are kept whole, once, by many at a time; what is read back is what was written."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dte_panel.cli import commands, main
from dte_panel.errors import InputError
from dte_panel.evidence import Evidence
from dte_panel.history import Change, History, differences
from dte_panel.model import Measurement, Verdict, VerdictWord

METRIC = "drift.population_stability_index"


def made(
    day: int = 1, value: float = 0.1, word: VerdictWord = "pass", *, subject: str = "loans", n: int = 100
) -> Evidence:
    measured = Measurement(METRIC, 1, "drift", "current", {}, "age", value, value - 0.05, value + 0.05, n, "ok")
    cohort = replace(measured, cohort={"sex": None}, low=None, high=None)
    judged = Verdict(METRIC, "drift", "current", {}, "age", word, True, "<= 0.2", f"{value} is so", measured)
    return Evidence(
        subject={"name": subject, "version": "1"},
        use_case={"name": "car loans"},
        verdict=word,
        measurements=(measured, cohort),
        verdicts=(judged,),
        data=({"name": "current", "uri": "a.csv", "rows": n, "sha256": "0" * 64, "columns": {}},),
        providers=(),
        created=f"2026-03-{day:02}T10:00:00+00:00",
        policy={"id": "default", "sha256": "1" * 64},
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "past.sqlite") as opened:
        yield opened


def test_what_is_read_back_is_what_was_written(store: History) -> None:
    given = made()
    identity = store.append(given)
    assert store.evidence(identity[:8]).file_bytes() == given.file_bytes()
    (entry,) = store.entries()
    assert (entry.subject, entry.use_case, entry.verdict, entry.counts["pass"]) == ("loans", "car loans", "pass", 1)


def test_the_same_assessment_is_kept_once(store: History) -> None:
    assert store.append(made()) == store.append(made())
    assert len(store.entries()) == 1


def test_newest_first_and_by_subject(store: History) -> None:
    for evidence in (made(2), made(3, subject="other"), made(1)):
        store.append(evidence)
    assert [e.created[8:10] for e in store.entries()] == ["03", "02", "01"]
    assert [e.created[8:10] for e in store.entries("loans")] == ["02", "01"]


def test_a_trend_is_one_number_over_time(store: History) -> None:
    for day, value in ((2, 0.3), (1, 0.1)):
        store.append(made(day, value))
    store.append(made(3, subject="other"))
    assert [(p.created[8:10], p.value) for p in store.trend("loans", METRIC, column="age")] == [
        ("01", 0.1),
        ("02", 0.3),
    ]
    assert [p.low for p in store.trend("loans", METRIC, column="age", cohort={"sex": None})] == [None, None]
    assert store.trend("loans", METRIC) == []


def test_pruning_keeps_the_newest_of_each_subject(store: History) -> None:
    for evidence in (made(1), made(2), made(20), made(1, subject="idle")):
        store.append(evidence)
    now = datetime(2026, 3, 21, tzinfo=UTC)
    assert (store.prune(10, now=now), store.prune(10, now=now)) == (2, 0)
    assert [(e.subject, e.created[8:10]) for e in store.entries()] == [("loans", "20"), ("idle", "01")]
    assert len(store.trend("loans", METRIC, column="age")) == 1
    with pytest.raises(InputError, match="keep one at least"):
        store.prune(0, now=now)


@pytest.mark.parametrize("identity", ["", "abc", "zzzzzzzz", "%%%%%%%%", "0" * 64])
def test_ids_that_name_nothing(identity: str, store: History) -> None:
    store.append(made())
    with pytest.raises(InputError, match=r"is no id|no assessments have the id"):
        store.evidence(identity)


def test_a_changed_document_is_noticed(tmp_path: Path) -> None:
    import zlib

    with History(tmp_path / "x.sqlite") as store:
        identity = store.append(made())
    with sqlite3.connect(tmp_path / "x.sqlite") as connection:
        other = zlib.compress(made(value=0.11).file_bytes())
        connection.execute("UPDATE assessment SET document = ?", (other,))
    connection.close()
    with History(tmp_path / "x.sqlite") as store, pytest.raises(InputError, match="has been changed"):
        store.evidence(identity)


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like one" * 100, b"SQLite format 3\x00" + b"x" * 900]
)
def test_what_is_no_history_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be opened"):
        History(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "place", ["no/such/folder/x.sqlite", "/proc/x.sqlite", "nosuch://x", "postgresql+nosuchdriver://u:secret@h/d"]
)
def test_what_cannot_be_opened_says_so_without_a_password(place: str) -> None:
    with pytest.raises(InputError, match="cannot be opened") as caught:
        History(place)
    assert "secret" not in str(caught.value)


def test_a_file_is_named_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        History(tmp_path / "no" / "a@b.sqlite")
    assert str(tmp_path) in str(caught.value)


def test_settings_that_keep_what_was_acknowledged(store: History) -> None:
    with store._engine.connect() as connection:
        read = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert read == ["wal", 2]


WRITER = """
import sys
from tests.history.test_history import made
from dte_panel.history import History
with History(sys.argv[1]) as store:
    for day in range(1, int(sys.argv[3]) + 1):
        print(store.append(made(day % 28 + 1, day / 1000, subject=sys.argv[2])), flush=True)
"""


def writer(path: Path, subject: str, count: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    told = [sys.executable, "-c", WRITER, str(path), subject, str(count)]
    return subprocess.Popen(
        told, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_eight_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    writers = [writer(path, f"subject {i}", 20) for i in range(8)]
    acknowledged = {line for w in writers for line in w.communicate()[0].split()}
    assert [w.returncode for w in writers] == [0] * 8
    with History(path) as store:
        assert {e.id for e in store.entries()} == acknowledged
        assert len(acknowledged) == 160


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged_and_tears_nothing(tmp_path: Path) -> None:
    path, acknowledged = tmp_path / "x.sqlite", set()
    for turn in range(12):
        process = writer(path, f"turn {turn}", 10_000)
        assert process.stdout
        acknowledged.add(process.stdout.readline().strip())
        time.sleep(0.01 * turn)
        process.send_signal(signal.SIGKILL)
        # A line that was cut off was not acknowledged.
        rest = process.stdout.read().split("\n")
        acknowledged |= set(rest[:-1])
        process.stdout.close()
        process.wait()
    with History(path) as store:
        kept = store.entries()
        assert acknowledged - {""} <= {e.id for e in kept}
        for entry in kept:
            assert len(store.evidence(entry.id).measurements) == 2
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    count = "SELECT COUNT(*) FROM measurement GROUP BY assessment"
    assert {n for (n,) in connection.execute(count)} == {2}
    connection.close()


# Differences


def test_what_turned_and_what_moved() -> None:
    before, after = made(1, 0.1), made(2, 0.4, "fail", n=90)
    assert differences(before, before) == []
    assert [(c.kind, c.what) for c in differences(before, after)] == [
        ("about", "verdict"),
        ("about", "data current"),
        ("worse", f"{METRIC}, age"),
        ("moved", f"{METRIC}, age"),
    ]
    assert [c.kind for c in differences(after, before)][2] == "better"
    assert differences(before, replace(before, verdicts=()))[0].kind == "gone"


def test_numbers_of_two_versions_are_not_compared() -> None:
    after = made(2, 0.4)
    newer = replace(after, measurements=[replace(m, version=2) for m in after.measurements])
    assert Change("moved", f"{METRIC}, age", "0.1 [0.05, 0.15]", "0.4 [0.35, 0.45]") in differences(made(), after)
    assert "moved" not in {c.kind for c in differences(made(), newer)}


# Commands


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    days = iter(range(1, 28))
    monkeypatch.setattr(commands, "evidence_of", lambda path, **_: made(next(days), 0.1))
    return tmp_path


def test_kept_listed_shown_compared_and_exported(folder: Path, capsys: Any) -> None:
    for command in ("assess", "check"):
        assert main([command, "trust.yaml", "--history", "dte-history.sqlite"]) == 0
    capsys.readouterr()
    assert main(["history", "list"]) == 0
    first, second = (line.split()[0] for line in capsys.readouterr().out.splitlines()[1:])
    assert main(["history", "show", first]) == 0
    assert capsys.readouterr().out.startswith("loans")
    assert main(["history", "diff", second, first]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"
    assert main(["history", "export", first, "--out", "e.json"]) == 0
    assert Evidence.read("e.json").created.startswith("2026-03-02")
    capsys.readouterr()
    assert main(["history", "prune", "--days", "1", "--json"]) == 0
    assert capsys.readouterr().out == '{"forgotten": 1}\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list"], "there is no history"),
        (["shw"], "invalid choice"),
        (["diff", "abc", "--history", "h.sqlite"], "diff needs 2 ids, not 1"),
        (["export", "abcdef", "--history", "h.sqlite"], "no assessments have the id"),
    ],
)
def test_wrong_input(arguments: list[str], message: str, folder: Path, capsys: Any) -> None:
    History("h.sqlite").close()
    assert main(["history", *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, message in err) == ("", True)
