"""The commands ``certify`` and ``verify``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dte_panel.cli.output import say
from dte_panel.errors import InputError

if TYPE_CHECKING:
    from dte_panel.certificate import Answer, Certificate, PublicKey
    from dte_panel.certificate.keys import Signer
    from dte_panel.certificate.revocation import Revocations
    from dte_panel.certificate.verification import Beside
    from dte_panel.evidence import Evidence

NOT_CERTIFIED = 1


def add_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of ``certify``."""
    made.add_argument("what", nargs="?", default="", metavar="trust.yaml | keygen | revoke", help="what to sign or do")
    made.add_argument("target", nargs="?", metavar="FILE", help="keygen: the key; revoke: the certificate, or a key")
    made.add_argument("--evidence", metavar="FILE", help="sign evidence that assess --verify --out wrote")
    made.add_argument("--key", metavar="FILE", help="the private key; with --sign-command the public one")
    made.add_argument("--sign-command", metavar="CMD", help="signs what it reads, for a key in a device or a service")
    made.add_argument(
        "--out", metavar="FILE", help="the certificate (default: certificate.json); its evidence beside it"
    )
    made.add_argument("--as", dest="grade", choices=["full", "conditional"], default="full", help="default: full")
    made.add_argument(
        "--restriction", action="append", default=[], metavar="TEXT", help="what a conditional certificate is not for"
    )
    made.add_argument("--days", type=int, metavar="N", help="how long it is valid (default: as the policy says)")
    made.add_argument("--issuer", default="", metavar="TEXT", help="who signs, in words")
    made.add_argument("--renews", metavar="FILE", help="the certificate that this one takes the place of")
    made.add_argument("--revoked", default="revoked.json", metavar="FILE", help="revoke: the list (revoked.json)")
    made.add_argument("--reason", default="", metavar="TEXT", help="revoke: why")
    made.add_argument("--cache", metavar="DIR", help="as for assess")


def add_verify_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of ``verify``."""
    made.add_argument("certificate", metavar="certificate.json")
    made.add_argument("--key", required=True, metavar="FILE", help="the public key that is trusted")
    made.add_argument("--evidence", metavar="FILE", help="the evidence that was certified")
    made.add_argument("--data", metavar="FILE", help="the current data, a file or a quoted glob")
    made.add_argument("--reference", metavar="FILE", help="the reference data")
    made.add_argument("--policy", metavar="FILE", help="the policy's file")
    made.add_argument("--spec", metavar="trust.yaml", help="the spec")
    made.add_argument("--model", metavar="FILE", help="the model's file")
    made.add_argument("--latest", metavar="FILE", help="evidence of a later assessment: does it void the certificate?")
    made.add_argument("--revoked", metavar="FILE", help="the list of revocations")
    made.add_argument("--chain", metavar="DIR", help="folder of certificates: has one taken this one's place?")
    made.add_argument("--at", metavar="TIME", help="the moment that is asked about, such as 2026-11-23T12:00Z (now)")
    made.add_argument("--badge", metavar="FILE", help="write a badge: .svg, or .json for shields")
    made.add_argument("--json", action="store_true", help="print JSON and nothing else")


def certify(args: Namespace) -> int:
    """Make keys, sign an assessment, or revoke."""
    if args.what == "keygen":
        return _keygen(args)
    return _revoke(args) if args.what == "revoke" else _issue(args)


def _keygen(args: Namespace) -> int:
    from dte_panel.certificate import write_pair

    path = args.target or "dte-panel.key"
    public = write_pair(path, _new_passphrase())
    say(f"{path} signs: keep it to yourself. {path}.pub checks: give it to whoever verifies.\nkey {public.id}")
    return 0


def _issue(args: Namespace) -> int:
    from dte_panel.certificate import NotCertifiableError, certify
    from dte_panel.evidence import write_whole

    if args.target:
        raise InputError(f"'{args.target}' is one argument too many", where="certify")
    if (args.grade == "conditional") != bool(args.restriction):
        hint = "Write both: --as conditional --restriction 'not for refusals without review'"
        raise InputError("a conditional certificate says what it is not for, and only that one does", hint=hint)
    signer = _signer(args)
    previous = _certificate(args.renews, signer.public).id if args.renews else None
    evidence = _evidence(args)
    try:
        made = certify(
            evidence,
            signer,
            restrictions=args.restriction,
            days=args.days,
            issuer=args.issuer,
            previous=previous,
        )
    except NotCertifiableError as error:
        say(f"{error}", sys.stderr)
        return NOT_CERTIFIED
    out = Path(args.out or "certificate.json")
    # The evidence first: no certificate without what it was drawn from.
    beside = out.with_suffix(".evidence.json")
    evidence.write(beside)
    write_whole(out, made)
    certificate = _certificate(str(out), signer.public)
    say(f"{certificate.says}\n{out} is the certificate, {beside} its evidence.")
    return 0


def _evidence(args: Namespace) -> Evidence:
    from dte_panel.cli.commands import evidence_of
    from dte_panel.evidence import Evidence

    if bool(args.evidence) == bool(args.what):
        raise InputError("name what to sign: either a trust.yaml or --evidence FILE", where="certify")
    if args.evidence:
        return Evidence.read(args.evidence)
    return evidence_of(args.what, verify=True, cache=args.cache)


def _revoke(args: Namespace) -> int:
    from dte_panel.certificate import revoke
    from dte_panel.evidence import write_whole

    if not args.target:
        raise InputError("say which certificate or key to revoke", where="certify revoke")
    signer = _signer(args)
    known = _revocations(args.revoked, signer.public) if Path(args.revoked).exists() else _none()
    _, data = revoke(known, _identity(args.target, signer.public), signer, reason=args.reason)
    write_whole(args.revoked, data)
    say(f"{args.target} is revoked. Give {args.revoked} to whoever verifies.")
    return 0


def _identity(target: str, public: PublicKey) -> str:
    """The id of a certificate's file, or the id itself."""
    return _certificate(target, public).id if Path(target).exists() else target


def verify(args: Namespace) -> int:
    """Say whether a certificate holds, and why."""
    from dte_panel.certificate import PublicKey, verify
    from dte_panel.certificate.envelope import read

    key = PublicKey.read(args.key)
    answer = verify(read(args.certificate), key, _moment(args.at), _beside(args, key), args.certificate)
    if args.badge:
        _badge(args.badge, answer)
    say(json.dumps(answer.to_json(), indent=2) if args.json else answer.sentence)
    return 0 if answer.valid else NOT_CERTIFIED


def _badge(path: str, answer: Answer) -> None:
    from dte_panel.certificate.badge import for_shields, svg
    from dte_panel.evidence import canonical, write_whole

    if Path(path).suffix not in {".svg", ".json"}:
        raise InputError("ends neither in .svg nor in .json", where=path)
    text = svg(answer) if path.endswith(".svg") else canonical(for_shields(answer))
    write_whole(path, (text + "\n").encode())


def _beside(args: Namespace, key: PublicKey) -> Beside:
    from dte_panel.certificate import Shelf
    from dte_panel.certificate.verification import Beside
    from dte_panel.evidence import Evidence

    return Beside(
        evidence=_bytes(args.evidence) if args.evidence else None,
        digests=_digests(args),
        latest=Evidence.read(args.latest) if args.latest else None,
        revocations=_revocations(args.revoked, key) if args.revoked else _none(),
        others=[*Shelf(Path(args.chain), key).certificates().values()] if args.chain else (),
    )


def _digests(args: Namespace) -> dict[str, str]:
    """What is found now of each thing that was named."""
    from dte_panel import spec
    from dte_panel.certificate.statement import digest
    from dte_panel.policy import record

    found = {}
    files = {"data.current": args.data, "data.reference": args.reference, "subject.file": args.model}
    for name, given in files.items():
        if given:
            found[name] = _digest(given)
    if args.policy:
        said = record(spec.read_policy(args.policy, Path()))
        found["policy"] = said["sha256"]
        if said["file_sha256"]:
            found["policy file"] = said["file_sha256"]
    if args.spec:
        found["spec"] = digest(spec.read(args.spec).to_json())
    return found


def _digest(given: str) -> str:
    from dte_panel.engine.sources import digest_of

    return digest_of(given)


def _certificate(path: str, key: PublicKey) -> Certificate:
    from dte_panel.certificate import Certificate, unseal
    from dte_panel.certificate.envelope import read

    return Certificate(unseal(read(path), key, path), path)


def _revocations(path: str, key: PublicKey) -> Revocations:
    from dte_panel.certificate.envelope import read
    from dte_panel.certificate.revocation import Revocations

    return Revocations.read(read(path), key, path)


def _none() -> Revocations:
    from dte_panel.certificate.revocation import Revocations

    return Revocations()


def _signer(args: Namespace) -> Signer:
    from dte_panel.certificate import CommandKey, PrivateKey, PublicKey

    if not args.key:
        raise InputError("no key to sign with", hint="Make one with: dte-panel certify keygen; then give --key")
    if args.sign_command:
        return CommandKey(args.sign_command, PublicKey.read(args.key))
    return PrivateKey.read(args.key, _passphrase(args.key))


def _passphrase(path: str) -> str:
    """The passphrase of a key, from the environment or from a person."""
    given = os.environ.get("DTE_KEY_PASSPHRASE", "")
    try:
        locked = b"ENCRYPTED" in Path(path).read_bytes()
    except OSError:
        return ""
    if locked and not given and sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"Passphrase of {path}: ")
    return given if locked else ""


def _new_passphrase() -> str:
    given = os.environ.get("DTE_KEY_PASSPHRASE")
    if given is not None or not sys.stdin.isatty():
        return given or ""
    from getpass import getpass

    first = getpass("Passphrase (empty for none): ")
    if first != getpass("Once more: "):
        raise InputError("the passphrases differ", where="keygen")
    return first


def _moment(text: str | None) -> datetime:
    from dte_panel.certificate.statement import moment

    if text is None:
        return datetime.now(UTC)
    try:
        return moment(text)
    except ValueError:
        hint = "Write it as 2026-11-23T12:00Z"
        raise InputError(f"'{text}' is no moment with a time zone", where="--at", hint=hint) from None


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from None
