"""The few boxes that pages are made of: a card, a grid of cards, a stack."""

# mypy: allow-untyped-calls

from __future__ import annotations

from typing import Any

import panel as pn

_BARE = ".scroll-button{display:none !important}"
# Panel gives what stretches in width a max-height of 100 %, which cuts it off in a card that stretches in height.
_FREE = "min-width:0;max-height:none !important;"
CARD = f""":host{{{_FREE}border:1px solid var(--dte-border);border-radius:12px;background:var(--dte-surface);
padding:16px 18px 14px;height:auto;align-self:stretch !important;overflow:hidden;box-sizing:border-box}} {_BARE}
@media (max-width:640px){{:host{{padding:14px 14px 12px}}}} @media print{{:host{{break-inside:avoid}}}}
:host([data-full]){{position:fixed;inset:0;z-index:1350;height:100vh;border-radius:0;overflow:auto;
padding:24px 32px}}"""
_COLUMNS = "display:grid !important;grid-template-columns:repeat({fit},minmax(min(100%,{least}),1fr));"
GRID = f""":host{{{_FREE}{_COLUMNS.format(fit="auto-fill", least="480px")}gap:14px;width:100%;
align-items:stretch}} {_BARE}"""
# On a phone they stand in a strip to swipe through, the next one peeping in.
FIGURES = f""":host{{{_FREE}{_COLUMNS.format(fit="auto-fit", least="250px")}gap:6px}} {_BARE}
@media screen and (max-width:640px){{:host{{display:flex !important;flex-flow:row nowrap;align-items:flex-start;
overflow-x:auto !important;scroll-snap-type:x proximity}}
div{{flex:0 0 92% !important;scroll-snap-align:start}} div:only-of-type{{flex-basis:100% !important}}}}"""
STACK = f":host{{{_FREE}gap:14px}} {_BARE}"
BODY = f":host{{{_FREE}flex:1 1 auto !important;justify-content:flex-start}} {_BARE}"
BAR = f":host{{display:flex;flex-flow:row wrap;gap:10px;align-items:center}} {_BARE}"
STAGE = f""":host{{{_FREE}width:100%;padding:18px 20px 32px;max-width:1360px;margin:0 auto !important;
box-sizing:border-box}} {_BARE} @media (max-width:640px){{:host{{padding:14px 12px 28px}}}}"""
_WIDE = {"grid-column": "1 / -1"}


def _column(css: str, objects: tuple[Any, ...], **params: Any) -> pn.Column:
    return pn.Column(*objects, **{"sizing_mode": "stretch_width", "margin": 0, "stylesheets": [css], **params})


def card(*objects: Any, wide: bool = False) -> pn.Column:
    """A framed card; a wide one takes the whole row of a grid."""
    return _column(CARD, objects, styles=_WIDE if wide else {})


def grid(*objects: Any) -> pn.Column:
    """Cards in one column or two, as the width allows."""
    return _column(GRID, objects)


def without_holes(cards: list[pn.Column]) -> list[pn.Column]:
    """Widen a narrow card that would stand alone in its row."""
    alone = False
    for i, one in enumerate(cards):
        alone = not alone and one.styles != _WIDE
        if alone and (i + 1 == len(cards) or cards[i + 1].styles == _WIDE):
            one.styles, alone = _WIDE, False
    return cards


def narrow(cards: list[pn.Column]) -> list[pn.Column]:
    """Cards that stand two in a row, wide or not."""
    for one in cards:
        one.styles = {}
    return cards


def figures(*objects: Any) -> pn.Column:
    """Figures beside each other inside a card."""
    return _column(FIGURES, objects)


def stack(*objects: Any) -> pn.Column:
    """Parts below each other."""
    return _column(STACK, objects)


def body(*objects: Any) -> pn.Column:
    """What stands under the head of a card."""
    return _column(BODY, objects, margin=(8, 0, 6, 0))


def bar(*objects: Any) -> pn.Column:
    """Controls beside each other; they wrap."""
    return _column(BAR, objects)
