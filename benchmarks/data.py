"""Names and files of the benchmarks' data. What is missing is made by :mod:`make`, in a process of its own.

This process stays small: on Linux a child's peak memory starts at its parent's, and children are what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NUMBERS = [f"n{i}" for i in range(20)]
CATEGORIES = [f"c{i}" for i in range(10)]
FEATURES = [*NUMBERS, *CATEGORIES]
#: Three more sensitive columns that cross to 80 groups, and what a model needs: 40 columns in all.
GROUPS = {"s1": 2, "s2": 5, "s3": 8}
EXTRA = ["e0", "e1", "e2"]
MODEL = {"label": "label", "prediction": "prediction", "score": "score"}


@dataclass(frozen=True)
class Store:
    """The folder that holds the files."""

    folder: Path

    def rows(self, side: str, rows: int) -> Path:
        """40 columns over 30 days."""
        return self._made(f"{side}_{rows}.parquet", "rows", rows, side)

    def day(self, number: int, rows: int) -> Path:
        """One day of the current data, in a file of its own."""
        return self._made(f"day_{number:02}_{rows}.parquet", "day", rows, number)

    def block(self, side: str, rows: int, columns: int) -> Path:
        """Numeric columns only."""
        return self._made(f"{side}_{rows}x{columns}.parquet", "block", rows, side, columns)

    def crossed(self, rows: int, cohorts: int) -> Path:
        """40 columns and two more that cross to so many cohorts."""
        return self._made(f"crossed_{rows}_{cohorts}.parquet", "crossed", rows, cohorts)

    def copies(self, side: str, rows: int, columns: int, times: int) -> Path:
        """The same block several times over, as a folder of hard links: read in full each, stored once."""
        block = self.block(side, rows, columns)
        folder = self.folder / f"{block.stem}_{times}"
        folder.mkdir(exist_ok=True)
        for i in range(times):
            link = folder / f"part_{i:03}.parquet"
            if not link.exists():
                link.hardlink_to(block)
        return folder / "part_*.parquet"

    def spec(self, name: str, text: dict[str, Any]) -> Path:
        """A trust.yaml; JSON is YAML."""
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({"subject": {"name": name}, **text}))
        return path

    def _made(self, name: str, *what: object) -> Path:
        path = self.folder / name
        if not path.exists():
            command = [sys.executable, Path(__file__).with_name("make.py"), path, *map(str, what)]
            subprocess.run(command, check=True)
        return path
