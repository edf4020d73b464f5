"""Ill plugins, installed beside the official ones: each stays visible with its reason, and disturbs nobody else."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dte_panel
from dte_panel import InputError, registry
from dte_panel.cli import main
from dte_panel.errors import PluginError
from dte_panel.evidence import Evidence
from dte_panel.registry import Plugin

ILL = Path(__file__).parent / "plugins"
OFFICIAL = {"drift", "echo", "evidently", "fairness", "guardrails", "performance", "themes"}
METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: 1.2.3\nLicense-Expression: MIT\n"

#: Ill plugin, and what the reason must say.
AT_LOAD = {
    "import_error": "the import raised ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "system_exit": "the import raised SystemExit: 3",
    "hanging_import": "the import took longer than 0.5 s",
    "unknown_hook": "unknown hook 'dte_metricz'",
    "wrong_argument": "{'config'}",
    "default_argument": "Write dte_metrics(settings)",
    "other_api_version": "plugin API version 99; this is version 1",
    "no_hook": "it implements no hook. Mark its functions with @hookimpl",
    "unmarked_hook": "it implements no hook dte_metrics. Mark its functions",
    "metrics_raise": "dte_metrics raised SpeechlessError",
    "metrics_blame_user": "dte_metrics raised InputError: your data is bad",
    "metrics_none": "dte_metrics gave None",
    "metrics_junk": "dte_metrics gave a str, not a Metric",
    "metrics_endless": "dte_metrics gave more than 1,000",
    "metrics_hang": "dte_metrics took longer than 0.5 s",
    "metric_twice": "metric id 'rate' is given twice",
    "metric_camel_case": "metric 'hitRate' has an id that is not snake case",
    "metric_unknown_role": "the role 'lable' in Counts, which does not exist. Did you mean 'label'?",
    "metric_endless_range": "no limit of a range is None",
    "metric_own_reduction": "which is not a reduction of dte_panel",
    "metric_hashless": "Histogram with something else than texts and whole numbers",
    "comparison_of_nothing": "of without a metric to compare",
    "comparison_by_column": "of 'missing', which is measured column by column",
    "reduces_nothing": "metric 'rate' has nothing to reduce",
    "no_bins": "Histogram with bins=0; the least is 1",
    "views_raise": "dte_views raised RuntimeError: no picture today",
    "themes_junk": "dte_themes gave a str, not a Theme",
    "settings_junk": "not a param.Parameterized class",
    "settings_refuse_default": "the settings class raised ValueError: bins must be odd",
}
#: Ill plugin that loads, and the error of each of its metrics that must be an error.
AT_RUN = {
    "finish_raises": {"broken_rate": "ZeroDivisionError: division by zero"},
    "finish_exits": {"rate": "measuring raised SystemExit: 0"},
    "finish_junk": {
        "nothing": "finish gave a NoneType, not a Value",
        "bare_number": "finish gave a float, not a Value",
        "not_a_number": "finish gave nan",
        "endless_number": "finish gave inf",
        "text": "TypeError: must be real number, not str",
        "no_rows": "TypeError: int() argument must be",
        "odd_detail": "TypeError: Object of type set is not JSON serializable",
        "endless_detail": "ValueError: Out of range float values are not JSON compliant",
        "odd_groups": "ValueError: dictionary update sequence",
        "odd_reason": "TypeError: finish gave a reason that is a ValueError, not text",
        "odd_interval": "TypeError: must be real number, not str",
    },
    "engine_chokes": {"sql": "the engine could not reduce it", "role": "the engine could not reduce it"},
    "second_thoughts": {},
}
#: Of these, more than single numbers is lost.
FALLS_OUT = ("finish_exits", "second_thoughts")

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install an ill plugin as a distribution of its own; gives its provider id."""
    numbers, modules = itertools.count(), list(sys.modules)

    def put(
        ill: str, *, entry: str = "{id} = {module}", name: str = "", metadata: str | None = METADATA, text: str = ""
    ) -> str:
        # A module name of its own each time: a hanging import keeps its name for ever.
        module = f"dte_ill_{ill}_{next(numbers)}_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / module
        provider, name = ill.replace("_", "-"), name or f"dte-panel-{ill.replace('_', '-')}"
        about = folder / f"{name.replace('-', '_')}-1.2.3.dist-info"
        about.mkdir(parents=True)
        shutil.copy(ILL / f"{ill}.py", folder / f"{module}.py")
        if metadata is not None:
            (about / "METADATA").write_text(metadata.format(name=name))
        lines = text or f"[dte_panel]\n{entry.format(id=provider, module=module)}\n"
        (about / "entry_points.txt").write_text(lines)
        # behind the environment, as the site of a user would be
        monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
        importlib.invalidate_caches()
        return provider

    yield put
    for module in set(sys.modules) - set(modules):
        if module.startswith("dte_ill_"):
            del sys.modules[module]


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    def made(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        score = rng.random(300).round(3)
        return pd.DataFrame(
            {
                "label": (rng.random(300) < score).astype(int),
                "prediction": (score >= 0.5).astype(int),
                "score": score,
                "sex": rng.choice(["F", "M"], 300),
                "city": rng.choice(["Aba", "Bo"], 300),
            }
        )

    return made(1), made(2)


def assessed(frames: tuple[pd.DataFrame, pd.DataFrame], **arguments: object) -> Evidence:
    roles = {"label": "label", "prediction": "prediction", "score": "score", "sensitive": ["sex"]}
    return dte_panel.assess(frames[1], reference=frames[0], **{**roles, **arguments})


@pytest.fixture(scope="module")
def undisturbed(frames: tuple[pd.DataFrame, pd.DataFrame]) -> Evidence:
    """What the official providers measure when they are alone."""
    return assessed(frames)


def of_official(evidence: Evidence) -> list[object]:
    assert {p["id"] for p in evidence.providers} >= OFFICIAL
    return [m.to_json() for m in evidence.measurements if m.provider in OFFICIAL]


def by_id(found: registry.Registry) -> dict[str, Plugin]:
    plugins = {plugin.id: plugin for plugin in found.plugins}
    assert len(plugins) == len(found.plugins), "ids of plugins are unique, whatever is installed"
    return plugins


def assert_official_are_ok(plugins: dict[str, Plugin]) -> None:
    assert {name: plugins[name].state for name in OFFICIAL} == dict.fromkeys(OFFICIAL, "ok")
    assert all(plugins[name].distribution == f"dte-panel-{name}" for name in OFFICIAL)


def test_the_official_plugins_load() -> None:
    plugins = by_id(registry.load())
    assert_official_are_ok(plugins)
    assert plugins["fairness"].version == dte_panel.__version__
    assert plugins["fairness"].license == "MIT"
    assert plugins["fairness"].origin == "dte_panel_fairness"
    assert "dte_metrics" in plugins["fairness"].hooks
    assert "dte_themes" in plugins["themes"].hooks


def test_every_ill_plugin_is_tried() -> None:
    tried = {*AT_LOAD, *AT_RUN, "finish_hangs", "picky_settings", "chatty", "evidence_told"}
    assert tried == {path.stem for path in ILL.glob("*.py")}


@pytest.mark.parametrize("ill", AT_LOAD)
def test_a_broken_plugin_is_listed_with_its_reason(install: Install, ill: str) -> None:
    provider = install(ill)
    found = registry.load(choice=provider, seconds=0.5)
    plugin = found[provider]
    assert plugin.state == "broken"
    assert AT_LOAD[ill] in str(plugin.reason)
    assert (plugin.version, plugin.license, plugin.distribution) == ("1.2.3", "MIT", f"dte-panel-{provider}")
    with pytest.raises(PluginError, match="is broken"):
        found.views(provider)
    with pytest.raises(PluginError, match="is broken"):
        found.metrics(plugin)
    assert found.themes() == []


@pytest.mark.slow
def test_all_ill_plugins_at_once_leave_the_official_ones_alone(install: Install) -> None:
    for ill in [*AT_LOAD, *AT_RUN]:
        install(ill)
    # The official ones get the time that they need on a slow machine.
    plugins = by_id(registry.load(seconds=1.5))
    assert_official_are_ok(plugins)
    states = {ill: plugins[ill.replace("_", "-")].state for ill in [*AT_LOAD, *AT_RUN]}
    assert states == {**dict.fromkeys(AT_LOAD, "broken"), **dict.fromkeys(AT_RUN, "ok")}


@pytest.mark.parametrize(
    ("name", "provider"), [("My.Provider", "my-provider"), ("<b>bold</b>", "b-bold-b"), ("Drift", "drift~2")]
)
def test_a_bad_name_is_listed_under_one_that_can_be_written(install: Install, name: str, provider: str) -> None:
    install("finish_raises", entry=f"{name} = {{module}}")
    plugins = by_id(registry.load())
    assert plugins[provider].state == "broken"
    assert plugins[provider].distribution == "dte-panel-finish-raises"
    assert_official_are_ok(plugins)


@pytest.mark.parametrize("entry", ["ill = ", "ill = {module}:nowhere", "ill = not a module", "ill = {module}.part"])
def test_an_entry_point_that_leads_nowhere(install: Install, entry: str) -> None:
    install("finish_raises", entry=entry)
    plugin = registry.load(choice="ill")["ill"]
    assert plugin.state == "broken"
    assert "the import raised" in str(plugin.reason)


def test_a_malformed_entry_points_file_hides_nobody(install: Install) -> None:
    install("finish_raises", text="[dte_panel]\nill\n", name="aaa-first")
    install("no_hook", text="[console_scripts]\nnothing\n", name="somebody-else")
    plugins = by_id(registry.load())
    assert "entry_points.txt cannot be read" in str(plugins["aaa-first"].reason)
    assert "somebody-else" not in plugins
    assert_official_are_ok(plugins)


@pytest.mark.parametrize("metadata", [None, "", "Name: dte-panel-finish-raises\nLicense:\n"])
def test_a_distribution_that_says_little_of_itself(install: Install, metadata: str | None) -> None:
    provider = install("finish_raises", metadata=metadata)
    plugin = registry.load(choice=provider)[provider]
    assert plugin.state == "ok"
    assert (plugin.version, plugin.license) == ("unknown", "not stated")


def test_an_official_id_stays_with_the_distribution_that_is_named_after_it(install: Install) -> None:
    for name in ("aaa-drift", "zzz-drift"):
        install("finish_raises", entry="drift = {module}", name=name)
    plugins = by_id(registry.load())
    assert_official_are_ok(plugins)
    for provider, name in (("drift~2", "aaa-drift"), ("drift~3", "zzz-drift")):
        assert plugins[provider].distribution == name
        assert plugins[provider].state == "broken"
        assert plugins[provider].reason == "the id 'drift' is taken by dte-panel-drift"


def test_a_distribution_twice_on_the_path_counts_once(install: Install) -> None:
    provider = install("finish_raises")
    install("no_hook", name=f"dte-panel-{provider}")
    plugins = by_id(registry.load())
    assert plugins[provider].state == "ok"
    assert "no-hook" not in plugins


def test_the_variable_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DTE_PLUGINS", " fairness, drift ,")
    found = registry.load()
    states = {plugin.id: plugin.state for plugin in found.plugins}
    assert states == {name: "ok" if name in ("fairness", "drift") else "disabled" for name in OFFICIAL}
    assert found["echo"].reason == "not named in DTE_PLUGINS"
    assert found["echo"].version == dte_panel.__version__
    monkeypatch.setenv("DTE_PLUGINS", "")
    assert {plugin.state for plugin in registry.load().plugins} == {"disabled"}


def test_a_plugin_that_is_chosen_but_not_installed_is_missing_evidence(
    frames: tuple[pd.DataFrame, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DTE_PLUGINS", "echo,fairnes")
    evidence = assessed(frames)
    (verdict,) = [v for v in evidence.verdicts if v.metric == "fairnes.*"]
    assert verdict.verdict == "error"
    assert "DTE_PLUGINS names 'fairnes', which is not installed. Did you mean 'fairness'?" in verdict.reason


def test_an_unknown_id_has_a_hint() -> None:
    with pytest.raises(PluginError, match="Did you mean 'fairness'"):
        registry.load()["fairnes"]


@pytest.mark.slow
def test_plugins_broken_at_load_in_an_assessment(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], undisturbed: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = {install(name): reason for name, reason in AT_LOAD.items()}
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda: load(seconds=1.5))
    evidence = assessed(frames)
    assert of_official(evidence) == of_official(undisturbed)
    listed = {p["id"]: p for p in evidence.providers}
    for provider, reason in ill.items():
        assert listed[provider]["state"] == "broken"
        (verdict,) = [v for v in evidence.verdicts if v.provider == provider]
        assert (verdict.metric, verdict.verdict, verdict.required) == (f"{provider}.*", "error", True)
        assert reason.replace("0.5 s", "1.5 s") in verdict.reason
    assert evidence.verdict in ("error", "fail")
    assert Evidence.from_json(evidence.to_json()).dumps() == evidence.dumps()


@pytest.mark.slow
@pytest.mark.parametrize("ill", AT_RUN)
def test_a_plugin_that_fails_while_it_measures(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], undisturbed: Evidence, ill: str
) -> None:
    provider = install(ill)
    evidence = assessed(frames)
    assert of_official(evidence) == of_official(undisturbed)
    mine = [v for v in evidence.verdicts if v.provider == provider]
    assert {v.verdict for v in mine} == {"error"}
    (listed,) = [p for p in evidence.providers if p["id"] == provider]
    assert listed["state"] == ("broken" if ill in FALLS_OUT else "error")
    for metric, reason in AT_RUN[ill].items():
        found = [m for m in evidence.measurements if m.metric == f"{provider}.{metric}"]
        assert found, f"{metric} is in the evidence"
        assert {m.status for m in found} == {"error"}, metric
        assert all(reason in str(m.reason) for m in found)
    assert Evidence.from_json(evidence.to_json()).dumps() == evidence.dumps()


def test_what_works_of_a_plugin_stays(install: Install, frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    provider = install("finish_raises")
    evidence = assessed(frames)
    values = [m.value for m in evidence.measurements if m.metric == f"{provider}.rate" and m.window == "current"]
    assert values[0] == pytest.approx(frames[1]["label"].mean())


@pytest.mark.slow
def test_a_plugin_that_hangs_while_it_measures(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], undisturbed: Evidence
) -> None:
    provider = install("finish_hangs")
    evidence = assessed(frames, limits={"provider_seconds": 2.0})
    assert of_official(evidence) == of_official(undisturbed)
    (listed,) = [p for p in evidence.providers if p["id"] == provider]
    assert listed["state"] == "broken"
    assert "took longer than" in listed["reason"]
    (verdict,) = [v for v in evidence.verdicts if v.provider == provider]
    assert (verdict.metric, verdict.verdict) == (f"{provider}.*", "error")
    endless = [m for m in evidence.measurements if m.metric == f"{provider}.endless"]
    assert {m.status for m in endless} == {"error"}


@pytest.mark.slow
@pytest.mark.usefixtures("undisturbed")  # so that the import of scipy is not counted as a provider's time
@pytest.mark.parametrize("ill", ["finish_raises", "finish_hangs", "finish_exits", "import_error"])
def test_a_check_of_an_ill_plugin_is_an_error(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path, ill: str
) -> None:
    provider = install(ill)
    metric = {"finish_raises": "broken_rate", "finish_hangs": "endless"}.get(ill, "rate")
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        f"id: mine\ntitle: Mine\nchecks:\n  - {{metric: {provider}.{metric}, bound: '<= 1'}}\n"
        "  - {metric: performance.roc_auc, bound: '>= 0'}\n"
    )
    evidence = assessed(frames, policy=str(policy), limits={"provider_seconds": 2.0})
    verdicts = {v.metric: v.verdict for v in evidence.verdicts}
    assert verdicts[f"{provider}.{metric}"] == "error"
    assert verdicts["performance.roc_auc"] == "pass"
    assert evidence.verdict == "error"


def test_a_second_plugin_of_an_official_id_in_an_assessment(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], undisturbed: Evidence
) -> None:
    install("finish_raises", entry="drift = {module}", name="aaa-drift")
    evidence = assessed(frames)
    assert of_official(evidence) == of_official(undisturbed)
    (verdict,) = [v for v in evidence.verdicts if v.provider == "drift~2"]
    assert verdict.verdict == "error"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"most": 11}, r"plugins\.picky-settings\.most: 11 is not valid"),
        ({"most": "many"}, r"plugins\.picky-settings\.most: 'many' is not valid"),
        ({"mots": 3}, r"plugins\.picky-settings: setting 'mots' does not exist\. Did you mean 'most'\?"),
        ({"least": 4, "most": 3}, r"plugins\.picky-settings: .* is not valid \(ValueError: least is above most\)"),
    ],
)
def test_a_refused_setting_is_the_users_mistake(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], values: dict[str, object], message: str
) -> None:
    provider = install("picky_settings")
    with pytest.raises(InputError, match=message):
        assessed(frames, plugins={provider: values})


def test_a_plugin_that_prints_does_not_spoil_the_answer(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = install("chatty")
    for name, frame in zip(("reference", "current"), frames, strict=True):
        frame.to_parquet(tmp_path / f"{name}.parquet")
    trust = tmp_path / "trust.yaml"
    trust.write_text("subject: {name: loud}\ndata: {current: current.parquet, reference: reference.parquet}\n")
    assert main(["assess", str(trust), "--json"]) == 0
    told = capsys.readouterr()
    evidence = json.loads(told.out)
    assert [m["value"] for m in evidence["measurements"] if m["provider"] == provider] == [1.0]
    assert "hello from finish" in told.err
    assert main(["plugins", "--json"]) == 0
    assert provider in [plugin["id"] for plugin in json.loads(capsys.readouterr().out)]


def test_a_setting_arrives_and_stands_in_the_evidence(
    install: Install, frames: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    provider = install("picky_settings")
    evidence = assessed(frames, plugins={provider: {"most": 7}})
    (measured, *_) = [m for m in evidence.measurements if m.metric == f"{provider}.most"]
    assert (measured.value, measured.status) == (7.0, "ok")
    (listed,) = [p for p in evidence.providers if p["id"] == provider]
    assert listed["settings"] == {"least": 1, "most": 7}
