"""Our side of a benchmark: one assessment in a process of its own; the last line says what it took.

    python benchmarks/ours.py trust.yaml --out evidence.json [--providers drift] [--metrics roc_auc,…] [--memory 512MB]

``compute`` is everything after the imports: reading the files too.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import time
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()


def main() -> None:
    args = arguments()
    os.environ["DTE_PLUGINS"] = args.providers
    from dte_panel import conductor, registry, spec

    if args.metrics:
        only(registry, set(args.metrics.split(",")))
    if args.memory:
        bound(conductor, args.memory)
    ready = time.perf_counter()
    more = {"cache": args.cache} if args.cache and has_cache() else {}
    evidence = conductor.assess_spec(spec.read(args.spec), **more)
    done = time.perf_counter()
    evidence.write(args.out)
    wrong = [p for p in evidence.providers if p["state"] not in ("ok", "disabled")]
    if wrong:
        raise SystemExit(f"a provider failed: {[(p['id'], p['reason']) for p in wrong]}")
    print(json.dumps({"import": ready - STARTED, "compute": done - ready, "measurements": len(evidence.measurements)}))


def only(registry: Any, wanted: set[str]) -> None:
    """Measure some metrics of each provider, so that both sides do the same work."""
    every = registry.Registry.metrics

    def some(self: Any, plugin: Any, settings: Any = None) -> list[Any]:
        return [metric for metric in every(self, plugin, settings) if metric.id in wanted]

    registry.Registry.metrics = some


def bound(conductor: Any, memory: str) -> None:
    """Hold the database to so much memory."""
    connect = conductor.connect

    def limited(*_: Any) -> Any:
        connection = connect()
        connection.execute(f"SET memory_limit = '{memory}'")
        return connection

    conductor.connect = limited


def has_cache() -> bool:
    """Whether states of files that were read before can be kept."""
    from dte_panel import conductor

    return "cache" in inspect.signature(conductor.assess_spec).parameters


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--providers", default="drift,fairness,guardrails,performance")
    parser.add_argument("--metrics", default="")
    parser.add_argument("--memory", default="")
    parser.add_argument("--cache", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
