"""Certificates: what was assessed, signed, with an end. in-toto Statement v1 in a DSSE envelope, Ed25519."""

from __future__ import annotations

from dte_panel.certificate.envelope import seal, unseal
from dte_panel.certificate.issue import NotCertifiableError, certify
from dte_panel.certificate.keys import CommandKey, PrivateKey, PublicKey, write_pair
from dte_panel.certificate.revocation import revoke
from dte_panel.certificate.shelf import Shelf
from dte_panel.certificate.statement import PREDICATE, Certificate
from dte_panel.certificate.verification import Answer, verify

__all__ = [
    "PREDICATE",
    "Answer",
    "Certificate",
    "CommandKey",
    "NotCertifiableError",
    "PrivateKey",
    "PublicKey",
    "Shelf",
    "certify",
    "revoke",
    "seal",
    "unseal",
    "verify",
    "write_pair",
]
