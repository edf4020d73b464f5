"""The few boxes that pages are made of: a card, a grid of cards, a stack."""

from __future__ import annotations

from typing import Any

import panel as pn

CARD = """:host{border:1px solid var(--dte-border);border-radius:12px;background:var(--dte-surface);padding:16px 18px 14px;
min-width:0;overflow:hidden;box-sizing:border-box} .scroll-button{display:none !important}
@media (max-width:640px){:host{padding:14px 14px 12px}} @media print{:host{break-inside:avoid}}"""
GRID = """:host{display:grid !important;grid-template-columns:repeat(auto-fill,minmax(min(100%,430px),1fr));gap:14px;width:100%;
align-items:stretch} .scroll-button{display:none !important}"""
STACK = """:host{gap:14px;min-width:0} .scroll-button{display:none !important}"""
BAR = """:host{display:flex !important;flex-flow:row wrap;gap:10px;align-items:center} .scroll-button{display:none !important}"""


def _column(css: str, objects: tuple[Any, ...], **params: Any) -> pn.Column:
    return pn.Column(*objects, **{"sizing_mode": "stretch_width", "margin": 0, "stylesheets": [css], **params})


def card(*objects: Any, wide: bool = False) -> pn.Column:
    """A framed card; a wide one takes the whole row of a grid."""
    return _column(CARD, objects, styles={"grid-column": "1 / -1"} if wide else {})


def grid(*objects: Any) -> pn.Column:
    """Cards beside each other as the width allows."""
    return _column(GRID, objects)


def stack(*objects: Any) -> pn.Column:
    """Parts below each other."""
    return _column(STACK, objects)


def bar(*objects: Any) -> pn.Column:
    """Controls beside each other; they wrap."""
    return _column(BAR, objects)
