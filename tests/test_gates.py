"""What a build reads: each report by the tool that reads it, whatever stands in the data."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dte_panel import conductor, gates
from dte_panel import spec as specs
from dte_panel.cli import commands, main
from dte_panel.evidence import Evidence
from dte_panel.model import Verdict, VerdictWord, overall

pytest_plugins = ["pytester"]
HOSTILE = "<img src=x onerror=alert(1)> | [a](javascript:alert(1)) ![](http://x.y/z) @org/team #12 https://x.y `code`"
WORDS: tuple[VerdictWord, ...] = ("pass", "warn", "fail", "error", "not_evaluated")
METRIC = "drift.population_stability_index"


def verdict(word: VerdictWord, *, required: bool = True, **changes: Any) -> Verdict:
    made = Verdict(METRIC, "drift", "current", {}, "age", word, required, "<= 0.2", "0.31 is above 0.2", None)
    return replace(made, **changes)


def evidence(*verdicts: Verdict, name: str = "loans") -> Evidence:
    return Evidence(
        subject={"name": name},
        verdict=overall(verdicts),
        measurements=(),
        verdicts=verdicts,
        data=(),
        providers=(),
        created="2026-03-01T10:00:00+00:00",
        policy={"id": "default"},
        versions={"dte-panel": "1"},
        metrics={METRIC: {"title": "Population stability index", "definition": "How far.", "source": "Siddiqi"}},
    )


EVERY = evidence(*(verdict(word, required=required) for word in WORDS for required in (True, False)))


@pytest.mark.parametrize(("strict", "failures", "passed"), [(False, 1, 3), (True, 2, 2)])
def test_junit_fails_what_is_required_alone(strict: bool, failures: int, passed: int) -> None:
    from junitparser import Error, Failure, JUnitXml, Skipped

    suite = next(iter(JUnitXml.fromstring(gates.junit(EVERY, strict=strict).encode())))
    kinds = [type(case.result[0]) if case.result else None for case in suite]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (10, failures, 2, 4)
    assert [kinds.count(k) for k in (Failure, Error, Skipped, None)] == [failures, 2, 4, passed]


@given(text=st.text(min_size=1))
@settings(deadline=None, max_examples=100)
def test_junit_is_xml_whatever_the_data(text: str) -> None:
    from junitparser import JUnitXml

    made = gates.junit(evidence(verdict("fail", column=text, reason=text, cohort={text: text}), name=text))
    case = next(iter(next(iter(JUnitXml.fromstring(made.encode())))))
    assert case.classname == METRIC


def test_sarif_holds_what_did_not_pass() -> None:
    log = json.loads(gates.sarif(EVERY, "specs/trust.yaml"))
    (run,) = log["runs"]
    assert (log["version"], [r["id"] for r in run["tool"]["driver"]["rules"]]) == ("2.1.0", [METRIC])
    levels = [(r["properties"]["verdict"], r["properties"]["required"], r["level"]) for r in run["results"]]
    assert levels[:4] == [
        ("warn", True, "warning"),
        ("warn", False, "note"),
        ("fail", True, "error"),
        ("fail", False, "note"),
    ]
    assert {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]} == {
        "specs/trust.yaml"
    }
    strict = json.loads(gates.sarif(EVERY, "trust.yaml", strict=True))["runs"][0]["results"]
    assert strict[0]["level"] == "error"


def test_fingerprints_follow_the_check_and_not_its_number() -> None:
    def print_of(**changes: Any) -> str:
        log = json.loads(gates.sarif(evidence(verdict("fail", **changes)), "t"))
        return cast(str, log["runs"][0]["results"][0]["partialFingerprints"]["check/v1"])

    assert print_of() == print_of(reason="0.4 is above 0.2", verdict="error")
    assert len({print_of(), print_of(column="b"), print_of(window="2026-01-01"), print_of(cohort={"a": None})}) == 4


@pytest.mark.slow
def test_a_reader_of_sarif_understands_it(tmp_path: Path) -> None:
    uv = shutil.which("uv")
    assert uv, "this test asks sarif-tools, which uv fetches"
    (tmp_path / "dte.sarif").write_text(gates.sarif(EVERY, "trust.yaml"))
    told = [uv, "run", "--no-project", "--isolated", "--with", "sarif-tools", "sarif", "summary", "dte.sarif"]
    done = subprocess.run(told, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "error: 3" in done.stdout
    assert f"{METRIC}" in done.stdout


def test_markdown_shows_hostile_text_as_text() -> None:
    from markdown_it import MarkdownIt

    text = gates.markdown(evidence(verdict("fail", column=HOSTILE, reason=HOSTILE), name=HOSTILE))
    page = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<img" not in page
    assert "<a " not in page
    assert "<code>" not in page
    assert page.count("<td>") == 5
    assert "@org" not in text
    assert "#12" not in text


def test_markdown_says_the_verdict_and_the_counts() -> None:
    text = gates.markdown(EVERY)
    assert text.startswith("### ❌ loans: fail\n\nRequired checks: 1 pass, 1 warn, 1 not evaluated, 1 error, 1 fail.")
    assert text.count("(advisory)") == 4
    many = gates.markdown(evidence(*[verdict("fail", column=f"c{i}") for i in range(60)]))
    assert many.endswith("\n\nand 10 more.\n")
    assert "|" not in gates.markdown(evidence(verdict("pass")))


def test_workflow_commands_stay_on_their_line() -> None:
    made = gates.workflow_commands(
        evidence(verdict("fail", column="a\n::error::x", reason="b\r\n::warning::%")), "a,b:c.yaml"
    )
    assert made.splitlines() == [
        "::error file=a%2Cb%3Ac.yaml,line=1,title=drift.population_stability_index of a%0A%3A%3Aerror%3A%3Ax"
        "::fail: b%0D%0A::warning::%25"
    ]


def test_check_writes_every_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(commands, "evidence_of", lambda path, **_: EVERY)
    monkeypatch.chdir(tmp_path)
    told = ["check", "t.yaml", "--junit", "j.xml", "--sarif", "s.sarif", "--markdown", "m.md", "--github", "--json"]
    assert main(told) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "fail"
    assert err.count("::error file=t.yaml") == 3
    assert [Path(name).stat().st_size > 0 for name in ("j.xml", "s.sarif", "m.md")] == [True] * 3
    assert main(["check", "t.yaml", "--junit", "no/where.xml"]) == 2


FOLDER = Path(__file__).parents[1]


def action() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((FOLDER / "action.yml").read_text()))


def test_the_action_hands_its_inputs_over_as_variables() -> None:
    steps = action()["runs"]["steps"]
    assert all("${{" not in step["run"] for step in steps)
    assert {used for step in steps for used in step["env"].values()} == {
        f"${{{{ inputs.{name} }}}}" for name in action()["inputs"]
    }


@pytest.mark.parametrize(("spec", "code"), [("fine.yaml", 0), ("bad $(touch x).yaml", 1)])
def test_the_script_of_the_action(spec: str, code: int, tmp_path: Path) -> None:
    """The command is a stand-in that notes its arguments; what it is to do is tested above."""
    command = tmp_path / "bin" / "dte-panel"
    command.parent.mkdir()
    command.write_text(
        '#!/bin/bash\nprintf "%s\\n" "$@" > said\necho "### found" > dte-panel.md\n[ "$2" = fine.yaml ]\n'
    )
    command.chmod(0o755)
    summary = tmp_path / "summary"
    env = {
        "PATH": f"{command.parent}:/usr/bin:/bin",
        "GITHUB_STEP_SUMMARY": str(summary),
        "SPEC": spec,
        "STRICT": "true",
    }
    script = action()["runs"]["steps"][1]["run"]
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=env, check=False)
    assert done.returncode == code
    assert summary.read_text() == "### found\n"
    said = (tmp_path / "said").read_text().splitlines()
    assert (said[:2], said[-1]) == (["check", spec], "--strict")
    assert not (tmp_path / "x").exists()


def test_the_hook_runs_a_command_that_exists() -> None:
    (hook,) = yaml.safe_load((FOLDER / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "dte-panel check"
    assert re.search(hook["files"], "models/credit/trust.yaml")
    assert not re.search(hook["files"], "models/entrust.yaml")


def test_trust_is_a_fixture_of_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conductor, "assess_spec", lambda spec, **_: EVERY)
    monkeypatch.setattr(specs, "read", lambda path: None)
    pytester.makepyfile("def test_data(trusted):\n    trusted('trust.yaml')\n")
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: trust.yaml: loans*", "*Of 5 required checks*"])
    monkeypatch.setattr(conductor, "assess_spec", lambda spec, **_: evidence(verdict("pass")))
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=1)
