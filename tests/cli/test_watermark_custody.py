"""`phalanx watermark custody` and what ends: as two custodians and an operator do it, in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phalanx.cli import ExitCode, main

KEY_FILE = ["--vault", "vault", "--key-file", "v.key"]
SCHEME = ["--scheme", "phalanx-gumbel-v1"]
REASON = ["--reason", "Audit of student X, case 12", "--plan", "plan.md", "--by", "Mary"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suspects").write_text("suspect-1\nsuspect-2\n")
    Path("plan.md").write_text("What is asked, and when it is over.\n")


def custody(*words: str) -> int:
    """Do what an operator or a custodian does."""
    return main(["watermark", "custody", *words])


def keys(*words: str) -> int:
    """Do what an operator does with keys."""
    return main(["watermark", "keys", *words])


def own(name: str) -> list[str]:
    """Return how a custodian names his file."""
    return ["--file", f"{name}.sealed", "--key-file", f"{name}.key"]


def read(path: str) -> Any:
    """Return a document."""
    return json.loads(Path(path).read_text())


@pytest.fixture
def house(capsys: pytest.CaptureFixture[str]) -> str:
    """Make a vault and two custodians who trust it; return its fingerprint."""
    for name in ("Ada", "Grace"):
        assert custody("make", name, *own(name), "-o", f"{name}.json") == ExitCode.CLEAN
    both = ["--custodian", "Ada.json", "--custodian", "Grace.json"]
    assert main(["watermark", "keygen", "example.com", *KEY_FILE, *both]) == ExitCode.CLEAN
    capsys.readouterr()
    assert custody("identity", *KEY_FILE, "-o", "vault.json") == ExitCode.CLEAN
    fingerprint = capsys.readouterr().err.strip().removeprefix("fingerprint: ")
    for name in ("Ada", "Grace"):
        known = ["vault.json", "--fingerprint", fingerprint]
        assert custody("trust", *known, *own(name)) == ExitCode.CLEAN
    return fingerprint


@pytest.fixture
def digest(house: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Ask for keys, as request.json; return the digest that a custodian reads."""
    assert len(house) == 32
    assert custody("ask", "suspects", *SCHEME, *REASON, *KEY_FILE, "-o", "request.json") == 0
    capsys.readouterr()
    assert custody("show", "request.json", *own("Ada")) == ExitCode.CLEAN
    said = capsys.readouterr().out
    for word in ("Mary", "case 12", "suspect-1, suspect-2", "line 3 of the log", "2 of phalanx"):
        assert word in said
    return said.splitlines()[0]


def approve(name: str, digest: str, request: str = "request.json") -> int:
    """Approve a request, as a custodian does."""
    words = [request, "--digest", digest[:16], *own(name), "-o", f"{name}.approval"]
    return custody("approve", *words)


OPEN = ["open", "Ada.approval", "Grace.approval", *KEY_FILE]
COMMITTED = ["--commitment", "c.json", "--seed", "s.seed"]


def test_two_custodians_open_audit_keys(digest: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked, shown, approved twice, opened once, committed to, disclosed, verified."""
    for name in ("Ada", "Grace"):
        assert approve(name, digest) == ExitCode.CLEAN
    assert custody("waiting", *KEY_FILE, "-f", "json") == ExitCode.CLEAN
    (waiting,) = json.loads(capsys.readouterr().out)["openings"]
    assert (waiting["digest"], waiting["names"]) == (digest, ["suspect-1", "suspect-2"])
    assert custody(*OPEN, "-o", "audit.keys", *COMMITTED) == ExitCode.CLEAN
    assert Path("audit.keys").stat().st_mode & 0o777 == 0o600
    opened = read("audit.keys")
    assert [each["name"] for each in opened["keys"]] == ["suspect-1", "suspect-2"]
    assert custody("waiting", *KEY_FILE) == ExitCode.CLEAN
    assert "nothing is waiting" in capsys.readouterr().out
    told = ["suspect-2", "audit.keys", *COMMITTED, "-o", "o.json"]
    assert custody("disclose", *told) == ExitCode.CLEAN
    assert keys("verify", "c.json", "o.json", "--plan", "plan.md") == ExitCode.CLEAN
    said = capsys.readouterr()
    assert "is key 2 of the 2 keys of phalanx-gumbel-v1" in said.out
    # Keys stand in the files that were asked for, and nowhere else.
    log = Path("vault/uses.jsonl").read_text() + Path("c.json").read_text() + said.out + said.err
    for each in opened["keys"]:
        assert each["key"] not in log
    assert custody(*OPEN, "-o", "again.keys") == ExitCode.BAD_INPUT
    assert "was carried out" in capsys.readouterr().err
    assert not Path("again.keys").exists()


def test_a_forged_request_is_refused_by_the_custodians_own_file(
    digest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was changed in it, and whoever signed it anew."""
    main(["watermark", "keygen", "example.com", "--vault", "evil", "--key-file", "e.key",
          "--custodian", "Ada.json", "--custodian", "Grace.json"])  # fmt: skip
    theirs = ["--vault", "evil", "--key-file", "e.key"]
    custody("ask", "suspects", *SCHEME, *REASON, *theirs, "-o", "evil.json")
    stolen = read("request.json")
    stolen["opening"]["recipient"] = read("evil.json")["opening"]["recipient"]
    Path("stolen.json").write_text(json.dumps(stolen))
    for forged in ("evil.json", "stolen.json"):
        capsys.readouterr()
        assert custody("show", forged, *own("Ada")) == ExitCode.BAD_INPUT
        said = capsys.readouterr()
        assert "did not sign this request" in said.err
        assert not said.out
        for given in (digest, "0" * 64):
            assert approve("Ada", given, forged) == ExitCode.BAD_INPUT
    custody("waiting", *theirs, "-f", "json")
    (there,) = json.loads(capsys.readouterr().out)["openings"]
    assert approve("Ada", there["digest"], "evil.json") == ExitCode.BAD_INPUT
    assert "did not sign this request" in capsys.readouterr().err
    assert not Path("Ada.approval").exists()


def test_a_swapped_identity_is_found_out_by_its_fingerprint(
    house: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that was read over the telephone; a vault that is trusted is not replaced unasked."""
    main(["watermark", "keygen", "example.com", "--vault", "evil", "--key-file", "e.key"])
    custody("identity", "--vault", "evil", "--key-file", "e.key", "-o", "evil.json")
    theirs = capsys.readouterr().err.split("fingerprint: ")[1].strip()
    swapped = ["trust", "evil.json", *own("Ada"), "--fingerprint"]
    assert custody(*swapped, house) == ExitCode.BAD_INPUT
    assert "Trust it not" in capsys.readouterr().err
    assert custody(*swapped, theirs) == ExitCode.BAD_INPUT
    assert "another vault of example.com is trusted" in capsys.readouterr().err
    assert custody(*swapped, theirs, "--anew") == ExitCode.CLEAN


def test_what_was_not_read_is_not_approved(digest: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Approving takes the digest that stands above what is read; and is done once."""
    for given in ("", digest[:15], digest[1:], "0" * 64):
        words = ["approve", "request.json", "--digest", given, *own("Ada")]
        assert custody(*words) == ExitCode.BAD_INPUT
    assert approve("Ada", digest) == ExitCode.CLEAN
    assert approve("Ada", digest) == ExitCode.BAD_INPUT
    assert "approved this request before" in capsys.readouterr().err


def test_two_approvals_are_of_two_and_of_one_opening(
    digest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not twice of one custodian, and not of two openings."""
    approve("Ada", digest)
    one = ["open", "Ada.approval", "Ada.approval", *KEY_FILE, "-o", "audit.keys"]
    assert custody(*one) == ExitCode.BAD_INPUT
    assert "both approvals are of Ada" in capsys.readouterr().err
    custody("ask", "suspects", *SCHEME, *REASON, *KEY_FILE, "-o", "second.json")
    custody("show", "second.json", *own("Grace"))
    approve("Grace", capsys.readouterr().out.splitlines()[0], "second.json")
    assert custody(*OPEN, "-o", "audit.keys") == ExitCode.BAD_INPUT
    assert "approvals of different openings" in capsys.readouterr().err
    assert not Path("audit.keys").exists()


def test_nothing_is_opened_that_could_not_be_kept(
    digest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An opening is carried out once: what stands in the way of its files is said before."""
    for name in ("Ada", "Grace"):
        approve(name, digest)
    Path("audit.keys").write_text("somebody's")
    assert custody(*OPEN, "-o", "audit.keys") == ExitCode.BAD_INPUT
    assert custody(*OPEN, "-o", "new.keys", "--seed", "s.seed") == ExitCode.BAD_INPUT
    assert "takes a seed" in capsys.readouterr().err
    assert custody(*OPEN, "-o", "new.keys", "--seed", "s", "--commitment", "plan.md") == 2
    assert Path("audit.keys").read_text() == "somebody's"
    assert custody(*OPEN, "-o", "new.keys") == ExitCode.CLEAN


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"schema": "phalanx.audit-keys/1"}'])
def test_files_that_are_something_else_are_refused(
    digest: str, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, whatever they hold."""
    Path("other").write_text(content)
    Path("other").chmod(0o600)
    commands: tuple[Callable[[], int], ...] = (
        lambda: custody("show", "other", *own("Ada")),
        lambda: approve("Ada", digest, "other"),
        lambda: custody("trust", "other", "--fingerprint", "0" * 32, *own("Ada")),
        lambda: custody("open", "other", "other", *KEY_FILE, "-o", "k"),
        lambda: custody("disclose", "suspect-1", "other", *COMMITTED),
    )
    Path("c.json").write_text("{}")
    for command in commands:
        capsys.readouterr()
        assert command() == ExitCode.BAD_INPUT
        assert "Next:" in capsys.readouterr().err


def test_keys_end(house: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Withdrawn, destroyed with their epoch, sealed anew; what that does not reach is said."""
    assert house
    Path("gone").write_text("C-17\n")
    withdrawn = ["withdraw", "gone", "--purpose", "campaign", *KEY_FILE]
    capsys.readouterr()
    assert keys(*withdrawn) == ExitCode.CLEAN
    said = capsys.readouterr()
    assert said.out == "1\n"
    assert "until the epoch is destroyed" in said.err
    commit = ["commit", "gone", *SCHEME, "--plan", "plan.md", "--seed", "s", *KEY_FILE]
    assert keys(*commit, "--purpose", "campaign") == ExitCode.BAD_INPUT
    assert "was withdrawn" in capsys.readouterr().err
    assert keys("destroy", "1", *KEY_FILE) == ExitCode.BAD_INPUT
    assert keys("rotate", *KEY_FILE) == ExitCode.CLEAN
    before = Path("v.key").read_bytes()
    capsys.readouterr()
    assert keys("destroy", "1", *KEY_FILE) == ExitCode.CLEAN
    assert "open to nobody" in capsys.readouterr().err
    assert Path("v.key").read_bytes() != before
    Path("pass").write_text("a passphrase of some length\n")
    Path("pass").chmod(0o600)
    assert keys("reseal", "--new-passphrase-file", "pass", *KEY_FILE) == ExitCode.CLEAN
    assert "v.key: opens older copies" in capsys.readouterr().err
    opened = ["list", "--vault", "vault", "--passphrase-file", "pass", "-f", "json"]
    assert keys(*opened) == ExitCode.CLEAN
    first, second = json.loads(capsys.readouterr().out)["epochs"]
    assert (bool(first["destroyed"]), bool(second["ids"])) == (True, True)
    assert keys("list", *KEY_FILE) == ExitCode.BAD_INPUT
    kinds = [json.loads(line)["kind"] for line in Path("vault/uses.jsonl").read_text().splitlines()]
    assert [each for each in kinds if each != "written"] == [
        "made", "withdrawn", "rotated", "destroyed", "resealed"
    ]  # fmt: skip


def test_audit_keys_are_audited_with(house: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Planned by name, opened for the plan, held against the commitment before anything is read."""
    assert house
    Path("prompts.jsonl").write_text('{"tokens": [1, 2, 3]}\n')
    answer = {"tokens": [*range(5, 60)], "prompt_tokens": [1, 2, 3]}
    Path("answers.jsonl").write_text(json.dumps(answer) + "\n")

    def audit(*words: str) -> int:
        return main(["watermark", "audit", *words])

    for plan in ("plan.json", "other.json"):
        planned = ["plan", "suspects", *SCHEME, "--by-custodians", "--suspect", plan, "--mode"]
        options = ["--prompts", "prompts.jsonl", "--runs", "0", "--decoys", "5", "-o", plan]
        assert audit(*planned, "sums", *options) == ExitCode.CLEAN
    assert read("plan.json")["key_ids"] == ["suspect-1", "suspect-2"]
    reason = ["--reason", "Audit of student X, case 12", "--plan", "plan.json", "--by", "Mary"]
    custody("ask", "suspects", *SCHEME, *reason, *KEY_FILE, "-o", "request.json")
    capsys.readouterr()
    custody("show", "request.json", *own("Ada"))
    digest = capsys.readouterr().out.splitlines()[0]
    for name in ("Ada", "Grace"):
        assert approve(name, digest) == ExitCode.CLEAN
    assert custody(*OPEN, "-o", "audit.keys", *COMMITTED) == ExitCode.CLEAN
    given = ["answers.jsonl", "--prompts", "prompts.jsonl", "--signer", "sign.key", "-o", "r.json"]
    held = ["--audit-keys", "audit.keys"]
    assert audit("run", "plan.json", *given, *held, *COMMITTED) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "suspect-1: e 10^" in said
    assert "suspect-2: e 10^" in said
    for each in read("audit.keys")["keys"]:
        assert each["key"] not in said
    public = next(line.split()[-1] for line in said.splitlines() if "signed by" in line)
    verify = ["verify", "r.json", "--signer", public, "--plan", "plan.json", "--commitment"]
    assert audit(*verify, "c.json") == ExitCode.CLEAN
    swapped = read("audit.keys")
    first, last = swapped["keys"]
    first["key"], last["key"] = last["key"], first["key"]
    Path("swapped.keys").touch(0o600)
    Path("swapped.keys").write_text(json.dumps(swapped))
    capsys.readouterr()
    for words, reason_said in (
        (["other.json", *given, *held], "opened for another plan"),
        (["plan.json", *given, "--audit-keys", "swapped.keys", *COMMITTED], "committed to"),
        (["plan.json", *given, *held, "--seed", "s.seed"], "opened by its seed"),
        (["plan.json", *given], "or from custodians"),
        (["plan.json", *given, *held, "--names", "suspects"], "or from custodians"),
        (["plan.json", "none", *given[1:], "--audit-keys", "c.json"], "not a file of audit keys"),
    ):
        Path("c.json").chmod(0o600)
        assert audit("run", *words) == ExitCode.BAD_INPUT
        assert reason_said in capsys.readouterr().err
