"""`phalanx watermark detect`: texts in, findings out, and every mistake told."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phalanx.cli import ExitCode, main
from phalanx.cli.watermark_asked import AskedOptions, LevelOptions, TextOptions
from phalanx.cli.watermark_detect_view import as_json, as_text
from phalanx.cli.watermark_detect_work import Answer, KeyName, Question
from phalanx.watermark.detection import SchemeKeys
from phalanx.watermark.detection.survey import Read, survey
from phalanx.watermark.keys.sealed_place import Seal
from phalanx.watermark.keys.vault import Act, Vault, make_vault
from phalanx.watermark.schemes.phalanx_gumbel import PhalanxGumbel
from phalanx.watermark.texts import Cut, Document, Given, Reject

SCHEME = PhalanxGumbel()
ASKED = ["--names", "names", "--scheme", "phalanx-gumbel-v1", "--key-file", "v.key"]
Writer = Callable[..., list[int]]


@pytest.fixture(autouse=True)
def _house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marked_tokens: Writer) -> None:
    monkeypatch.chdir(tmp_path)
    who = Act("x", datetime.now(UTC))
    vault = make_vault(Path("watermark-vault"), "example.com", Seal(key_file=Path("v.key")), who)
    Path("names").write_text("model-1\nmodel-2\n")
    (key,) = vault.derive("serve", ["model-2"], SCHEME.setting, who).keys
    lines = [
        {"id": "plain", "tokens": marked_tokens(None, 150, 1)},
        {"id": "marked", "tokens": marked_tokens(key.reveal(), 150, 2)},
    ]
    Path("docs.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines) + "{no\n")


def detect(*words: str) -> int:
    """Ask."""
    return main(["watermark", "detect", *words])


def test_a_mark_is_found_and_said_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Which key, by which evidence, in which document, where; and what was left out."""
    assert detect("docs.jsonl", *ASKED, "-f", "json") == ExitCode.FINDINGS
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert (said["schema"], said["found"]) == ("phalanx.watermark-detect/1", True)
    best = said["corpus"]["findings"][0]
    assert (best["key"], best["verdict"]) == ("model-2", "marked")
    evidence = best["evidence"]
    assert (evidence["rule_id"], evidence["null_hypothesis"]) == (
        "PHX-W002", "The text was written without the key.",
    )  # fmt: skip
    assert evidence["log10_p"] < -6
    assert any("drawn at random" in each for each in evidence["assumptions"])
    verdicts = {each["document"]: each["verdict"] for each in said["documents"]}
    assert verdicts == {"plain": "not evaluable", "marked": "marked"}
    assert [each["document"] for each in said["passages"]] == ["marked"]
    assert said["rejects"]["first"] == [{"where": "docs.jsonl:3", "reason": "is no JSON"}]
    assert "docs.jsonl:3" in captured.err


def test_letters_of_a_passage_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where a text is cut by a tokenizer, characters are named beside tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer: Any = Tokenizer(WordLevel({f"w{at}": at for at in range(1_900)}, unk_token="w0"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    marked = json.loads(Path("docs.jsonl").read_text().splitlines()[1])["tokens"]
    words = [f"w{each}" for each in marked]
    Path("a.txt").write_text("the end " * 40 + " ".join(words))
    asked = [*ASKED, "--tokenizer", "tokenizer.json", "-f", "json"]
    assert detect("a.txt", *asked) == ExitCode.FINDINGS
    (passage,) = json.loads(capsys.readouterr().out)["passages"]
    text = Path("a.txt").read_text()[passage["start_character"] : passage["stop_character"]]
    assert len(set(text.split()) & set(words)) > 0.7 * len(set(words))
    assert detect("a.txt", "docs.jsonl", *asked) == ExitCode.FINDINGS
    assert "has tokens and no text" in capsys.readouterr().err


def test_what_makes_the_status_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark; with `undecided` what is too short as well; with `never` nothing."""
    assert detect("docs.jsonl", *ASKED, "--fail-on", "never", "-q") == ExitCode.CLEAN
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"tokens": [1, 2, 3]}')))
    short = ["-", "--jsonl", *ASKED]
    assert detect(*short) == ExitCode.CLEAN
    assert "Not evaluable" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"tokens": [1, 2, 3]}')))
    assert detect(*short, "--fail-on", "undecided") == ExitCode.FINDINGS


def test_several_epochs_and_schemes_are_one_family(capsys: pytest.CaptureFixture[str]) -> None:
    """Each key is tried under its own scheme alone, whatever its length."""
    vault = Vault(Path("watermark-vault"), Seal(key_file=Path("v.key")))
    vault.rotate(Act("x", datetime.now(UTC)))
    more = ["--scheme", "phalanx-gumbel-v1?context_width=2", "--epoch", "1", "--epoch", "2"]
    words = ["--corpus-only", "--no-passages", "-f", "json", "-q"]
    assert detect("docs.jsonl", *ASKED, *more, *words) == ExitCode.FINDINGS
    said = json.loads(capsys.readouterr().out)
    assert said["corpus"]["tests"] == said["question"]["keys"] == 8
    assert said["question"]["epochs"] == [1, 2]
    assert (said["documents"], said["passages"]) == ([], [])
    assert detect("docs.jsonl", *ASKED, "-q") == ExitCode.CLEAN  # the epoch in use is the second


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["none.txt"], "cannot be read"), (["."], "Is a directory"), (["empty.txt"], "is empty"),
        (["nul.txt"], "bytes that are zero"), (["docs.jsonl", "--tokenizer", "names"], "tokenizer"),
        (["names"], "no tokenizer is named"), (["docs.jsonl", "--epoch", "9"], "no epoch 9"),
        (["docs.jsonl", "--epoch", "2"], "Name 1, the only one"),
        (["docs.jsonl", "--scheme", "other-v1"], "no scheme other-v1"),
        (["docs.jsonl", "--scheme", "phalanx-gumbel-v1"], "named twice"),
        (["docs.jsonl", "--epoch", "1", "--epoch", "1"], "named twice"),
        (["docs.jsonl", "--vault", "other"], "no vault"),
        (["docs.jsonl", "--tokenizer", "names", "--tokenizer", "names"], "named twice"),
        (["docs.jsonl", "--level", "0"], "--level"), (["docs.jsonl", "-o", "."], "folder"),
        (["docs.jsonl", "--purpose", "audit"], "audit"), (["bad.jsonl"], "is no JSON"),
        (["docs.jsonl", "--tokenzier", "x"], "Did you mean --tokenizer?"),
    ],
)  # fmt: skip
def test_mistakes_are_told(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is wrong, with status 2, and without a traceback."""
    Path("empty.txt").touch()
    Path("nul.txt").write_bytes(b"a\0b")
    Path("bad.jsonl").write_text("no\n")
    assert detect(*words, *ASKED) == ExitCode.BAD_INPUT
    said = capsys.readouterr()
    assert reason in said.err
    assert "Traceback" not in said.err
    assert not said.out


def test_a_wrong_key_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The vault does not open, and no text is judged."""
    Path("w.key").write_bytes(bytes(32))
    Path("w.key").chmod(0o600)
    assert detect("docs.jsonl", *ASKED[:4], "--key-file", "w.key") == ExitCode.BAD_INPUT
    assert not capsys.readouterr().out


@pytest.fixture
def answer(marked_tokens: Writer) -> Answer:
    """Return an answer that is the same each time."""
    ids = {"wmk_" + "1" * 32: b"1" * 32, "wmk_" + "2" * 32: b"2" * 32}
    keys = dict(zip(ids, (KeyName(name=f"model-{at}", epoch=1, purpose="serve") for at in (1, 2)),
                    strict=True))  # fmt: skip
    texts = [marked_tokens(None, 150, 1), marked_tokens(b"2" * 32, 150, 2), [5, 6]]
    cut = Cut(
        "tokens as given",
        tuple(np.array(text) for text in texts),
        (np.empty(0, np.int64),) * 3,
        (np.empty((0, 2), np.int64),) * 3,
    )
    documents = tuple(
        Document(where=f"d.jsonl:{at}", document_id=f"\x1b[1m{at}", tokens=tokens)
        for at, tokens in enumerate(cut.documents)
    )
    return Answer(
        question=Question(
            texts=[Path("d.jsonl")],
            asked=AskedOptions(names=Path("names"), scheme=(SCHEME.setting.name,)),
            reading=TextOptions(),
            levels=LevelOptions(),
            corpus_only=False,
            passages=True,
        ),
        given=Given(documents=documents, rejects=(Reject(where="d.jsonl:9", reason="is no JSON"),)),
        cuts=(cut,),
        schemes=(SCHEME,),
        keys=keys,
        survey=survey(
            [Read(tokenizer=cut.tokenizer, documents=cut.documents, prompts=cut.prompts)],
            [SchemeKeys(SCHEME, ids)],
        ),
    )


def test_golden_text(answer: Answer, check_golden: Callable[[str, str], None]) -> None:
    """What people read, in which no text from outside steers a terminal."""
    text = as_text(answer)
    assert "\x1b" not in text
    check_golden("watermark_detect.txt", text)


def test_golden_json(answer: Answer, check_golden: Callable[[str, str], None]) -> None:
    """What programs read."""
    check_golden("watermark_detect.json", as_json(answer))
