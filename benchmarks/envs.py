"""Environments of the peers, and nothing of ours in them; made once in the folder of the data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WANTED = {
    "evidently": ["evidently==0.7.23", "pandas<3.1", "pyarrow"],
    "fairlearn": ["fairlearn>=0.12", "scikit-learn", "pandas", "pyarrow"],
    "nannyml": ["nannyml", "statsmodels", "pyarrow"],
    "duckdb": ["duckdb", "numpy"],
}


def python(folder: Path, name: str) -> Path:
    """The Python of a peer's environment."""
    home = folder / "environments" / name
    made = home / "bin" / "python"
    if not (home / "ready").exists():
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
        command = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", home, *WANTED[name]]
        subprocess.run(command, check=True)
        (home / "ready").touch()
    return made


def versions(folder: Path) -> dict[str, str]:
    """What stands in the environments that were made."""
    found: dict[str, str] = {}
    for name in WANTED:
        home = folder / "environments" / name
        if not (home / "ready").exists():
            continue
        command = ["uv", "pip", "list", "--quiet", "--python", home, "--format", "freeze"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        for line in listed:
            package, _, version = line.partition("==")
            if package in ("evidently", "fairlearn", "nannyml", "scikit-learn") or package == name:
                found.setdefault(package, version)
    return found
