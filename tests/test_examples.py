"""Every example runs as its README says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from dte_panel.evidence import Evidence

EXAMPLES = Path(__file__).parents[1] / "examples"
# the console scripts of the environment that runs the tests
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def test_readme_names_every_example() -> None:
    text = (EXAMPLES / "README.md").read_text()
    names = [path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh", ".ipynb"}]
    assert [name for name in names if f"({name})" not in text] == []


@pytest.mark.slow
def test_assess_in_python() -> None:
    command = [sys.executable, str(EXAMPLES / "assess_in_python.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["metric", "across", "value", "low", "high", "n"]
    assert [line for line in lines if "fairness.demographic_parity_difference" in line and " sex " in line]
    assert lines[-1].removeprefix("Verdict: ") in {"pass", "warn", "fail", "not_evaluated", "error"}


def fetch(address: str, server: subprocess.Popen[str]) -> str:
    """The page, as soon as the server is there."""
    for _ in range(300):
        assert server.poll() is None, server.stderr and server.stderr.read()
        try:
            with urlopen(address, timeout=120) as answer:
                return str(answer.read().decode())
        except URLError:
            time.sleep(0.2)
    raise AssertionError(f"nothing answers at {address}")


@pytest.mark.slow
def test_app_serves_a_page() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "panel", "serve", str(EXAMPLES / "app.py"), "--port", str(port)]
    environment = {**ENVIRONMENT, "TRUST_YAML": ""}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    ) as server:
        try:
            page = fetch(f"http://127.0.0.1:{port}/app", server)
        finally:
            server.terminate()
        assert "<title>DTE Panel</title>" in page  # the app's own; a script that fails leaves Bokeh's
        assert "Traceback" not in (server.stderr.read() if server.stderr else "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bound", "code", "says"),
    [("<= 1", 0, "gate: open"), (">= 1.1", 1, "beyond its bound"), (">= 2 percent", 2, "cannot be used")],
)
def test_ci_gate(bound: str, code: int, says: str, tmp_path: Path) -> None:
    rows = "".join(f"{i % 2},{i // 2 % 2}\n" for i in range(100))
    (tmp_path / "data.csv").write_text("label,prediction\n" + rows)
    policy = f"checks: [{{metric: fairness.selection_rate, bound: '{bound}'}}]"
    (tmp_path / "trust.yaml").write_text(
        "subject: {name: loans}\ndata: {current: data.csv}\nroles: {label: label, prediction: prediction}\n"
        f"policy: {{{policy}}}\n"
    )
    command = ["sh", str(EXAMPLES / "ci_gate.sh"), "trust.yaml", "kept.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stdout
    if code < 2:
        assert Evidence.read(tmp_path / "kept.json").verdict == ("pass" if code == 0 else "fail")
