"""`phalanx watermark`: keys in their vault, commitments, and the public detector as a process."""

from __future__ import annotations

import dataclasses
import getpass
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.watermark_options import EndpointOptions, SealOptions
from phalanx.errors import ConfigError
from phalanx.watermark.draws import draw
from phalanx.watermark.endpoint.settings import EndpointSettings
from phalanx.watermark.keys.custodian_file import make_custodian
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel

KEY_FILE = ["--key-file", "v.key"]
SCHEME = ["--scheme", "phalanx-gumbel-v1"]
COMMITTED = ["names", *SCHEME, "--plan", "plan.md", "--seed", "s.seed", *KEY_FILE, "-o", "c.json"]
OPENED = ["names", *SCHEME, "--commitment", "c.json", "--seed", "s.seed", *KEY_FILE]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names").write_text("model-1\nmodel-2\n\nmodel-3\n")
    Path("plan.md").write_text("What is asked, and when it is over.\n")


def mark(*words: str) -> int:
    """Do what an operator does."""
    return main(["watermark", *words])


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return what an operator sees."""
    capsys.readouterr()
    assert mark("keys", "list", "-f", "json", *(words or KEY_FILE)) == ExitCode.CLEAN
    seen: dict[str, Any] = json.loads(capsys.readouterr().out)
    return seen


@contextmanager
def served(nursery: Any, *words: str) -> Iterator[httpx2.Client]:
    """Run the endpoint as a process, and hand out how to ask it."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = nursery.born("watermark", "endpoint", *words, "--port", str(port))
    try:
        for _ in range(6_000):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None
            time.sleep(0.01)
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            yield http
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == ExitCode.CLEAN


def test_options_are_the_settings(tmp_path: Path) -> None:
    """Each says what the settings say where nothing is said."""
    assert EndpointOptions().settings(tmp_path) == EndpointSettings(folder=tmp_path)


def test_a_vault_from_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Made, listed, rotated; files are for their owner alone, nothing secret is printed."""
    assert mark("keygen", "example.com", *KEY_FILE, "--by", "Mary") == ExitCode.CLEAN
    said = capsys.readouterr().out
    first = listed(capsys)
    assert (first["epochs"][0]["epoch"], first["epochs"][0]["ends"]) == (1, None)
    assert all(name in said for name in first["epochs"][0]["ids"].values())
    assert first["last_hash"] in said
    assert mark("keys", "rotate", *KEY_FILE) == ExitCode.CLEAN
    assert capsys.readouterr().out == "2\n"
    second = listed(capsys)
    assert [each["epoch"] for each in second["epochs"]] == [1, 2]
    assert second["last_hash"] != first["last_hash"]
    assert listed(capsys, *KEY_FILE, "--last-hash", first["last_hash"]) == second
    assert mark("keys", "list", *KEY_FILE, "--last-hash", "0" * 64) == ExitCode.BAD_INPUT
    assert Path("v.key").stat().st_mode & 0o777 == 0o600
    log = Path("watermark-vault/uses.jsonl").read_text()
    assert json.loads(log.splitlines()[0])["by"] == "Mary"
    assert Path("v.key").read_bytes().hex() not in said + log


def test_audit_keys_have_custodians(capsys: pytest.CaptureFixture[str]) -> None:
    """Named when the vault is made or when an epoch begins; an opening alone derives them."""
    for name in ("Ada", "Grace"):
        made = make_custodian(Path(f"{name}.sealed"), name, Seal(key_file=Path(f"{name}.key")))
        Path(f"{name}.json").write_text(json.dumps(dataclasses.asdict(made)))
    both = ["--custodian", "Ada.json", "--custodian", "Grace.json"]
    assert mark("keygen", "example.com", *KEY_FILE) == ExitCode.CLEAN
    assert mark("keys", "rotate", *KEY_FILE, *both) == ExitCode.CLEAN
    first, second = listed(capsys)["epochs"]
    assert (first["custodians"], second["custodians"]) == ([], ["Ada", "Grace"])
    assert mark("keys", "list", *KEY_FILE) == ExitCode.CLEAN
    assert "custodians: Ada, Grace" in capsys.readouterr().out
    assert mark("keys", "rotate", *KEY_FILE, *both[:2]) == ExitCode.BAD_INPUT
    assert mark("keys", "rotate", *KEY_FILE, *both[:2], *both[:2]) == ExitCode.BAD_INPUT
    assert mark("keys", "commit", *COMMITTED, "--purpose", "audit") == ExitCode.BAD_INPUT


def test_a_commitment_is_opened_and_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """By whoever has both files and nothing else; the other keys stay secret."""
    mark("keygen", "example.com", *KEY_FILE)
    assert mark("keys", "commit", *COMMITTED) == ExitCode.CLEAN
    assert Path("s.seed").stat().st_mode & 0o777 == 0o600
    mark("keys", "rotate", *KEY_FILE)
    one = ["keys", "open", "model-2", *OPENED, "-o", "o.json"]
    assert mark(*one) == ExitCode.BAD_INPUT  # of the epoch in use, which is another one now
    assert not Path("o.json").exists()
    assert mark(*one, "--epoch", "1") == ExitCode.CLEAN
    assert Path("o.json").stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert mark("keys", "verify", "c.json", "o.json", "--plan", "plan.md") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "is key 2 of the 3 keys of phalanx-gumbel-v1" in said
    assert json.loads(Path("o.json").read_text())["key"] not in said
    Path("plan.md").write_text("Another plan.\n")
    assert mark("keys", "verify", "c.json", "o.json", "--plan", "plan.md") == ExitCode.BAD_INPUT
    assert "not the plan" in capsys.readouterr().err
    opened = json.loads(Path("o.json").read_text()) | {"index": 0}
    Path("o.json").write_text(json.dumps(opened))
    assert mark("keys", "verify", "c.json", "o.json") == ExitCode.BAD_INPUT
    assert "not the key that was committed to" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["keygen", "example.com", *KEY_FILE], ["keygen", "Example", "--vault", "w", *KEY_FILE],
        ["keygen", "example.com", "--vault", "w"], ["keys", "list", "--vault", "w", *KEY_FILE],
        ["keys", "list"], ["keys", "list", "--passphrase-file", "plan.md"],
        ["keys", "rotate", *KEY_FILE, "--custodian", "plan.md"],
        ["keys", "rotate", *KEY_FILE, "--by", "a\x07"],
        ["keys", "commit", *COMMITTED, "--epoch", "9"],
        ["keys", "commit", "none", *COMMITTED[1:]], ["keys", "commit", "twice", *COMMITTED[1:]],
        ["keys", "commit", "empty", *COMMITTED[1:]],
        ["keys", "commit", "names", "--scheme", "other-v1", *COMMITTED[3:]],
        ["keys", "commit", *COMMITTED[:3], "--plan", "empty", *COMMITTED[5:]],
        ["keys", "commit", *COMMITTED[:5], "--seed", "plan.md", *COMMITTED[7:]],
        ["keys", "commit", *COMMITTED[:-1], "folder"],
        ["keys", "open", "other", *OPENED], ["keys", "verify", "plan.md", "c.json"],
        ["keys", "verify", "c.json", "none"], ["endpoint", "names", *SCHEME, "--vault", "w"],
        ["endpoint", "names", *SCHEME, *KEY_FILE, "--host", "192.0.2.1"],
        ["endpoint", "names", *SCHEME, *KEY_FILE, "--proxy", "*"],
        ["endpoint", "names", *SCHEME, *KEY_FILE, "--log10-level", "-1"],
        ["endpoint", "names", *SCHEME, *KEY_FILE, "--tokenizer", "plan.md"],
        ["endpoint", "names", *SCHEME, *KEY_FILE, "--purpose", "audit"],
    ],
)  # fmt: skip
def test_mistakes_are_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """By what is wrong, without a traceback, and nothing is made."""
    mark("keygen", "example.com", *KEY_FILE)
    mark("keys", "commit", *COMMITTED[:5], "--seed", "first.seed", *COMMITTED[7:])
    Path("folder").mkdir()
    Path("twice").write_text("a\na\n")
    Path("empty").write_text("\n" if "empty" in words[2:3] else "")
    capsys.readouterr()
    assert mark(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert said
    assert "Traceback" not in said
    assert not Path("s.seed").exists()
    assert not Path("w").exists()
    assert len(listed(capsys)["epochs"]) == 1


def test_a_passphrase_comes_from_a_file_or_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never from the command line; one that is new is typed twice."""
    Path("p").write_text("correct horse battery staple\n")
    Path("p").chmod(0o644)
    by_file = ["--passphrase-file", "p"]
    assert mark("keygen", "example.com", *by_file) == ExitCode.BAD_INPUT
    Path("p").chmod(0o600)
    assert mark("keygen", "example.com", *by_file) == ExitCode.CLEAN
    assert listed(capsys, *by_file)["epochs"]

    class Terminal:
        """Where somebody sits."""

        def isatty(self) -> bool:
            """Say so."""
            return True

    typed: list[str] = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda _: typed.pop(0))
    typed[:] = ["correct horse battery staple"]
    assert mark("keys", "list") == ExitCode.CLEAN
    typed[:] = ["another passphrase"]
    assert mark("keys", "list") == ExitCode.BAD_INPUT
    typed[:] = ["one passphrase", "other passphrase"]
    assert mark("keygen", "example.com", "--vault", "w", *KEY_FILE, "--ask-passphrase") == 2
    assert "the two passphrases differ" in capsys.readouterr().err
    typed[:] = [""]
    with pytest.raises(ConfigError, match="no passphrase was typed"):
        SealOptions().seal()
    typed[:] = ["short"]
    with pytest.raises(ConfigError, match="at least 12"):
        SealOptions().seal()


def test_who_acts_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the system, or by what is said where it has no name, as in a container."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert mark("keygen", "example.com", *KEY_FILE) == ExitCode.BAD_INPUT
    assert "Name who does it with --by." in capsys.readouterr().err
    assert mark("keygen", "example.com", *KEY_FILE, "--by", "") == ExitCode.BAD_INPUT
    assert mark("keygen", "example.com", *KEY_FILE, "--by", "Mary") == ExitCode.CLEAN


def test_the_endpoint_answers(nursery: Any) -> None:
    """A text that a key of the vault marked, one that none did, one that is short."""
    mark("keygen", "example.com", *KEY_FILE)
    with served(nursery, "names", *SCHEME, *KEY_FILE, "--vault", "watermark-vault") as http:
        assert http.get("/readyz").json() == {"status": "ready"}
        answers = [
            http.post("/v1/check", json={"tokens": text}).json()["answer"]
            for text in (marked_text(), [each * 7919 % 50_021 for each in range(400)], [1, 2, 3])
        ]
    assert answers == ["marked", "not seen", "too short to tell"]
    assert Path("watermark-endpoint/endpoint.key").stat().st_mode & 0o777 == 0o600


def test_the_endpoint_tests_several_schemes(nursery: Any, capsys: Any) -> None:
    """Each name has a key under each; a scheme that is named twice is refused."""
    mark("keygen", "example.com", *KEY_FILE)
    several = ["--scheme", "vllm-gumbel-v1", *SCHEME]
    assert mark("endpoint", "names", *SCHEME, *SCHEME, *KEY_FILE) == ExitCode.BAD_INPUT
    assert "named twice" in capsys.readouterr().err
    with served(nursery, "names", *several, *KEY_FILE, "--vault", "watermark-vault") as http:
        answer = http.post("/v1/check", json={"tokens": marked_text()}).json()["answer"]
    assert answer == "marked"
    log = Path("watermark-vault/uses.jsonl").read_text().splitlines()
    derived = [json.loads(line)["facts"] for line in log if '"derived"' in line]
    assert [each["scheme"] for each in derived[:2]] == ["vllm-gumbel-v1", "phalanx-gumbel-v1"]


def marked_text() -> list[int]:
    """Return a text in which each token is the best of eight under the key of one name."""
    scheme = PhalanxGumbel()
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    who = Act("x", datetime.now(UTC))
    (key,) = vault.derive("serve", ["model-2"], scheme.setting, who).keys
    source = np.random.default_rng(1)
    text: list[int] = source.integers(0, 50_000, 400).tolist()
    for at in range(4, len(text)):
        offered = source.integers(0, 50_000, 8).tolist()
        drawn = draw([[*text[at - 4 : at], token] for token in offered], 4)
        text[at] = int(drawn.tokens[scheme.scores(drawn, key.reveal()).argmax()])
    return text
