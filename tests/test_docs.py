"""Pages that repeat something are compared with what they repeat."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_pages_that_include_files_are_current() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "include.py", "--check"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
