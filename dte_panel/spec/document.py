"""YAML text to plain values, with the line of each key. Safe, small, and with our own words for what is wrong.

Text stays text: only ``plugins`` and ``roles.positive`` follow YAML's guesses at numbers and booleans. Everywhere else
the spec knows what it wants, so a column called ``no`` and a version ``1.10`` stay what the user typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from dte_panel.errors import InputError

KeyPath = tuple[str | int, ...]

MAX_BYTES = 1_000_000
#: Nodes visited with every alias followed; a file of 1 MB can otherwise stand for billions of values.
MAX_NODES = 50_000
MAX_DEPTH = 30
#: libyaml's, ten times as fast, where PyYAML has it. Its stack is C's: no text with more signs that begin a level.
_QUICK: type[yaml.SafeLoader] | None = getattr(yaml, "CSafeLoader", None)
_LEVELS, MOST_LEVELS = "[{-:?", 800
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_TAG + name for name in ("null", "bool", "int", "float", "timestamp", "str", "map", "seq", "value")}


def key_text(path: Iterable[str | int]) -> str:
    """Write a key path as people do.

    Examples
    --------
    >>> key_text(("policy", "checks", 2, "bound"))
    'policy.checks[2].bound'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True)
class Document:
    """Plain values and where each stands.

    Attributes
    ----------
    value : dict
        The content.
    where : str
        The file's name as the user gave it, for complaints.
    lines : mapping
        Key path to line number, counted from 1; empty where there is no file.
    prefix : tuple
        Key path of ``value`` inside the file.
    sha256 : str
        Of the file's text; empty where there is no file.
    """

    value: Mapping[str, Any]
    where: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    prefix: KeyPath = ()
    sha256: str = ""

    def complain(self, path: KeyPath, message: str, hint: str = "") -> InputError:
        """Build the error for one key, with the line of the nearest key that stands in the file."""
        full = self.prefix + path
        known = next((self.lines[full[:n]] for n in range(len(full), 0, -1) if full[:n] in self.lines), None)
        line = f" (line {known})" if known else ""
        return InputError(message + line, where=": ".join(filter(None, [self.where, key_text(full)])), hint=hint)


def read_document(path: Path, where: str, typed: Callable[[KeyPath], bool] = lambda path: False) -> Document:
    """Read one YAML file whose top is a mapping.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its name for complaints.
    typed : callable
        Says for a key path whether YAML's numbers and booleans are wanted there, rather than text.
    """
    text = _bytes(path, where)
    try:
        node = _composed(_decoded(text, where))
    except yaml.YAMLError as error:
        raise _not_yaml(error, where) from None
    except RecursionError:
        raise InputError("is nested too deeply", where=where) from None
    if node is None:
        raise InputError("the file is empty", where=where, hint="Write a new one with: dte-panel init DATA")
    if not isinstance(node, yaml.MappingNode):
        raise InputError("must hold keys and values, such as 'subject:'", where=where)
    walk = _Walk(where, typed)
    return Document(walk.plain(node, ()), where, walk.lines, sha256=hashlib.sha256(text).hexdigest())


def _composed(text: str) -> yaml.Node | None:
    """The tree of a YAML text."""
    if _QUICK and sum(map(text.count, _LEVELS)) <= MOST_LEVELS:
        # What it refuses is read once more: PyYAML's own says better what is wrong.
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=_QUICK)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _decoded(text: bytes, where: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not text in UTF-8", where=where) from None


def _bytes(path: Path, where: str) -> bytes:
    try:
        if path.is_dir():
            raise InputError("is a folder, not a file", where=where)
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES // 1_000_000} MB, this is no such file", where=where)
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("the file does not exist", where=where) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be read: {reason}", where=where) from None


def _not_yaml(error: yaml.YAMLError, where: str) -> InputError:
    problem, hint, line = str(getattr(error, "problem", None) or "a character that YAML does not allow"), "", ""
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        line = f" (line {mark.line + 1})"
    if "'\\t'" in problem:
        problem, hint = "a tab stands where spaces are needed", "Indent with spaces."
    elif "block scalar" in str(getattr(error, "context", "")):
        hint = 'Text that begins with > or | needs quotes, such as ">= 0.8".'
    elif "mapping values are not allowed" in problem:
        hint = "Text that holds a colon and a space needs quotes, and keys of one level start in the same column."
    return InputError(f"is not valid YAML: {problem}{line}", where=where, hint=hint)


class _Walk:
    """Turns nodes into plain values; refuses what could surprise."""

    def __init__(self, where: str, typed: Callable[[KeyPath], bool]) -> None:
        self.where, self.typed = where, typed
        self.lines: dict[KeyPath, int] = {}
        self.visited = 0

    def error(self, path: KeyPath, message: str, node: yaml.Node, hint: str = "") -> InputError:
        where = ": ".join(filter(None, [self.where, key_text(path)]))
        return InputError(f"{message} (line {node.start_mark.line + 1})", where=where, hint=hint)

    def plain(self, node: yaml.Node, path: KeyPath) -> Any:
        self.visited += 1
        if self.visited > MAX_NODES or len(path) > MAX_DEPTH:
            raise InputError("is too large or nested too deeply once its aliases are followed", where=self.where)
        if node.tag not in _PLAIN_TAGS:
            raise self.error(path, f"the YAML tag {node.tag.removeprefix(_TAG)} is not allowed", node)
        if isinstance(node, yaml.MappingNode):
            return dict(self.items(node, path))
        if isinstance(node, yaml.SequenceNode):
            self.lines |= {(*path, i): child.start_mark.line + 1 for i, child in enumerate(node.value)}
            return [self.plain(child, (*path, i)) for i, child in enumerate(node.value)]
        return self.scalar(node, path)

    def items(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _TAG + "merge":
                raise self.error(path, "keys must be plain text; lists, mappings and << are not allowed", key_node)
            key, line = str(key_node.value), key_node.start_mark.line + 1
            here = (*path, key)
            if key in seen:
                raise self.error(here, f"this key stands twice, first on line {seen[key]}", key_node, "Keep one.")
            seen[key] = self.lines[here] = line
            yield key, self.plain(child, here)

    def scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind not in {"bool", "int", "float"} or not self.typed(path):
            return node.value
        if kind == "bool" and node.value.lower() not in {"true", "false"}:
            return node.value  # as in YAML 1.2: a label called `yes` is text
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node)
        except ValueError:
            raise self.error(path, f"'{node.value[:40]}' is not a number that can be used", node) from None
        if isinstance(value, float) and not isfinite(value):
            raise self.error(path, "must be a finite number", node)
        return value
