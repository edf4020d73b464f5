"""Nothing that was changed, ended, voided or revoked is taken for valid; each refusal says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel.certificate import Answer, Certificate, PrivateKey, certify, revoke, seal, unseal, verify
from dte_panel.certificate.revocation import Revocations
from dte_panel.certificate.statement import PREDICATE, STATEMENT
from dte_panel.certificate.verification import Beside
from dte_panel.errors import InputError

from .conftest import NOW, Make

LATER = NOW + timedelta(days=1)


def answer(data: bytes, key: PrivateKey, at: datetime = LATER, **beside: Any) -> Answer:
    return verify(data, key.public, at, Beside(**beside))


@pytest.fixture(scope="module")
def signed(evidence: Make, key: PrivateKey) -> bytes:
    return certify(evidence("pass", "pass"), key, now=NOW)


def test_what_is_whole_is_valid(signed: bytes, key: PrivateKey, evidence: Make) -> None:
    found = answer(signed, key, evidence=evidence("pass", "pass").file_bytes(), digests={"data.current": "d" * 64})
    assert (found.state, found.valid) == ("certified", True)
    assert found.sentence.startswith("Valid. Certified: loans for car loans; 2 of 2")


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_one_bit_anywhere_in_the_envelope(data: st.DataObject, signed: bytes, key: PrivateKey) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    changed = bytearray(signed)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = answer(bytes(changed), key)
    except InputError:
        return
    assert found.state == "invalid"
    assert found.certificate is None


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_one_bit_anywhere_in_the_evidence(data: st.DataObject, signed: bytes, key: PrivateKey, evidence: Make) -> None:
    changed = bytearray(evidence("pass", "pass").file_bytes())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = answer(signed, key, evidence=bytes(changed))
    assert found.state == "invalid"
    assert "the evidence is not what was certified" in found.sentence


@pytest.mark.parametrize("name", ["spec", "policy", "policy file", "data.current", "data.reference"])
def test_what_has_another_digest_is_named(name: str, signed: bytes, key: PrivateKey) -> None:
    found = answer(signed, key, digests={name: "0" * 64})
    assert found.state == "invalid"
    assert name in found.sentence


def test_a_certificate_that_says_more_than_its_evidence(evidence: Make, key: PrivateKey) -> None:
    honest = evidence("pass", "fail")
    made = unseal(certify(honest, key, restrictions=["x"], now=NOW), key.public, "x")
    forged = {**made, "predicate": {**made["predicate"], "verdict": "pass"}}
    found = answer(seal(forged, key), key, evidence=honest.file_bytes())
    assert found.sentence == "Not valid: it does not say what its evidence says: verdict"


def test_another_key(signed: bytes, other_key: PrivateKey) -> None:
    found = answer(signed, other_key)
    assert found.state == "invalid"
    assert "is signed by the key" in found.sentence


def test_time(signed: bytes, key: PrivateKey) -> None:
    end = NOW + timedelta(days=30)
    moments = [NOW - timedelta(seconds=1), NOW, end - timedelta(seconds=1), end]
    assert [answer(signed, key, at).state for at in moments] == ["not_yet_valid", "certified", "certified", "expired"]


@pytest.mark.parametrize(
    ("words", "changes", "reason"),
    [
        (["fail", "pass"], {}, "1 required checks of the assessment of 2026-03-02T10:00:00+00:00 fail"),
        (["pass", "error"], {}, "1 required checks"),
        (["pass"], {"policy": {"id": "other", "sha256": "0"}}, "judged by another policy, other"),
        (["pass"], {"subject": {"name": "else"}}, "of another subject, else"),
        (["pass"], {"created": "2026-02-01T00:00:00+00:00"}, "older than what was certified"),
        (
            ["pass"],
            {"data": [{"name": "current", "columns": {"age": "text", "sex": "text"}}]},
            "columns changed: age, sex",
        ),
    ],
)
def test_later_evidence_voids(
    words: Any, changes: Any, reason: str, signed: bytes, key: PrivateKey, evidence: Make
) -> None:
    latest = evidence(*words, **{"created": "2026-03-02T10:00:00+00:00", **changes})
    found = answer(signed, key, latest=latest)
    assert found.state == "void"
    assert reason in found.sentence


@pytest.mark.parametrize("words", [["pass", "pass"], ["warn", "pass"], ["pass", "not_evaluated"]])
def test_later_evidence_without_a_failure_does_not(words: Any, signed: bytes, key: PrivateKey, evidence: Make) -> None:
    assert answer(signed, key, latest=evidence(*words, created="2026-03-02T10:00:00+00:00")).valid


def test_what_was_known_to_fail_does_not_void_a_restricted_one(evidence: Make, key: PrivateKey) -> None:
    made = certify(evidence("pass", "fail"), key, restrictions=["x"], now=NOW)
    latest = evidence("pass", "fail", created="2026-03-02T10:00:00+00:00")
    assert answer(made, key, latest=latest).state == "conditional"
    assert answer(made, key, latest=replace(latest, verdicts=evidence("fail", "fail").verdicts)).state == "void"


def test_a_group_called_none_is_not_the_missing_one(evidence: Make, key: PrivateKey) -> None:
    """That rows without a value were known to fail says nothing of a group whose name is None."""

    def of(value: str | None) -> Any:
        made = evidence("fail", created="2026-03-01T10:00:00+00:00")
        return replace(made, verdicts=[replace(v, cohort={"sex": value}) for v in made.verdicts])

    made = certify(of(None), key, restrictions=["x"], now=NOW)
    assert answer(made, key, latest=of(None)).valid
    assert answer(made, key, latest=of("None")).state == "void"


def test_revoked(signed: bytes, key: PrivateKey, other_key: PrivateKey) -> None:
    certificate = Certificate(unseal(signed, key.public, "x"))
    for identity, what in ((certificate.id, "it"), (key.public.id, "its key")):
        _, data = revoke(Revocations(), identity, key, reason="a wrong reference", now=LATER)
        known = Revocations.read(data, key.public, "revoked.json")
        found = answer(signed, key, revocations=known)
        assert found.sentence == f"Not valid: {what} was revoked at 2026-03-02T12:00:00Z: a wrong reference"
        with pytest.raises(InputError, match="is signed by the key"):
            Revocations.read(data, other_key.public, "revoked.json")


def test_a_list_grows_and_keeps_the_first_reason(key: PrivateKey) -> None:
    first, _ = revoke(Revocations(), "a" * 64, key, reason="one")
    both, _ = revoke(first, "b" * 64, key, reason="two")
    again, _ = revoke(both, "a" * 64, key, reason="three")
    assert [entry["reason"] for entry in again.entries] == ["one", "two"]
    for bad in ("", "a" * 63, "G" * 64):
        with pytest.raises(InputError, match="64 hexadecimal digits"):
            revoke(first, bad, key, reason="x")
    with pytest.raises(InputError, match="needs its reason"):
        revoke(first, "c" * 64, key, reason=" ")


def test_an_older_one_that_was_renewed(signed: bytes, key: PrivateKey, evidence: Make) -> None:
    newer = certify(evidence("pass"), key, now=NOW + timedelta(hours=1))
    others = [Certificate(unseal(data, key.public, "x")) for data in (signed, newer)]
    assert "a later certificate took its place" in answer(signed, key, others=others).sentence
    assert answer(newer, key, others=others).valid
    # Before the newer one was issued, the older one held.
    assert answer(signed, key, NOW + timedelta(minutes=1), others=others).valid


@pytest.mark.parametrize(
    "statement",
    [
        {"_type": STATEMENT, "predicateType": "https://example.org/other", "subject": [], "predicate": {}},
        {"_type": STATEMENT, "predicateType": PREDICATE, "subject": [], "predicate": {}},
        {"_type": STATEMENT, "predicateType": PREDICATE, "subject": None, "predicate": 3},
        {"_type": "https://example.org", "predicateType": PREDICATE},
        {},
    ],
)
def test_other_statements_are_no_certificates(statement: Any, key: PrivateKey) -> None:
    with pytest.raises(InputError, match=r"is no certificate|is an incomplete certificate"):
        answer(seal(statement, key), key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"\xff",
        b"{}",
        b'{"payload": 3, "payloadType": 3, "signatures": 3}',
        b"[" * 9_999,
    ],
)
def test_other_files_are_no_certificates(data: bytes, key: PrivateKey) -> None:
    with pytest.raises(InputError):
        answer(data, key)
    with pytest.raises(InputError):
        answer(b'{"payload": "' + data[:1] + b'"', key)


def test_cut_off_anywhere(signed: bytes, key: PrivateKey) -> None:
    for length in range(0, len(signed), 97):
        with pytest.raises(InputError):
            answer(signed[:length], key)
