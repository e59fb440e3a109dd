"""`phalanx authorship`: fit, calibrate, detect, and every mistake told."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from phalanx.cli import ExitCode, main

WORDS = [f"{first}{middle}{last}" for first in "bdgklm" for middle in "aeiou" for last in "nrst"]


def write(path: Path, author: str, count: int, seed: int) -> Path:
    """Write lines of JSON with texts of 70 words; a model has twelve favourites."""
    random = np.random.default_rng(seed)
    weights = np.ones(len(WORDS))
    weights[: 12 if author == "model" else 0] = 4.0
    lines = []
    for at in range(count):
        drawn = random.choice(WORDS, 35, p=weights / weights.sum())
        text = " ".join(f"{random.choice(['the', 'of', 'and'])} {word}" for word in drawn)
        lines.append(json.dumps({"id": f"{author}-{at}", "text": text + "."}))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a detector that was fitted and calibrated on the command line."""
    folder = tmp_path_factory.mktemp("authorship")
    human = write(folder / "human.jsonl", "human", 150, 1)
    model = write(folder / "model.jsonl", "model", 150, 2)
    reference = write(folder / "reference.jsonl", "human", 300, 3)
    raw, ready = folder / "raw.detector", folder / "ready.detector"
    told = ["--human", str(human), "--model", str(model), "--detector", str(raw)]
    assert main(["authorship", "fit", *told, "-q"]) == ExitCode.CLEAN
    told = ["--domain", "mine", "--detector", str(raw), "--calibrated", str(ready)]
    assert main(["authorship", "calibrate", str(reference), *told, "-q"]) == ExitCode.CLEAN
    return folder


def detect(house: Path, *words: str) -> int:
    """Ask the calibrated detector."""
    return main(["authorship", "detect", "--detector", str(house / "ready.detector"), *words])


def test_models_are_found_and_said_for_programs(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which documents, by which rank among how many; what was left out; exit status 1."""
    asked = write(tmp_path / "a.jsonl", "model", 40, 4)
    asked.write_text(asked.read_text() + '{no\n{"id": "short", "text": "of the"}\n')
    assert detect(house, str(asked), "-f", "json") == ExitCode.FINDINGS
    captured = capsys.readouterr()
    said = json.loads(captured.out)
    assert (said["schema"], said["found"], said["decided"]) == (
        "phalanx.authorship-detect/1", True, False,
    )  # fmt: skip
    found = [each for each in said["documents"] if each["verdict"].startswith("consistent")]
    assert len(found) == said["together"]["consistent"] > 20
    assert said["together"]["log10_p"] < -6
    assert {(each["domain"], each["reference_size"], each["rule_id"]) for each in found} == {
        ("mine", 300, "PHX-A001")
    }
    assert said["documents"][-1]["verdict"] == "not evaluable"
    assert len(said["detectors"][0]["sha256"]) == 64
    assert [each["reason"] for each in said["rejects"]] == ["is no JSON"]
    assert "is no JSON; left out" in captured.err


def test_a_calibration_is_said_for_programs(house: Path, tmp_path: Path) -> None:
    """The cells, and the digest of the file that was written."""
    told = ["--domain", "mine", "--detector", str(house / "raw.detector"), "-q"]
    ready, out = tmp_path / "a.detector", tmp_path / "a.json"
    told += ["--calibrated", str(ready), "-f", "json", "-o", str(out)]
    reference = str(house / "reference.jsonl")
    assert main(["authorship", "calibrate", reference, *told]) == ExitCode.CLEAN
    said = json.loads(out.read_text())
    assert (said["schema"], said["domain"]) == ("phalanx.authorship-calibrate/1", "mine")
    assert said["detector"]["sha256"] == hashlib.sha256(ready.read_bytes()).hexdigest()
    assert sum(each["documents"] for each in said["detector"]["cells"]) == 300


def test_humans_are_said_in_words(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The words never say who wrote it, and name level, null hypothesis and reference."""
    asked = write(tmp_path / "a.jsonl", "human", 30, 5)
    assert detect(house, str(asked), "--fail-on", "never") == ExitCode.CLEAN
    text = capsys.readouterr().out
    assert "written by" not in text
    for part in (
        "0.01 for each document; 0.3 expected", "A human wrote the document as the authors",
        "300 human documents: mine", "Assumed", "not said",
    ):  # fmt: skip
        assert part in text, part


def test_what_is_not_evaluable_can_fail(house: Path, tmp_path: Path) -> None:
    """A text of two words: no finding, and undecided."""
    short = tmp_path / "a.txt"
    short.write_text("of the")
    assert detect(house, str(short)) == ExitCode.CLEAN
    assert detect(house, str(short), "--fail-on", "undecided") == ExitCode.FINDINGS


def test_mistakes_are_told(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No such domain, no detector, two for one kind, too few humans: what to do instead."""
    asked = str(write(tmp_path / "a.jsonl", "human", 5, 6))
    ready = str(house / "ready.detector")
    for words, message in (
        (["detect", asked, "--detector", ready, "--domain", "x"], "Domains: mine."),
        (["detect", asked, "--detector", asked], "a.jsonl"),
        (["detect", asked, "--detector", ready, "--detector", ready], "two detectors"),
        (["detect", str(tmp_path / "none.txt")], "cannot be read"),
        (["calibrate", asked, "--domain", "x", "--detector", ready, "--calibrated",
          str(tmp_path / "b")], "5 human documents of 'x'"),
        (["fit", "--human", asked, "--model", asked, "--detector", str(tmp_path / "b")],
         "5 documents of humans and 0 of models"),
    ):  # fmt: skip
        assert main(["authorship", *words]) == ExitCode.BAD_INPUT
        assert message in capsys.readouterr().err


def test_rules_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """`explain` knows the findings of authorship."""
    assert main(["explain", "PHX-A001"]) == ExitCode.CLEAN
    assert "consistent with a model's writing" in capsys.readouterr().out
