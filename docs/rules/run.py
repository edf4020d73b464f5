"""Run the scripts of these pages and put what they print into the pages; with ``--check``, only compare."""

from __future__ import annotations

import io
import re
import runpy
import sys
from contextlib import redirect_stdout
from pathlib import Path

HERE = Path(__file__).parent
_BLOCK = re.compile(r"<!-- output of (?P<script>\w+\.py) -->\n```text\n.*?```\n", re.DOTALL)


def pages() -> list[Path]:
    """The pages that hold the output of a script."""
    return sorted(page for page in HERE.glob("*.md") if _BLOCK.search(page.read_text(encoding="utf-8")))


def printed(script: str) -> str:
    """What a script prints."""
    sys.path.insert(0, str(HERE))
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            runpy.run_path(str(HERE / script))
    finally:
        sys.path.remove(str(HERE))
    return out.getvalue()


def current(page: Path) -> str:
    """The page with the output of its script put in anew."""

    def block(found: re.Match[str]) -> str:
        script = found["script"]
        return f"<!-- output of {script} -->\n```text\n{printed(script)}```\n"

    return _BLOCK.sub(block, page.read_text(encoding="utf-8"))


def main() -> int:
    """Write the pages, or compare them."""
    stale = []
    for page in pages():
        new = current(page)
        if new != page.read_text(encoding="utf-8"):
            stale.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"not current: {', '.join(stale)}; run uv run python docs/rules/run.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
