"""The threshold what-if of the fairness page: a process of its own; the last line says what a step takes.

    python benchmarks/whatif.py evidence.json move|page [--times 20]

``move`` is one move of the slider: rates, gaps, cost, pictures, tables and text. ``page`` is the whole page, built and
made ready to be sent. Both are CPU time, so that other work on the machine does not count, and without the first.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any


def main() -> None:
    args = arguments()
    os.environ["DTE_PLUGINS"] = "fairness"
    from dte_panel import evidence
    from dte_panel.shell.results import Index

    index = Index(evidence.Evidence.read(args.evidence))
    step = {"move": mover, "page": pager}[args.step](index)
    step(0)
    spent = []
    for i in range(1, args.times + 1):
        begin = time.process_time()
        step(i)
        spent.append(time.process_time() - begin)
    print(json.dumps({"compute": median(spent), "longest": max(spent)}))


def mover(index: Any) -> Callable[[int], Any]:
    """Moves the slider of a page that is open."""
    from bokeh.document import Document

    from dte_panel.shell import safe, theme
    from dte_panel.shell.results import Results
    from dte_panel_fairness.dials import Dials
    from dte_panel_fairness.whatif import WhatIf

    dials = Dials(WhatIf(Results(index, "fairness", tokens=theme.LIGHT)), theme.LIGHT)
    safe.viewable(dials.view()).server_doc(Document())
    return lambda i: setattr(dials._sliders[0], "value", 0.2 + i / 100)


def pager(index: Any) -> Callable[[int], Any]:
    """Builds every view of the page, as it is sent to a browser."""
    import holoviews.plotting.bokeh  # noqa: F401
    from bokeh.document import Document

    from dte_panel import registry
    from dte_panel.shell import safe, theme
    from dte_panel.shell.results import Results

    views = registry.load().views("fairness")

    def build(_: int) -> None:
        results, page = Results(index, "fairness", tokens=theme.LIGHT), Document()
        for view in views:
            shown = safe.viewable(view.render(results))
            if shown is not None:
                shown.server_doc(page)
        page.to_json()

    return build


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("step", choices=["move", "page"])
    parser.add_argument("--times", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
