"""A folder of certificates, as the dashboard looks at it: now, whatever else lies in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dte_panel.certificate import Certificate, PrivateKey, Shelf, certify, revoke, unseal
from dte_panel.certificate.revocation import Revocations
from dte_panel.errors import InputError

from .conftest import NOW, Make


@pytest.fixture
def folder(tmp_path: Path, evidence: Make, key: PrivateKey, other_key: PrivateKey) -> Path:
    made = {
        "b": certify(evidence("pass"), key, now=NOW),
        "a": certify(evidence("pass"), key, now=NOW + timedelta(days=1)),
        "foreign": certify(evidence("pass"), other_key, now=NOW),
        "other": certify(evidence("pass", subject={"name": "else"}), key, now=NOW),
        "noise": b"{",
    }
    for name, data in made.items():
        (tmp_path / f"{name}.json").write_bytes(data)
    return tmp_path


def test_newest_first_and_only_those_about_the_subject(folder: Path, evidence: Make, key: PrivateKey) -> None:
    answers = Shelf(folder, key.public).answers(evidence("pass"), NOW + timedelta(days=2))
    assert [a.state for a in answers] == ["certified", "void"]
    assert "a later certificate took its place" in answers[1].sentence
    worse = evidence("fail", created="2026-03-03T00:00:00+00:00")
    assert Shelf(folder, key.public).answers(worse, NOW + timedelta(days=2))[0].state == "void"
    assert Shelf(folder, key.public).answers(evidence("pass", use_case={"name": "other"}), NOW) == []


def test_revocations_and_end_count_at_once(folder: Path, evidence: Make, key: PrivateKey) -> None:
    data = (folder / "a.json").read_bytes()
    _, listed = revoke(Revocations(), Certificate(unseal(data, key.public, "a")).id, key, reason="a mistake")
    (folder / "revoked").write_bytes(listed)
    shelf = Shelf(folder, key.public, folder / "revoked")
    assert shelf.answers(evidence("pass"), NOW + timedelta(days=2))[0].state == "revoked"
    assert Shelf(folder, key.public).answers(evidence("pass"), NOW + timedelta(days=99))[0].state == "expired"


def test_without_the_list_nothing_is_said(folder: Path, evidence: Make, key: PrivateKey) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Shelf(folder, key.public, folder / "nowhere").answers(evidence("pass"), NOW)
    with pytest.raises(InputError, match="is no folder"):
        Shelf(folder / "a.json", key.public)


def page_of(evidence: Any, shelf: Shelf | None) -> str:
    """All text of the certificate page."""
    from dte_panel.shell import certificate_page
    from dte_panel.shell.library import Library
    from dte_panel.shell.state import State

    page = certificate_page.page(State(Library.of(evidence, shelf=shelf)), lambda _: None)
    parts = page.select(lambda part: hasattr(part, "_esm"))
    names = ("title", "headline", "facts", "notes", "text", "rows", "word")
    return repr([[getattr(part, name) for name in names if hasattr(part, name)] for part in parts])


def test_the_page_says_how_things_stand_now(folder: Path, evidence: Make, key: PrivateKey) -> None:
    assert "dte-panel certify keygen" in page_of(evidence("pass"), None)
    shelf = Shelf(folder, key.public)
    # The certificates of this test ended long before now.
    told = page_of(evidence("pass"), shelf)
    assert "Expired: Not valid: it ended at 2026-04-01 12:00:00 UTC" in told
    assert "'fail'" in told
    assert "it ended at 2026-03-31 12:00:00 UTC (and 1 more)" in told
    gone = page_of(evidence("pass"), Shelf(folder, key.public, folder / "nowhere"))
    assert "cannot be read" in gone


def test_restrictions_and_waivers_stand_on_the_page(tmp_path: Path, evidence: Make, key: PrivateKey) -> None:
    from dataclasses import replace
    from datetime import UTC, datetime

    made = evidence("fail")
    waiver = {"who": "ana", "reason": "new source", "until": "2026-12-31"}
    made = replace(made, verdicts=[replace(v, waiver=waiver) for v in made.verdicts])
    restricted = certify(made, key, restrictions=["a pilot alone"], now=datetime.now(UTC))
    (tmp_path / "c.json").write_bytes(restricted)
    told = page_of(made, Shelf(tmp_path, key.public))
    for words in ("RESTRICTED, conditionally certified", "Not for: a pilot alone", "(waived by ana until 2026-12-31)"):
        assert words in told
