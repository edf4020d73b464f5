"""The command ``history``."""

from __future__ import annotations

import argparse
import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dte_panel.cli.output import say, table
from dte_panel.errors import InputError

if TYPE_CHECKING:
    from dte_panel.history import History

DEFAULT = "dte-history.sqlite"


def add_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of ``history``."""
    made.add_argument("action", choices=sorted(ACTIONS), help="what to do")
    made.add_argument("ids", nargs="*", metavar="ID", help="of an assessment: six digits are enough")
    made.add_argument("--history", default=DEFAULT, metavar="FILE", help=f"a file or a database URL ({DEFAULT})")
    made.add_argument("--subject", metavar="NAME", help="list: only this subject")
    made.add_argument("--days", type=int, default=365, metavar="N", help="prune: what is older is forgotten (365)")
    made.add_argument("--out", metavar="FILE", help="export: where to")
    made.add_argument("--json", action="store_true", help="print JSON and nothing else")


def history(args: Namespace) -> int:
    """List, show, compare, forget or export past assessments."""
    from dte_panel.history import History

    if "://" not in args.history and not Path(args.history).exists():
        hint = "Assessments are kept by: dte-panel assess trust.yaml --history FILE"
        raise InputError("there is no history", where=args.history, hint=hint)
    with History(args.history) as store:
        ACTIONS[args.action](store, args)
    return 0


def _ids(args: Namespace, count: int) -> list[str]:
    if len(args.ids) != count:
        raise InputError(f"{args.action} needs {count} id{'s' * (count > 1)}, not {len(args.ids)}", where="history")
    return list(args.ids)


def _list(store: History, args: Namespace) -> None:
    found = store.entries(args.subject)
    if args.json:
        say(json.dumps([asdict(entry) for entry in found], indent=2))
        return
    head = ["id", "when", "subject", "use", "verdict", "required checks"]
    rows = [
        [
            e.id[:12],
            e.created[:19],
            e.subject,
            e.use_case,
            e.verdict,
            ", ".join(f"{n} {w}" for w, n in e.counts.items() if n),
        ]
        for e in found
    ]
    say("\n".join(table([head, *rows], indent="")) if rows else "Nothing is kept yet.")


def _show(store: History, args: Namespace) -> None:
    from dte_panel.cli import report

    evidence = store.evidence(*_ids(args, 1))
    say(evidence.dumps() if args.json else report.assessment(evidence))


def _diff(store: History, args: Namespace) -> None:
    from dte_panel.history import differences

    before, after = (store.evidence(identity) for identity in _ids(args, 2))
    found = differences(before, after)
    if args.json:
        say(json.dumps([asdict(change) for change in found], indent=2))
        return
    rows = [[c.kind, c.what, c.before, "→", c.after] for c in found]
    say("\n".join(table(rows, indent="")) if rows else "Nothing changed.")


def _prune(store: History, args: Namespace) -> None:
    _ids(args, 0)
    gone = store.prune(args.days, now=datetime.now(UTC))
    say(json.dumps({"forgotten": gone}) if args.json else f"{gone} assessments are forgotten.")


def _export(store: History, args: Namespace) -> None:
    evidence = store.evidence(*_ids(args, 1))
    if not args.out:
        raise InputError("say where to", where="history export", hint="Give --out evidence.json")
    evidence.write(args.out)
    say(json.dumps({"written": args.out}) if args.json else f"{args.out} is written.")


ACTIONS: dict[str, Callable[[History, Namespace], None]] = {
    "list": _list,
    "show": _show,
    "diff": _diff,
    "prune": _prune,
    "export": _export,
}
