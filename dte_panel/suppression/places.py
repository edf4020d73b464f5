"""Which rows add up to which, and what must be hidden so that a subtraction does not show what is hidden.

A place is a cohort in a window. Its rows are the sum of its parts: of the cohorts of a finer grouping, and, over all of
``current``, of the windows and the rows without a time. Whoever knows all of a sum but one knows that one too, and
whoever knows that nothing is left knows that no part of it has anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

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
#: Sums with more hidden places than this are not solved; the cohorts of all windows are hidden instead.
MOST_UNKNOWN = 400


def protect(
    counts: Mapping[Place, Cells], hidden: Iterable[Place], k: int, sized: Set[Place] = frozenset()
) -> set[Place]:
    """The places to hide so that no cell from 1 to ``k`` − 1 is shown or left over.

    Parameters
    ----------
    counts : mapping
        Everything that is counted in each place.
    hidden : iterable of Place
        What is hidden anyway.
    k : int
    sized : set of Place
        Where the number of all rows is shown.

    Returns
    -------
    set of Place
        ``hidden``, the places with a small cell, and as many others that no sum of places leaves a small cell over and
        that no place with a small cell can be solved for from all sums together.
    """
    counts = {**counts, **_left_over(counts)}
    keeper = _Keeper(counts, sums(counts), k, sized)
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

    def __init__(self, counts: Mapping[Place, Cells], equations: list[Sum], k: int, sized: Set[Place]) -> None:
        self.counts, self.k, self.sized = counts, k, sized
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
        """Hide until no small cell is left over or can be solved for."""
        keys = sorted({key for cells in self.counts.values() for key, n in cells.items() if 0 < n < self.k}, key=str)
        before = -1
        while before < len(self.hidden):
            before = len(self.hidden)
            for key in keys:
                self._settle(key)
            if before == len(self.hidden):
                for family in dict.fromkeys(key[:-1] for key in keys):
                    self._settle_rest(family)
            if len(self.hidden) > MOST_UNKNOWN:
                self.hidden |= {p for p in self.counts if p[1] and p[0] not in (REFERENCE, CURRENT)}

    def _settle(self, key: tuple[object, ...]) -> None:
        known, before = self._known(key), len(self.hidden)
        for total, parts in self.equations:
            hidden = [part for part in parts if part in self.hidden]
            unknown = [part for part in hidden if part not in known]
            left = (sum(self._rows(part, key) for part in some) for some in (hidden, unknown))
            if total in known and any(0 < rows < self.k for rows in left):
                self._hide_smallest(parts)
        if before == len(self.hidden):
            # No sum by itself leaves anything small over; all of them together may.
            for place in sorted(known & self.hidden, key=_order):
                if 0 < self._rows(place, key) < self.k:
                    self._hide_smallest(self._near(place))

    def _settle_rest(self, family: tuple[object, ...]) -> None:
        """Cells of one family add up to the rows of a place: what is known of them must not leave a small rest."""
        keys = sorted({key for cells in self.counts.values() for key in cells if key[:-1] == family}, key=str)
        known = {key: self._known(key) for key in keys}
        for place in sorted(self.hidden & self.sized, key=_order):
            rest = sum(self._rows(place, key) for key in keys if place not in known[key])
            if 0 < rest < self.k:
                self._hide_smallest(self._near(place))

    def _rows(self, place: Place, key: tuple[object, ...]) -> int:
        return self.counts.get(place, {}).get(key, 0)

    def _known(self, key: tuple[object, ...]) -> set[Place]:
        """The places where the rows of one cell are shown or follow from what is shown."""
        known = self.counts.keys() - self.hidden
        before = -1
        while before < len(known):
            before = len(known)
            for total, parts in self.equations:
                left = [part for part in parts if part not in known]
                if total in known and (len(left) == 1 or not any(self._rows(part, key) for part in left)):
                    # One place has what is left; and if nothing is, no place has any.
                    known.update(left)
                elif not left:
                    known.add(total)
            if before == len(known):
                known |= self._solved(known)
        return known

    def _solved(self, known: set[Place]) -> set[Place]:
        """The places that all sums together determine."""
        terms = [(total, *parts) for total, parts in self.equations]
        rows = [[place for place in sum_ if place not in known] for sum_ in terms]
        at = {place: i for i, place in enumerate(dict.fromkeys(place for row in rows for place in row))}
        if not at or len(at) > MOST_UNKNOWN:
            return set()
        matrix = np.zeros((len(rows), len(at)))
        for i, (sum_, row) in enumerate(zip(terms, rows, strict=True)):
            for place in row:
                matrix[i, at[place]] = -1.0 if place == sum_[0] else 1.0
        # A place is determined if nothing that all sums allow moves it.
        sizes, basis = np.linalg.eigh(matrix.T @ matrix)
        free = basis[:, sizes < 1e-9]
        return {place for place, i in at.items() if np.abs(free[i]).max(initial=0.0) < 1e-6}

    def _near(self, place: Place) -> list[Place]:
        """The places of the sums that a place is in; if all are hidden, of all sums with anything hidden."""
        terms = [(total, *parts) for total, parts in self.equations]
        own = [other for sum_ in terms if place in sum_ for other in sum_]
        if not self.hidden.issuperset(own):
            return own
        return [other for sum_ in terms if self.hidden.intersection(sum_) for other in sum_]

    def _hide_smallest(self, places: Iterable[Place]) -> None:
        """Hide the smallest place; first of all a cohort hidden elsewhere, whose windows do not add up either."""
        shown = [place for place in places if place in self.counts and place not in self.hidden]
        if not shown:
            return
        size = {place: sum(self.counts[place].values()) for place in shown}
        least = min(shown, key=lambda place: (place[1] not in self.cohorts, size[place], _order(place)))
        self.hide(least)
        for total, parts in self.equations:
            # Alone among the cohorts of its window it would follow from their sum.
            if total[0] == least[0] and total not in self.hidden and self.hidden.intersection(parts) == {least}:
                self._hide_smallest(parts)
