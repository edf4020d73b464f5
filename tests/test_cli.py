"""The command line: exit codes, what is printed where, and the trust.yaml that init writes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel import __version__
from dte_panel.cli import COMMANDS, commands, main, report
from dte_panel.cli.init import render
from dte_panel.cli.output import Progress, say, table
from dte_panel.cli.proposals import length_of_windows, propose
from dte_panel.engine.sources import ColumnInfo
from dte_panel.errors import InputError, PluginError
from dte_panel.evidence import Evidence
from dte_panel.model import Measurement, Verdict, VerdictWord, overall
from dte_panel.spec import read

DEMO = Path(__file__).parents[1] / "dte_panel" / "data" / "demo"
Capture = pytest.CaptureFixture[str]


def verdict(word: VerdictWord, provider: str = "drift", *, required: bool = True, **changes: Any) -> Verdict:
    value = 0.31 if word in {"pass", "warn", "fail"} else None
    status = "ok" if value else "not_evaluated"
    measured = Measurement(
        f"{provider}.index",
        1,
        provider,
        "current",
        {},
        "age",
        value,
        0.25,
        0.4,
        1234,
        cast(Any, status),
        "too few rows",
    )
    made = Verdict(f"{provider}.index", provider, "current", {}, "age", word, required, "<= 0.2", "a reason", measured)
    return replace(made, **changes)


def evidence(*verdicts: Verdict, **changes: Any) -> Evidence:
    providers = [{"id": "drift", "version": "1", "state": "ok", "reason": None, "seconds": 0.1}]
    made = Evidence(
        subject={"name": "loans", "kind": "model", "version": "3"},
        verdict=overall(verdicts),
        measurements=[v.measurement for v in verdicts if v.measurement],
        verdicts=verdicts,
        data=[{"name": "current", "uri": "a.parquet", "rows": 10, "sha256": "0"}],
        providers=providers,
    )
    return replace(made, **changes)


@pytest.fixture
def assessed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let every command find this evidence instead of assessing."""

    def _assessed(*verdicts: Verdict, **changes: Any) -> None:
        made = evidence(*verdicts, **changes)
        monkeypatch.setattr(commands, "evidence_of", lambda path, **_: made)

    return _assessed


def column(name: str, kind: str = "integer", **changes: Any) -> ColumnInfo:
    made = ColumnInfo(name, cast(Any, kind), 2, 0, 0.0, 1.0, ("0", "1"), 1000)
    return replace(made, **changes)


# Parsing and help


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: Capture) -> None:
    assert main([command, "--help"]) == 0
    assert f"dte-panel {command}" in capsys.readouterr().out.partition("example:")[2]


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"dte-panel {__version__}\n"


def test_wrong_command_names_the_nearest(capsys: Capture) -> None:
    assert main(["asess", "x"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Did you mean 'assess'?" in err


@pytest.mark.parametrize("arguments", [[], ["check"], ["assess", "a", "--port", "1"], ["demo", "--port", "x"]])
def test_wrong_arguments_are_wrong_input(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


# check


@pytest.mark.parametrize(
    ("words", "strict", "code"),
    [
        (["pass"], False, 0),
        (["pass", "warn"], False, 0),
        (["pass", "warn"], True, 4),
        (["pass"], True, 0),
        (["pass", "warn", "fail", "error"], False, 1),
        (["fail"], True, 1),
        (["pass", "not_evaluated"], False, 3),
        (["warn", "not_evaluated", "error"], True, 3),
        ([], False, 3),
    ],
)
def test_exit_codes_of_check(words: list[VerdictWord], strict: bool, code: int, assessed: Any, capsys: Capture) -> None:
    assessed(*map(verdict, words))
    assert main(["check", "t.yaml", *(["--strict"] if strict else [])]) == code
    assert "Verdict: " in capsys.readouterr().out


def test_check_prints_only_what_decides(assessed: Any, capsys: Capture) -> None:
    assessed(verdict("fail"), verdict("warn"), verdict("fail", "echo", required=False), verdict("pass"))
    main(["check", "t.yaml"])
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "loans (model, version 3)"
    assert out[1] == "Verdict: fail. Of 3 required checks: 1 fail, 1 warn, 1 pass."
    assert out[3].split() == ["check", "where", "value", "95", "%", "interval", "n", "bound"]
    assert out[4].split() == ["fail", "drift.index", "age", "0.31", "0.25", "to", "0.4", "1,234", "<=", "0.2"]
    assert len(out) == 5


def test_check_of_nothing_required_does_not_pass(assessed: Any, capsys: Capture) -> None:
    assessed(verdict("pass", required=False))
    assert main(["check", "t.yaml"]) == 3
    assert "not evaluated. No required check was made." in capsys.readouterr().out


# assess


def test_assess_prints_worst_first(assessed: Any, capsys: Capture) -> None:
    assessed(verdict("pass"), verdict("not_evaluated"), verdict("fail", required=False), verdict("fail"))
    assert main(["assess", "t.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = lines[lines.index("drift 1") + 2 :]
    assert [line.split("drift.index")[0].strip() for line in rows] == [
        "fail",
        "fail (optional)",
        "not evaluated",
        "pass",
    ]
    assert rows[2].endswith("a reason")
    assert not rows[0].endswith("a reason")


def test_assess_names_broken_providers(assessed: Any, capsys: Capture) -> None:
    broken = {"id": "drift", "version": "1", "state": "broken", "reason": "no module named x", "seconds": 0}
    assessed(verdict("error"), providers=[broken], notes=["drift.gone was left out"])
    main(["assess", "t.yaml"])
    out = capsys.readouterr().out
    assert "drift 1: broken, no module named x\n  1 check could not be made" in out
    assert "Notes\n  drift.gone was left out" in out


def test_assess_cuts_long_lists_and_says_so(assessed: Any, capsys: Capture) -> None:
    assessed(*[verdict("fail", column=f"c{i}") for i in range(20)], *[verdict("pass")] * 10)
    main(["assess", "t.yaml"])
    assert "and 18 more (8 fail, 10 pass); --json has all of them" in capsys.readouterr().out


def test_windows_that_say_the_same_share_a_line(assessed: Any, capsys: Capture) -> None:
    windows = ["2018-01-01", "current", "2018-02-01", "2018-03-01"]
    assessed(*[verdict("fail", window=w) for w in windows], verdict("fail", window="2018-01-01", cohort={"sex": "F"}))
    main(["check", "t.yaml"])
    rows = capsys.readouterr().out.splitlines()[4:]
    assert len(rows) == 2
    assert "  age, and 3 more windows  " in rows[0]
    assert "  age · F · 2018-01-01  " in rows[1]


def test_assess_json_is_one_document_and_nothing_else(assessed: Any, capsys: Capture) -> None:
    assessed(verdict("fail"))
    assert main(["assess", "t.yaml", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out)
    keys = ["schema", "subject", "verdict", "measurements", "verdicts", "data", "providers"]
    assert [key for key in keys if key not in document] == []
    assert document["verdict"] == "fail"


@pytest.mark.parametrize("command", ["assess", "check"])
def test_out_writes_the_evidence(command: str, assessed: Any, tmp_path: Path) -> None:
    assessed(verdict("pass"))
    out = tmp_path / "evidence.json"
    out.write_text("old")
    assert main([command, "t.yaml", "--out", str(out)]) == 0
    assert Evidence.read(out).verdict == "pass"
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.json"]


def test_out_that_cannot_be_written(assessed: Any, tmp_path: Path, capsys: Capture) -> None:
    assessed(verdict("pass"))
    assert main(["check", "t.yaml", "--out", str(tmp_path / "no" / "evidence.json")]) == 2
    assert "evidence.json: cannot be written" in capsys.readouterr().err


def test_share_suppresses(assessed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assessed(verdict("fail"))
    shared = evidence(verdict("pass"))
    monkeypatch.setattr(Evidence, "shared", lambda self: shared)
    out = tmp_path / "evidence.json"
    assert main(["assess", "t.yaml", "--share", "--out", str(out)]) == 0
    assert Evidence.read(out).verdict == "pass"


# Errors


def test_errors_of_ours_are_one_message(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail(path: str, **_: Any) -> Evidence:
        raise PluginError("no good", where="drift")

    monkeypatch.setattr(commands, "evidence_of", fail)
    assert main(["check", "t.yaml"]) == 2
    assert capsys.readouterr() == ("", "error: drift: no good\n")


@pytest.mark.parametrize("place", ["before", "after"])
def test_faults_of_ours_ask_for_debug(place: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail(path: str, **_: Any) -> Evidence:
        return cast(Evidence, 1 // 0)

    monkeypatch.setattr(commands, "evidence_of", fail)
    assert main(["check", "t.yaml"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "--debug" in err
    assert "Traceback" not in err
    assert main(["--debug", "check", "t.yaml"] if place == "before" else ["check", "t.yaml", "--debug"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def stop(path: str, **_: Any) -> Evidence:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "evidence_of", stop)
    assert main(["check", "t.yaml"]) == 130
    assert capsys.readouterr() == ("", "")


def test_keys_the_engine_complains_of_get_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trust.yaml"
    path.write_text("subject: {name: a}\ndata: {current: a.parquet}\n")

    def fail(*_: Any, **__: Any) -> Evidence:
        raise InputError("does not exist", where="plugins.drift", hint="Do this")

    monkeypatch.setattr("dte_panel.conductor.assess_spec", fail)
    with pytest.raises(InputError) as caught:
        commands.evidence_of(str(path))
    assert str(caught.value) == f"{path}: plugins.drift: does not exist. Do this"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dte_panel.cli", "plugins", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, check=False, text=True)
    assert (done.returncode, done.stderr) == (141, "")


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dte_panel.cli", "check", str(tmp_path / "none.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"error: {tmp_path / 'none.yaml'}: the file does not exist\n"


def test_help_is_light() -> None:
    code = (
        "import sys; from dte_panel.cli import main; main(['--help']); "
        "print({'panel', 'bokeh', 'duckdb', 'pandas', 'numpy', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


# Terminal


def test_text_from_data_cannot_drive_the_terminal(capsys: Capture) -> None:
    say("a\x1b[2Jb\u202ec\rd\ne")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\u202ec\\rd\ne\n"
    assert "\n" not in table([["x\ny", "z"]])[0]


def test_numbers_read_well() -> None:
    found = [report.number(v) for v in (0.12345, 0.5, -3.0, 12345.6, 1e-7, 0.0, None, 99.99)]
    assert found == ["0.1235", "0.5", "-3", "12,346", "1e-07", "0", "–", "99.99"]


def test_places_in_words() -> None:
    assert report.place(verdict("pass", column=None)) == "all rows"
    assert report.place(verdict("pass", cohort={"sex": "F", "race": None}, window="2019-01-01")) == (
        "age · F, missing · 2019-01-01"
    )
    assert report.place(verdict("pass", column=None, across="race")) == "across race"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_only_on_a_terminal_and_only_when_slow() -> None:
    quick, slow, file = _Terminal(), _Terminal(), io.StringIO()
    with Progress("Assessing", quick) as bar:
        bar(1, 2, "x")
    with Progress("Assessing", slow) as bar:
        bar.started -= 5
        bar(1, 2, "x\x1b")
    with Progress("Assessing", file) as bar:
        bar.started -= 5
        bar(1, 2, "x")
    assert (quick.getvalue(), file.getvalue()) == ("", "")
    assert "Assessing [############------------] 1/2 x\\x1b" in slow.getvalue()
    assert slow.getvalue().endswith("\r\x1b[K")


# plugins, serve, demo


def test_plugins_list(capsys: Capture) -> None:
    assert main(["plugins"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["id", "version", "state", "metrics", "hooks", "from", "reason"]
    assert [line for line in out if line.startswith("drift ")]


def test_plugins_json(capsys: Capture) -> None:
    assert main(["plugins", "list", "--json"]) == 0
    found = {plugin["id"]: plugin for plugin in json.loads(capsys.readouterr().out)}
    keys = ["id", "distribution", "version", "license", "state", "reason", "hooks", "metrics", "origin"]
    assert [key for key in keys if key not in found["drift"]] == []


def test_plugins_shows_the_broken_ones(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    from dte_panel import registry

    broken = registry.Plugin("bad", "dte-panel-bad", "0.1", "MIT", "bad").broken("ImportError: no module")
    monkeypatch.setattr(registry, "load", lambda: registry.Registry([broken]))
    assert main(["plugins"]) == 0
    assert "ImportError: no module" in capsys.readouterr().out


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr("dte_panel.shell.serve", lambda found, **options: calls.append((found, options)))
    return calls


def test_serve_shows_specs_and_evidence(assessed: Any, served: list[Any], tmp_path: Path, capsys: Capture) -> None:
    assessed(verdict("warn"))
    evidence(verdict("fail")).write(tmp_path / "e.json")
    arguments = ["a.yaml", "b.yaml", "--evidence", str(tmp_path / "e.json"), "--port", "0", "--no-browser"]
    arguments += ["--prefix", "p", "--allow-websocket-origin", "a:1", "--allow-websocket-origin", "b:2"]
    arguments += ["--num-procs", "2", "--basic-auth", "users.json"]
    assert main(["serve", *arguments]) == 0
    ((found, options),) = served
    assert [e.verdict for e in found] == ["warn", "warn", "fail"]
    assert options == {
        "address": "127.0.0.1",
        "port": 0,
        "open_browser": False,
        "prefix": "p",
        "allow_origins": ["a:1", "b:2"],
        "processes": 2,
        "basic_auth": "users.json",
        "oauth_provider": "",
        "certificates": None,
    }
    assert "loans: warn" in capsys.readouterr().out


def test_serve_without_anything(served: list[Any], capsys: Capture) -> None:
    assert main(["serve"]) == 2
    assert "trust.yaml" in capsys.readouterr().err
    assert served == []


def test_serve_refuses_what_is_no_evidence(served: list[Any], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "e.json").write_text('{"schema": "other"}')
    assert main(["serve", "--evidence", str(tmp_path / "e.json")]) == 2
    assert "e.json" in capsys.readouterr().err
    assert served == []


def test_demo_assesses_the_shipped_subjects(
    monkeypatch: pytest.MonkeyPatch, served: list[Any], capsys: Capture
) -> None:
    asked: list[str] = []

    def assess(path: str) -> Evidence:
        asked.append(Path(path).parent.name)
        return evidence(verdict("pass"), subject={"name": read(path).subject.name, "kind": "model"})

    monkeypatch.setattr(commands, "evidence_of", assess)
    assert main(["demo", "--no-browser"]) == 0
    assert asked == ["acs-employment", "car-loan"]
    assert "ma-employment: pass" in capsys.readouterr().out
    assert len(served) == 1


# init


def roles(*columns: ColumnInfo) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for proposal in propose(columns):
        assert proposal.why
        found.setdefault(proposal.role, []).append(proposal.column)
    return found


def test_proposals_by_name_and_content() -> None:
    found = roles(
        column("CustomerID", distinct=1000),
        column("y_true"),
        column("Predicted"),
        column("predicted_proba", "float", distinct=900),
        column("Sex", "text", examples=("F", "M")),
        column("age-group", "text", distinct=6),
        column("when", "time"),
        column("comment", "text", distinct=500, examples=("this is a sentence", "and one more sentence")),
        column("income", "float", distinct=900, maximum=1e6),
    )
    assert found == {
        "id": ["CustomerID"],
        "score": ["predicted_proba"],
        "prediction": ["Predicted"],
        "time": ["when"],
        "sensitive": ["Sex", "age-group"],
        "label": ["y_true"],
        "text": ["comment"],
    }


@pytest.mark.parametrize(
    "info",
    [
        column("id", distinct=999),
        column("id", distinct=1000, nulls=1),
        column("score", "float", maximum=700.0),
        column("score", "integer"),
        column("label", distinct=1),
        column("target", "other"),
        column("sex", "text", distinct=1),
        column("race", "text", distinct=51),
        column("year", minimum=0.0, maximum=9.0),
        column("year", distinct=0, minimum=None, maximum=None),
        column("date", "text", examples=("soon",)),
        column("income", "float"),
    ],
    ids=lambda info: f"{info.name} {info.type} {info.distinct}",
)
def test_no_proposal_without_the_content(info: ColumnInfo) -> None:
    assert roles(info) == {}


def test_label_by_the_values_of_the_prediction() -> None:
    loans = column("good_loan", "text", examples=("no", "yes"))
    predicted = column("prediction", "text", examples=("yes", "no"))
    assert roles(loans, predicted)["label"] == ["good_loan"]
    assert "label" not in roles(loans, replace(loans, name="other"), predicted)


@pytest.mark.parametrize(
    ("kind", "first", "last", "length"),
    [
        ("integer", 2015.0, 2018.0, "1 year"),
        ("time", "2015-01-01", "2018-01-01", "1 year"),
        ("time", "2018-01-01 00:00:00+00", "2018-06-01 00:00:00+00", "1 month"),
        ("time", "2018-01-01", "2018-01-30", "1 week"),
        ("text", "2018-01-01", "2018-01-04", "1 day"),
        ("time", "2018-01-01 10:00:00", "2018-01-01 20:00:00", "1 hour"),
        ("time", "long ago", "now", None),
    ],
)
def test_windows_from_the_span(kind: str, first: Any, last: Any, length: str | None) -> None:
    assert length_of_windows(column("t", kind, minimum=first, maximum=last)) == length


def test_positive_class_of_text_labels(tmp_path: Path) -> None:
    label = column("label", "text", examples=("no", "yes"))
    (tmp_path / "t.yaml").write_text(render("a", ("a.csv", None), [label], propose([label])))
    assert read(tmp_path / "t.yaml").roles.positive == "yes"
    unclear = replace(label, examples=("a", "b"))
    (tmp_path / "t.yaml").write_text(render("a", ("a.csv", None), [unclear], propose([unclear])))
    assert read(tmp_path / "t.yaml").roles.positive is None


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(names=st.lists(st.text(), min_size=5, max_size=5, unique=True), path=st.text(min_size=1))
def test_whatever_init_writes_reads_back(names: list[str], path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    from dte_panel.cli.proposals import Proposal

    wanted = ["label", "time", "sensitive", "sensitive", "text"]
    proposals = [Proposal(role, name, "a reason") for role, name in zip(wanted, names, strict=True)]
    columns = [column(name, "time", minimum="2018-01-01", maximum="2019-01-01") for name in names]
    out = tmp_path_factory.mktemp("init") / "trust.yaml"
    out.write_text(render(path, (path, path), columns, proposals), encoding="utf-8", newline="\n")
    spec = read(out)
    assert (spec.subject.name, spec.data.current, spec.data.reference) == (path, path, path)
    assert (spec.roles.label, spec.roles.time) == (names[0], names[1])
    assert (spec.roles.sensitive, spec.roles.text) == (tuple(names[2:4]), (names[4],))


def test_commented_lines_are_valid_once_uncommented(tmp_path: Path) -> None:
    out = tmp_path / "t.yaml"
    text = render("a", ("a.csv", None), [], [])
    assert read_text(out, text).roles.label is None
    lines = [re.sub(r"^( *)# ", r"\1", line) for line in text.splitlines()[1:]]
    spec = read_text(out, "\n".join(lines))
    assert (spec.roles.label, spec.roles.positive, spec.use_case.risk) == ("approved", 1, "high")
    assert spec.windows is not None
    assert spec.cohorts == (("sex", "race"),)


def read_text(out: Path, text: str) -> Any:
    out.write_text(text)
    return read(out)


@pytest.mark.parametrize("name", ["acs-employment", "car-loan"])
def test_init_finds_the_roles_of_the_demo(name: str, tmp_path: Path, capsys: Capture) -> None:
    data, out = DEMO / name, tmp_path / "trust.yaml"
    arguments = [str(data / "current.parquet"), "--reference", str(data / "reference.parquet"), "--out", str(out)]
    assert main(["init", *arguments]) == 0
    assert "dte-panel assess" in capsys.readouterr().out
    found, wanted = read(out).roles, read(data / "trust.yaml").roles
    for role in ("label", "prediction", "score", "time", "id"):
        assert getattr(found, role) == getattr(wanted, role)
    assert set(wanted.sensitive) <= set(found.sensitive)
    assert out.read_text().count("  # ") > 5


def test_init_does_not_overwrite(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "trust.yaml"
    out.write_text("mine")
    arguments = ["init", str(DEMO / "car-loan" / "current.parquet"), "--out", str(out)]
    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*arguments, "--force"]) == 0
    assert read(out).roles.label == "repaid"


def test_init_writes_paths_from_the_specs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "specs").mkdir()
    (tmp_path / "data" / "rows: 1.csv").write_text("label,x\n1,2\n0,3\n")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "data/rows: 1.csv", "--out", "specs/trust.yaml"]) == 0
    spec = read("specs/trust.yaml")
    assert spec.data.current == "../data/rows: 1.csv"
    assert Path(spec.locate(spec.data.current)).is_file()
    assert yaml.safe_load(Path("specs/trust.yaml").read_text())["subject"]["name"] == "rows: 1"


def test_init_without_data(tmp_path: Path, capsys: Capture) -> None:
    assert main(["init", str(tmp_path / "no.parquet"), "--out", str(tmp_path / "t.yaml")]) == 2
    assert "no.parquet" in capsys.readouterr().err
    assert not (tmp_path / "t.yaml").exists()


@pytest.mark.parametrize("command", ["assess", "check"])
def test_verify_prints_what_the_libraries_say(command: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    second = {
        "numbers": 3,
        "agree": 3,
        "exact": 3,
        "tolerance": 1e-12,
        "libraries": {"scipy": "1.0"},
        "disagreements": [],
    }

    def assess(path: str, *, verify: bool = False, **_: Any) -> Evidence:
        return evidence(verdict("pass"), second_opinion=second if verify else {})

    monkeypatch.setattr(commands, "evidence_of", assess)
    main([command, "t.yaml"])
    assert "agree" not in capsys.readouterr().out
    main([command, "t.yaml", "--verify"])
    assert "3 of 3 numbers agree with scipy 1.0 to 1e-12.\n" in capsys.readouterr().out
