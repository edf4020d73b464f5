"""The command line: thin. It parses, calls and prints; errors become one message and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from dte_panel import __version__
from dte_panel.cli import certificates, commands, history
from dte_panel.cli.output import say
from dte_panel.errors import DTEError, did_you_mean

WRONG_INPUT, INTERNAL, INTERRUPTED, PIPE_CLOSED = 2, 70, 130, 141
COMMANDS = ("demo", "init", "assess", "check", "certify", "verify", "history", "serve", "plugins")


#: Commands that stand in a file of their own.
_ROOMS = {"certify": certificates, "verify": certificates, "history": history}


class _Parser(argparse.ArgumentParser):
    """Says the nearest command, where argparse only lists them all."""

    def error(self, message: str) -> NoReturn:
        word = message.partition("invalid choice: '")[2].partition("'")[0]
        hint = f". {did_you_mean(word, COMMANDS)}" if word and "command" in message else ""
        self.exit(WRONG_INPUT, f"error: {message}{hint}\n{self.format_usage()}")


def parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    top = _Parser(
        prog="dte-panel",
        description="Trust metrics measured on your own data: fairness, drift, performance, guardrails.",
        epilog="Start with: dte-panel demo",
    )
    top.add_argument("--version", action="version", version=f"dte-panel {__version__}")
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    sub = top.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)
    _demo(sub)
    _init(sub)
    _assess(sub)
    _check(sub)
    _certify(sub)
    _verify(sub)
    _history(sub)
    _serve(sub)
    _plugins(sub)
    return top


if TYPE_CHECKING:
    _Sub = argparse._SubParsersAction[_Parser]


def _command(sub: _Sub, name: str, about: str, example: str) -> argparse.ArgumentParser:
    made = sub.add_parser(
        name,
        help=about,
        description=f"{about[0].upper()}{about[1:]}.",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(run=getattr(_ROOMS.get(name, commands), name))
    made.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error")
    return made


def _demo(sub: _Sub) -> None:
    _server(_command(sub, "demo", "show the dashboard on the shipped real data", "dte-panel demo --port 8080"))


def _init(sub: _Sub) -> None:
    made = _command(
        sub,
        "init",
        "look at the data and write a commented trust.yaml",
        "dte-panel init this-year.parquet --reference last-year.parquet",
    )
    made.add_argument("data", help="a Parquet, CSV or Arrow file, or a quoted glob such as 'data/*.parquet'")
    made.add_argument("--reference", metavar="DATA", help="rows to compare with")
    made.add_argument("--out", default="trust.yaml", metavar="FILE", help="where to write (default: trust.yaml)")
    made.add_argument("--force", action="store_true", help="overwrite the file")


def _assess(sub: _Sub) -> None:
    made = _command(
        sub, "assess", "measure, judge and print a table", "dte-panel assess trust.yaml --out evidence.json"
    )
    made.add_argument("spec", metavar="trust.yaml")
    _result(made)
    made.add_argument("--share", action="store_true", help="hide cells of few people, for a file that is given away")


def _check(sub: _Sub) -> None:
    made = _command(sub, "check", "measure, judge and answer with the exit code", "dte-panel check trust.yaml --strict")
    made.epilog = (
        f"{made.epilog}\n\nexit code: 0 pass, 1 fail, 2 wrong input, 3 not evaluated or error, 4 warn with --strict"
    )
    made.add_argument("spec", metavar="trust.yaml")
    _result(made)
    made.add_argument("--strict", action="store_true", help="exit 4 on a warning")
    made.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    made.add_argument("--sarif", metavar="FILE", help="write a SARIF 2.1.0 log of what did not pass")
    made.add_argument("--markdown", metavar="FILE", help="write a comment for a pull request")
    made.add_argument("--github", action="store_true", help="print annotations for a workflow on GitHub")


def _certify(sub: _Sub) -> None:
    made = _command(
        sub,
        "certify",
        "assess and sign, if every required check passes",
        "dte-panel certify keygen trust.key\n"
        "  dte-panel certify trust.yaml --key trust.key --out certificate.json\n"
        "  dte-panel certify revoke certificate.json --key trust.key --reason 'wrong reference'",
    )
    made.epilog = f"{made.epilog}\n\nexit code: 0 signed, 1 not certified, 2 wrong input"
    certificates.add_arguments(made)


def _verify(sub: _Sub) -> None:
    made = _command(
        sub, "verify", "check a certificate, offline", "dte-panel verify certificate.json --key trust.key.pub"
    )
    made.epilog = f"{made.epilog}\n\nexit code: 0 valid, 1 not valid, 2 wrong input"
    certificates.add_verify_arguments(made)


def _history(sub: _Sub) -> None:
    example = "dte-panel assess trust.yaml --history past.sqlite\n  dte-panel history list --history past.sqlite"
    history.add_arguments(_command(sub, "history", "list, show, compare, forget or export past assessments", example))


def _result(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="print the evidence as JSON and nothing else")
    made.add_argument("--out", metavar="FILE", help="write the evidence to a file")
    made.add_argument("--verify", action="store_true", help="compute the numbers again with the reference libraries")
    made.add_argument("--history", metavar="FILE", help="keep the assessment in this file, or at a database URL")
    kept = made.add_mutually_exclusive_group()
    kept.add_argument(
        "--cache", metavar="DIR", help="keep what is learned of each Parquet file there, or in the usual place: auto"
    )
    kept.add_argument("--no-cache", action="store_true", help="read every file, whatever the cache of trust.yaml")
    made.add_argument("--reread", action="store_true", help="with a cache: know files by their bytes, not their times")


def _serve(sub: _Sub) -> None:
    made = _command(sub, "serve", "show the dashboard, one or many subjects", "dte-panel serve trust.yaml --no-browser")
    made.add_argument("specs", nargs="*", metavar="trust.yaml")
    made.add_argument(
        "--evidence",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="evidence written by assess --out, or a folder of such",
    )
    made.add_argument("--certificates", metavar="DIR", help="a folder of certificates to show; needs --key")
    made.add_argument("--key", metavar="FILE", help="the public key that their signatures are checked with")
    made.add_argument("--revoked", metavar="FILE", help="the list of revocations")
    _server(made)


def _server(made: argparse.ArgumentParser) -> None:
    made.add_argument("--port", type=int, default=5006, help="default: 5006; a free one if it is taken")
    made.add_argument("--address", default="127.0.0.1", help="default: 127.0.0.1, only this machine")
    made.add_argument("--no-browser", action="store_true", help="only print the address")
    made.add_argument("--prefix", default="", metavar="PATH", help="path under which a proxy shows the pages")
    made.add_argument(
        "--allow-websocket-origin", action="append", default=[], metavar="HOST", help="host:port that may show the page"
    )
    made.add_argument("--num-procs", type=int, default=1, metavar="N", help="worker processes that share the port")
    made.add_argument("--basic-auth", default="", metavar="FILE", help="a JSON file of users, or one password")
    made.add_argument(
        "--oauth-provider",
        default="",
        metavar="NAME",
        help="one of Panel's, such as github; see docs/serving.md",
    )


def _plugins(sub: _Sub) -> None:
    made = _command(sub, "plugins", "list the installed plugins", "dte-panel plugins --json")
    made.add_argument("action", nargs="?", choices=["list"], default="list")
    made.add_argument("--json", action="store_true", help="print JSON and nothing else")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        The exit code: 0 done, 2 wrong input, 70 a fault of DTE Panel, 130 interrupted, and those of ``check``.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        args = parser().parse_args(argv)
    except SystemExit as done:  # --help, --version and wrong arguments
        return int(done.code or 0)
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader went away, as `| head` does; keep the interpreter from complaining when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into words
        return _failed(error, debug=args.debug)
    return code


def _failed(error: Exception, *, debug: bool) -> int:
    if debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    if isinstance(error, DTEError):
        say(f"error: {error}", sys.stderr)
        return WRONG_INPUT
    hint = "" if debug else " Run again with --debug to see where."
    say(f"error: DTE Panel failed ({type(error).__name__}: {error}).{hint}", sys.stderr)
    return INTERNAL
