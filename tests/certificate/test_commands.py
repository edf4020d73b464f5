"""certify and verify as a person types them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from dte_panel.certificate import PrivateKey
from dte_panel.cli import commands, main

from .conftest import Make

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evidence: Make) -> Path:
    """A folder with a pair of keys and a spec whose assessment passes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DTE_KEY_PASSPHRASE", raising=False)
    monkeypatch.setattr(commands, "evidence_of", lambda path, **_: evidence("fail" if "bad" in path else "pass"))
    assert main(["certify", "keygen", "trust.key"]) == 0
    return tmp_path


def test_sign_then_verify(folder: Path, capsys: Capture) -> None:
    assert main(["certify", "trust.yaml", "--key", "trust.key"]) == 0
    assert "1 of 1 required checks" in capsys.readouterr().out
    told = ["verify", "certificate.json", "--key", "trust.key.pub"]
    assert main([*told, "--evidence", "certificate.evidence.json", "--latest", "certificate.evidence.json"]) == 0
    assert capsys.readouterr().out.startswith("Valid. Certified: loans for car loans")
    assert main([*told, "--at", "2099-01-01T00:00Z", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["state"] == "expired"


def test_what_fails_is_not_signed(folder: Path, capsys: Capture) -> None:
    assert main(["certify", "bad.yaml", "--key", "trust.key"]) == 1
    assert capsys.readouterr().err.startswith("not certified: 1 of 1 required checks did not pass (1 fail)")
    assert not Path("certificate.json").exists()
    told = ["certify", "bad.yaml", "--key", "trust.key", "--as", "conditional", "--restriction", "a pilot"]
    assert main(told) == 0
    assert capsys.readouterr().out.startswith("RESTRICTED")


def test_revoke(folder: Path, capsys: Capture) -> None:
    assert main(["certify", "trust.yaml", "--key", "trust.key"]) == 0
    for target in ("certificate.json", "a" * 64):
        assert main(["certify", "revoke", target, "--key", "trust.key", "--reason", "a mistake"]) == 0
    capsys.readouterr()
    assert main(["verify", "certificate.json", "--key", "trust.key.pub", "--revoked", "revoked.json"]) == 1
    assert "it was revoked" in capsys.readouterr().out


def test_renewed_ones_take_the_place(folder: Path, capsys: Capture) -> None:
    assert main(["certify", "trust.yaml", "--key", "trust.key", "--out", "a.json"]) == 0
    assert main(["certify", "trust.yaml", "--key", "trust.key", "--out", "b.json", "--renews", "a.json"]) == 0
    capsys.readouterr()
    assert main(["verify", "b.json", "--key", "trust.key.pub", "--chain", ".", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert main(["verify", "a.json", "--key", "trust.key.pub", "--json"]) == 0
    assert answer["certificate"]["previous"] == json.loads(capsys.readouterr().out)["certificate"]["id"]


@pytest.mark.parametrize("suffix", [".svg", ".json"])
def test_badges(suffix: str, folder: Path) -> None:
    assert main(["certify", "trust.yaml", "--key", "trust.key", "--days", "7"]) == 0
    path = folder / f"badge{suffix}"
    assert main(["verify", "certificate.json", "--key", "trust.key.pub", "--badge", str(path)]) == 0
    if suffix == ".svg":
        assert "certified until" in path.read_text()
    else:
        assert json.loads(path.read_text())["message"].startswith("certified until ")
    assert main(["verify", "certificate.json", "--key", "trust.key.pub", "--badge", "x.png"]) == 2


def test_a_locked_key(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("DTE_KEY_PASSPHRASE", "sésame")
    assert main(["certify", "keygen", "locked.key"]) == 0
    assert main(["certify", "trust.yaml", "--key", "locked.key"]) == 0
    monkeypatch.setenv("DTE_KEY_PASSPHRASE", "wrong")
    assert main(["certify", "trust.yaml", "--key", "locked.key"]) == 2
    monkeypatch.delenv("DTE_KEY_PASSPHRASE")
    assert main(["certify", "trust.yaml", "--key", "locked.key"]) == 2
    assert "is locked with a passphrase" in capsys.readouterr().err
    assert os.stat("locked.key").st_mode & 0o777 == 0o600


def test_a_key_in_a_device(folder: Path, capsys: Capture) -> None:
    """The command stands for a smart card's tool: it alone reads the private key."""
    script = folder / "device.py"
    script.write_text(
        "import base64, sys\n"
        "from dte_panel.certificate import PrivateKey\n"
        "print(base64.b64encode(PrivateKey.read(sys.argv[1]).sign(sys.stdin.buffer.read())).decode())\n"
    )
    command = f"{sys.executable} {script} trust.key"
    told = ["certify", "trust.yaml", "--key", "trust.key.pub", "--sign-command"]
    assert main([*told, command]) == 0
    assert main(["verify", "certificate.json", "--key", "trust.key.pub"]) == 0
    assert main(["certify", "keygen", "other.key"]) == 0
    capsys.readouterr()
    wrong = {
        f"{sys.executable} {script} other.key": "not of the key in --key",
        "no-such-program": "gave no signature",
        "": "no key",
        f"{sys.executable} -c 'raise SystemExit(3)'": "ended with code 3",
        f"{sys.executable} -c 'print(1)'": "gave no signature",
    }
    for bad, message in wrong.items():
        assert main([*told, bad]) == 2
        assert message in capsys.readouterr().err or not bad


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["certify"], "no key to sign with"),
        (["certify", "--key", "trust.key"], "either a trust.yaml or --evidence"),
        (["certify", "trust.yaml", "--evidence", "e.json", "--key", "trust.key"], "either a trust.yaml or --evidence"),
        (["certify", "trust.yaml", "x", "--key", "trust.key"], "one argument too many"),
        (["certify", "trust.yaml", "--key", "trust.key.pub"], "is not a private key"),
        (["certify", "trust.yaml", "--key", "nowhere"], "cannot be read"),
        (["certify", "trust.yaml", "--key", "trust.key", "--as", "conditional"], "says what it is not for"),
        (["certify", "trust.yaml", "--key", "trust.key", "--restriction", "x"], "says what it is not for"),
        (["certify", "trust.yaml", "--key", "trust.key", "--days", "400"], "the policy allows 1 to 30"),
        (["certify", "trust.yaml", "--key", "trust.key", "--out", "no/where.json"], "cannot be written"),
        (["certify", "keygen", "trust.key"], "exists already"),
        (["certify", "revoke", "--key", "trust.key"], "say which certificate or key"),
        (["certify", "revoke", "x", "--key", "trust.key", "--reason", "y"], "64 hexadecimal digits"),
        (["verify", "nowhere.json", "--key", "trust.key.pub"], "cannot be read"),
        (["verify", "trust.key", "--key", "trust.key"], "is a private key"),
        (["verify", "trust.key", "--key", "trust.key.pub"], "is not JSON"),
        (["verify", "large.json", "--key", "trust.key.pub"], "is no certificate: 100,000,000 bytes"),
    ],
)
def test_wrong_input(arguments: Any, message: str, folder: Path, capsys: Capture) -> None:
    with Path("large.json").open("wb") as file:
        file.truncate(100_000_000)
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert message in err


def test_keys_that_others_may_read_are_refused(folder: Path, capsys: Capture) -> None:
    Path("trust.key").chmod(0o644)
    assert main(["certify", "trust.yaml", "--key", "trust.key"]) == 2
    assert "chmod 600" in capsys.readouterr().err


def test_the_data_itself_is_held_against_the_certificate(folder: Path, evidence: Make, capsys: Capture) -> None:
    assert main(["certify", "trust.yaml", "--key", "trust.key"]) == 0
    Path("data.csv").write_text("a\n1\n")
    assert main(["verify", "certificate.json", "--key", "trust.key.pub", "--data", "data.csv"]) == 1
    assert "data.current is not what was certified" in capsys.readouterr().out
    assert main(["verify", "certificate.json", "--key", "trust.key.pub", "--data", "nowhere.csv"]) == 2


def test_signatures_are_deterministic_and_of_their_message(folder: Path) -> None:
    key = PrivateKey.read("trust.key")
    assert len(key.sign(b"x")) == 64
    assert key.public.signed(key.sign(b"x"), b"x")
    assert not key.public.signed(key.sign(b"x"), b"y")
    assert key.sign(b"x") == key.sign(b"x")
