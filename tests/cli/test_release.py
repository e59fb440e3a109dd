"""`phalanx release`, as a lab and a partner do it: in files."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.release_verifying import receipt_lines
from phalanx.cli.release_work import read_identity
from phalanx.release.grants.receipt import Receipt
from phalanx.release.grants.request import named
from phalanx.release.packages.package import check_package

TERMS = """
model = "m-1"
purposes = ["evaluation"]
tier = "white-box"
environment = "own data centre"
begins_at = 2020-01-01T00:00:00Z
expires_at = 2990-01-01T00:00:00Z
delete_by = 2990-02-01T00:00:00Z
derivatives = "none"
onward_transfer = false
incident_contact = "security@lab.example"
evidence_duties = ["keep the access log for a year"]

[export]
jurisdiction = "example"
classification = "none"
basis = "none"
checked_on = 2026-01-01
"""
ASKED = ["m-1", "--purpose", "evaluation", "--environment", "own data centre"]
LAB, PARTNER = ["--keys", "lab.keys"], ["--keys", "partner.keys"]
WITHOUT = ["--without-roots"]
ISSUER, RECIPIENT = ["--issuer", "lab.json"], ["--recipient", "partner.json"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("terms.toml").write_text(TERMS)
    Path("model").mkdir()
    Path("model/config.json").write_text("{}")
    Path("model/vocab.txt").write_text("the\n")


def release(*words: str) -> int:
    """Do what one of both does."""
    return main(["release", *words])


@pytest.fixture
def agreed() -> str:
    """Return the file of a grant that both have signed."""
    for name in ("lab", "partner"):
        words = ["keygen", name, "--keys", f"{name}.keys", "-o", f"{name}.json"]
        assert release(*words) == ExitCode.CLEAN
    assert release("request", *ASKED, *PARTNER, "-o", "request.json") == ExitCode.CLEAN
    terms = ["--terms", "terms.toml", "-o", "issued.json"]
    assert release("grant", "request.json", *RECIPIENT, *LAB, *terms) == ExitCode.CLEAN
    answer = ["--request", "request.json", *ISSUER, *PARTNER, "-o", "grant.json"]
    assert release("accept", "issued.json", *answer) == ExitCode.CLEAN
    return "grant.json"


@pytest.fixture
def sealed(agreed: str) -> str:
    """Return the folder of a release."""
    words = ["seal", "model", agreed, *RECIPIENT, *LAB, "--out", "sealed"]
    assert release(*words) == ExitCode.CLEAN
    return "sealed"


def test_from_keys_to_receipt(sealed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A model goes from one to the other, and each side can verify what it has."""
    capsys.readouterr()
    words = [sealed, *ISSUER, *PARTNER, "--out", "opened", "--receipt", "receipt.json"]
    assert release("open", *WITHOUT, *words) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "verified: both signatures of the grant" in said
    assert "not checked: whether the release is in a transparency log" in said
    assert Path("opened/vocab.txt").read_text() == "the\n"
    assert Path("partner.keys.opened").stat().st_mode & 0o077 == 0
    receipt = ["--receipt", "receipt.json"]
    assert release("verify", sealed, *ISSUER, *RECIPIENT, *receipt) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "receipt of partner: opened at" in said
    assert "receipt: he verified every chunk" in said
    assert "receipt: he did not check whether keys were revoked" in said
    assert release("verify", "opened", *ISSUER) == ExitCode.CLEAN
    assert "2 files are as lab signed them" in capsys.readouterr().out
    assert release("verify", "opened", *ISSUER, "--only", "vocab.txt") == ExitCode.CLEAN
    assert "1 files are as lab signed them" in capsys.readouterr().out


def test_a_log_that_is_not_there_is_told_before_anything_is_sealed(
    agreed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sealing takes an hour: nothing of it is begun."""
    words = ["seal", "model", agreed, *RECIPIENT, *LAB, "--out", "sealed", "--log", "nowhere"]
    assert release(*words) == ExitCode.BAD_INPUT
    assert "nowhere" in capsys.readouterr().err
    assert not list(Path().glob("*sealed*"))


def test_who_accepts_reads_what_he_signs(agreed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The terms are printed, before they are signed or instead."""
    assert agreed
    capsys.readouterr()
    words = ["issued.json", "--request", "request.json", *PARTNER]
    assert release("accept", *words, *ISSUER, "--only-read") == ExitCode.CLEAN
    read = capsys.readouterr().out
    assert "asked.purposes: evaluation" in read
    assert "onward_transfer: no" in read
    assert release("accept", *words, *ISSUER, "-o", "again.json") == ExitCode.CLEAN
    assert read in capsys.readouterr().err
    wrong = ["--issuer", "partner.json"]
    assert release("accept", *words, *wrong, "--only-read") == ExitCode.BAD_INPUT
    assert "not signed by partner" in capsys.readouterr().err


def test_a_receipt_says_when(sealed: str) -> None:
    """One of a time at which nothing could be opened tells of a wrong clock, or of a breach."""
    issuer, recipient = (read_identity(Path(f"{name}.json")) for name in ("lab", "partner"))
    package = check_package(Path(sealed), issuer, recipient)
    terms, sealed_at = package.agreed.grant.terms, package.record.sealed_at
    for opened_at, told in (
        (sealed_at, "+00:00"),
        (sealed_at - timedelta(seconds=1), "a clock was wrong"),
        (terms.expires_at, "when the grant was over"),
    ):
        said = Receipt(
            recipient=named(recipient), grant=package.agreed.digest, record=package.digest,
            opened_at=opened_at, checked=("a",), not_checked=("b",),
        )  # fmt: skip
        first, *others = receipt_lines(said, terms, sealed_at, "partner")
        assert first.endswith(told)
        assert others == ["receipt: he verified a", "receipt: he did not check b"]


def test_without_roots_nothing_is_opened(sealed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether keys were revoked has to be known, or it has to be said that it is not."""
    words = [sealed, *ISSUER, *PARTNER, "--out", "opened", "--receipt", "receipt.json"]
    assert release("open", *words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "no roots are pinned" in said
    assert "--without-roots" in said
    assert not Path("opened").exists()
    assert release("open", *WITHOUT, *words, "--trust", "somewhere") == ExitCode.BAD_INPUT
    assert "would not be asked" in capsys.readouterr().err
    assert release("verify", sealed, *ISSUER, *PARTNER) == ExitCode.CLEAN
    assert "not checked: whether keys were revoked" in capsys.readouterr().out


def test_what_was_opened_can_be_read_by_programs(
    sealed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checks come as JSON too."""
    capsys.readouterr()
    words = [sealed, *ISSUER, *PARTNER, "--out", "opened", "--receipt", "receipt.json"]
    assert release("open", *WITHOUT, *words, "-f", "json") == ExitCode.CLEAN
    said = json.loads(capsys.readouterr().out)
    assert said["model"] == "m-1"
    assert said["checked"]
    assert said["not_checked"]


def _tensors() -> str:
    """Return the folder of a release of two tensors."""
    header = json.dumps(
        {
            "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
            "b": {"dtype": "F16", "shape": [2, 3], "data_offsets": [4, 16]},
        }
    ).encode()
    weights = len(header).to_bytes(8, "little") + header + bytes(range(16))
    Path("model/model.safetensors").write_bytes(weights)
    words = ["seal", "model", "grant.json", *RECIPIENT, *LAB, "--out", "weights"]
    assert release(*words) == ExitCode.CLEAN
    return "weights"


def test_one_tensor_is_opened(agreed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A tensor comes in a file of its own, and what was not verified for it is printed."""
    assert agreed
    words = [_tensors(), *ISSUER, *PARTNER, "--receipt", "receipt.json", "--tensor", "b"]
    capsys.readouterr()
    assert release("open", *WITHOUT, *words, "--out", "b.safetensors") == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "b: F16 2x3, 12 bytes" in said
    assert "not checked: 2 of 3 chunks, and the digest of any file" in said
    assert Path("b.safetensors").read_bytes()[-12:] == bytes(range(4, 16))
    words += ["--tensor", "a", "--out", "both", "-f", "json"]
    assert release("open", *WITHOUT, *words) == ExitCode.CLEAN
    written = json.loads(capsys.readouterr().out)
    assert written["tensors"]["a"] == {"dtype": "F32", "shape": [], "bytes": 4}
    assert (written["chunks"], written["chunks_in_all"]) == (1, 3)
    assert (
        release("open", *WITHOUT, *words[:-6], "--tensor", "x", "--out", "x") == ExitCode.BAD_INPUT
    )
    assert "no file of the release has a tensor 'x'" in capsys.readouterr().err
    assert not Path("x").exists()


def test_a_release_is_verified_inside(sealed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the recipient's keys contents are verified, all or some, and nothing is written."""
    there = set(Path().rglob("*"))
    capsys.readouterr()
    assert release("verify", sealed, *ISSUER, *PARTNER) == ExitCode.CLEAN
    said = capsys.readouterr().out
    assert "2 files are as lab sealed and signed them" in said
    assert "not verified" not in said
    words = ["verify", sealed, *ISSUER, *PARTNER, "--only", "vocab.txt"]
    assert release(*words) == ExitCode.CLEAN
    assert "not verified: 1 other files" in capsys.readouterr().out
    assert set(Path().rglob("*")) == there
    raw = bytearray(Path(sealed, "000001.sealed").read_bytes())
    raw[-1] ^= 1
    Path(sealed, "000001.sealed").write_bytes(raw)
    assert release(*words) == ExitCode.CLEAN
    assert release("verify", sealed, *ISSUER, *PARTNER) == ExitCode.BAD_INPUT
    assert "chunk 0" in capsys.readouterr().err
    assert release(*words[:-1], "absent") == ExitCode.BAD_INPUT


def test_a_release_lies_behind_a_url(agreed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL stands for a folder in every command but where weights would lie in the clear."""
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    memory.put("model", "bucket/model", recursive=True)
    words = ["seal", "memory://bucket/model", agreed, *RECIPIENT, *LAB]
    assert release(*words, "--out", "memory://bucket/sealed") == ExitCode.CLEAN
    url = "memory://bucket/sealed"
    assert release("verify", url, *ISSUER, *RECIPIENT) == ExitCode.CLEAN
    assert release("verify", url, *ISSUER, *PARTNER) == ExitCode.CLEAN
    words = ["open", url, *WITHOUT, *ISSUER, *PARTNER, "--receipt", "receipt.json"]
    assert release(*words, "--out", "memory://bucket/opened") == ExitCode.BAD_INPUT
    assert "not into a store" in capsys.readouterr().err
    assert release(*words, "--out", "opened") == ExitCode.CLEAN
    assert Path("opened/vocab.txt").read_text() == "the\n"
    there = f"file://{Path('opened').resolve()}"
    assert release("verify", there, *ISSUER) == ExitCode.CLEAN
    assert release("verify", "nowhere://x", *ISSUER, *RECIPIENT) == ExitCode.BAD_INPUT
    memory.store.clear()


def test_a_changed_release_is_not_opened(sealed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One changed byte ends in one message, exit 2 and no model."""
    path = Path(sealed, "000001.sealed")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    words = [sealed, *ISSUER, *PARTNER, "--out", "opened", "--receipt", "receipt.json"]
    assert release("open", *WITHOUT, *words) == ExitCode.BAD_INPUT
    assert "chunk 0 is not as it was sealed" in capsys.readouterr().err
    assert not Path("opened").exists()


def test_a_changed_model_is_told(sealed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was changed after opening is named."""
    words = [sealed, *ISSUER, *PARTNER, "--out", "opened", "--receipt", "receipt.json"]
    assert release("open", *WITHOUT, *words) == ExitCode.CLEAN
    Path("opened/config.json").write_text("[]")
    assert release("verify", "opened", *ISSUER) == ExitCode.BAD_INPUT
    assert "'config.json' is not the file that was signed" in capsys.readouterr().err


def test_a_codeword_is_committed_to(agreed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A grant for a marked copy carries a commitment, whose key is its owner's alone."""
    Path("codeword").write_text("0110\n")
    words = ["grant", "request.json", *RECIPIENT, *LAB, "--terms", "terms.toml"]
    code = ["--codeword", "codeword", "--codeword-key", "codeword.key"]
    assert release(*words, *code, "-o", "marked.json") == ExitCode.CLEAN
    assert Path("codeword.key").stat().st_mode & 0o077 == 0
    assert Path("marked.json").read_bytes() != Path(agreed).read_bytes()
    assert release(*words, *code[:2]) == ExitCode.BAD_INPUT
    assert "go together" in capsys.readouterr().err
    Path("codeword").write_text("0120")
    assert release(*words, *code) == ExitCode.BAD_INPUT
    assert "zeros and ones" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("was", "becomes", "match"),
    [
        ('"evaluation"', '"training"', "goes beyond the request: purposes"),
        ("derivatives", "derived", "derivatives"),
        ('"white-box"', '"glass"', "asked.tier"),
        ("2990-01-01T00:00:00Z", "2019-01-01T00:00:00Z", "begins before it expires"),
        ('["evaluation"]', "3", "terms.toml"),
        ("model =", "model ==", "no TOML"),
    ],
)
def test_terms_that_cannot_be_granted(
    was: str, becomes: str, match: str, agreed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Terms that are wrong, or go beyond the request, end in one message."""
    assert Path(agreed).exists()
    Path("terms.toml").write_text(TERMS.replace(was, becomes, 1))
    words = ["grant", "request.json", *RECIPIENT, *LAB, "--terms", "terms.toml"]
    assert release(*words) == ExitCode.BAD_INPUT
    assert match in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "sealed", *ISSUER],
        ["verify", "sealed", *ISSUER, *RECIPIENT, "--only", "a"],
        ["verify", "model", *ISSUER, "--receipt", "r"],
        ["verify", "sealed", *ISSUER, *RECIPIENT, *PARTNER],
        ["verify", "sealed", *ISSUER, *PARTNER, "--deletion", "gone.json"],
        ["verify", "sealed", *ISSUER, *RECIPIENT, "--grant", "grant.json", "--deletion", "g"],
        ["verify", "sealed", *ISSUER, *RECIPIENT, "--grant", "grant.json", "--only", "a"],
        ["verify", "sealed", *ISSUER, *LAB],
        ["verify", "model", *ISSUER],
        ["keygen", "lab", *LAB],
        ["request", "m", "--purpose", "", "--environment", "e", *PARTNER],
        ["seal", "model", "issued.json", *RECIPIENT, *LAB, "--out", "other"],
        ["seal", "absent", "grant.json", *RECIPIENT, *LAB, "--out", "other"],
        ["seal", "model", "grant.json", *RECIPIENT, *PARTNER, "--out", "other"],
        ["open", "model", *WITHOUT, *ISSUER, *PARTNER, "--out", "o", "--receipt", "r"],
        ["open", "sealed", *WITHOUT, *ISSUER, *LAB, "--out", "o", "--receipt", "r"],
        [
            "open",
            "sealed",
            *WITHOUT,
            "--issuer",
            "terms.toml",
            *PARTNER,
            "--out",
            "o",
            "--receipt",
            "r",
        ],
    ],
)
def test_what_cannot_be_done(
    words: list[str], sealed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong, it ends with exit 2, words and a next step, and leaves nothing."""
    capsys.readouterr()
    there = set(Path().rglob("*"))
    assert release(*words) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert "Next: " in said
    assert "Traceback" not in said
    assert set(Path().rglob("*")) == there
    assert Path(sealed).exists()
