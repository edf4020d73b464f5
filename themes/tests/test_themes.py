"""Every theme is whole, and readable by WCAG 2.2 AA."""

from __future__ import annotations

import itertools
import re

import pytest

from dte_panel import Theme
from dte_panel.hookspecs import API_VERSION
from dte_panel_themes import api_version, dte_themes

THEMES = {theme.id: theme for theme in dte_themes()}
VERDICTS = ("pass", "warn", "fail", "none")
HEAT = tuple(f"heat_{i}" for i in range(5))
TOKENS = {
    *("bg", "surface", "text", "muted", "border", "border_strong", "accent", "accent_2", "accent_3", "on_accent"),
    *(f"{verdict}_{part}" for verdict in VERDICTS for part in ("fg", "bg", "line")),
    *("reference", *HEAT),
}
#: Text, and what it stands on.
TEXTS = [
    *((text, ground) for text in ("text", "muted", "accent") for ground in ("bg", "surface")),
    *((f"{verdict}_fg", ground) for verdict in VERDICTS for ground in (f"{verdict}_bg", "surface", "bg")),
    *(("text", f"{verdict}_bg") for verdict in VERDICTS),
    ("on_accent", "accent"),
]
#: Lines, marks and edges of controls.
MARKS = ["border_strong", "accent", "accent_2", "accent_3", "reference", *(f"{verdict}_line" for verdict in VERDICTS)]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_the_four_themes_are_there() -> None:
    assert list(THEMES) == ["light", "dark", "cobalt", "high-contrast"]
    assert api_version == API_VERSION
    assert THEMES["cobalt"].tokens["accent"] == "#00d787"


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_theme_has_every_token(theme: Theme) -> None:
    assert set(theme.tokens) == TOKENS
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in theme.tokens.values())
    assert theme.title
    assert theme.dark == (luminance(theme.tokens["bg"]) < 0.2)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(theme: Theme, text: str, ground: str) -> None:
    assert contrast(theme.tokens[text], theme.tokens[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("mark", MARKS)
def test_marks_can_be_seen(theme: Theme, mark: str) -> None:
    assert contrast(theme.tokens[mark], theme.tokens["surface"]) >= 3.0


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_heat_ramp_goes_one_way(theme: Theme) -> None:
    steps = [contrast(theme.tokens[heat], theme.tokens["surface"]) for heat in HEAT]
    assert steps == sorted(set(steps))
    # Neighbours are told apart in grey too.
    assert all(after / before >= 1.25 for before, after in itertools.pairwise(steps))


def test_high_contrast_reaches_aaa() -> None:
    tokens = THEMES["high-contrast"].tokens
    assert min(contrast(tokens[text], tokens[ground]) for text, ground in TEXTS) >= 7.0
