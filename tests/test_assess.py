"""The whole way from data to evidence: the same every time, and no provider can spoil another's numbers."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dte_panel
from dte_panel import Counts, Evidence, Metric, Profile, Value, hookimpl
from dte_panel.errors import InputError
from dte_panel.registry import Plugin, Registry, _register

DEMO = Path(dte_panel.__file__).parent / "data" / "demo" / "acs-employment"
FRAME = pd.DataFrame({"y": [1, 0, 1, 0] * 10, "p": [1, 0, 0, 0] * 10, "g": ["a", "b"] * 20, "x": np.arange(40.0)})
ROLES: dict[str, Any] = {"label": "y", "prediction": "p", "sensitive": ["g"]}
GOOD = Metric(
    id="rate",
    title="Rate",
    definition="Share.",
    reduce=Counts("prediction"),
    finish=lambda table: table.share(prediction=1),
)
Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Make these the only providers: id to list of metrics, or to what `dte_metrics` does."""

    def run(**providers: Any) -> None:
        made = []
        for name, given in providers.items():
            hook = given if callable(given) else lambda given=given: given
            made.append(
                _register(
                    Plugin(name, distribution=f"dte-panel-{name}"), SimpleNamespace(dte_metrics=hookimpl(_bare(hook)))
                )
            )
        monkeypatch.setattr("dte_panel.registry.load", lambda: Registry(made))

    return run


def _bare(hook: Any) -> Any:
    def dte_metrics() -> Any:
        return hook()

    return dte_metrics


def states(evidence: Evidence) -> dict[str, tuple[str, str | None]]:
    return {p["id"]: (p["state"], p["reason"]) for p in evidence.providers}


def of(evidence: Evidence, name: str) -> list[Any]:
    return [m for m in evidence.measurements if m.provider == name]


def raising(*_: Any) -> Value:
    raise RuntimeError("boom")


def test_a_finish_that_raises_spoils_only_its_own_number(install: Install) -> None:
    bad = Metric(id="bad", title="Bad", definition="Bad.", reduce=Counts("prediction"), finish=raising)
    install(shaky=[bad, GOOD], calm=[GOOD])
    evidence = dte_panel.assess(FRAME, **ROLES)
    assert {m.metric: m.status for m in evidence.measurements} == {
        "shaky.bad": "error",
        "shaky.rate": "ok",
        "calm.rate": "ok",
    }
    assert states(evidence) == {"shaky": ("error", "shaky.bad: boom"), "calm": ("ok", None)}
    assert {v.verdict for v in evidence.verdicts if v.provider == "shaky"} == {"error"}
    assert evidence.verdict in ("error", "fail")


def test_a_provider_that_hangs_is_cut_off_and_the_rest_goes_on(install: Install) -> None:
    def hang(profile: Any) -> Value:
        time.sleep(20)
        return Value(0.0, 1)

    slow = Metric(id="slow", title="Slow", definition="Slow.", reduce=Profile("feature"), finish=hang)
    install(stuck=[slow, GOOD], calm=[GOOD])
    started = time.perf_counter()
    evidence = dte_panel.assess(FRAME, limits={"provider_seconds": 0.5}, **ROLES)
    assert time.perf_counter() - started < 8
    state, reason = states(evidence)["stuck"]
    assert state == "broken"
    assert "took longer than" in reason
    lost = [m for m in of(evidence, "stuck") if m.metric == "stuck.slow"]
    assert lost
    assert {(m.status, m.value) for m in lost} == {("error", None)}
    assert {m.status for m in of(evidence, "calm")} == {"ok"}


def test_what_a_cut_off_provider_still_does_changes_nothing(install: Install) -> None:
    def late(profile: Any) -> Value:
        time.sleep(0.6)
        return Value(0.0, 1)

    slow = Metric(id="slow", title="Slow", definition="Slow.", reduce=Profile("feature"), finish=late, cohorts=False)
    install(stuck=[slow])
    evidence = dte_panel.assess(FRAME, limits={"provider_seconds": 0.2}, **ROLES)
    before = evidence.dumps()
    time.sleep(0.8)
    assert evidence.dumps() == before


@pytest.mark.parametrize("given", [raising, lambda: [1], lambda: [GOOD, GOOD], lambda: 3])
def test_a_provider_whose_list_is_broken_stays_visible(install: Install, given: Any) -> None:
    install(broken=given, calm=[GOOD])
    evidence = dte_panel.assess(FRAME, **ROLES)
    assert states(evidence)["broken"][0] == "broken"
    assert of(evidence, "broken") == []
    assert {m.status for m in of(evidence, "calm")} == {"ok"}
    assert "broken" in {v.provider for v in evidence.verdicts if v.verdict == "error"}


def test_nothing_installed_is_no_pass(install: Install) -> None:
    install()
    evidence = dte_panel.assess(FRAME, **ROLES)
    assert evidence.measurements == []
    assert evidence.verdict == "not_evaluated"


def test_settings_of_a_provider_that_is_not_there(install: Install) -> None:
    install(calm=[GOOD])
    with pytest.raises(InputError, match=r"plugins: provider 'clam' does not exist\. Did you mean 'calm'"):
        dte_panel.assess(FRAME, plugins={"clam": {}}, **ROLES)


def test_the_same_input_gives_the_same_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "performance,drift,fairness")
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "y": rng.integers(0, 2, 3_000),
            "s": rng.random(3_000),
            "x": rng.normal(size=3_000),
            "c": rng.choice(["a", "b", None], 3_000),
            "g": rng.choice(["u", "v"], 3_000),
            "t": rng.integers(2016, 2019, 3_000),
        }
    )
    frame["p"] = (frame.s > 0.5).astype(int)
    roles = {**ROLES, "score": "s", "time": "t", "windows": "1 year", "reference": frame[:1_000]}
    first, second = (dte_panel.assess(frame, **roles) for _ in range(2))
    assert first.digest() == second.digest()
    assert {p["id"]: p["state"] for p in first.providers if p["state"] != "disabled"} == {
        "drift": "ok",
        "fairness": "ok",
        "performance": "ok",
    }
    undated = [dict(e.to_json(), created="", providers=[], engine={}) for e in (first, second)]
    assert undated[0] == undated[1]
    assert dte_panel.assess(frame.assign(x=0.0), **roles).digest() != first.digest()


KNOWN = {
    "reference": (0.827157, 0.903361),
    "2016-01-01": (0.825333, 0.902026),
    "2017-01-01": (0.829166, 0.905076),
    "2018-01-01": (0.828221, 0.905704),
}


def test_the_demo_data_has_the_numbers_that_scikit_learn_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "performance")
    evidence = dte_panel.assess(
        str(DEMO / "current.parquet"),
        reference=str(DEMO / "reference.parquet"),
        label="employed",
        prediction="prediction",
        score="probability",
        time="year",
        windows="1 year",
        features=[],
    )
    found = {(m.metric, m.window): m.value for m in evidence.measurements if not m.cohort}
    for window, (accuracy, auc) in KNOWN.items():
        assert found["performance.accuracy", window] == pytest.approx(accuracy, abs=5e-7)
        assert found["performance.roc_auc", window] == pytest.approx(auc, abs=5e-7)
    assert [d["rows"] for d in evidence.data] == [208_892, 68_785]
    assert list(evidence.windows) == ["2016-01-01", "2017-01-01", "2018-01-01"]


def test_progress_is_told_to_the_end(install: Install) -> None:
    install(calm=[GOOD])
    told: list[tuple[int, int, str]] = []
    dte_panel.assess(FRAME, progress=lambda *step: told.append(step), **ROLES)
    assert told[0] == (0, 1, "all rows")
    assert told[-1] == (1, 1, "done")


def test_files_and_frames_give_the_same_measurements(install: Install, tmp_path: Path) -> None:
    install(
        calm=[
            GOOD,
            Metric(id="m", title="M", definition="M.", reduce=Profile("feature"), finish=lambda p: Value(p.mean, p.n)),
        ]
    )
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table(FRAME), path)
    made = [dte_panel.assess(data, **ROLES).measurements for data in (FRAME, str(path), path, pa.table(FRAME))]
    assert made[0] == made[1] == made[2] == made[3]


ERRORS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "unknown argument": (FRAME, {"lable": "y"}, "there is no argument 'lable'. Did you mean 'label'?"),
    "unknown column": (FRAME, {"label": "Y"}, "column 'Y' (roles.label) does not exist. Did you mean 'y'?"),
    "no such file": ("absent.parquet", {"label": "y"}, "absent.parquet: no such file"),
    "no data": ([1, 2], {}, "data of type list cannot be read"),
    "one class": (FRAME.assign(y=1), {"label": "y"}, "column 'y' has one class only"),
    "text as score": (FRAME, {"score": "g"}, "<DataFrame>: roles.score: column 'g' holds text values"),
    "unknown policy": (FRAME, {"policy": "highest"}, "highest"),
    "windows without time": (FRAME, {"windows": "1 year"}, "Add roles.time"),
    "time that is none": (
        FRAME,
        {"time": "g", "windows": "1 year"},
        "roles.time: column 'g' holds text that is not a time",
    ),
    "cohorts of no group": (
        FRAME,
        {"sensitive": ["g"], "cohorts": [["g", "y"]]},
        "column 'y' is not in roles.sensitive",
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_input_that_cannot_be_used_is_told_before_anything_is_measured(install: Install, kind: str) -> None:
    data, arguments, said = ERRORS[kind]
    install(calm=[GOOD])
    with pytest.raises(InputError) as caught:
        dte_panel.assess(data, **arguments)
    assert said in str(caught.value)


def test_the_reference_is_held_to_the_same_roles(install: Install) -> None:
    install(calm=[GOOD])
    with pytest.raises(InputError, match=r"<DataFrame>: column 'p' \(roles\.prediction\) does not exist"):
        dte_panel.assess(FRAME, reference=FRAME.drop(columns="p"), **ROLES)


def test_a_table_too_large_to_write_is_still_measured(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    conductor = importlib.import_module("dte_panel.conductor")
    monkeypatch.setattr(conductor, "WRITTEN_CELLS", 1)
    install(calm=[GOOD])
    evidence = dte_panel.assess(FRAME, **ROLES)
    assert [s for s in evidence.states if s.kind == "Counts" and not s.cohort] == []
    assert of(evidence, "calm")[0].value == 0.25
