"""Roots and a log on the command line: published by a lab, pinned by a partner."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main

OPEN = ["sealed", "--issuer", "lab.json", "--keys", "partner.keys", "--receipt", "receipt.json"]


def release(*words: str) -> int:
    """Do what one of both does."""
    return main(["release", *words])


@pytest.fixture
def published(
    parties: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return the log's verifier key; a release is sealed, logged, and its roots are pinned."""
    parties(demands=("roots", "log"))
    capsys.readouterr()
    assert release("log", "init", "log", "--origin", "lab.example/releases") == ExitCode.CLEAN
    line = capsys.readouterr().out
    Path("log.policy").write_text(f"{line.strip()} {tmp_path}/log/public\nquorum none\n")
    steps = [
        "roots init roots -o root.json",
        "roots add roots lab.json partner.json",
        "roots add roots log.policy --as log-policy",
        "roots add roots terms.toml --as terms",
        "roots publish roots",
        "roots pin root.json --at roots/public --out trust",
        "grant request.json --recipient partner.json --terms terms.toml --log log -o issued.json",
        "accept issued.json --request request.json --issuer lab.json -o grant.json",
        "seal model grant.json --recipient partner.json --keys lab.keys --log log --out sealed",
    ]
    for each in steps:
        words = each.split()
        if words[0] in {"grant", "accept"}:
            words += ["--keys", "lab.keys" if words[0] == "grant" else "partner.keys"]
        assert release(*words) == ExitCode.CLEAN
    return line.removeprefix("log ").strip()


def test_a_release_is_opened_under_roots_and_log(
    published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are verified and named; without them the grant keeps the release closed."""
    assert published
    assert release("open", *OPEN, "--out", "opened") == ExitCode.BAD_INPUT
    assert "demands to verify roots and log" in capsys.readouterr().err
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "verified: that the roots are of today" in said
    assert "verified: that grant and record are in the log" in said
    assert release("log", "add", "log", "receipt.json") == ExitCode.CLEAN
    capsys.readouterr()
    assert release("log", "check", "log") == ExitCode.CLEAN
    assert "3 entries are as the checkpoint says" in capsys.readouterr().out


def test_roots_beside_the_keys_are_asked_each_time(
    published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was pinned beside the keys counts without being named: nobody forgets an option."""
    assert published
    words = ["root.json", "--at", "roots/public", "--out", "partner.keys.trust"]
    assert release("roots", "pin", *words) == ExitCode.CLEAN
    assert release("open", *OPEN, "--out", "opened") == ExitCode.CLEAN
    assert "verified: that the roots are of today" in capsys.readouterr().out


def test_a_release_is_verified_under_roots_that_are_named(
    published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With keys or without, `verify --trust` says what roots and log say of a closed release."""
    assert published
    words = ["sealed", "--issuer", "lab.json", "--trust", "trust"]
    for who in (["--keys", "partner.keys"], ["--recipient", "partner.json"]):
        capsys.readouterr()
        assert release("verify", *words, *who) == ExitCode.CLEAN
        said = capsys.readouterr().out
        assert "verified: that the roots are of today" in said
        assert "verified: that grant and record are in the log" in said
        assert release("verify", *words[:-2], *who) == (
            ExitCode.BAD_INPUT if who[0] == "--keys" else ExitCode.CLEAN
        )
    assert "not checked: whether keys were revoked" in capsys.readouterr().out
    words_of_revocation = ["revoke", "roots", "--grant", "grant.json", "--reason", "ended"]
    assert release("roots", *words_of_revocation) == ExitCode.CLEAN
    assert release("roots", "publish", "roots") == ExitCode.CLEAN
    for who in (["--keys", "partner.keys"], ["--recipient", "partner.json"]):
        assert release("verify", *words, *who) == ExitCode.BAD_INPUT
        assert "the grant was revoked: ended" in capsys.readouterr().err
    assert release("verify", "model", "--issuer", "lab.json", "--trust", "trust") == 2


def test_keys_of_roots_are_replaced(published: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Two holders sign the next root; whoever pinned the first one goes on opening."""
    assert published
    names = []
    for name in ("ada", "grace"):
        capsys.readouterr()
        assert release("roots", "key", f"{name}.key") == ExitCode.CLEAN
        names.append(capsys.readouterr().out.strip())
    words = ["--role", "root", "--holder", names[0], "--holder", names[1], "--threshold", "2"]
    assert release("roots", "rotate", "roots", *words) == ExitCode.CLEAN
    assert "waits for 0 signatures of keys of the root before, and 2" in capsys.readouterr().err
    for name in ("ada", "grace"):
        assert release("roots", "publish", "roots") == ExitCode.CLEAN
        words = ["sign", "roots/waiting.root.json", "--key", f"{name}.key"]
        assert release("roots", *words) == ExitCode.CLEAN
        assert f"root: 2 of {', '.join(sorted(names))}" in capsys.readouterr().out
    assert release("roots", "publish", "roots") == ExitCode.CLEAN
    Path("roots.keys/root.key").unlink()
    assert release("roots", "publish", "roots") == ExitCode.CLEAN
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.CLEAN
    assert Path("roots/public/metadata/2.root.json").exists()


@pytest.mark.parametrize("what", ["party", "grant"])
def test_what_was_revoked_is_not_opened(
    what: str, published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A revocation counts from the next publication on."""
    assert published
    from phalanx.cli.release_work import read_identity

    named = {"party": read_identity(Path("lab.json")).fingerprint, "grant": "grant.json"}[what]
    words = ["revoke", "roots", f"--{what}", named, "--reason", "laptop stolen"]
    assert release("roots", *words) == ExitCode.CLEAN
    assert release("roots", "publish", "roots") == ExitCode.CLEAN
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.BAD_INPUT
    assert "revoked: laptop stolen" in capsys.readouterr().err
    assert not Path("opened").exists()


def test_roots_that_cannot_be_reached(published: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the roots are not to be had, nothing is opened, and it is a service that failed."""
    assert published
    Path("roots/public/metadata/timestamp.json").unlink()
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.SERVICE_FAILED
    assert "cannot be fetched" in capsys.readouterr().err


def test_witnesses_are_asked_for(published: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that names a witness opens what he cosigned, and nothing before."""
    witness = ["--log-key", published, "--name", "forum.example/w1", "--key", "w.key"]
    words = ["cosign", "log/public", *witness, "--memory", "w.seen", "-o", "cosigned"]
    assert release("log", *words) == ExitCode.CLEAN
    key = capsys.readouterr().err.partition("witness key: ")[2].strip()
    Path("own.policy").write_text(f"log {published}\nwitness w {key}\nquorum w\n")
    words = ["root.json", "--at", "roots/public", "--out", "strict", "--log-policy", "own.policy"]
    assert release("roots", "pin", *words) == ExitCode.CLEAN
    assert release("open", *OPEN, "--out", "opened", "--trust", "strict") == ExitCode.BAD_INPUT
    assert "seen by 0 witnesses" in capsys.readouterr().err
    assert release("log", "cosigned", "log", "cosigned", "--witness", key) == ExitCode.CLEAN
    assert release("log", "prove", "log", "sealed") == ExitCode.CLEAN
    assert release("open", *OPEN, "--out", "opened", "--trust", "strict") == ExitCode.CLEAN


@pytest.mark.parametrize(
    "words",
    [
        "log init log --origin other", "log init new --origin a+b", "log check nowhere",
        "roots init roots", "roots revoke roots --reason x",
        "roots revoke roots --party abc --reason x", "roots add roots terms.toml",
        "roots revoke roots --grant request.json --reason x",
        "roots add roots lab.json --as log-policy", "roots publish nowhere",
        "roots pin lab.json --at roots/public --out other",
        "roots rotate roots --role targets --threshold 2", "roots rotate nowhere --role root",
        "roots rotate roots --role root --holder abc", "roots sign terms.toml --key lab.keys",
        "roots sign roots/public/metadata/1.root.json --key nowhere",
        "log cosigned log root.json --witness a",
    ],
)  # fmt: skip
def test_what_cannot_be_done(
    words: str, published: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each mistake ends in words and a next step."""
    assert published
    assert release(*words.split()) == ExitCode.BAD_INPUT
    assert "Next: " in capsys.readouterr().err


def test_a_copy_that_was_deleted(published: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The partner certifies what is gone; the lab verifies that, and enters it into the log."""
    assert published
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.CLEAN
    words = ["sealed", "--issuer", "lab.json", "--keys", "partner.keys", "--gone", "opened"]
    assert release("certify-deletion", *words) == ExitCode.BAD_INPUT
    assert "opened: is still there" in capsys.readouterr().err
    shutil.rmtree("opened")
    more = ["--deleted", "a fine-tuned copy", "--kept", "backups until June", "-o", "deletion.json"]
    assert release("certify-deletion", *words, *more) == ExitCode.CLEAN
    words = ["sealed", "--issuer", "lab.json", "--recipient", "partner.json"]
    capsys.readouterr()
    assert release("verify", *words, "--deletion", "deletion.json") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "in time" in said
    assert "kept: backups until June" in said
    assert "not proved: that no other copy exists" in said
    assert release("log", "add", "log", "deletion.json") == ExitCode.CLEAN
    later = ["--deletion", "deletion.json", "--receipt", "receipt.json"]
    assert release("verify", *words, *later) == ExitCode.CLEAN
    time.sleep(1.1)  # receipts and certificates count seconds
    assert release("open", *OPEN, "--out", "opened", "--trust", "trust") == ExitCode.CLEAN
    assert release("verify", *words, *later) == ExitCode.BAD_INPUT
    assert "after the certificate" in capsys.readouterr().err
