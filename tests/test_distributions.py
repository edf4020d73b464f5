"""The wheels, installed in an environment outside the repository, and a provider that was made there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DISTRIBUTIONS = {"dte_panel", "dte_panel_themes"} | {
    f"dte_panel_{name}" for name in ("drift", "echo", "fairness", "guardrails", "performance")
}
PROVIDERS = {name.removeprefix("dte_panel_") for name in DISTRIBUTIONS} - {"dte_panel"}
TRUST = "subject: {name: loans}\ndata: {current: now.csv, reference: before.csv}\n" + (
    "roles: {label: repaid, prediction: approved, sensitive: [sex]}\n"
)

#: Where everything must hold, what is not installed fails instead of being left out.
LENIENT = not os.environ.get("CI")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(UV is None and LENIENT, reason="uv is not installed: pip install uv"),
]


def run(*command: object, cwd: Path) -> str:
    """Run a command that must succeed, in an environment that knows nothing of this repository."""
    leave_out = ("PYTHONPATH", "VIRTUAL_ENV", "DTE_PLUGINS")
    environment = {k: v for k, v in os.environ.items() if k not in leave_out}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    run(UV, "build", "--wheel", "--all-packages", "--out-dir", folder, cwd=ROOT)
    return folder


def settled(folder: Path, wheels: Path, *more: object) -> Path:
    """A folder with an environment in ``env``, into which everything was installed from wheels, and with data."""
    run(UV, "venv", "--python", sys.executable, "env", cwd=folder)
    wanted = ["--find-links", wheels, *more, *(() if more else ("dte-panel[standard]", "dte-panel-echo"))]
    run(UV, "pip", "install", "--python", "env", *wanted, cwd=folder)
    for name, shift in (("before", 0), ("now", 1)):
        rows = [f"{i % 2},{(i // 3 + shift) % 2},{'FM'[i // 2 % 2]},{i % 17 + shift}\n" for i in range(300)]
        (folder / f"{name}.csv").write_text("repaid,approved,sex,income\n" + "".join(rows))
    (folder / "trust.yaml").write_text(TRUST)
    return folder


@pytest.fixture(scope="module")
def away(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has who installs everything."""
    return settled(tmp_path_factory.mktemp("away"), wheels)


@pytest.fixture(scope="module")
def evidently(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a user has who installs the provider that holds pandas below 3.1; it is no member of the workspace."""
    away = tmp_path_factory.mktemp("evidently")
    run(UV, "build", "--wheel", "--out-dir", away / "made", ROOT / "plugins/dte-panel-evidently", cwd=away)
    return settled(away, wheels, "--find-links", away / "made", "dte-panel-evidently")


@pytest.fixture(scope="module")
def chorus(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the tutorial provider, copied out of the repository, renamed, built and installed."""
    away = settled(tmp_path_factory.mktemp("chorus"), wheels)
    source = away / "dte-panel-chorus"
    shutil.copytree(ROOT / "plugins/dte-panel-echo", source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "src/dte_panel_echo").rename(source / "src/dte_panel_chorus")
    for path in source.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".md", ".toml"}:
            text = path.read_text().replace("echo", "chorus").replace("positive_share", "chorus_share")
            text = text.replace("Positive share", "Chorus share")
            path.write_text(re.sub(r"\[tool\.uv\.sources\]\n(?:.+\n)*", "", text))
    run(UV, "build", "--wheel", "--out-dir", away / "made", cwd=source)
    (wheel,) = (away / "made").glob("*.whl")
    run(UV, "pip", "install", "--python", "env", wheel, cwd=away)
    return away


def dte(away: Path, *arguments: str) -> str:
    return run(away / "env/bin/dte-panel", *arguments, cwd=away)


def test_every_wheel_holds_its_licence_and_nothing_of_the_repository(wheels: Path) -> None:
    found = {path.name.partition("-")[0]: zipfile.ZipFile(path) for path in wheels.glob("*.whl")}
    assert set(found) == DISTRIBUTIONS
    for name, wheel in found.items():
        names = wheel.namelist()
        assert {entry.partition("/")[0].removesuffix(".dist-info").partition("-")[0] for entry in names} == {name}
        (info,) = {entry.partition("/")[0] for entry in names if entry.endswith(".dist-info/METADATA")}
        assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        metadata = wheel.read(f"{info}/METADATA").decode()
        assert "License-Expression: MIT" in metadata
        assert len(metadata.partition("\n\n")[2]) > 100, f"{name} has a description"
        assert f"{name}/py.typed" in names
        assert [
            entry for entry in names if re.search(r"(^|/)tests?(/|_)", entry) or entry.endswith((".pyc", ".lock"))
        ] == []
        assert [entry for entry in names if str(ROOT).encode() in wheel.read(entry)] == []
    core = set(found["dte_panel"].namelist())
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "dte_panel").rglob("*") if path.is_file()}
    assert {name for name in there if "__pycache__" not in name} <= core


def test_the_command_and_the_plugins_work_away_from_the_repository(away: Path) -> None:
    assert re.fullmatch(r"dte-panel \d+\.\d+\.\d+", dte(away, "--version").strip())
    plugins = {p["id"]: p for p in json.loads(dte(away, "plugins", "--json"))}
    assert set(plugins) == PROVIDERS
    assert {(p["state"], p["reason"]) for p in plugins.values()} == {("ok", None)}
    where = run(away / "env/bin/python", "-c", "import dte_panel; print(dte_panel.__file__)", cwd=away)
    assert where.startswith(str(away / "env"))


def test_assess_away_from_the_repository(away: Path) -> None:
    evidence = json.loads(dte(away, "assess", "trust.yaml", "--json"))
    measured = {m["provider"] for m in evidence["measurements"] if m["status"] == "ok"}
    assert measured >= PROVIDERS - {"themes"}
    assert {p["state"] for p in evidence["providers"]} == {"ok"}
    (accuracy,) = [m for m in evidence["measurements"] if m["metric"] == "performance.accuracy"
                   and (m["window"], m["cohort"]) == ("current", {})]  # fmt: skip
    assert accuracy["value"] == sum(i % 2 == (i // 3 + 1) % 2 for i in range(300)) / 300


def test_a_report_of_evidently_away_from_the_repository(evidently: Path) -> None:
    spec = f"{TRUST}plugins: {{evidently: {{report: [{{ValueDrift: {{column: income, method: ks}}}}]}}}}\n"
    (evidently / "trust.yaml").write_text(spec)
    evidence = json.loads(dte(evidently, "assess", "trust.yaml", "--json"))
    (provider,) = evidence["providers"]
    assert (provider["id"], provider["state"], provider["distribution"]) == ("evidently", "ok", "dte-panel-evidently")
    (drift,) = evidence["measurements"]
    assert drift["metric"] == "evidently.value_drift_kolmogorov_smirnov_pvalue"
    assert (drift["column"], drift["n"], drift["status"]) == ("income", 300, "ok")
    assert 0 <= drift["value"] <= 1


def test_a_provider_made_elsewhere_is_listed_and_measures(chorus: Path) -> None:
    plugins = {p["id"]: p for p in json.loads(dte(chorus, "plugins", "--json"))}
    assert plugins["chorus"]["state"] == "ok"
    assert plugins["chorus"]["distribution"] == "dte-panel-chorus"
    assert plugins["chorus"]["metrics"] == ["chorus_share", "chorus_share_difference"]
    assert plugins["echo"]["state"] == "ok"
    evidence = json.loads(dte(chorus, "assess", "trust.yaml", "--json"))
    (share,) = [m for m in evidence["measurements"] if m["metric"] == "chorus.chorus_share"
                and (m["window"], m["cohort"]) == ("current", {})]  # fmt: skip
    assert (share["value"], share["n"]) == (0.5, 300)
    assert [m for m in evidence["measurements"] if m["metric"] == "chorus.chorus_share_difference"]


@contextmanager
def served(away: Path) -> Iterator[str]:
    """The address of a dashboard that runs in the environment."""
    command = [str(away / "env/bin/dte-panel"), "serve", "trust.yaml", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=away, stdout=subprocess.PIPE, text=True) as server:
        try:
            lines = []
            for line in server.stdout or ():
                lines.append(line)
                if found := re.search(r"http://\S+", line):
                    yield found[0]
                    break
            assert server.poll() is None, "".join(lines)
        finally:
            if server.stdout:
                server.stdout.close()  # nobody reads any more, and still it stops when it is told to
            server.terminate()
            server.wait(timeout=30)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None and LENIENT, reason="Chromium is not installed: apt-get install chromium")
def test_a_provider_made_elsewhere_has_its_page(chorus: Path) -> None:
    from playwright.sync_api import sync_playwright

    with served(chorus) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/?page=chorus")
        page.get_by_text("Chorus share by group").first.wait_for(timeout=60_000)
        page.locator("canvas").first.wait_for(state="attached", timeout=60_000)
        browser.close()
