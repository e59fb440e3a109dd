"""`phalanx authorship index`, `lookup` and `detect` with what was served, a mark, a corpus."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from phalanx.cli import ExitCode, main

WORDS = [a + b + c + d for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnr" for d in "aeio"]


def text(seed: int, words: int = 90) -> str:
    """Return a text of words without meaning, half of them joining ones."""
    random = np.random.default_rng(seed)
    return " ".join(
        f"{random.choice(['the', 'of', 'and'])} {random.choice(WORDS)}" for _ in range(words)
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an index of thirty responses."""
    folder = tmp_path_factory.mktemp("served")
    rows = [
        {"timestamp": f"2026-01-01T00:00:{at:02}Z", "account_id": f"user-{at}", "model": "m",
         "prompt": "Tell me.", "response": text(at)}
        for at in range(30)
    ]  # fmt: skip
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = ["index", str(folder / "log.jsonl"), "-o", str(folder / "index")]
    key = ["--key", str(folder / "key"), "-q"]
    assert main(["authorship", *told, *key]) == ExitCode.CLEAN
    return folder


def asked(house: Path, verb: str, *words: str) -> int:
    """Run a command with the index."""
    told = ["--index", str(house / "index"), "--key", str(house / "key"), "-q"]
    return main(["authorship", verb, *words, *told])


def test_a_copied_response_is_found_with_time_and_account(house: Path, tmp_path: Path) -> None:
    """The account is a pseudonym, as the scan's."""
    (tmp_path / "copy.txt").write_text(text(7).upper())
    (tmp_path / "other.txt").write_text(text(99))
    out = tmp_path / "out.json"
    code = asked(house, "lookup", str(tmp_path), "-f", "json", "-o", str(out))
    assert code == ExitCode.FINDINGS
    said = json.loads(out.read_text())
    assert said["schema"] == "phalanx.authorship-lookup/1"
    copy, other = said["documents"]
    assert copy["verdict"] == "consistent with what was served"
    assert copy["matches"][0]["served_at"] == "2026-01-01T00:00:07+00:00"
    assert copy["matches"][0]["account_id"].startswith("acct_")
    assert other["verdict"] == "not told apart from texts on its subject"
    assert "written by" not in out.read_text()


def test_look_ups_are_said_in_words(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not said stands beside it."""
    (tmp_path / "copy.txt").write_text(text(7))
    assert asked(house, "lookup", str(tmp_path), "--fail-on", "never") == ExitCode.CLEAN
    told = capsys.readouterr().out
    assert told.startswith("1 of 1 document: consistent with what was served\n")
    # A line ends where the name of the file, which differs, makes it too long.
    assert "served 2026-01-01T00:00:07+00:00 to acct_" in " ".join(told.split())
    assert "Who copied from whom" in told


def test_a_log_is_not_indexed_twice(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted twice, it would match twice."""
    told = ["index", str(house / "log.jsonl"), "-o", str(house / "index")]
    assert main(["authorship", *told, "--key", str(house / "key"), "-q"]) == ExitCode.BAD_INPUT
    assert "is in the index already" in capsys.readouterr().err


def test_another_key_is_refused(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With another key nothing would ever be found."""
    (tmp_path / "copy.txt").write_text(text(7))
    told = ["--index", str(house / "index"), "--key", str(tmp_path / "other.key"), "-q"]
    assert main(["authorship", "lookup", str(tmp_path / "copy.txt"), *told]) == ExitCode.BAD_INPUT
    assert "made with key" in capsys.readouterr().err


def test_one_statement_is_made_of_all_evidence(house: Path, tmp_path: Path) -> None:
    """The index is asked first, then the mark, then statistics."""
    (tmp_path / "copy.txt").write_text(text(7))
    name = str(tmp_path / "copy.txt")
    evidence = {
        "rule_id": "PHX-W001", "name": "mark", "family": "watermark", "null_hypothesis": "No key.",
        "observation": "200 draws", "log10_e": 8.0, "reachable_log10_e": None, "sample_size": 200,
        "reference_size": 999, "method": "m", "assumptions": [], "decisive": True, "log10_p": -9.0,
    }  # fmt: skip
    marked = {"verdict": "marked", "reason": "", "evidence": evidence}
    mark = {
        "schema": "phalanx.watermark-detect/1", "question": {"documents": 1}, "documents": [],
        "corpus": {"findings": [marked]},
    }  # fmt: skip
    (tmp_path / "mark.json").write_text(json.dumps(mark))
    out = tmp_path / "out.json"
    told = ["--mark-evidence", str(tmp_path / "mark.json"), "-f", "json", "-o", str(out)]
    assert asked(house, "detect", name, *told) == ExitCode.FINDINGS
    (said,) = json.loads(out.read_text())["statements"]["documents"]
    assert said["words"] == "consistent with what was served"
    assert [each["source"] for each in said["evidence"]] == ["served", "mark", "statistics"]
    assert said["evidence"][1]["log10_p"] == -9.0


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": "phalanx.watermark-detect/1"}'])
def test_evidence_of_a_mark_that_is_none_is_refused(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in the file."""
    (tmp_path / "a.txt").write_text(text(7))
    (tmp_path / "mark.json").write_text(content)
    told = ["detect", str(tmp_path / "a.txt"), "--mark-evidence", str(tmp_path / "mark.json")]
    assert main(["authorship", *told, "-q"]) == ExitCode.BAD_INPUT
    assert "no answer of the format phalanx.watermark-detect/1" in capsys.readouterr().err


def corpus(folder: Path) -> Path:
    """Write a training set: forty of its hundred documents were served, ten of them twice."""
    folder.mkdir()
    served = [text(at) for at in [*range(30), *range(10)]]
    rows = [{"text": each} for each in [*served, *(text(500 + at) for at in range(60))]]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_share_of_a_training_set_is_told_with_an_interval(house: Path, tmp_path: Path) -> None:
    """Thirty of ninety clusters; copies count once."""
    out = tmp_path / "out.json"
    told = ["--corpus", str(corpus(tmp_path / "suspect")), "-f", "json", "-o", str(out)]
    assert asked(house, "detect", *told) == ExitCode.FINDINGS
    said = json.loads(out.read_text())
    by_question = {each["question"]: each for each in said["answers"]}
    served = by_question["what was served"]
    assert (served["clusters"], served["claimed_clusters"]) == (90, 30)
    assert served["share_low"] <= 1 / 3 <= served["share_high"] == 1.0
    assert served["share_low"] > 0.2
    assert len(served["listed"]) == 40


def test_a_run_that_was_stopped_gives_the_same_answer(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after every batch, and gone on with."""
    # The package hands out the function of this name.
    survey = importlib.import_module("phalanx.authorship.corpus.survey")
    folder = corpus(tmp_path / "suspect")
    whole, parts, state = tmp_path / "whole.json", tmp_path / "parts.json", tmp_path / "state"
    told = ["--corpus", str(folder), "-f", "json", "--fail-on", "never"]
    monkeypatch.setattr(survey, "BATCH", 30)
    assert asked(house, "detect", *told, "-o", str(whole)) == ExitCode.CLEAN
    noted = survey._noted
    calls = 0

    def stopped(*given: object) -> object:
        nonlocal calls
        calls += 1
        if calls % 2 == 0:
            raise KeyboardInterrupt
        return noted(*given)

    monkeypatch.setattr(survey, "_noted", stopped)
    for _ in range(4):
        asked(house, "detect", *told, "--state", str(state), "-o", str(parts))
    assert calls >= 6
    assert json.loads(parts.read_text()) == json.loads(whole.read_text())


def test_a_state_of_another_run_is_refused(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other settings, another corpus, or no state at all."""
    folder, state = corpus(tmp_path / "suspect"), str(tmp_path / "state")
    told = ["--corpus", str(folder), "--state", state, "--fail-on", "never"]
    assert asked(house, "detect", *told) == ExitCode.CLEAN
    assert asked(house, "detect", *told, "--level", "0.02") == ExitCode.BAD_INPUT
    assert "is of a run with another" in capsys.readouterr().err
    (folder / "train.jsonl").write_text(json.dumps({"text": text(1)}) + "\n")
    assert asked(house, "detect", *told) == ExitCode.BAD_INPUT
    assert "no longer what the former run read" in capsys.readouterr().err
    Path(state).write_bytes(b"no state at all" * 100)
    assert asked(house, "detect", *told) == ExitCode.BAD_INPUT
    assert "cannot be used" in capsys.readouterr().err


def test_texts_and_a_corpus_are_not_asked_at_once(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is not asked either."""
    assert asked(house, "detect", "a.txt", "--corpus", str(tmp_path)) == ExitCode.BAD_INPUT
    assert "were both named" in capsys.readouterr().err
    for words, message in (
        (["--corpus", str(tmp_path), "--passages"], "are about single texts"),
        (["a.txt", "--state", "a.state"], "are about a corpus"),
    ):
        assert asked(house, "detect", *words) == ExitCode.BAD_INPUT
        assert message in capsys.readouterr().err
    assert asked(house, "detect") == ExitCode.BAD_INPUT
    assert "no text was named" in capsys.readouterr().err
