"""Policies that extend others, and waivers: what takes the place of what, and that no waiver turns anything green."""

from __future__ import annotations

from pathlib import Path

import pytest

from dte_panel.checks import Check, Policy, Waiver
from dte_panel.errors import InputError
from dte_panel.model import Measurement, Verdict, overall
from dte_panel.policy import judge, record, waived
from dte_panel.spec import read_policy


def measured(value: float, column: str | None = None) -> Measurement:
    return Measurement("a.rate", 1, "a", "current", {}, column, value, None, None, 100, "ok")


PARENT = """
valid_days: 30
checks:
  - {metric: a.rate, bound: "<= 0.2"}
  - {metric: a.rate, bound: "<= 0.3", columns: [x]}
  - {metric: a.other, bound: "<= 1"}
"""


def written(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_a_policy_takes_over_what_it_does_not_replace(tmp_path: Path) -> None:
    child = "extends: parent.yaml\nwithout: a.other\nchecks: [{metric: a.rate, bound: '<= 0.1'}]\n"
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub", parent=PARENT, child=child)
    made = read_policy("sub/child.yaml", tmp_path)
    assert [(c.metric, c.bound, c.columns) for c in made.checks] == [
        ("a.rate", "<= 0.3", ("x",)),
        ("a.rate", "<= 0.1", ()),
    ]
    assert (made.id, made.valid_days) == ("child", 30)


def test_one_that_only_extends_may_be_inline_and_change_the_days(tmp_path: Path) -> None:
    written(tmp_path, parent=PARENT)
    made = read_policy({"extends": "parent.yaml", "valid_days": 7}, tmp_path)
    assert (len(made.checks), made.valid_days, made.file_sha256) == (3, 7, "")
    assert read_policy({"extends": "default"}).checks == read_policy("default").checks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: child.yaml\n", "extends: 'child.yaml' extends itself"),
        ("extends: nowhere.yaml\n", "nowhere.yaml: the file does not exist"),
        ("extends: defalt\n", "there is no policy 'defalt' (line 1). Did you mean 'default'?"),
        ("extends: parent.yaml\nwithout: [a.othr]\n", "no check of 'a.othr' (line 2). Did you mean 'a.other'?"),
        ("title: nothing\n", "a policy has checks, or extends one that has"),
        ("checks: []\nwaivers: [{metric: a.b, who: x, reason: y, until: soon}]\n", "must be a date such as"),
        ("checks: []\nwaivers: [{metric: a.b, who: x, until: 2026-01-01}]\n", "reason"),
    ],
)
def test_what_cannot_be_extended_is_named(text: str, message: str, tmp_path: Path) -> None:
    written(tmp_path, parent=PARENT, child=text)
    with pytest.raises(InputError) as caught:
        read_policy("child.yaml", tmp_path)
    assert message in str(caught.value)


def test_the_digest_follows_the_parents_content(tmp_path: Path) -> None:
    digests = set()
    for bound in ("<= 0.2", "<= 0.25"):
        written(tmp_path, parent=PARENT.replace("<= 0.2", bound), child="extends: parent.yaml\n")
        digests.add(record(read_policy("child.yaml", tmp_path))["sha256"])
    assert len(digests) == 2


def test_waivers_are_read(tmp_path: Path) -> None:
    text = f"{PARENT}waivers:\n  - {{metric: a.rate, columns: x, who: ana, reason: new source, until: 2026-12-31}}\n"
    written(tmp_path, mine=text)
    assert read_policy("mine.yaml", tmp_path).waivers == (Waiver("a.rate", "ana", "new source", "2026-12-31", ("x",)),)


def test_a_waiver_stands_beside_a_verdict_and_never_changes_it() -> None:
    given = [judge(Check("a.rate", "<= 0.2"), measured(0.5, column=c)) for c in ("x", "y")]
    given += [judge(Check("a.rate", "<= 0.9"), measured(0.5, column="x"))]
    waiver = Waiver("a.rate", "ana@example.org", "a new source", "2026-03-31", ("x",))
    policy = Policy("p", "P", (), waivers=(waiver,))
    made, notes = waived(given, policy, "2026-03-31")
    assert [v.verdict for v in made] == ["fail", "fail", "pass"]
    assert [v.waived for v in made] == ["waived by ana@example.org until 2026-03-31: a new source", "", ""]
    assert notes == []
    assert overall(made) == "fail"
    assert Verdict.from_json(made[0].to_json()) == made[0]


def test_a_waiver_that_ended_or_is_idle_is_noted() -> None:
    failing = judge(Check("a.rate", "<= 0.2"), measured(0.5))
    policy = Policy(
        "p", "P", (), waivers=(Waiver("a.rate", "ana", "r", "2026-03-31"), Waiver("a.b", "bo", "r", "2027-01-01"))
    )
    made, notes = waived([failing], policy, "2026-04-01")
    assert made == [failing]
    assert notes == ["the waiver of a.rate by ana ended on 2026-03-31", "the waiver of a.b by bo has nothing to waive"]
