"""What goes to the terminal: plain lines on stdout, progress and errors on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO


def plain(text: str) -> str:
    r"""Text from data, made harmless: a terminal would obey control characters and turn text around.

    Examples
    --------
    >>> plain("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str = "", stream: TextIO | None = None) -> None:
    """Write lines, each made harmless; on stdout unless told otherwise."""
    out = stream or sys.stdout
    out.write("".join(plain(line) + "\n" for line in text.split("\n")))
    out.flush()


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "  ") -> list[str]:
    """Rows as aligned lines.

    Parameters
    ----------
    rows : sequence of sequences of str
        All of the same length.
    right : sequence of int
        Columns of numbers, aligned to the right.
    """
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    )
    return [(indent + line).rstrip() for line in lines]


class Progress:
    """A bar on stderr that appears only on a terminal, and only when it takes more than a second.

    Parameters
    ----------
    label : str
        What is being done.
    stream : text stream, optional
        stderr by default.
    """

    delay = 1.0
    width = 24

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label, self.stream = label, stream or sys.stderr
        self.started, self.shown = time.monotonic(), False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def __call__(self, done: int, total: int, text: str = "") -> None:
        """Show that ``done`` of ``total`` steps are done."""
        if not self.stream.isatty() or time.monotonic() - self.started < self.delay:
            return
        self.shown = True
        full = self.width * done // max(total, 1)
        bar = "#" * full + "-" * (self.width - full)
        line = f"{self.label} [{bar}] {done}/{total} {plain(text)}"
        self.stream.write("\r\x1b[K" + line[: shutil.get_terminal_size().columns - 1])
        self.stream.flush()
