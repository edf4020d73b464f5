"""The errors a user may meet. Each says what was wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DTEError(Exception):
    """Base of every error that DTE Panel raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong.
    where : str, optional
        The file, key or column it was found in.
    hint : str, optional
        What to do about it.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        self.message, self.where, self.hint = message, where, hint
        super().__init__(": ".join(filter(None, [where, message])) + (f". {hint}" if hint else ""))


class InputError(DTEError):
    """The user's data, spec, policy or arguments cannot be used as they are (exit code 2)."""


class PluginError(DTEError):
    """A plugin could not be used; the rest goes on without it."""


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """Hint at the valid name nearest to ``word``, or list the valid names.

    Examples
    --------
    >>> did_you_mean("lable", ["label", "score"])
    "Did you mean 'label'?"
    """
    names = sorted(set(valid))
    # Case must not hide the nearest name: data often has `Label` where a spec says `label`.
    folded = {name.casefold(): name for name in names}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return f"Valid names: {shown}" if names else ""


def unknown_name(kind: str, word: str, valid: Iterable[str], *, where: str = "") -> InputError:
    """Build the error for a name that does not exist, with the nearest one that does."""
    return InputError(f"{kind} '{word}' does not exist", where=where, hint=did_you_mean(word, valid))


def describe(error: BaseException) -> str:
    """An exception in one line."""
    try:
        text = " ".join(str(error).split())[:300]
    except Exception:  # noqa: BLE001 - an exception of a plugin may not even have a text
        text = "it has no text that could be read"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
