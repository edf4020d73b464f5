"""Scores and other expressions over many rows: what fine bins say always holds what sorting gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dte_panel.engine import numeric, pieces, streamed
from dte_panel.engine.duckdb import Cells
from dte_panel.engine.layout import resolve
from dte_panel.engine.plan import Request
from dte_panel.engine.sources import connect, open_source
from dte_panel.engine.states import Engine
from dte_panel.model import Reduction
from dte_panel.reductions import Scores, ValuesOf
from dte_panel.scoring import brier_score, calibration_error, roc_auc
from dte_panel.spec import Spec
from dte_panel.states import Ordered, Scored

ROWS = 2_400
ERRORS = ValuesOf(("label", "score"), "abs(label - score)")
BY_LABEL, BY_PREDICTION = Scores(), Scores("prediction")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is large in these tests, and several batches of it."""
    with sizes():
        yield


def sizes(exact: int = 300) -> Any:
    patch = pytest.MonkeyPatch()
    for module, name, value in (
        (numeric, "EXACT_ROWS", exact),
        (streamed, "EXACT_ROWS", exact),
        (pieces, "BATCH", 1_000),
        (streamed, "BINS", 128),
        (streamed, "DISTINCT", 50),
    ):
        patch.setattr(module, name, value)

    class Undo:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: Any) -> None:
            patch.undo()

    return Undo()


def frame(scores: Any, seed: int = 0) -> pa.Table:
    rng, rows = np.random.default_rng(seed), len(scores)
    plain = np.nan_to_num(np.asarray(scores, dtype=float), posinf=1.0, neginf=0.0)
    label = (rng.random(rows) < np.clip(plain, 0.1, 0.9)).astype(int)
    return pa.table(
        {
            "s": pa.array(scores, pa.float64(), mask=rng.random(rows) < 0.02, from_pandas=False),
            "y": pa.array(label, mask=rng.random(rows) < 0.03),
            "p": (plain >= 0.37).astype(int),
            "g": rng.choice(["a", "b", "c"], rows, p=[0.6, 0.39, 0.01]),
            "year": np.sort(rng.integers(2001, 2004, rows)),
        }
    )


def reduced(sides: dict[str, pa.Table], nodes: tuple[Reduction, ...], *, exact: bool = False) -> dict[Any, Cells]:
    """The states of every node."""
    connection = connect()
    with sizes(10**9 if exact else 300):
        try:
            opened = {name: open_source(connection, name, table) for name, table in sides.items()}
            spec = Spec.from_arguments(
                sensitive=["g"], time="year", windows="1 year", label="y", score="s", prediction="p"
            )
            layout = resolve(connection, spec, opened["current"], opened.get("reference"))
            engine = Engine(connection, opened, layout)
            engine.plan(Request(node, None, windows=True, cohorts=True) for node in nodes)
            found: dict[Any, Cells] = {}
            for (node, _), cells in engine.states(None).items():
                assert not isinstance(cells, str), cells
                found[node] = cells
            return found
        finally:
            connection.close()


def awkward(kind: str, rows: int, seed: int) -> Any:
    """Scores of every sort."""
    rng = np.random.default_rng(seed)
    made = {
        "probabilities": rng.beta(2, 5, rows),
        "near the ends": np.where(rng.random(rows) < 0.5, rng.random(rows) ** 9, 1 - rng.random(rows) ** 9),
        "tied": np.round(rng.random(rows), 3),
        "few": np.round(rng.random(rows), 1),
        "equal": np.full(rows, 0.5),
        "special": rng.choice([np.nan, np.inf, -np.inf, 0.0, 1.0, 0.25], rows),
        "logits": rng.normal(size=rows) * 5,
        "huge": rng.normal(size=rows) * 1e307,
    }
    return made[kind]


KINDS = ("probabilities", "near the ends", "tied", "few", "equal", "special", "logits", "huge")


@pytest.mark.parametrize("kind", KINDS)
def test_bins_hold_the_rows_that_sorting_puts_there(kind: str) -> None:
    sides = {"reference": frame(awkward(kind, ROWS, 1), 1), "current": frame(awkward(kind, ROWS // 2, 2), 2)}
    nodes = (BY_LABEL, BY_PREDICTION)
    fine, plain = reduced(sides, nodes), reduced(sides, nodes, exact=True)
    for node in nodes:
        assert set(fine[node]) == set(plain[node]), "the same windows and cohorts"
        for place, state in fine[node].items():
            holds(state, plain[node][place])
    assert all(s.exact for s in fine[BY_LABEL].values()) == (kind in {"few", "equal", "special"})


def holds(state: Any, exact: Any) -> None:
    """The bins are disjoint, and each holds what it says."""
    assert isinstance(state, Scored)
    assert (state.n, state.missing) == (exact.n, exact.missing)
    if state.exact:
        assert state.scores.tolist() == exact.scores.tolist()
        assert state.positives.tolist() == exact.positives.tolist()
        return
    assert (state.lows[1:] > state.highs[:-1]).all()
    place = np.searchsorted(state.lows, exact.scores, side="right") - 1
    assert (exact.scores <= state.highs[place]).all()
    for side, rows, mean in zip(
        (exact.negatives, exact.positives), (state.negatives, state.positives), state.by_label, strict=True
    ):
        assert np.bincount(place, side, len(rows)).tolist() == rows.tolist()
        used = rows > 0
        with np.errstate(over="ignore"):
            sums = np.bincount(place, side * exact.scores, len(rows))[used] / rows[used]
        finite = np.isfinite(sums)
        assert mean[used][finite] == pytest.approx(sums[finite], rel=1e-9, abs=1e-300)


def test_the_threshold_of_the_predictions_is_known() -> None:
    table = frame(awkward("probabilities", ROWS, 4))
    sides = {"current": table}
    fine, plain = (reduced(sides, (BY_PREDICTION,), exact=e)[BY_PREDICTION]["current", ()] for e in (False, True))
    assert isinstance(fine, Scored)
    assert isinstance(plain, Scored)
    assert not fine.exact
    assert fine.highs[fine.negatives > 0].max() == plain.scores[plain.negatives > 0].max()
    assert fine.lows[fine.positives > 0].min() == plain.scores[plain.positives > 0].min()


def test_only_the_first_few_rows_are_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    add = streamed.Tally.add

    def watched(self: Any, array: pa.Array, codes: Any) -> None:
        held.append(len(array))
        add(self, array, codes)

    monkeypatch.setattr(streamed.Tally, "add", watched)
    reduced({"current": frame(awkward("probabilities", ROWS, 5))}, (BY_LABEL,))
    assert sum(held) == ROWS
    assert max(held) <= 1_000


def test_many_windows_and_cohorts_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MOST_PLACES", 4)
    cells = reduced({"current": frame(awkward("probabilities", ROWS, 6))}, (BY_LABEL, ERRORS))
    assert all(s.exact for node in cells.values() for s in node.values() if isinstance(s, Scored | Ordered))


def test_errors_are_in_bins_that_hold_them() -> None:
    sides = {"reference": frame(awkward("logits", ROWS, 7)), "current": frame(awkward("logits", ROWS, 8))}
    fine, plain = (reduced(sides, (ERRORS,), exact=e)[ERRORS] for e in (False, True))
    for place, state in fine.items():
        other = plain[place]
        assert isinstance(state, Ordered)
        assert isinstance(other, Ordered)
        assert (state.n, state.missing) == (other.n, other.missing)
        assert state.highs is not None
        at = np.searchsorted(state.values, other.values, side="right") - 1
        assert (other.values <= state.highs[at]).all()
        assert np.bincount(at, other.counts, len(state.values)).tolist() == state.counts.tolist()


SCORED = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 0.1, 0.5]) | st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=60
)
CUTS = st.lists(st.floats(0, 1), max_size=8, unique=True)


def in_bins(rows: list[tuple[float, int]], cuts: list[float]) -> Scored:
    """These scores in bins that no tenth lies within."""
    scores, labels = (np.array(side, dtype=float) for side in zip(*rows, strict=True))
    edges = np.unique([0.0, 1.0, *(np.arange(1, 10) / 10), *cuts])
    lows, highs = (
        np.concatenate([edges, np.nextafter(edges, 2)]),
        np.concatenate([edges, np.nextafter(edges[1:], -1), [2]]),
    )
    order = np.argsort(lows, kind="stable")
    lows, highs = lows[order], highs[order]
    keep = highs >= lows
    lows, highs = lows[keep], highs[keep]
    place = np.searchsorted(lows, scores, side="right") - 1
    rows_of = [np.bincount(place, labels == label, len(lows)).astype(np.int64) for label in (0, 1)]
    sums = [np.bincount(place, (labels == label) * scores, len(lows)) for label in (0, 1)]
    return Scored.in_bins(np.stack([lows, highs]), np.stack(rows_of), np.stack(sums))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCORED, CUTS)
def test_what_bins_leave_open_holds_the_exact_number(rows: list[tuple[float, int]], cuts: list[float]) -> None:
    exact = Scored.of(*(np.array(side, dtype=float) for side in zip(*rows, strict=True)))
    fine = in_bins(rows, cuts)
    for measure in (roc_auc, brier_score, calibration_error):
        truth, told = measure(exact), measure(fine)
        if truth.value is None:
            assert told.value is None
            continue
        assert told.value is not None
        least, most = told.detail.get("within", (told.value, told.value))
        assert least - 1e-9 <= truth.value <= most + 1e-9
        assert least <= told.value <= most
        assert told.low is not None
        assert told.high is not None
        assert told.low <= least + 1e-12
        assert told.high >= most - 1e-12


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCORED, SCORED, SCORED, CUTS, CUTS)
def test_states_in_bins_add_up(a: Any, b: Any, c: Any, cuts: list[float], others: list[float]) -> None:
    one, two = in_bins(a, cuts), in_bins(b, others)
    three = Scored.of(*(np.array(side, dtype=float) for side in zip(*c, strict=True)))
    left, right = one.merge(two).merge(three), three.merge(two.merge(one))
    assert left.lows.tolist() == right.lows.tolist()
    assert left.highs.tolist() == right.highs.tolist()
    assert (left.negatives.tolist(), left.positives.tolist()) == (right.negatives.tolist(), right.positives.tolist())
    assert left.by_label == pytest.approx(right.by_label, abs=1e-12)
    holds(left, Scored.of(*(np.array(side, dtype=float) for side in zip(*a, *b, *c, strict=True))))
    same = one.merge(Scored.zero())
    assert same.lows.tolist() == one.lows.tolist()
    assert same.by_label == pytest.approx(one.by_label, abs=1e-12)
