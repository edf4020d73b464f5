"""The rules of the house, held by tests: light imports, small files, walls, documented hooks and metrics."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dte_panel import hookspecs, registry
from dte_panel.contract import check_all
from dte_panel.errors import PluginError
from dte_panel.model import Comparison, Metric

ROOT = Path(__file__).parents[1]
PACKAGES = [ROOT / "dte_panel", *sorted(ROOT.glob("plugins/*/src/*")), *ROOT.glob("themes/src/*")]
SOURCES = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]
HEAVY = ("panel", "bokeh", "holoviews", "duckdb", "pandas", "numpy", "scipy", "pyarrow", "param")
HOOKS = [name for name in vars(hookspecs) if name.startswith("dte_")]
MODULES = [package.name for package in PACKAGES]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after it has run some code."""
    script = f"import sys\n{code}\nprint('\\n' + ' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("module", MODULES)
def test_importing_is_light(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert module in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["check", "--help"], set()),
        (["chekc"], set()),
        (["plugins", "--json"], {"param"}),  # settings classes are made of it
    ],
    ids=" ".join,
)
def test_the_command_line_starts_light(argv: list[str], allowed: set[str]) -> None:
    loaded = loaded_by(f"from dte_panel.cli import main\nmain({argv!r})")
    assert "dte_panel" in loaded
    assert loaded & set(HEAVY) <= allowed


def test_assessing_needs_neither_pandas_nor_a_dashboard(tmp_path: Path) -> None:
    (tmp_path / "now.csv").write_text("approved,income\n" + "".join(f"{i % 2},{i}\n" for i in range(100)))
    spec = tmp_path / "trust.yaml"
    spec.write_text("subject: {name: loans}\ndata: {current: now.csv}\nroles: {prediction: approved}\n")
    loaded = loaded_by(f"from dte_panel.cli import main\nassert main(['assess', {str(spec)!r}]) == 0")
    assert "duckdb" in loaded
    assert loaded.isdisjoint({"panel", "bokeh", "holoviews", "pandas"})


def test_no_file_is_long() -> None:
    sizes = {named(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert len(sizes) > 50, "the sources are found"
    assert {name: lines for name, lines in sizes.items() if lines > 350} == {}


def test_functions_are_short() -> None:
    sizes = {
        f"{named(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: lines for name, lines in sizes.items() if lines > 60} == {}
    long = {name: lines for name, lines in sizes.items() if lines >= 30}
    assert len(long) <= 0.1 * len(sizes), long


def test_the_walls_stand() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [4-9] kept, 0 broken", done.stdout)


@pytest.mark.parametrize("package", PACKAGES[1:], ids=lambda path: path.name)
def test_a_plugin_knows_only_the_public_face(package: Path) -> None:
    """No plugin imports another, or what is behind ``dte_panel``; ``TYPE_CHECKING`` and other libraries are free."""
    imported = set()
    for path in package.rglob("*.py"):
        tree = ast.parse(path.read_text())
        typing = {
            inner
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in set(ast.walk(tree)) - typing:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported |= {name for name in names if name.startswith("dte_panel")}
    assert "dte_panel" in imported
    rooms = ("charts", "delong", "deviations", "pairs", "scoring", "stats")
    allowed = {"dte_panel", *(f"dte_panel.{room}" for room in rooms)}
    assert {name for name in imported if name.partition(".")[0] != package.name} <= allowed


def test_the_core_names_no_plugin() -> None:
    texts = {named(path): path.read_text() for path in SOURCES if path.is_relative_to(ROOT / "dte_panel")}
    assert [name for name, text in texts.items() if re.search(rf"\b({'|'.join(MODULES[1:])})\b", text)] == []


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_signature(name: str) -> None:
    signature = str(inspect.signature(getattr(hookspecs, name))).replace("'", "")
    headings = [line for line in (ROOT / "docs/plugins.md").read_text().splitlines() if line.startswith("#")]
    assert f"### `{name}{signature}`" in headings


def test_no_hook_is_documented_that_does_not_exist() -> None:
    text = "\n".join(path.read_text() for path in [ROOT / "docs/plugins.md", *ROOT.glob("plugins/*/README.md")])
    assert set(re.findall(r"\bdte_(?!panel)\w+", text)) <= set(HOOKS)


def test_every_hook_is_used_by_a_plugin_of_this_repository() -> None:
    used = {hook for plugin in registry.load().plugins for hook in plugin.hooks if plugin.origin in MODULES}
    assert used == set(HOOKS)


def test_links_in_the_plugin_page_lead_somewhere() -> None:
    text = (ROOT / "docs/plugins.md").read_text()
    headings = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (ROOT / "docs" / target).exists(), target


def test_the_examples_for_authors_work() -> None:
    from dte_panel.shell.plugins_page import EXAMPLE

    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/plugins.md").read_text(), re.M | re.S)
    for block in (blocks[0], EXAMPLE):
        metrics = ran(block)["dte_metrics"]()
        check_all(metrics)
        assert len(metrics) == 2
    own = next(block for block in blocks if "def dte_settings" in block)
    settings = ran(f"from dte_panel import hookimpl\n{own}")["dte_settings"]()
    assert settings(bins=20).bins == 20
    with pytest.raises(ValueError, match="bins"):
        settings(bins=1)


def ran(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - an example of our own pages
    return names


def official() -> list[tuple[str, Metric]]:
    found = registry.load()
    plugins = [plugin for plugin in found.plugins if "dte_metrics" in plugin.hooks]
    return [(p.id, m) for p in plugins for m in found.metrics(p, found.settings(p, {}))]


def test_every_metric_says_what_it_is() -> None:
    metrics = official()
    assert len(metrics) > 40
    for provider, metric in metrics:
        name = f"{provider}.{metric.id}"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.id), name
        for field in ("title", "definition", *(("formula", "source") if provider != "echo" else ())):
            assert getattr(metric, field).strip(), f"{name} has no {field}"
        assert metric.definition.endswith((".", ")")) or provider == "echo", f"{name}: the definition is a sentence"
        # What has no limit at all is measured in something.
        assert metric.range != (None, None) or metric.unit, f"{name} has neither range nor unit"
        low, high = metric.range
        assert low is None or high is None or low < high, name
        if isinstance(metric, Comparison) and metric.across == "cohorts":
            assert metric.of, name


def test_every_view_names_metrics_that_exist() -> None:
    found = registry.load()
    for plugin in found.plugins:
        for view in found.views(plugin.id):
            assert set(view.metrics) <= set(plugin.metrics), f"{plugin.id}: {view.id}"
            assert view.title, f"{plugin.id}: {view.id}"


def test_every_setting_is_documented() -> None:
    found = registry.load()
    for plugin in found.plugins:
        settings = found.settings(plugin, {})
        for name in settings.param if settings is not None else ():
            assert name == "name" or settings.param[name].doc, f"{plugin.id}.{name}"


def test_the_shell_asks_nobody_for_anything() -> None:
    """No address in what the browser gets, but for the names of standards."""
    files = [path for path in (ROOT / "dte_panel").rglob("*") if path.suffix in {".py", ".js", ".css", ".html"}]
    assert {path.suffix for path in files} >= {".py", ".js", ".css"}
    hosts = {
        host for path in files for host in re.findall(r"(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", path.read_text())
    }
    assert hosts <= {"www.w3.org", "json-schema.org", "in-toto.io"}


def test_no_lock_file_and_no_machine_is_tracked() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a clone")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = done.stdout.splitlines()
    assert "pyproject.toml" in files
    assert [name for name in files if Path(name).name == "uv.lock" or ".egg-info" in name] == []
    texts = [ROOT / name for name in files if Path(name).suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".js"}]
    home = re.compile(r"/(?:home|Users|root|work)/[a-z]")
    assert [named(path) for path in texts if path.exists() and home.search(path.read_text())] == []


def test_the_readme_names_commands_that_exist() -> None:
    from dte_panel.cli import COMMANDS

    text = (ROOT / "README.md").read_text()
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, re.S))
    assert "uv run dte-panel demo" in blocks
    assert "uv run pytest -n auto" in blocks
    assert set(re.findall(r"dte-panel ([a-z]+)", blocks)) - {"with", "dte"} <= set(COMMANDS)


def test_distributions_agree_on_version_licence_and_core() -> None:
    import tomllib

    projects = [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml"), ROOT / "themes/pyproject.toml"]
    assert len(projects) == 8
    for path in projects:
        project = tomllib.loads(path.read_text())["project"]
        assert project["license"] == "MIT", path
        assert (path.parent / "LICENSE").read_text() == (ROOT / "LICENSE").read_text(), path
        assert project["requires-python"] == ">=3.11", path
        pinned = [d for d in project["dependencies"] if d.startswith("dte-panel") and "==" in d]
        assert not pinned, path


def test_a_plugin_list_in_json_is_plain() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dte_panel.cli", "plugins", "--json"], capture_output=True, text=True, check=True
    )
    listed = json.loads(done.stdout)
    assert {plugin["state"] for plugin in listed} == {"ok"}
    assert all(plugin["version"] and plugin["license"] and plugin["origin"] for plugin in listed)


def test_a_view_of_a_plugin_that_is_not_there() -> None:
    with pytest.raises(PluginError, match="no plugin 'ehco' is installed"):
        registry.load().views("ehco")


@pytest.mark.parametrize(
    ("wall", "may"),
    [
        ("Only the shell and the pieces of charts know Panel, HoloViews and Bokeh", {"shell", "charts"}),
        ("Only the engine and the history know a database", {"engine", "history"}),
    ],
)
def test_every_room_stands_on_its_side_of_a_wall(wall: str, may: set[str]) -> None:
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (told,) = [set(c["source_modules"]) for c in contracts if c["name"] == wall]
    folders = {path.parent.name for path in (ROOT / "dte_panel").glob("*/__init__.py")}
    rooms = folders | {path.stem for path in (ROOT / "dte_panel").glob("[a-z]*.py")}
    assert told == {f"dte_panel.{room}" for room in rooms - may}
