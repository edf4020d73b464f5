"""Put files into the Markdown pages that include them; with ``--check``, only say whether they are current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("CONTRIBUTING.md",)
_BLOCK = re.compile(r"<!-- include (?P<path>\S+) -->\n```python\n.*?```\n<!-- end -->", re.DOTALL)


def included(page: str) -> str:
    """The page with each included file put in anew."""

    def block(found: re.Match[str]) -> str:
        text = (ROOT / found["path"]).read_text(encoding="utf-8")
        return f"<!-- include {found['path']} -->\n```python\n{text}```\n<!-- end -->"

    return _BLOCK.sub(block, page)


def main() -> int:
    """Write the pages, or compare them."""
    stale = []
    for name in PAGES:
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        if (new := included(old)) != old:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"not current: {', '.join(stale)}; run python docs/include.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
