"""A badge for a README: what can be said of a certificate, in two words and a colour."""

from __future__ import annotations

from html import escape
from typing import Any

from dte_panel.certificate.verification import Answer

_LEFT = "data trust"
#: State to colour; white text on each has a contrast of 4.5 or more.
_COLOURS = {
    "certified": "#1b7a3d",
    "conditional": "#8a5a00",
    "not_yet_valid": "#5a6270",
    "expired": "#8a5a00",
    "void": "#b3261e",
    "revoked": "#b3261e",
    "invalid": "#b3261e",
}


def message(answer: Answer) -> str:
    """The right half."""
    known = answer.certificate
    if answer.valid and known:
        word = "certified" if answer.state == "certified" else "restricted"
        return f"{word} until {known.expires:%Y-%m-%d}"
    return "not certified" if answer.state == "invalid" else answer.state.replace("_", " ")


def for_shields(answer: Answer) -> dict[str, Any]:
    """The document that shields.io's endpoint badge reads."""
    colour = _COLOURS[answer.state]
    return {"schemaVersion": 1, "label": _LEFT, "message": message(answer), "color": colour}


def svg(answer: Answer) -> str:
    """The badge as an image that needs nothing from elsewhere."""
    text = message(answer)
    left, right = (round(6.6 * len(part)) + 14 for part in (_LEFT, text))
    title = escape(f"{_LEFT}: {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{left + right}" height="20" rx="3" fill="#3b4252"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{_COLOURS[answer.state]}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{_LEFT}</text><text x="{left + right / 2}" y="14">{escape(text)}</text></g></svg>'
    )
