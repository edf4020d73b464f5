"""Which rows add up to which, and what must be hidden so that a subtraction does not show what is hidden.

A place is a cohort in a window. Its rows are the sum of its parts: of the cohorts of a finer grouping, and, over all of
``current``, of the windows and the rows without a time. Whoever knows all of a sum but one knows that one too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from dte_panel.model import CURRENT, REFERENCE

Key = tuple[tuple[str, str | None], ...]
Place = tuple[str, Key]
#: What is counted to rows; the first part of a key names the family of counts that it belongs to.
Cells = Mapping[tuple[object, ...], int]
#: A place and the places that it is the sum of.
Sum = tuple[Place, tuple[Place, ...]]

#: The window of the rows without a time. It is never shown, but it may be left over.
REST = ""
#: More hidden places than this are not solved for; the cohorts of all windows are hidden instead.
MOST_UNKNOWN = 1_000


def protect(counts: Mapping[Place, Cells], hidden: Iterable[Place], k: int) -> set[Place]:
    """The places to hide so that no cell from 1 to ``k`` − 1 is shown or left over.

    Parameters
    ----------
    counts : mapping
        Everything that is counted in each place.
    hidden : iterable of Place
        What is hidden anyway.
    k : int

    Returns
    -------
    set of Place
        ``hidden``, the places with a small cell, and as many others that no sum of places leaves a small cell over and
        that no place with a small cell can be solved for from all sums together.
    """
    counts = {**counts, **_left_over(counts)}
    keeper = _Keeper(counts, sums(counts), k)
    for place in sorted(hidden, key=_order):
        keeper.hide(place)
    for place, cells in counts.items():
        if place[0] == REST or small(cells, k):
            keeper.hide(place)
    keeper.settle()
    return {place for place in keeper.hidden if place[0] != REST}


def small(cells: Cells, k: int) -> bool:
    """Whether any cell has some rows but fewer than ``k``."""
    return any(0 < n < k for n in cells.values())


def sums(places: Iterable[Place]) -> list[Sum]:
    """Every place that is the sum of others, windows before ``current``."""
    cohorts: dict[str, list[Key]] = {}
    windows: dict[Key, list[Place]] = {}
    for window, cohort in sorted(places, key=_order):
        cohorts.setdefault(window, []).append(cohort)
        if window not in (REFERENCE, CURRENT):
            windows.setdefault(cohort, []).append((window, cohort))
    found: dict[tuple[Place, tuple[str, ...]], list[Place]] = {}
    for window, keys in cohorts.items():
        for part in keys:
            for coarser in {columns(key) for key in keys}:
                if set(coarser) < set(columns(part)):
                    whole = tuple(item for item in part if item[0] in coarser)
                    found.setdefault(((window, whole), columns(part)), []).append((window, part))
    return [
        *((total, tuple(parts)) for (total, _), parts in found.items()),
        *(((CURRENT, cohort), tuple(parts)) for cohort, parts in windows.items()),
    ]


def columns(cohort: Key) -> tuple[str, ...]:
    """The columns that a cohort is made from."""
    return tuple(column for column, _ in cohort)


def _order(place: Place) -> tuple[object, ...]:
    window, cohort = place
    return window in (REFERENCE, CURRENT), window, len(cohort), [(c, v is None, v or "") for c, v in cohort]


def _left_over(counts: Mapping[Place, Cells]) -> dict[Place, Cells]:
    """Rows of ``current`` that are in no window, where there are any."""
    found: dict[Place, Cells] = {}
    windows: dict[Key, list[Cells]] = {}
    for (window, cohort), cells in counts.items():
        if window not in (REFERENCE, CURRENT):
            windows.setdefault(cohort, []).append(cells)
    for cohort, parts in windows.items():
        families = {key[:-1] for cells in parts for key in cells}
        whole = counts.get((CURRENT, cohort), {})
        rest = {key: n - sum(p.get(key, 0) for p in parts) for key, n in whole.items() if key[:-1] in families}
        if any(n > 0 for n in rest.values()):
            found[REST, cohort] = rest
    return found


class _Keeper:
    """Hides places until nothing small is left over."""

    def __init__(self, counts: Mapping[Place, Cells], equations: list[Sum], k: int) -> None:
        self.counts, self.k = counts, k
        self.equations = [(total, parts) for total, parts in equations if total in counts]
        self.hidden: set[Place] = set()
        self.cohorts: set[Key] = set()
        self.by_window: dict[str, list[Key]] = {}
        for window, cohort in counts:
            self.by_window.setdefault(window, []).append(cohort)

    def hide(self, place: Place) -> None:
        """Hide a place and all finer cohorts of its window, which would add up to it."""
        window, cohort = place
        finer = {key for key in self.by_window.get(window, ()) if set(cohort) <= set(key)}
        self.hidden |= {(window, key) for key in (cohort, *finer)}
        self.cohorts |= {cohort, *finer}

    def settle(self) -> None:
        """Hide until no sum leaves a small cell over."""
        before = -1
        while before < len(self.hidden):
            before = len(self.hidden)
            known = self._solved()
            for total, parts in self.equations:
                self._cover(total, parts, known)
            if before == len(self.hidden):
                for place in sorted(known, key=_order):
                    if small(self.counts.get(place, {}), self.k):
                        self._hide_smallest(self._near(place))

    def _cover(self, total: Place, parts: tuple[Place, ...], known: set[Place]) -> None:
        """Where the total is known, what is hidden of it must be large enough as a whole."""
        if total in self.hidden and total not in known:
            return
        while True:
            unknown = [part for part in parts if part in self.hidden and part not in known]
            left: Counter[object] = Counter()
            for part in unknown:
                left.update(self.counts[part])
            if not unknown or not small(left, self.k):  # type: ignore[arg-type]
                return
            if not self._hide_smallest(part for part in parts if part not in self.hidden):
                return

    def _hide_smallest(self, places: Iterable[Place]) -> bool:
        # A cohort that is hidden elsewhere first: there its sum over the windows cannot be closed either.
        shown = [place for place in places if place not in self.hidden]
        if not shown:
            return False
        self.hide(
            min(shown, key=lambda p: (p[1] not in self.cohorts, max(self.counts[p].values(), default=0), _order(p)))
        )
        return True

    def _near(self, place: Place) -> list[Place]:
        """Shown places of the sums that a place is in; failing these, of all sums with anything hidden."""
        terms = [(total, *parts) for total, parts in self.equations]
        own = [p for sum_ in terms if place in sum_ for p in sum_ if p not in self.hidden]
        return own or [p for sum_ in terms if self.hidden.intersection(sum_) for p in sum_ if p not in self.hidden]

    def _solved(self) -> set[Place]:
        """The hidden places whose rows follow from what is shown and all sums together."""
        if len(self.hidden) > MOST_UNKNOWN:
            for window, cohort in list(self.counts):
                if cohort and window not in (REFERENCE, CURRENT):
                    self.hide((window, cohort))
            return set()
        unknown = [place for place in self.counts if place in self.hidden]
        at = {place: i for i, place in enumerate(unknown)}
        rows = []
        for total, parts in self.equations:
            if any(p in at for p in (total, *parts)):
                row = np.zeros(len(unknown))
                for place, sign in ((total, -1.0), *((part, 1.0) for part in parts)):
                    if place in at:
                        row[at[place]] = sign
                rows.append(row)
        if not rows:
            return set()
        # A place is solved if no combination of rows that all sums allow moves it.
        _, sizes, basis = np.linalg.svd(np.array(rows))
        free = basis[int((sizes > 1e-9).sum()) :]
        return {place for place, i in at.items() if not np.abs(free[:, i]).max(initial=0.0) > 1e-9}
