"""trust.yaml: what is read, and what is said about what cannot be read."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dte_panel.checks import Check
from dte_panel.errors import InputError
from dte_panel.spec import Every, Spec, check_columns, document, json_schema, policy_names, read, read_policy

HEAD = "subject: {name: loans}\ndata: {current: a.parquet}\n"
DEMO = Path(__file__).parents[1] / "dte_panel" / "data" / "demo"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def _write(text: str | bytes, name: str = "trust.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(path)
    text = str(caught.value)
    assert "pydantic" not in text
    assert "http" not in text
    return text


BAD: dict[str, tuple[str | bytes, list[str]]] = {
    "wrong key": (HEAD + "roles:\n  sensitve: [sex]\n", ["trust.yaml: roles.sensitve", "(line 4)", "'sensitive'?"]),
    "wrong top key": (HEAD + "role: {label: y}\n", ["trust.yaml: role:", "'roles'?"]),
    "key of a check": (
        HEAD + "policy:\n  checks:\n  - metric: a.b\n    bound: '<= 1'\n    min: 3\n",
        ["trust.yaml: policy.checks[0].min", "(line 7)", "'min_n'?"],
    ),
    "no subject": ("data: {current: a.parquet}\n", ["trust.yaml: subject: is missing"]),
    "no name": ("subject:\n  name:\ndata: {current: a}\n", ["trust.yaml: subject.name: is missing (line 2)"]),
    "empty name": ("subject: {name: ''}\ndata: {current: a}\n", ["subject.name: must not be empty"]),
    "no current": ("subject: {name: a}\ndata: {reference: b}\n", ["trust.yaml: data.current: is missing"]),
    "list of sources": ("subject: {name: a}\ndata: {current: [a, b]}\n", ["data.current: must be text", "a list"]),
    "list where text is wanted": (HEAD + "roles: {label: [a]}\n", ["trust.yaml: roles.label: must be text"]),
    "mapping in a list": (HEAD + "roles: {sensitive: [{a: b}]}\n", ["roles.sensitive[0]: must be text"]),
    "mapping for a list": (HEAD + "roles: {sensitive: {a: b}}\n", ["trust.yaml: roles.sensitive: must be a list"]),
    "text for a mapping": (HEAD + "roles: label\n", ["trust.yaml: roles: must hold keys and values", "'label'"]),
    "wrong word": (HEAD + "use_case: {risk: hihg}\n", ["use_case.risk", "low, medium, high", "'hihg'", "'high'?"]),
    "wrong kind": ("subject: {name: a, kind: modell}\ndata: {current: a}\n", ["subject.kind", "'model'?"]),
    "wrong column type": (HEAD + "types: {age: numerical}\n", ["trust.yaml: types.age", "'numeric'?"]),
    "windows": (HEAD + "roles: {time: t}\nwindows: {every: fortnight}\n", ["windows.every", "'2 weeks'", "fortnight"]),
    "zero windows": (HEAD + "roles: {time: t}\nwindows: {every: 0 days}\n", ["windows.every", "'0 days'"]),
    "windows without every": (HEAD + "roles: {time: t}\nwindows: {start: 2018-01-01}\n", ["windows.every: is missing"]),
    "no such day": (
        HEAD + "roles: {time: t}\nwindows: {every: 1 day, start: 2018-02-30}\n",
        ["windows.start: must be a date", "'2018-02-30'"],
    ),
    "not a day": (HEAD + "roles: {time: t}\nwindows: {every: 1 day, start: 2018}\n", ["windows.start", "'2018'"]),
    "windows without time": (HEAD + "windows: {every: 1 day}\n", ["trust.yaml: windows", "roles.time"]),
    "cohort of one": (HEAD + "roles: {sensitive: [a]}\ncohorts: [[a]]\n", ["trust.yaml: cohorts[0]", "2"]),
    "flat cohorts": (
        HEAD + "roles: {sensitive: [a, b]}\ncohorts: [a, [a, b]]\n",
        ["cohorts[0]: must be a list", "'a'"],
    ),
    "cohort not sensitive": (
        HEAD + "roles: {sensitive: [sex, race]}\ncohorts: [[sex, rase]]\n",
        ["trust.yaml: cohorts[0]", "'rase'", "'race'?"],
    ),
    "cohort with itself": (HEAD + "roles: {sensitive: [a]}\ncohorts: [[a, a]]\n", ["cohorts[0]", "itself"]),
    "two roles": (HEAD + "roles: {label: y, prediction: y}\n", ["roles.prediction", "'y' already is roles.label"]),
    "ignored role": (HEAD + "roles: {label: y, ignore: y}\n", ["roles.ignore[0]", "roles.label"]),
    "label among features": (HEAD + "roles: {label: y, features: [x, y]}\n", ["roles.features[1]", "roles.label"]),
    "positive list": (HEAD + "roles: {positive: [1, 2]}\n", ["trust.yaml: roles.positive: must be one value"]),
    "seed": (HEAD + "seed: soon\n", ["trust.yaml: seed: must be a whole number", "'soon'"]),
    "seed with a fraction": (HEAD + "seed: 1.5\n", ["trust.yaml: seed: must be a whole number"]),
    "seed too long": (HEAD + f"seed: {'9' * 5000}\n", ["trust.yaml: seed: must be a smaller whole number"]),
    "negative seed": (HEAD + "seed: -1\n", ["trust.yaml: seed: must be at least 0", "'-1'"]),
    "limits": (HEAD + "limits: {provider_seconds: 0}\n", ["limits.provider_seconds: must be above 0"]),
    "no end of limits": (HEAD + "limits: {provider_seconds: .inf}\n", ["limits.provider_seconds: must be a"]),
    "settings of a plugin": (HEAD + "plugins: {drift: 10}\n", ["plugins.drift: must hold keys and values"]),
    "infinite setting": (HEAD + "plugins: {drift: {bins: .inf}}\n", ["plugins.drift.bins: must be a finite number"]),
    "policy list": (HEAD + "policy: [a]\n", ["trust.yaml: policy: must be the name"]),
    "policy by name": (HEAD + "policy: defalt\n", ["trust.yaml: policy: there is no", "(line 3)", "'default'?"]),
    "policy by path": (HEAD + "policy: my.yaml\n", ["my.yaml: the file does not exist"]),
    "bound": (
        HEAD + "policy: {checks: [{metric: a.b, bound: about 3}]}\n",
        ["trust.yaml: policy.checks[0]", "about 3", "(line 3)"],
    ),
    "warn looks the other way": (
        HEAD + "policy: {checks: [{metric: a.b, bound: '<= 3', warn: '<= 4'}]}\n",
        ["policy.checks[0]", "'<= 4' is not stricter than bound '<= 3'"],
    ),
    "metric": (HEAD + "policy: {checks: [{metric: auc, bound: '>= 1'}]}\n", ["checks[0].metric", "provider.metric"]),
    "task": (HEAD + "policy: {checks: [{metric: a.b, bound: '>= 1', tasks: binry}]}\n", ["tasks[0]", "'binary'?"]),
    "required": (HEAD + "policy: {checks: [{metric: a.b, bound: '>= 1', required: 7}]}\n", ["true or false", "'7'"]),
    "bound without quotes": (
        HEAD + "policy:\n  checks:\n  - metric: a.b\n    bound: >= 0.8\n",
        ["trust.yaml", "(line 6)", "needs quotes"],
    ),
    "empty file": ("", ["trust.yaml: the file is empty", "dte-panel init"]),
    "only a comment": ("# nothing\n", ["trust.yaml: the file is empty"]),
    "a list": ("- a\n- b\n", ["trust.yaml: must hold keys and values"]),
    "bare text": ("hello\n", ["trust.yaml: must hold keys and values"]),
    "same key twice": (HEAD + "roles: {label: a}\nroles: {label: b}\n", ["trust.yaml: roles", "twice", "line 3"]),
    "same column twice": (HEAD + "types: {a: text, 'a': numeric}\n", ["trust.yaml: types.a", "twice"]),
    "tab": (HEAD + "roles:\n\tlabel: a\n", ["trust.yaml", "a tab", "(line 4)", "spaces"]),
    "colon in text": (HEAD + "policy: a: b\n", ["trust.yaml", "(line 3)", "quotes"]),
    "unclosed": (HEAD + "cohorts: [[a, b]\n", ["trust.yaml", "not valid YAML", "line"]),
    "two documents": (HEAD + "---\na: 1\n", ["trust.yaml", "not valid YAML"]),
    "unknown alias": (HEAD + "policy: *nothing\n", ["trust.yaml", "not valid YAML", "nothing"]),
    "python object": (HEAD + "policy: !!python/object/apply:os.system ['true']\n", ["policy", "not allowed"]),
    "own tag": (HEAD + "policy: !secret x\n", ["trust.yaml: policy", "!secret", "not allowed"]),
    "merge key": (HEAD + "roles: &r {label: a}\nplugins: {x: {<<: *r}}\n", ["plugins.x", "<<"]),
    "list as a key": (HEAD + "types: {[a, b]: text}\n", ["trust.yaml: types", "keys must be plain text"]),
    "control character": (HEAD.encode() + b"seed: \x00\n", ["trust.yaml", "not valid YAML", "character"]),
    "not utf-8": (b"subject: {name: \xff\xfe}\n", ["trust.yaml", "UTF-8"]),
    "endless list": (HEAD + "cohorts: &a [*a]\n", ["trust.yaml", "too deeply"]),
    "deep": (HEAD + "cohorts: " + "[" * 5000 + "]" * 5000, ["trust.yaml", "too deeply"]),
    "so deep that C's stack would end": (HEAD + "cohorts: " + "[" * 400_000, ["trust.yaml", "too deeply"]),
    "too large": (b"#" * 1_000_001, ["trust.yaml", "1 MB"]),
}


@pytest.mark.parametrize("name", BAD)
def test_each_problem_names_file_key_and_remedy(write: Any, name: str) -> None:
    text, wanted = BAD[name]
    said = complaint(write(text))
    assert [piece for piece in wanted if piece not in said] == [], said
    assert len(said.splitlines()) == 1


def test_all_problems_are_said_at_once(write: Any) -> None:
    said = complaint(write(HEAD + "roles: {lable: a, sensitve: b}\nseed: x\n")).splitlines()
    assert len(said) == 3
    assert all("trust.yaml: " in line for line in said)


def test_many_problems_are_counted(write: Any) -> None:
    said = complaint(write(HEAD + "roles: {" + ", ".join(f"k{i}: a" for i in range(9)) + "}\n")).splitlines()
    assert len(said) == 6
    assert said[-1] == "and 4 more problems"


@pytest.mark.parametrize("name", policy_names())
def test_either_parser_reads_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(document.__file__).parents[1] / "data" / "policies" / f"{name}.yaml"
    quick = document.read_document(path, name)
    monkeypatch.setattr(document, "_QUICK", None)
    assert document.read_document(path, name) == quick


def test_alias_bomb_is_refused_quickly(write: Any) -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]\n" for i in range(1, 10))
    started = time.perf_counter()
    assert "too large" in complaint(write(HEAD + "l0: &l0 [a]\n" + levels))
    assert time.perf_counter() - started < 5


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "nothing.yaml: the file does not exist" in complaint(tmp_path / "nothing.yaml")
    assert "is a folder" in complaint(tmp_path)
    assert "cannot be read" in complaint(tmp_path / ("x" * 400))
    assert "cannot be read" in complaint(tmp_path / "a\0b")


def test_full_spec(write: Any) -> None:
    spec = read(
        write("""\
subject: {name: loans, kind: dataset, version: 1.10, owner: me, purpose: p, limits: l, provenance: q}
use_case: {name: u, risk: high, value: v}
data: {current: "data/*.parquet", reference: "s3://bucket/ref.parquet"}
roles: {label: no, prediction: p, score: s, positive: 1, sensitive: [a, b], time: t, id: 2018, text: note,
        ignore: [x], features: [a, f]}
types: {a: numeric, 1: text}
windows: {every: 2 weeks, start: 2018-10-28}
cohorts: [[a, b]]
plugins: {drift: {bins: 10, note: no, exact: false, share: 0.5, day: 2018-10-28}}
policy: {title: mine, checks: [{metric: drift.x, bound: "<= 0.2", min_n: 50, required: no, kinds: model}]}
seed: 7
limits: {provider_seconds: 5, share_min_cell: 10, memory: 512MB}
""")
    )
    assert spec.subject.version == "1.10"
    assert (spec.roles.label, spec.roles.id, spec.roles.positive) == ("no", "2018", 1)
    assert (spec.roles.text, spec.roles.sensitive) == (("note",), ("a", "b"))
    assert spec.types == {"a": "numeric", "1": "text"}
    assert spec.windows is not None
    assert (spec.windows.every, spec.windows.start) == (Every(2, "week"), date(2018, 10, 28))
    assert spec.plugins["drift"] == {"bins": 10, "note": "no", "exact": False, "share": 0.5, "day": "2018-10-28"}
    assert (spec.seed, spec.limits.provider_seconds, spec.limits.share_min_cell) == (7, 5, 10)
    assert spec.limits.memory == "512MB"
    policy = read_policy(spec.policy, spec.base)
    assert (policy.id, policy.title) == ("inline", "mine")
    assert policy.checks == (Check("drift.x", "<= 0.2", min_n=50, required=False, kinds=("model",)),)


def test_smallest_spec_has_the_defaults(write: Any) -> None:
    spec = read(write(HEAD + "roles:\nwindows:\nuse_case:\n  risk:\n"))
    assert spec.subject.kind == "model"
    assert (spec.seed, spec.policy, spec.windows, spec.cohorts) == (0, "default", None, ())
    assert (spec.limits.provider_seconds, spec.limits.share_min_cell) == (600, 5)
    assert (spec.roles.label, spec.roles.sensitive, spec.use_case.risk) == (None, (), None)


def test_spec_is_frozen(write: Any) -> None:
    spec = read(write(HEAD))
    with pytest.raises(ValueError, match="frozen"):
        spec.seed = 3


@pytest.mark.parametrize(
    ("text", "every", "back"),
    [
        ("1 year", Every(1, "year"), "1 year"),
        ("2 weeks", Every(2, "week"), "2 weeks"),
        ("30 days", Every(30, "day"), "30 days"),
        ("month", Every(1, "month"), "1 month"),
        ("1 quarter", Every(1, "quarter"), "1 quarter"),
        ("12Hours", Every(12, "hour"), "12 hours"),
    ],
)
def test_lengths_of_windows(text: str, every: Every, back: str) -> None:
    spec = Spec.from_arguments(time="t", windows=text)
    assert spec.windows is not None
    assert spec.windows.every == every
    assert spec.to_json()["windows"] == {"every": back, "start": None}


def test_paths_are_resolved_but_not_shown(write: Any, tmp_path: Path) -> None:
    spec = read(write(HEAD))
    assert spec.locate(spec.data.current) == str(tmp_path / "a.parquet")
    assert spec.locate("s3://b/c.parquet") == "s3://b/c.parquet"
    assert spec.locate("/data/a.parquet") == "/data/a.parquet"
    assert str(tmp_path) not in json.dumps(spec.to_json())


def test_json_reads_back_as_the_same_spec(write: Any) -> None:
    spec = read(DEMO / "car-loan" / "trust.yaml")
    again = read(write(json.dumps(spec.to_json()), "again.yaml"))
    assert again.to_json() == spec.to_json()
    assert spec.to_json()["windows"] == {"every": "2 weeks", "start": "2018-10-28"}


def test_arguments() -> None:
    spec = Spec.from_arguments(label="y", prediction="p", sensitive="sex", time=None, windows=None, positive=True)
    assert (spec.subject.name, spec.subject.kind) == ("data", "model")
    assert (spec.roles.sensitive, spec.roles.positive) == (("sex",), True)
    assert Spec.from_arguments(label="y").subject.kind == "dataset"
    assert Spec.from_arguments(subject={"name": "x", "owner": "me"}).subject.owner == "me"
    assert Spec.from_arguments(subject="x", policy={"checks": []}).policy == {"checks": []}


def test_numpy_scalars_are_taken() -> None:
    numpy = pytest.importorskip("numpy")
    positive = Spec.from_arguments(positive=numpy.int64(1)).roles.positive
    assert type(positive) is int


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"lable": "y"}, ["assess()", "'lable'", "'label'?"]),
        ({"label": 3}, ["assess(): roles.label: must be text", "'3'"]),
        ({"sensitive": [1]}, ["roles.sensitive[0]: must be text"]),
        ({"label": "y", "score": "y"}, ["assess(): roles.score", "roles.label"]),
        ({"windows": "1 year"}, ["assess(): windows", "roles.time"]),
        ({"time": "t", "windows": {"every": "1 year", "start": 3}}, ["windows.start: must be a date"]),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], wanted: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Spec.from_arguments(**arguments)
    assert [piece for piece in wanted if piece not in str(caught.value)] == [], str(caught.value)


def test_missing_columns() -> None:
    spec = Spec.from_arguments(label="lable", sensitive=["sex"], types={"agee": "numeric"})
    with pytest.raises(InputError, match=re.escape("reference.parquet: column 'lable' (roles.label) does not exist")):
        check_columns(spec, ["label", "sex", "age"], "reference.parquet")
    with pytest.raises(InputError, match=re.escape("'sex' (roles.sensitive) does not exist. Did you mean 'Sex'?")):
        check_columns(spec, ["lable", "Sex", "age"], "current.parquet")
    with pytest.raises(InputError, match=re.escape("'agee' (types.agee) does not exist. Did you mean 'age'?")):
        check_columns(spec, ["lable", "sex", "age"], "current.parquet")
    check_columns(spec, ["lable", "sex", "agee", "more"], "current.parquet")


def test_policy_file(write: Any, tmp_path: Path) -> None:
    write(
        "title: Mine\nchecks:\n- {metric: a.b, bound: '>= 0.8', scope: all, columns: x, tasks: [binary]}\n", "my.yaml"
    )
    policy = read_policy("my.yaml", tmp_path)
    assert (policy.id, policy.title) == ("my", "Mine")
    assert policy.checks == (Check("a.b", ">= 0.8", scope="all", columns=("x",), tasks=("binary",)),)


def test_wrong_policy_files(write: Any, tmp_path: Path) -> None:
    write("checks: [{metric: a.b, bound: '<= 1', scop: all}]\n", "my.yaml")
    with pytest.raises(InputError, match=re.escape("my.yaml: checks[0].scop: there is no such key (line 1)")) as caught:
        read_policy("my.yaml", tmp_path)
    assert "'scope'?" in str(caught.value)
    with pytest.raises(InputError, match=re.escape("./no.yaml: the file does not exist")):
        read_policy("./no.yaml", tmp_path)
    with pytest.raises(InputError, match=re.escape("policy: there is no policy 'defalt'. Did you mean 'default'?")):
        read_policy("defalt")


@pytest.mark.parametrize("name", policy_names() or ["default"])
def test_shipped_policies_read(name: str) -> None:
    policy = read_policy(name)
    assert policy.id == name
    assert policy.checks


@pytest.mark.parametrize("path", sorted(DEMO.glob("*/trust.yaml")), ids=lambda path: path.parent.name)
def test_demo_specs_read_and_fit_the_schema(path: Path) -> None:
    assert read(path).roles.label
    document = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
    jsonschema.Draft202012Validator(json_schema()).validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {"subject": {"name": "a"}, "data": {"current": "a"}, "roles": {"sensitve": ["a"]}},
        {"subject": {"name": "a"}, "data": {}},
        {"subject": {"name": "a"}, "data": {"current": "a"}, "policy": {"checks": [{"metric": "a.b"}]}},
        {"subject": {"name": "a"}, "data": {"current": "a"}, "use_case": {"risk": "huge"}},
    ],
)
def test_schema_refuses(document: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(document))


def test_schema_takes_empty_sections() -> None:
    document = {"subject": {"name": "a", "version": 3}, "data": {"current": "a"}, "roles": None, "windows": None}
    jsonschema.Draft202012Validator(json_schema()).validate(document)


def test_shipped_schema_is_current() -> None:
    shipped = Path(__file__).parents[1] / "docs" / "trust.schema.json"
    assert shipped.read_text() == json.dumps(json_schema(), indent=2) + "\n", (
        "write it again: python -c 'import json; from dte_panel.spec import json_schema; "
        "print(json.dumps(json_schema(), indent=2))' > docs/trust.schema.json"
    )


def test_bands_ascend_and_belong_to_a_grouping_column() -> None:
    made = Spec.from_arguments(sensitive=["age"], bands={"age": [25, 65]})
    assert made.bands == {"age": (25.0, 65.0)}
    with pytest.raises(InputError, match="must ascend"):
        Spec.from_arguments(sensitive=["age"], bands={"age": [65, 25]})
    with pytest.raises(InputError, match=r"column 'aeg' is neither.*Did you mean 'age'"):
        Spec.from_arguments(sensitive=["age"], bands={"aeg": [25]})


def test_a_control_column_may_be_a_feature_but_not_sensitive() -> None:
    assert Spec.from_arguments(control=["dept"], features=["dept"]).roles.control == ("dept",)
    with pytest.raises(InputError, match=r"already is roles\.sensitive"):
        Spec.from_arguments(control=["dept"], sensitive=["dept"])
