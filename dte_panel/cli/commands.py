"""One function per command: read, call, print, return the exit code."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dte_panel.cli import report
from dte_panel.cli.output import Progress, say, table
from dte_panel.errors import InputError

if TYPE_CHECKING:
    from dte_panel.certificate import Shelf
    from dte_panel.evidence import Evidence

EXIT = {"pass": 0, "warn": 0, "fail": 1, "not_evaluated": 3, "error": 3}


def evidence_of(path: str, *, verify: bool = False, cache: str | None = None, trust: bool = True) -> Evidence:
    """Assess one trust.yaml, with a progress bar where it takes long; ``cache`` goes before its own, ``""`` is none."""
    from dte_panel import spec
    from dte_panel.conductor import assess_spec
    from dte_panel.engine.cache import Cache
    from dte_panel.spec.folders import cache_folder

    wanted = spec.read(path)
    try:
        with _quiet(), Progress(f"Assessing {wanted.subject.name}") as progress:
            folder = cache_folder(wanted.cache, wanted.base) if cache is None else cache_folder(cache, Path())
            wanted = wanted.model_copy(update={"cache": None})
            kept = Cache(folder, trust=trust) if folder else None
            return assess_spec(wanted, verify=verify, cache=kept, progress=progress)
    except InputError as error:
        # the engine knows keys, not the file they stand in
        if error.where.split(".")[0] in type(wanted).model_fields:
            raise InputError(error.message, where=f"{path}: {error.where}", hint=error.hint) from error
        raise


def _asked(args: Namespace) -> Evidence:
    kept = "" if args.no_cache else args.cache
    return evidence_of(args.spec, verify=args.verify, cache=kept, trust=not args.reread)


def _quiet() -> redirect_stdout[TextIO]:
    """What a plugin prints goes to stderr: stdout is the answer, and nothing else."""
    return redirect_stdout(sys.stderr)


def _finish(evidence: Evidence, args: Namespace, text: str) -> None:
    if args.history:
        from dte_panel.history import History

        with History(args.history) as store:
            store.append(evidence)
    if args.out:
        evidence.write(args.out)
    say(evidence.dumps() if args.json else text)


def assess(args: Namespace) -> int:
    """Measure, judge, print the table."""
    evidence = _asked(args)
    if args.share:
        evidence = evidence.shared()
    _finish(evidence, args, report.assessment(evidence))
    return 0


def check(args: Namespace) -> int:
    """Measure, judge, say what decides, and answer with the exit code."""
    from dte_panel import gates
    from dte_panel.evidence import write_whole

    evidence = _asked(args)
    for path, text in _reports(evidence, args):
        write_whole(path, text.encode())
    _finish(evidence, args, report.deciding(evidence))
    if args.github:
        say(gates.workflow_commands(evidence, args.spec, strict=args.strict), sys.stderr if args.json else None)
    return 4 if args.strict and evidence.verdict == "warn" else EXIT[evidence.verdict]


def _reports(evidence: Evidence, args: Namespace) -> Iterator[tuple[str, str]]:
    """The reports that were asked for, each with the file it goes into."""
    from dte_panel import gates

    if args.junit:
        yield args.junit, gates.junit(evidence, strict=args.strict)
    if args.sarif:
        yield args.sarif, gates.sarif(evidence, args.spec, strict=args.strict)
    if args.markdown:
        yield args.markdown, gates.markdown(evidence)


def init(args: Namespace) -> int:
    """Write a commented trust.yaml."""
    from dte_panel.cli.init import write_spec

    proposals = write_spec(args.data, args.reference, Path(args.out), force=args.force)
    say(f"{args.out} is written. Read it, correct it, then run: dte-panel assess {args.out}")
    if proposals:
        say("\n".join(table([[p.role, p.column, p.why] for p in proposals])))
    else:
        say("  No column told its role; fill in the commented lines.")
    return 0


def serve(args: Namespace) -> int:
    """Assess or read evidence, then show it."""
    from dte_panel.evidence import Evidence

    if not args.specs and not args.evidence:
        raise InputError("nothing to show", hint="Name a trust.yaml, or a file with --evidence")
    read = [Evidence.read(path) for given in args.evidence for path in _files(given)]
    return _show([*_assess_all(args.specs), *read], args)


def _files(given: str) -> list[Path]:
    """A file, or every evidence file of a folder."""
    path = Path(given)
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.json"))
    if not found:
        raise InputError("no evidence files in this folder", where=given, hint="Write some with dte-panel assess --out")
    return found


def demo(args: Namespace) -> int:
    """Show the shipped data."""
    folder = Path(str(files("dte_panel").joinpath("data", "demo")))
    specs = sorted(str(path) for path in folder.glob("*/trust.yaml"))
    return _show(_assess_all(specs), args)


def _assess_all(paths: Sequence[str]) -> list[Evidence]:
    found = []
    for path in paths:
        started = time.monotonic()
        say(f"Assessing {path}")
        evidence = evidence_of(path)
        took = time.monotonic() - started
        say(f"{evidence.subject['name']}: {report.WORDS[evidence.verdict]} ({took:.1f} s)")
        found.append(evidence)
    return found


def _show(evidence: list[Evidence], args: Namespace) -> int:
    from dte_panel import shell

    if args.num_procs < 1:
        raise InputError(f"{args.num_procs} processes cannot serve", where="--num-procs", hint="Give 1 or more")
    shell.serve(
        evidence,
        address=args.address,
        port=args.port,
        open_browser=not args.no_browser,
        prefix=args.prefix,
        allow_origins=args.allow_websocket_origin,
        processes=args.num_procs,
        basic_auth=args.basic_auth,
        oauth_provider=args.oauth_provider,
        certificates=_shelf(args),
    )
    return 0


def _shelf(args: Namespace) -> Shelf | None:
    """Where the certificates stand, if they are to be shown."""
    if not getattr(args, "certificates", None):  # the demo has none
        return None
    from dte_panel.certificate import PublicKey, Shelf

    if not args.key:
        raise InputError("certificates are checked with a key", where="--certificates", hint="Give --key trust.key.pub")
    return Shelf(Path(args.certificates), PublicKey.read(args.key), Path(args.revoked) if args.revoked else None)


def plugins(args: Namespace) -> int:
    """List what is installed, also what is broken."""
    from dte_panel import registry

    with _quiet():
        found = registry.load().plugins
    if args.json:
        say(json.dumps([_plain(plugin) for plugin in found], indent=2))
        return 0
    head = ["id", "version", "state", "metrics", "hooks", "from", "reason"]
    rows = [
        [p.id, p.version, p.state, str(len(p.metrics)), ", ".join(p.hooks), p.distribution, p.reason or ""]
        for p in found
    ]
    say("\n".join(table([head, *rows], right=(3,), indent="")) if rows else "No plugin is installed.")
    return 0


def _plain(plugin: Any) -> dict[str, Any]:
    return {f.name: getattr(plugin, f.name) for f in fields(plugin) if f.name != "manager"}
