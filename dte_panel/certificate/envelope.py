"""DSSE, the Dead Simple Signing Envelope, version 1.0: a payload, its type, and a signature over both."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dte_panel.certificate.keys import PublicKey, Signer
from dte_panel.errors import InputError
from dte_panel.evidence import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
#: No certificate is as large.
MOST_BYTES = 8_000_000


class BadSignatureError(InputError):
    """The envelope is whole, but not signed by the key it is checked with, or not what was signed."""


def encoded(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: DSSE's pre-authentication encoding.

    Examples
    --------
    >>> encoded("text/plain", b"hello world")
    b'DSSEv1 10 text/plain 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(statement: Mapping[str, Any], signer: Signer) -> bytes:
    """Sign a statement; the file's content, canonical so that one statement has one file."""
    payload = canonical(statement).encode()
    signature = {"keyid": signer.public.id, "sig": _text(signer.sign(encoded(PAYLOAD_TYPE, payload)))}
    envelope = {"payload": _text(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
    return (canonical(envelope) + "\n").encode()


def unseal(data: bytes, key: PublicKey, where: str) -> dict[str, Any]:
    """The statement in an envelope, once its signature is known to be the key's.

    Raises
    ------
    InputError
        It is no envelope.
    BadSignatureError
        It is not signed by this key, or has been changed.
    """
    payload, keyid, signature = _parts(_envelope(data, where), where)
    if keyid != key.id:
        raise BadSignatureError(f"is signed by the key {keyid[:16]}…, not by {key.id[:16]}…", where=where)
    if not key.signed(signature, encoded(PAYLOAD_TYPE, payload)):
        raise BadSignatureError("was changed after it was signed: the signature does not fit", where=where)
    statement = _json(payload, where)
    if seal_like(statement, keyid, signature) != data:
        # What decodes to the same is still not the file that was written.
        raise BadSignatureError("was changed after it was signed: the file is not as it was written", where=where)
    return statement


def seal_like(statement: Mapping[str, Any], keyid: str, signature: bytes) -> bytes:
    """The file of a statement that has been signed already."""
    parts = {"keyid": keyid, "sig": _text(signature)}
    payload = _text(canonical(statement).encode())
    return (canonical({"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [parts]}) + "\n").encode()


def read(path: str | Path) -> bytes:
    """The bytes of an envelope's file, if it is not too large for one."""
    try:
        size = Path(path).stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"is no certificate: {size:,} bytes, {MOST_BYTES:,} at most", where=str(path))
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _envelope(data: bytes, where: str) -> Mapping[str, Any]:
    document = _json(data, where)
    if document.keys() != {"payload", "payloadType", "signatures"}:
        raise InputError("is no DSSE envelope: it needs payload, payloadType and signatures alone", where=where)
    if document["payloadType"] != PAYLOAD_TYPE:
        raise InputError(f"holds {document['payloadType']!r}, not an in-toto statement", where=where)
    return document


def _parts(envelope: Mapping[str, Any], where: str) -> tuple[bytes, str, bytes]:
    try:
        (only,) = envelope["signatures"]
        keyid, signature = only["keyid"], base64.b64decode(only["sig"], validate=True)
        if not isinstance(keyid, str):
            raise TypeError("the keyid is no text")
        return base64.b64decode(envelope["payload"], validate=True), keyid, signature
    except (binascii.Error, ValueError, TypeError, KeyError) as error:
        raise InputError(f"is a damaged DSSE envelope with one signature ({error})", where=where) from None


def _json(data: bytes, where: str) -> dict[str, Any]:
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise InputError("is not JSON: it is cut off, or no certificate", where=where) from None
    if not isinstance(document, dict):
        raise InputError("is no certificate", where=where)
    return document


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
