"""What is signed, and what is refused."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest

from dte_panel.certificate import Certificate, NotCertifiableError, PrivateKey, certify, unseal
from dte_panel.errors import InputError

from .conftest import NOW, Make


def issued(data: bytes, key: PrivateKey) -> Certificate:
    return Certificate(unseal(data, key.public, "x"))


def test_it_says_what_the_evidence_says(evidence: Make, key: PrivateKey) -> None:
    made = evidence("pass", "pass")
    certificate = issued(certify(made, key, now=NOW), key)
    assert certificate.says == (
        "Certified: loans for car loans; 2 of 2 required checks of policy mine passed; until 2026-03-31 12:00 UTC"
    )
    assert certificate.expires - certificate.issued == timedelta(days=30)
    assert certificate.digests.keys() == {"evidence", "spec", "policy", "policy file", "data.current"}
    assert [c["verdict"] for c in certificate.predicate["checks"]] == ["pass", "pass"]


@pytest.mark.parametrize("word", ["warn", "fail", "not_evaluated", "error"])
def test_every_required_check_must_pass(word: Any, evidence: Make, key: PrivateKey) -> None:
    with pytest.raises(NotCertifiableError, match=r"1 of 2 required checks did not pass"):
        certify(evidence("pass", word), key, now=NOW)


def test_a_restricted_one_says_so_first(evidence: Make, key: PrivateKey) -> None:
    made = evidence("pass", "fail")
    certificate = issued(certify(made, key, restrictions=["not without review"], now=NOW), key)
    assert certificate.says.startswith("RESTRICTED, conditionally certified: loans for car loans; 1 of 2 required")
    assert certificate.grade == "conditional"
    assert certificate.predicate["restrictions"] == ["not without review"]


@pytest.mark.parametrize(
    ("changes", "words", "message"),
    [
        ({"second_opinion": {}}, ["pass"], "not held against the reference libraries"),
        ({"second_opinion": {"disagreements": [{}]}}, ["pass"], "1 numbers differ"),
        ({"verdict": "pass"}, ["pass", "fail"], "not that of its checks"),
        ({}, [], "no required check"),
        ({"created": "2026-03-02T00:00:00+00:00"}, ["pass"], "from the future"),
    ],
)
def test_what_evidence_does_not_carry_is_refused(
    changes: Any, words: Any, message: str, evidence: Make, key: PrivateKey
) -> None:
    for restrictions in ([], ["for tests alone"]):
        with pytest.raises(NotCertifiableError, match=message):
            certify(evidence(*words, **changes), key, restrictions=restrictions, now=NOW)


@pytest.mark.parametrize("days", [0, -1, 31])
def test_never_longer_than_the_policy_says(days: int, evidence: Make, key: PrivateKey) -> None:
    with pytest.raises(InputError, match="the policy allows 1 to 30"):
        certify(evidence("pass"), key, days=days, now=NOW)


def test_the_envelope_is_dsse_with_an_in_toto_statement(evidence: Make, key: PrivateKey) -> None:
    envelope = json.loads(certify(evidence("pass"), key, now=NOW))
    statement = json.loads(b64decode(envelope["payload"]))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert {len(s["digest"]["sha256"]) for s in statement["subject"]} == {64}


def test_another_implementation_agrees(evidence: Make, key: PrivateKey, other_key: PrivateKey) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    envelope = json.loads(certify(evidence("pass"), key, now=NOW))
    theirs = Envelope.from_dict(json.loads(json.dumps(envelope)))
    known, unknown = (SSlibKey.from_crypto(k.public.key, keyid=key.public.id) for k in (key, other_key))
    assert theirs.verify([known], threshold=1)
    with pytest.raises(VerificationError):
        theirs.verify([unknown], threshold=1)
