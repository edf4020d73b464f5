"""What has been learned of a file, kept: so that it need not be read again.

One archive a file, named by the file's digest; in it one entry for each question or reduction, named by the digest of
everything that decides the answer. Nothing is ever looked up by a path but the digest itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import struct
import time
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from dte_panel import states
from dte_panel.errors import InputError

#: Goes up when the same question may get another answer from the same versions of everything.
FORMAT = 1
#: Bytes of all archives, and of one entry; what is larger is computed anew each time.
LIMIT, LARGEST = 2 * 2**30, 64 * 2**20
#: A file changed within so many seconds before it was read may change again without its time changing.
RACY = 2.0
_FILES = "files.json"
_STATES = {c.__name__: c for c in vars(states).values() if isinstance(c, type) and is_dataclass(c)}
_DAMAGE = (zipfile.BadZipFile, struct.error, RuntimeError, KeyError, ValueError, TypeError, OSError, EOFError)
_log = logging.getLogger(__name__)


class Forgetful:
    """Knows nothing from earlier, and keeps nothing for later."""

    #: Whether answers are kept.
    keeps = False

    def __init__(self) -> None:
        #: What is closed together with it.
        self.open = ExitStack()

    def digest(self, path: Path) -> str:
        """SHA-256 of a file's bytes."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def get(self, digest: str, question: Any) -> Any:
        """The answer that was put, or ``None``."""
        return None

    def put(self, digest: str, question: Any, answer: Any) -> None:
        """Keep an answer, if answers are kept."""

    def close(self) -> None:
        """Let go of what is open."""
        self.open.close()


class Cache(Forgetful):
    """Answers by file and question.

    Parameters
    ----------
    folder : Path
        Made where it is missing, for this user alone: an answer may hold values of the data.
    trust : bool
        Take a file of known path, size and time of change for the one that was read before.
    limit : int
        Bytes on disk; what was used last is kept.
    """

    keeps = True

    def __init__(self, folder: Path, *, trust: bool = True, limit: int = LIMIT) -> None:
        super().__init__()
        self.folder, self.trust, self.limit = folder, trust, limit
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot be made: {error.strerror}", where=str(folder)) from error
        self._versions = [FORMAT, *(version(name) for name in ("dte-panel", "duckdb", "numpy"))]
        self._archives: dict[str, dict[str, bytes]] = {}
        self._new: set[str] = set()
        self._files: dict[str, list[Any]] = self._read_files()

    def digest(self, path: Path) -> str:
        """SHA-256 of a file's bytes; remembered by path, size and time of change."""
        stat, name = path.stat(), str(path.resolve())
        known = self._files.get(name)
        if self.trust and known and known[:2] == [stat.st_size, stat.st_mtime_ns]:
            return str(known[2])
        made = super().digest(path)
        self._files.pop(name, None)
        if stat.st_mtime < time.time() - RACY:
            self._files[name] = [stat.st_size, stat.st_mtime_ns, made]
        return made

    def get(self, digest: str, question: Any) -> Any:
        """The answer that was put, or ``None``."""
        blob = self._archive(digest).get(self._name(question))
        if blob is None:
            return None
        try:
            return _loaded(blob)
        except _DAMAGE as error:
            self._damaged(digest, error)
            return None

    def put(self, digest: str, question: Any, answer: Any) -> None:
        """Keep an answer; it is written when the cache is closed."""
        blob = _dumped(answer)
        if len(blob) <= LARGEST:
            self._archive(digest)[self._name(question)] = blob
            self._new.add(digest)

    def close(self) -> None:
        """Write what is new, each archive whole or not at all, and drop what has not been used for longest."""
        super().close()
        try:
            self._save()
            self._evict()
        except OSError as error:
            # What was computed is right all the same.
            _log.warning("cache: %s cannot be written (%s)", self.folder, error.strerror)

    def _save(self) -> None:
        for digest in self._new:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.comment = digest.encode()
                for name, blob in sorted(self._archives[digest].items()):
                    archive.writestr(zipfile.ZipInfo(name), blob)
            self._write(f"{digest}.zip", buffer.getvalue())
        self._new.clear()
        self._write(_FILES, json.dumps(self._files, sort_keys=True).encode())
        for digest in self._archives:
            if (path := self.folder / f"{digest}.zip").exists():
                os.utime(path)

    def _name(self, question: Any) -> str:
        return hashlib.sha256(repr((self._versions, question)).encode()).hexdigest()

    def _archive(self, digest: str) -> dict[str, bytes]:
        if digest not in self._archives:
            self._archives[digest] = {}
            path = self.folder / f"{digest}.zip"
            if path.exists():
                try:
                    with zipfile.ZipFile(path) as archive:
                        # Entries are archives too: of one that is cut off, the end of an entry looks like its own.
                        if archive.comment != digest.encode():
                            raise zipfile.BadZipFile("its end is missing")
                        # A damaged entry fails its checksum here.
                        self._archives[digest].update({name: archive.read(name) for name in archive.namelist()})
                except _DAMAGE as error:
                    self._damaged(digest, error)
        return self._archives[digest]

    def _damaged(self, digest: str, error: Exception) -> None:
        _log.warning("cache: %s.zip is damaged (%s); its file is read again", digest[:12], error)
        self._archives[digest] = {}
        self._new.add(digest)

    def _read_files(self) -> dict[str, list[Any]]:
        try:
            found = json.loads((self.folder / _FILES).read_bytes())
            return {str(k): [int(size), int(changed), str(made)] for k, (size, changed, made) in found.items()}
        except FileNotFoundError:
            return {}
        except (*_DAMAGE, AttributeError) as error:
            _log.warning("cache: %s is damaged (%s); every file is read again", _FILES, error)
            return {}

    def _write(self, name: str, content: bytes) -> None:
        with NamedTemporaryFile(dir=self.folder, suffix=".tmp", delete=False) as file:
            made = Path(file.name)
        try:
            made.write_bytes(content)
            made.replace(self.folder / name)
        finally:
            made.unlink(missing_ok=True)

    def _evict(self) -> None:
        found = sorted(((p.stat().st_mtime_ns, p.stat().st_size, p) for p in self.folder.glob("*.zip")), reverse=True)
        kept = 0
        for _, size, path in found:
            kept += size
            if kept > self.limit:
                path.unlink(missing_ok=True)


def _dumped(answer: Any) -> bytes:
    arrays: list[Any] = []
    text = json.dumps(_plain(answer, arrays)).encode()
    buffer = io.BytesIO()
    named = {f"a{i}": array for i, array in enumerate(arrays)}
    np.savez_compressed(buffer, tree=np.frombuffer(text, dtype=np.uint8), **named)
    return buffer.getvalue()


def _loaded(blob: bytes) -> Any:
    with np.load(io.BytesIO(blob), allow_pickle=False) as found:
        return _rich(json.loads(found["tree"].tobytes()), found)


def _plain(value: Any, arrays: list[Any]) -> Any:
    """A value as JSON: what JSON cannot hold is a list whose first item says what it is."""
    if isinstance(value, np.ndarray):
        return _array(value, arrays)
    if isinstance(value, tuple | list):
        return [type(value).__name__, *(_plain(v, arrays) for v in value)]
    if isinstance(value, Mapping):
        return ["map", *([_plain(k, arrays), _plain(v, arrays)] for k, v in value.items())]
    if is_dataclass(value):
        return [type(value).__name__, *([f.name, _plain(getattr(value, f.name), arrays)] for f in fields(value))]
    if isinstance(value, datetime | date | Decimal):
        return [type(value).__name__, str(value)]
    return value.item() if isinstance(value, np.generic) else value


def _array(value: Any, arrays: list[Any]) -> list[Any]:
    if isinstance(value, np.ma.MaskedArray):
        return ["masked", _array(value.data, arrays), _array(np.ma.getmaskarray(value), arrays)]
    if value.dtype == object:
        return ["objects", *(_plain(v, arrays) for v in value)]
    arrays.append(value)
    return ["array", len(arrays) - 1]


#: What a list says that it is, to how it is made of the rest.
_MADE: dict[str, Any] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "tuple": lambda *values: values,
    "list": lambda *values: list(values),
    "objects": lambda *values: np.array(values, dtype=object),
    "masked": np.ma.masked_array,
}


def _rich(value: Any, arrays: Mapping[str, Any]) -> Any:
    if not isinstance(value, list):
        return value
    kind, *rest = value
    if kind == "array":
        return arrays[f"a{rest[0]}"]
    if kind in _MADE:
        return _MADE[kind](*(_rich(v, arrays) for v in rest))
    pairs = {_rich(k, arrays): _rich(v, arrays) for k, v in rest}
    return pairs if kind == "map" else _STATES[kind](**pairs)
