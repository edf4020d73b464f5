"""A provider's page: its verdict, its views in cards, its findings. Views are drawn one by one and may fail alone."""

# mypy: allow-untyped-calls

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from dte_panel.errors import DTEError
from dte_panel.shell import words as w
from dte_panel.shell.compare import Side, differences
from dte_panel.shell.findings import headline
from dte_panel.shell.frame import Frame
from dte_panel.shell.layout import card, grid, narrow, stack, without_holes
from dte_panel.shell.library import Place, Subject
from dte_panel.shell.overview import sections, unjudged
from dte_panel.shell.parts import FindingsList, FrameHead, Hero, Table, Text
from dte_panel.shell.results import Results
from dte_panel.shell.state import State
from dte_panel.shell.tables import trimmed

#: Seconds after which the next view is begun although this one is not done.
PATIENCE = 1.5
_ready = threading.Lock()
Soon = Callable[[Callable[[], Any]], None]


class ProviderPage:
    """The page and the work that is left: ``draw`` fills one card after the other.

    Parameters
    ----------
    state : State
    sides : sequence of (Side, Results)
        What is shown, and what the views get; two are compared.
    heard : callable
        Gets messages of links.
    budget : float
        Seconds for each view.
    """

    def __init__(self, state: State, sides: Sequence[tuple[Side, Results]], heard: Any, budget: float) -> None:
        self.subject, self.place, self.sides, self.budget = state.chosen, state.place, sides, budget
        self._registry = state.library.registry
        self.begun, self.done, self.stopped, self._left = False, False, False, 0
        self.finished: Callable[[], Any] = lambda: None
        self._cards = grid(Text(text="Drawing …", kind="loading", styles={"grid-column": "1 / -1"}))
        mine = [f for f in self.subject.findings if f.provider == self.place.provider]
        found = FindingsList(sections=sections(mine, state), heard=heard)
        compared = [self._compared()] if len(sides) > 1 else []
        self.view = stack(hero(self.subject, self.place), *compared, self._cards, *([found] if mine else []))

    def _compared(self) -> Any:
        """The numbers of both sides in one table."""
        (left, _), (right, _) = self.sides
        columns, rows, told = differences(left, right, self.place.provider)
        title = f"{left.told(right)} against {right.told(left)}"
        columns, rows = trimmed(columns, rows)
        return card(FrameHead(title=title, description=told), Table(columns=columns, rows=rows, caption=title))

    def draw(self, soon: Soon) -> None:
        """Draw all views; ``soon`` runs what touches the page where it may be touched."""
        try:
            views = self._registry.views(self.place.provider)
        except DTEError as error:
            told = Text(text=f"The views of this provider cannot be shown: {error}", kind="error")
            self._touch(soon, lambda: self._put([card(told, wide=True)], left=0))
            return
        frames = [Frame(view, r, side.subject, self._label(side)) for view in views for side, r in self.sides]
        needed = [role for role in frames[0].missing if all(role in f.missing for f in frames)] if frames else []
        if needed:
            roles, titles = self.sides[0][1].roles, [str(view.title) for view in views]
            told = unset(needed[0], titles, many=roles.get(needed[0]) is not None)
            self._touch(soon, lambda: self._put([told], left=0))
            return
        none = card(Text(text="This provider has no views.", kind="empty"), wide=True)
        cards = [frame.view for frame in frames]
        # The same view of both sides stands side by side.
        shown = (without_holes(cards) if len(self.sides) == 1 else narrow(cards)) or [none]
        self._touch(soon, lambda: self._put(shown, left=len(frames)))
        for frame in frames:
            self._start(frame, soon)

    def _label(self, side: Side) -> str:
        """What tells the card of one side from that of the other; nothing where there is one side."""
        others = [other for other, _ in self.sides if other is not side]
        return side.told(others[0]) if others else ""

    def _put(self, cards: list[Any], *, left: int) -> None:
        self._cards.objects = cards
        self._left = left
        self._check()

    def _check(self) -> None:
        self.done = self._left == 0
        if self.done:
            self.finished()

    def _start(self, frame: Frame, soon: Soon) -> None:
        """Draw one view; after ``PATIENCE`` the next one starts, so that one that hangs does not hold up the others."""

        def show(drawn: Any) -> None:
            frame.show(drawn)
            self._left -= 1
            self._check()

        def work() -> None:
            drawn = frame.drawn(self.budget)
            self._touch(soon, lambda: show(drawn))

        if not self.stopped:
            thread = threading.Thread(target=work, name="dte-view", daemon=True)
            thread.start()
            thread.join(PATIENCE)

    def _touch(self, soon: Soon, touch: Callable[[], Any]) -> None:
        """Change the page soon, unless the user has left it by then."""
        soon(lambda: None if self.stopped else touch())


def unset(role: str, titles: list[str], *, many: bool) -> Any:
    """One card where every view would say that the same role is not set: what to write, and what it is for."""
    column = "[column, another_column]" if many else "column"
    then = f"Then there is: {', '.join(titles)}. What can be measured without it stands under Evidence."
    return card(
        Text(text=f"No {role} role is set", kind="heading"),
        Text(text="Everything on this page needs it. Name its columns in trust.yaml and assess again:"),
        Text(text=f"roles:\n  {role}: {column}", kind="code"),
        Text(text=then, kind="muted"),
        wide=True,
    )


def hero(subject: Subject, place: Place) -> Hero:
    """The provider's verdict in words, with its worst findings and the reasons of what is missing."""
    told = subject.providers.get(place.provider, {})
    verdicts = subject.index.verdicts.get(place.provider, [])
    summary = subject.summary_of(place.provider)
    mine = [f for f in subject.findings if f.provider == place.provider and f.verdict != "pass"]
    origin = " ".join(str(x) for x in (told.get("distribution"), told.get("version")) if x)
    count = sum(1 for m in subject.evidence.measurements if m.provider == place.provider)
    facts = [origin, str(told.get("license") or ""), w.plural(count, "measurement")]
    lead = headline(summary) if verdicts else unjudged(subject, place.provider)
    return Hero(
        title=place.title,
        facts=[text for text in facts if text],
        word=summary.verdict,
        headline=lead,
        notes=[f.sentence for f in mine[:2]],
        counts=dict(summary.counts),
    )


def holoviews_ready() -> None:
    """Load HoloViews' Bokeh side once, so that a view may set options without asking for it."""
    with _ready:
        import holoviews as hv
        import holoviews.plotting.bokeh

        if hv.Store.current_backend != "bokeh":
            hv.Store.set_current_backend("bokeh")
