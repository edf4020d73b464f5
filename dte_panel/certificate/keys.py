"""Ed25519 keys: a file, or a command in front of a device that never gives its key away."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dte_panel.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: No key file is as large.
MOST_BYTES = 100_000
#: Seconds that a signing command may take: a person may have to touch a device.
PATIENCE = 120


class Signer(Protocol):
    """Whatever signs bytes."""

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are checked with."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        ...


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with.

    Parameters
    ----------
    key : Ed25519PublicKey
    """

    key: Ed25519PublicKey

    @property
    def id(self) -> str:
        """SHA-256 of the key as DER (SubjectPublicKeyInfo), in hex."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def pem(self) -> bytes:
        """The key as text."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's, of this message."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def read(cls, path: str | Path) -> PublicKey:
        """Read a public key in PEM.

        Raises
        ------
        InputError
            No such file, no key, a private key, or a key of another kind.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        data = _read(path)
        if b"PRIVATE KEY" in data:
            raise InputError("is a private key", where=str(path), hint=f"Give the public one, such as {path}.pub")
        try:
            key = load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            hint = "Make a pair of keys with: dte-panel certify keygen"
            raise InputError("is not a public key in PEM", where=str(path), hint=hint) from None
        if not isinstance(key, Ed25519PublicKey):
            raise InputError("is not an Ed25519 key", where=str(path))
        return cls(key)


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs, read from a file.

    Parameters
    ----------
    key : Ed25519PrivateKey
    """

    key: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are checked with."""
        return PublicKey(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self.key.sign(message)

    @classmethod
    def read(cls, path: str | Path, passphrase: str = "") -> PrivateKey:
        """Read a private key in PEM.

        Raises
        ------
        InputError
            No such file, one that others may read, no key, or a wrong passphrase.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        data = _read(path)
        if b"PRIVATE KEY" in data and os.name == "posix" and Path(path).stat().st_mode & 0o077:
            raise InputError("can be read by others", where=str(path), hint=f"Run: chmod 600 {shlex.quote(str(path))}")
        try:
            key = load_pem_private_key(data, passphrase.encode() or None)
        except TypeError as error:
            raise _passphrase(path, needed="not encrypted" not in str(error)) from None
        except (ValueError, UnsupportedAlgorithm):
            if b"ENCRYPTED" in data and passphrase:
                raise InputError("the passphrase is wrong, or the file is damaged", where=str(path)) from None
            hint = "Make a pair of keys with: dte-panel certify keygen"
            raise InputError("is not a private key in PEM", where=str(path), hint=hint) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError("is not an Ed25519 key", where=str(path))
        return cls(key)


@dataclass(frozen=True)
class CommandKey:
    """A key behind a command, such as one for a smart card or a key service.

    The command gets the bytes to sign on its standard input and prints the signature in base64.

    Parameters
    ----------
    command : str
        Split as a shell would, but run without one.
    public : PublicKey
    """

    command: str
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """The signature, checked before it is used.

        Raises
        ------
        InputError
            The command cannot be run, fails, or its answer is no signature of this key.
        """
        where = f"--sign-command {self.command}"
        try:
            made = subprocess.run(  # noqa: S603 - the user's own command, without a shell
                shlex.split(self.command), input=message, capture_output=True, timeout=PATIENCE, check=True
            )
            signature = base64.b64decode(made.stdout.strip(), validate=True)
        except subprocess.CalledProcessError as error:
            said = " ".join(error.stderr.decode(errors="replace").split())[:300]
            raise InputError(f"ended with code {error.returncode} ({said})", where=where) from None
        except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
            raise InputError(f"gave no signature ({error})", where=where) from None
        if not self.public.signed(signature, message):
            raise InputError("gave a signature that is not of the key in --key", where=where)
        return signature


def write_pair(path: str | Path, passphrase: str = "") -> PublicKey:
    """Make a pair of keys: the private one into ``path``, for its owner alone, the public one into ``path.pub``.

    Raises
    ------
    InputError
        One of the files is there already, or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    lock: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public = PublicKey(key.public_key())
    other = Path(f"{path}.pub")
    if other.exists():
        raise InputError("exists already", where=str(other), hint="Keys are not overwritten: choose another name")
    _write_new(Path(path), private, 0o600)
    _write_new(other, public.pem(), 0o644)
    return public


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except FileExistsError:
        hint = "Keys are not overwritten: choose another name"
        raise InputError("exists already", where=str(path), hint=hint) from None
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(path)) from None


def _read(path: str | Path) -> bytes:
    try:
        if Path(path).stat().st_size > MOST_BYTES:
            raise InputError("is too large for a key", where=str(path))
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _passphrase(path: str | Path, *, needed: bool) -> InputError:
    if needed:
        hint = "Set DTE_KEY_PASSPHRASE, or run it in a terminal to be asked"
        return InputError("is locked with a passphrase", where=str(path), hint=hint)
    return InputError("has no passphrase", where=str(path), hint="Unset DTE_KEY_PASSPHRASE")
